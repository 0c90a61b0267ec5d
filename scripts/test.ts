/**
 * `pnpm test`: runs the format check, lint, the type check, the checks for unused code, of the recorded API and of the packages, the unit tests
 * and the contract tests. It stops at the first failure and prints a summary.
 */
import "./requireNode.ts"
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { styleText } from "node:util"
import { readTests, summaryOf, type Tests } from "./testReport.ts"

interface Step {
  readonly name: string
  /** The name of the script in package.json. */
  readonly script:
    | "format:check"
    | "lint"
    | "types"
    | "unused"
    | "api"
    | "packages"
    | "test:unit"
    | "test:contract"
}

interface Outcome {
  readonly name: string
  readonly exitCode: number
  readonly seconds: number
  readonly tests: Tests | undefined
}

const steps: ReadonlyArray<Step> = [
  { name: "format", script: "format:check" },
  { name: "lint", script: "lint" },
  { name: "types", script: "types" },
  { name: "unused code", script: "unused" },
  // After the types: both read what they built.
  { name: "API", script: "api" },
  { name: "packages", script: "packages" },
  { name: "unit tests", script: "test:unit" },
  { name: "contract tests", script: "test:contract" },
]

const root = fileURLToPath(new URL("..", import.meta.url))

const paint = (style: "bold" | "green" | "red" | "dim", text: string): string =>
  styleText(style, text, { stream: process.stdout })

const run = (step: Step, reportFile: string): Promise<Outcome> =>
  new Promise((resolve) => {
    console.log(`\n${paint("bold", `▶ ${step.name}`)} ${paint("dim", `pnpm ${step.script}`)}`)
    const startedAt = performance.now()
    // A shell finds the commands of node_modules/.bin on every system.
    const report = step.script.startsWith("test:")
      ? ` --reporter=default --reporter=json --outputFile=${JSON.stringify(reportFile)}`
      : ""
    const child = spawn(`${scripts[step.script]}${report}`, {
      cwd: root,
      shell: true,
      stdio: "inherit",
    })
    child.once("exit", (code, signal) => {
      resolve({
        name: step.name,
        exitCode: code ?? (signal === null ? 1 : 130),
        seconds: (performance.now() - startedAt) / 1000,
        tests: report === "" ? undefined : readTests(reportFile),
      })
    })
  })

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this repository's own package.json
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly scripts: Readonly<Record<Step["script"], string>>
}

const summarize = (outcomes: ReadonlyArray<Outcome>): void => {
  console.log(`\n${paint("bold", "Summary")}`)
  for (const step of steps) {
    const outcome = outcomes.find((one) => one.name === step.name)
    if (outcome === undefined) {
      console.log(paint("dim", `  - ${step.name.padEnd(15)} did not run`))
      continue
    }
    const { exitCode, seconds, tests } = outcome
    const mark = exitCode === 0 ? paint("green", "✓") : paint("red", "✗")
    const count = tests === undefined ? "" : `, ${tests.numPassedTests} tests passed`
    const skipped =
      tests === undefined || tests.numPendingTests === 0 ? "" : `, ${tests.numPendingTests} skipped`
    console.log(`  ${mark} ${step.name.padEnd(15)} ${seconds.toFixed(1)} s${count}${skipped}`)
  }
  // A step without a report counts as one check: format, lint, types, or a test run that crashed.
  const checks = outcomes.filter(({ tests }) => tests === undefined)
  const passed = checks.filter(({ exitCode }) => exitCode === 0).length
  const reports = outcomes.map(({ tests }) => tests)
  console.log(`\n${summaryOf(reports, { passed, failed: checks.length - passed })}`)
}

const reports = mkdtempSync(join(tmpdir(), "effect-sent-"))
const outcomes: Array<Outcome> = []
for (const step of steps) {
  // One by one: the first failure ends the run.
  // oxlint-disable-next-line no-await-in-loop
  const outcome = await run(step, join(reports, `${outcomes.length}.json`))
  outcomes.push(outcome)
  if (outcome.exitCode !== 0) break
}
rmSync(reports, { recursive: true, force: true })
summarize(outcomes)
process.exitCode = outcomes.find(({ exitCode }) => exitCode !== 0)?.exitCode ?? 0
