/** The plot of the comparison: a bar for the processor time of each contestant, from the least to the most. */
import { median } from "../support/median.ts"
import { type Figures, names } from "./figures.ts"

const rowHeight = 26
const labelWidth = 220
const barWidth = 420

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

/** An SVG whose colours suit a light and a dark page. */
export const plot = (figures: Figures): string => {
  const bars = names
    .map((name) => {
      const times = (figures.get(name) ?? []).map(({ microseconds }) => microseconds)
      return { name, time: median(times), least: Math.min(...times), most: Math.max(...times) }
    })
    .toSorted((one, other) => one.time - other.time)
  const scale = barWidth / Math.max(...bars.map(({ most }) => most))
  const rows = bars.map(({ least, most, name, time }, index) => {
    const y = 30 + index * rowHeight
    const middle = y + 9
    const x = (value: number): string => (labelWidth + value * scale).toFixed(1)
    return [
      `<text x="${labelWidth - 8}" y="${middle + 4}" text-anchor="end">${escape(name)}</text>`,
      `<rect x="${labelWidth}" y="${y}" width="${(time * scale).toFixed(1)}" height="18" class="${name.startsWith("core") ? "ours" : "other"}"/>`,
      `<path d="M${x(least)} ${middle}H${x(most)}M${x(least)} ${middle - 4}v8M${x(most)} ${middle - 4}v8"/>`,
      `<text x="${labelWidth + barWidth + 8}" y="${middle + 4}">${time.toFixed(0)} µs</text>`,
    ].join("")
  })
  const height = 40 + bars.length * rowHeight
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 ${height}" role="img" aria-label="Processor time of a send">
<style>text{font:13px system-ui,sans-serif;fill:#57606a}.ours{fill:#7c3aed}.other{fill:#9ca3af}path{stroke:#57606a;fill:none}@media(prefers-color-scheme:dark){text{fill:#9da7b1}path{stroke:#d0d7de}}</style>
<text x="${labelWidth}" y="18">Processor time of a send, 64 at a time: median and range of the rounds</text>
${rows.join("\n")}
</svg>
`
}
