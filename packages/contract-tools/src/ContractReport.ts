/**
 * The report of a command, the same for every command: findings for people, for CI and for programs.
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
 * Whether nothing was found that is an error.
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

/** Who reads a report: a person, a CI that knows JUnit's XML, a program, GitHub's annotations. */
export type Reporter = "pretty" | "junit" | "json" | "github"

/**
 * A report as text.
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
