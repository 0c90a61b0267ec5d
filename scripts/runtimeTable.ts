/**
 * `tsx scripts/runtimeTable.ts`: generates the table of runtimes in the README and in `docs/limits.md` from the one in `docs/runtimes.md`, which the long tests
 * check. A test checks that it is up to date.
 */
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { type GeneratedTable, write } from "./generatedTable.ts"

/** The outcomes of a send that this page shows, as the page names them. */
const shown = [
  "429 with Retry-After",
  "500 after acceptance",
  "connection refused",
  "name not found",
  "untrusted certificate",
  "handshake that is never answered",
  "reset after acceptance",
  "no response after acceptance",
]

const cellsOf = (line: string): ReadonlyArray<string> =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim())

const tableOn = (target: string): GeneratedTable => ({
  page: target,
  script: "scripts/runtimeTable.ts",
  rows: async () => {
    const page = await readFile(new URL("../docs/runtimes.md", import.meta.url), "utf8")
    const rows = page
      .split("\n")
      .filter((line) => line.startsWith("|"))
      // The last column is how often the service accepted the message.
      .map((line) => cellsOf(line).slice(0, -1))
    const [header = []] = rows
    return [
      header.map((cell) => cell.replace(/ [\d.]+$/, "")),
      ...shown.map((outcome) => {
        const row = rows.find(([name]) => name === outcome)
        if (row === undefined) throw new Error(`docs/runtimes.md has no row ${outcome}`)
        return row.map((cell) => cell.replace(/:.*$/, ""))
      }),
    ]
  },
})

export const tables: ReadonlyArray<GeneratedTable> = ["README.md", "docs/limits.md"].map(tableOn)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await Promise.all(tables.map(write))
}
