/**
 * `pnpm bench imports [--check] [--write] [--checkout ../another]`: what it costs to import the packed core on top of the modules of
 * Effect that it imports, each time in a new process. Fails with `--check` if a ratio is beyond its bound and a margin.
 *
 * With `--checkout`, the core of another checkout takes turns with this one. It must have been built.
 */
import { spawnSync } from "node:child_process"
import { globSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
import { median } from "./support/median.ts"
import { aligned, markdown, type Rows, writePage } from "./support/page.ts"

const rounds = 15

/** How far a ratio may be beyond its bound: machines are noisy. */
const margin = 1.3

const core = fileURLToPath(new URL("../packages/core", import.meta.url))

/** The entries, and how much of the time of Effect's modules each may take on top of them. */
const entries = [
  { name: "index", what: "the whole package", atMost: 0.2 },
  { name: "SentClient", what: "`SentClient` alone", atMost: 0.13 },
] as const

const entryOf = (folder: string, name: string): string => join(folder, "dist", `${name}.js`)

// -----------------------------------------------------------------------------
// One import
// -----------------------------------------------------------------------------

/** Milliseconds of processor time. */
interface Measured {
  readonly effect: number
  readonly core: number
}

const processorTime = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}

/** The modules of Effect that the files of a package import. */
const modulesOf = (entry: string): ReadonlyArray<string> => {
  const files = globSync("**/*.js", { cwd: dirname(entry) })
  const imported = files.flatMap((file) =>
    Array.from(
      readFileSync(join(dirname(entry), file), "utf8").matchAll(/from\s*"(effect\/[^"]+)"/g),
      ([, name = ""]) => name,
    ),
  )
  const { resolve } = createRequire(entry)
  return [...new Set(imported)].map((name) => pathToFileURL(resolve(name)).href)
}

const load = async (entry: string): Promise<Measured> => {
  const modules = modulesOf(entry)
  const before = processorTime()
  // One after the other, as a file of imports is evaluated: what is compiled in the background is not of the next measurement.
  // oxlint-disable-next-line no-await-in-loop
  for (const module of modules) await import(module)
  const between = processorTime()
  await import(pathToFileURL(entry).href)
  return { effect: between - before, core: processorTime() - between }
}

// -----------------------------------------------------------------------------
// The comparison
// -----------------------------------------------------------------------------

const measure = (entry: string): Measured => {
  const { stdout } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), entry], {
    encoding: "utf8",
    env: { ...process.env, EFFECT_SENT_PART: "1" },
  })
  return JSON.parse(stdout)
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      check: { type: "boolean", default: false },
      checkout: { type: "string" },
      write: { type: "boolean", default: false },
    },
  })
  // Builds the package as it is packed.
  spawnSync(process.execPath, ["../../scripts/prepack.ts"], { cwd: core, stdio: "inherit" })
  const other = values.checkout === undefined ? undefined : join(values.checkout, "packages/core")
  const played = entries.map(() => new Array<Measured>())
  const others = new Array<Measured>()
  for (let round = 0; round < rounds; round++) {
    for (const [index, { name }] of entries.entries())
      played[index]?.push(measure(entryOf(core, name)))
    if (other !== undefined) others.push(measure(entryOf(other, "index")))
  }

  const ratios = played.map((all) => median(all.map((one) => one.core / one.effect)))
  const rows: Rows = [
    ["import of", "its processor time, ms", "× Effect's modules", "must be", ""],
    ...entries.map(({ atMost, what }, index) => [
      what,
      median((played[index] ?? []).map((one) => one.core)).toFixed(0),
      (ratios[index] ?? Number.NaN).toFixed(3),
      `≤ ${atMost}`,
      (ratios[index] ?? Number.NaN) <= atMost ? "" : "missed",
    ]),
  ]
  console.log(`\n${aligned(rows)}\n`)
  if (others.length > 0) {
    const ratio = median(
      (played[0] ?? []).map((one, round) => one.core / (others[round]?.core ?? 0)),
    )
    console.log(`the whole package × that of ${values.checkout}: ${ratio.toFixed(2)}`)
  }
  if (values.write) await writePage("pnpm bench imports --write", [markdown(rows)])
  const isMissed = entries.some(
    ({ atMost }, index) => !((ratios[index] ?? Infinity) <= atMost * margin),
  )
  if (values.check && isMissed) {
    console.error("An import is beyond its bound and the margin")
    process.exitCode = 1
  }
}

if (process.env["EFFECT_SENT_PART"] === undefined) await main()
else console.log(JSON.stringify(await load(process.argv[2] ?? "")))
