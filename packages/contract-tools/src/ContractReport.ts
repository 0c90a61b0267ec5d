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
import { toJunit } from "./internal/report/junit.ts"
import { toPretty } from "./internal/report/pretty.ts"
import type { Report } from "./internal/report/report.ts"

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
export const passed = (report: Report): boolean =>
  report.checks.every((check) => check.findings.every(({ severity }) => severity !== "error"))

/** The format of a report: `pretty` for people, `junit` and `github` for CI, `json` for programs. */
export type Reporter = "pretty" | "junit" | "json" | "github"

/**
 * Formats a report.
 *
 * @example
 * ```ts
 * import { ContractReport } from "@effect-sent/contract-tools"
 *
 * const report: ContractReport.Report = { title: "lint", checks: [], summary: [] }
 * console.assert(JSON.parse(ContractReport.format(report, "json")).passed === true)
 * ```
 */
export const format = (report: Report, reporter: Reporter): string => formats[reporter](report)

const formats: Readonly<Record<Reporter, (report: Report) => string>> = {
  pretty: toPretty,
  junit: toJunit,
  json: (report) => JSON.stringify({ ...report, passed: passed(report) }, undefined, 2),
  github: toGithub,
}
