/**
 * What a look at a contract, or at a server that it describes, has found; the same for every command of
 * `effect-sent-contract`, for people and for a CI.
 */
import { toGithub } from "./internal/contract/github.ts"
import { toJunit } from "./internal/contract/junit.ts"
import { toPretty } from "./internal/contract/pretty.ts"

/**
 * One thing that was found. It holds neither a key nor a phone number that could be somebody's.
 *
 * @example
 * ```ts
 * import type { ContractReport } from "@effect-sent/mock-server"
 *
 * const finding: ContractReport.Finding = {
 *   rule: "undeclared-status",
 *   severity: "error",
 *   message: "the answer has the status 422, which the contract does not declare",
 *   where: "POST /v1/messages/phone",
 *   reproduce: "curl -X POST http://127.0.0.1:4010/v1/messages/phone",
 * }
 * ```
 */
export interface Finding {
  /** What was looked for, in kebab-case: a rule of a linter, a keyword of JSON Schema, a name of our own. */
  readonly rule: string
  /** An `error` makes a report fail; a `warning` or a `note` does not. */
  readonly severity: "error" | "warning" | "note"
  /** What is wrong, and where it helps, what to do. */
  readonly message: string
  /** A JSON pointer into a document, or a request. */
  readonly where?: string | undefined
  /** Where in a file. */
  readonly source?: Source | undefined
  /** A command that shows it again. */
  readonly reproduce?: string | undefined
}

/**
 * A place in a file.
 *
 * @example
 * ```ts
 * import type { ContractReport } from "@effect-sent/mock-server"
 *
 * const source: ContractReport.Source = { file: "contracts/sent-v1.openapi.yaml", line: 363, column: 17 }
 * ```
 */
export interface Source {
  readonly file: string
  /** From 1. */
  readonly line?: number | undefined
  /** From 1. */
  readonly column?: number | undefined
}

/**
 * One thing that was looked at.
 *
 * @example
 * ```ts
 * import type { ContractReport } from "@effect-sent/mock-server"
 *
 * const check: ContractReport.Check = {
 *   group: "refusals",
 *   name: "a request without a templateId",
 *   findings: [],
 * }
 * ```
 */
export interface Check {
  /** What it belongs to. */
  readonly group: string
  /** What was looked at, in words. */
  readonly name: string
  /** Why it was not looked at; undefined when it was. */
  readonly skipped?: string | undefined
  readonly findings: ReadonlyArray<Finding>
  /** How long it took. */
  readonly millis?: number | undefined
}

/**
 * Everything that was looked at.
 *
 * @example
 * ```ts
 * import { ContractReport } from "@effect-sent/mock-server"
 *
 * const report: ContractReport.Report = {
 *   title: "lint",
 *   checks: [{ group: "our rules", name: "patterns compile", findings: [] }],
 *   summary: ["1 rule"],
 * }
 * console.assert(ContractReport.holds(report))
 * ```
 */
export interface Report {
  /** What was done, e.g. `verify http://127.0.0.1:4010`. */
  readonly title: string
  readonly checks: ReadonlyArray<Check>
  /** What is to be said at the end, a line each, e.g. the seed. */
  readonly summary: ReadonlyArray<string>
}

/**
 * Whether nothing was found that is an error.
 *
 * @example
 * ```ts
 * import { ContractReport } from "@effect-sent/mock-server"
 *
 * console.assert(ContractReport.holds({ title: "lint", checks: [], summary: [] }))
 * ```
 */
export const holds = (report: Report): boolean =>
  report.checks.every((check) => check.findings.every(({ severity }) => severity !== "error"))

/**
 * Who reads a report: a person, a CI that knows JUnit's XML, a program, GitHub's annotations.
 *
 * @example
 * ```ts
 * import type { ContractReport } from "@effect-sent/mock-server"
 *
 * const reporter: ContractReport.Reporter = "junit"
 * ```
 */
export type Reporter = "pretty" | "junit" | "json" | "github"

/**
 * A report as text.
 *
 * @example
 * ```ts
 * import { ContractReport } from "@effect-sent/mock-server"
 *
 * const report: ContractReport.Report = { title: "lint", checks: [], summary: [] }
 * console.assert(JSON.parse(ContractReport.format(report, "json")).holds === true)
 * ```
 */
export const format = (report: Report, reporter: Reporter): string => formats[reporter](report)

const formats: Readonly<Record<Reporter, (report: Report) => string>> = {
  pretty: toPretty,
  junit: toJunit,
  json: (report) => JSON.stringify({ ...report, holds: holds(report) }, undefined, 2),
  github: toGithub,
}
