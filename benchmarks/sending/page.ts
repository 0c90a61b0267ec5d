/** The figures as tables, and as the page of the documentation with its plot. */
import { writeFile } from "node:fs/promises"
import { median } from "../support/median.ts"
import { aligned, markdown, type Rows, writePage } from "../support/page.ts"
import { bounds, type Figures, isMet, type Measured, names } from "./figures.ts"
import { plot } from "./plot.ts"

const spread = (numbers: ReadonlyArray<number>, digits: number): string =>
  `${median(numbers).toFixed(digits)} (${Math.min(...numbers).toFixed(digits)}–${Math.max(...numbers).toFixed(digits)})`

const cellsOf = (name: string, played: ReadonlyArray<Measured>): ReadonlyArray<string> => [
  name,
  spread(
    played.map(({ rate }) => rate),
    0,
  ),
  spread(
    played.map(({ microseconds }) => microseconds),
    0,
  ),
  spread(
    played.map(({ p99 }) => p99),
    2,
  ),
]

const figureRows = (figures: Figures): Rows => [
  ["", "sends a second", "processor time a send, µs", "p99 one at a time, ms"],
  ...names.map((name) => cellsOf(name, figures.get(name) ?? [])),
]

const boundRows = (figures: Figures): Rows => [
  ["ratio", "measured", "must be", ""],
  ...bounds.map((bound) => [
    bound.what,
    bound.ratio(figures).toFixed(2),
    "atMost" in bound.must ? `≤ ${bound.must.atMost}` : `≥ ${bound.must.atLeast}`,
    isMet(bound, figures) ? "" : "missed",
  ]),
]

export const figureTable = (figures: Figures): string => `\n${aligned(figureRows(figures))}`

export const boundTable = (figures: Figures): string => `\n${aligned(boundRows(figures))}\n`

/** Writes the tables into the page, and the plot beside it. */
export const writeFigures = async (figures: Figures): Promise<void> => {
  await writePage("pnpm bench sends --write", [
    markdown(figureRows(figures)),
    markdown(boundRows(figures)),
  ])
  await writeFile(new URL("../../docs/images/sends.svg", import.meta.url), plot(figures))
}
