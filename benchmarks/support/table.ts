/** The table of the mock's benchmark. */
import { styleText } from "node:util"

export interface Row {
  readonly what: string
  readonly unit: string
  readonly ours: number
  /** Undefined when Prism was not measured. */
  readonly prism: number | undefined
  /** Our figure divided by Prism's, or by our own with healthy receivers only. */
  readonly ratio: number | undefined
  /** The target of our mock. */
  readonly target: string
  readonly met: boolean
}

const widths = [48, 18, 14, 10, 16]

const line = (cells: ReadonlyArray<string>): string =>
  cells
    .map((cell, index) => {
      const width = widths[index] ?? 0
      return index === 0 ? cell.padEnd(width) : cell.padStart(width)
    })
    .join("")

export const table = (rows: ReadonlyArray<Row>): string =>
  [
    styleText("bold", line(["", "effect-sent-mock", "prism mock", "ratio", "target"]), {
      stream: process.stdout,
    }),
    ...rows.map((row) => {
      const text = line([
        `${row.what}, ${row.unit}`,
        row.ours.toFixed(0),
        row.prism?.toFixed(0) ?? "not measured",
        row.ratio === undefined ? "" : `${row.ratio.toFixed(2)} x`,
        row.target,
      ])
      return row.met ? text : styleText("red", `${text}  missed`, { stream: process.stdout })
    }),
  ].join("\n")
