/** A film of a terminal as an SVG: a frame for each state of the screen, shown by the style sheet in turn. */
import type { Run } from "./terminal.ts"

/** A state of the screen, and how long it is shown, in milliseconds. */
export interface Frame {
  readonly rows: ReadonlyArray<ReadonlyArray<Run>>
  readonly millis: number
}

/** What the film is of. */
export interface Film {
  readonly title: string
  /** All that is printed, for readers who do not see it. */
  readonly text: string
  readonly columns: number
  readonly frames: ReadonlyArray<Frame>
}

const [cellWidth, lineHeight, padding, titleBar] = [7.8, 19, 16, 30]

/** The colours of a terminal's palette that the program uses, readable on a dark ground. */
const palette: ReadonlyMap<number, string> = new Map([
  [1, "#ff7b72"],
  [2, "#7ee787"],
  [3, "#e3b341"],
  [4, "#79c0ff"],
  [5, "#d2a8ff"],
  [6, "#76e3ea"],
  [8, "#8b949e"],
  [9, "#ff7b72"],
  [10, "#7ee787"],
  [11, "#e3b341"],
  [12, "#79c0ff"],
  [13, "#d2a8ff"],
  [14, "#76e3ea"],
])

/** Draws a film. */
export const drawFilm = ({ columns, frames, text, title }: Film): string => {
  const rowCount = Math.max(...frames.map(({ rows }) => rows.length))
  const width = Math.ceil(2 * padding + columns * cellWidth)
  const height = titleBar + padding + rowCount * lineHeight
  const total = frames.reduce((sum, { millis }) => sum + millis, 0)
  const rowIds = new Map<string, string>()
  const idOf = (row: ReadonlyArray<Run>): string | undefined => {
    const drawn = drawRow(row)
    if (drawn === "") return undefined
    const id = rowIds.get(drawn) ?? `r${rowIds.size}`
    rowIds.set(drawn, id)
    return id
  }

  let at = 0
  const shown = frames.map(({ millis, rows }, index) => {
    const [from, to] = [share(at, total), share(at + millis, total)]
    at += millis
    const uses = rows.flatMap((row, line) => {
      const id = idOf(row)
      return id === undefined ? [] : [`<use href="#${id}" y="${line * lineHeight}"/>`]
    })
    const isLast = index === frames.length - 1
    return {
      group: `<g class="frame" id="f${index}">${uses.join("")}</g>`,
      // Where nothing moves, the last frame is there.
      style:
        `#f${index}{animation-name:k${index}${isLast ? "" : ";visibility:hidden"}}` +
        `@keyframes k${index}{0%{visibility:${index === 0 ? "visible" : "hidden"}}${from}%{visibility:visible}${isLast ? "" : `${to}%{visibility:hidden}`}}`,
    }
  })

  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">
<title id="title">${escape(title)}</title>
<desc id="desc">${escape(text)}</desc>
<style>
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#e6edf3;white-space:pre}
.frame{animation:${total}ms step-end infinite}
${shown.map(({ style }) => style).join("\n")}
@media (prefers-reduced-motion:reduce){.frame{animation:none}}
</style>
<defs>
${[...rowIds].map(([drawn, id]) => `<g id="${id}">${drawn}</g>`).join("\n")}
</defs>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
<circle cx="18" cy="16" r="5" fill="#ff5f57"/><circle cx="35" cy="16" r="5" fill="#febc2e"/><circle cx="52" cy="16" r="5" fill="#28c840"/>
<g transform="translate(${padding} ${titleBar + 14})">
${shown.map(({ group }) => group).join("\n")}
</g>
</svg>
`
}

const share = (part: number, whole: number): string => ((100 * part) / whole).toFixed(3)

const drawRow = (row: ReadonlyArray<Run>): string => {
  let column = 0
  return row
    .map((run) => {
      const from = column
      column += run.text.length
      return drawRun(run, from)
    })
    .join("")
}

const drawRun = ({ color, isBold, isDim, text }: Run, column: number): string => {
  const visible = text.trimEnd()
  if (visible === "") return ""
  const fill = color === undefined ? undefined : palette.get(color)
  const attributes = [
    `x="${round(column * cellWidth)}"`,
    // Whatever font there is, the columns stay where they are.
    `textLength="${round(visible.length * cellWidth)}"`,
    'lengthAdjust="spacingAndGlyphs"',
    ...(fill === undefined ? [] : [`fill="${fill}" style="fill:${fill}"`]),
    ...(isBold ? ['font-weight="bold"'] : []),
    ...(isDim ? ['opacity="0.65"'] : []),
  ]
  return `<text ${attributes.join(" ")} xml:space="preserve">${escape(visible)}</text>`
}

const round = (value: number): number => Math.round(value * 100) / 100

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
