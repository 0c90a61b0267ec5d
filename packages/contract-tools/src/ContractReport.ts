/**
 * The report that every command returns, and its formats for people, CI and programs.
 *
 * @example
 * ```ts
 * import { ContractLint, ContractReport } from "@effect-sent/contract-tools"
 * import { Effect } from "effect"
 *
 * const report = await Effect.runPromise(ContractLint.lint())
 * if (!ContractReport.passed(report)) console.log(ContractReport.format(report, "pretty"))
 * ```
 */
import { toGithub } from "./internal/report/github.ts"
import { toMarkdown } from "./internal/report/markdown.ts"
import { byCause } from "./internal/report/causes.ts"
import { toJunit } from "./internal/report/junit.ts"
import { toPretty } from "./internal/report/pretty.ts"
import { hasError, type Report } from "./internal/report/report.ts"

export type { Check, Finding, Report, Source } from "./internal/report/report.ts"

/**
 * Whether no finding is an error.
 *
 * @example
 * ```ts
 * import { ContractReport } from "@effect-sent/contract-tools"
 *
 * console.assert(ContractReport.passed({ title: "lint", checks: [], summary: [] }))
 * ```
 */
export const passed = (report: Report): boolean => !report.checks.some(hasError)

/**
 * The format of a report: `pretty` for people, `junit`, `github` (annotations) and `markdown` (the summary of a job) for CI,
 * `json` for programs.
 */
export type Reporter = "pretty" | "junit" | "json" | "github" | "markdown"

/** All formats of a report. */
export const reporters: ReadonlyArray<Reporter> = ["pretty", "junit", "json", "github", "markdown"]

/**
 * Formats a report.
 *
 * **Details**
 *
 * Findings with the same cause are one finding, the one with the smallest request, and `count` says how many there are. In the
 * other checks that failed for this reason, `sameAs` names the check that shows it.
 *
 * @example
 * ```ts
 * import { ContractReport } from "@effect-sent/contract-tools"
 *
 * const report: ContractReport.Report = { title: "lint", checks: [], summary: [] }
 * console.assert(JSON.parse(ContractReport.format(report, "json")).passed === true)
 * ```
 */
export const format = (report: Report, reporter: Reporter): string =>
  formats[reporter](byCause(report))

const formats: Readonly<Record<Reporter, (report: Report) => string>> = {
  pretty: toPretty,
  junit: toJunit,
  json: (report) => JSON.stringify({ ...report, passed: passed(report) }, undefined, 2),
  github: toGithub,
  markdown: toMarkdown,
}
