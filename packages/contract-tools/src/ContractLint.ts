/**
 * Checks a contract on its own: Redocly's rules, and rules for what Redocly does not check and a mock, a client or a
 * verification relies on.
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
import * as Contract from "@effect-sent/contract/Contract"
import { ContractError, ContractInvalid, messageOf } from "@effect-sent/contract/ContractError"
import * as Document from "@effect-sent/contract/Document"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { basename } from "node:path"
import type { Check, Finding, Report } from "./ContractReport.ts"
import { objectAt } from "./internal/document/json.ts"
import { openDocument, type Problem } from "./internal/document/redocly.ts"
import { configurationFor, isOn } from "./internal/lint/configuration.ts"
import { interruptedReport } from "./internal/report/report.ts"
import { ownName, type OwnRules, ownRules } from "./internal/lint/rules.ts"

export type { OwnRules } from "./internal/lint/rules.ts"

/** Which rules apply. */
export interface LintOptions {
  /**
   * A configuration of Redocly, whose rules then apply. It can set the rules of this package, as `effect-sent/<name>`. Default:
   * `redocly.yaml` in the current folder and, without one, Redocly's `recommended` rules.
   */
  readonly config?: string | undefined
  /**
   * The rules of this package that the configuration does not set: `recommended` finds mistakes in any document, `strict` checks
   * a document against the way in which the bundled contract is written, and without a configuration also adds stricter rules of
   * Redocly. Default: `recommended`, and `strict` for the bundled contract.
   */
  readonly rules?: OwnRules | undefined
  /** Rules to skip, by name. Default: none. */
  readonly skipRules?: ReadonlyArray<string> | undefined
  /** Whether the document, and what it refers to, may be read from other hosts. Default: false. */
  readonly allowNetwork?: boolean | undefined
  /** Run when linting is interrupted, with what is known by then. Default: nothing. */
  readonly onInterrupt?: ((known: Report) => Effect.Effect<void>) | undefined
}

/** The configuration cannot be read, or names no rule. */
export class LintError extends Schema.TaggedError<LintError>("ContractLint/LintError")(
  "LintError",
  { problem: Schema.String },
) {
  override get message(): string {
    return this.problem
  }
}

/**
 * Lints a contract, by default the bundled one.
 *
 * **Details**
 *
 * Files that the contract refers to are linted as well. Each finding has its place: file, line and column. Fails with
 * `ContractNotFound`, with `ContractInvalid` for a file that is not an OpenAPI 3 document, or with `LintError`. The summary counts
 * the findings of Redocly's rules and those of this package's.
 *
 * **Gotchas**
 *
 * Without `allowNetwork`, references to other hosts are findings, and lint opens no connection.
 *
 * @example
 * ```ts
 * import { ContractLint, ContractReport } from "@effect-sent/contract-tools"
 * import { Effect } from "effect"
 *
 * const report = await Effect.runPromise(ContractLint.lint())
 * console.assert(ContractReport.passed(report))
 * ```
 */
export const lint = (
  path?: string | URL,
  { onInterrupt, ...options }: LintOptions = {},
): Effect.Effect<Report, ContractError | LintError> =>
  Effect.suspend(() => {
    const title = `lint ${String(path ?? Contract.bundledPath)}`
    let known = interruptedReport(
      { title, checks: [], summary: [] },
      "the document was not read to its end",
    )
    return Effect.onInterrupt(
      lintDocument(path, options, (opened) => {
        known = opened
      }),
      () => onInterrupt?.(known) ?? Effect.void,
    )
  })

const lintDocument = Effect.fnUntraced(function* (
  path: string | URL | undefined,
  { allowNetwork, config, rules, skipRules = [] }: LintOptions,
  onOpened: (known: Report) => void,
): Effect.fn.Return<Report, ContractError | LintError> {
  const opened = yield* Document.open(path ?? Contract.bundledPath, { allowNetwork })
  const file = opened.path
  const head = {
    title: `lint ${file}`,
    suite: `lint ${titleOf(opened)}`,
    properties: { contract: file },
  }
  onOpened(interruptedReport({ ...head, ...unresolved(opened) }, "no rule was applied"))
  const document = yield* Effect.promise(() => openDocument(opened))
  const chosen = yield* Effect.tryPromise({
    try: () =>
      configurationFor(file, {
        config,
        rules: rules ?? (path === undefined ? "strict" : "recommended"),
        skipRules,
      }),
    catch: (cause) => new LintError({ problem: `the rules of lint: ${messageOf(cause)}` }),
  })
  const all = yield* Effect.tryPromise({
    try: () => document.lint(chosen),
    catch: (cause) => invalid(file, messageOf(cause)),
  })
  const problems = rules === "strict" || path === undefined ? all : withoutTwins(all)
  const byRule = Map.groupBy(problems, ({ rule }) => ownName(rule) ?? rule)
  const ofRedocly = [...byRule].filter(([name]) => !Object.hasOwn(ownRules, name))

  return {
    ...head,
    checks: [
      ...(ofRedocly.length === 0 ? [check("Redocly", "all rules", [])] : []),
      ...ofRedocly.map(([name, found]) => check("Redocly", name, found)),
      ...Object.entries(ownRules)
        .filter(([name]) => isOn(chosen, name))
        .map(([name, { title }]) => check("rules", title, byRule.get(name) ?? [])),
    ],
    summary: [
      `${counted(ofRedocly)} findings by Redocly's rules${chosen.configPath === undefined ? "" : ` of ${chosen.configPath}`}, ` +
        `${problems.length - counted(ofRedocly)} by the rules of effect-sent`,
    ],
  }
})

/** Redocly validates most examples, too. Its finding is enough. */
const withoutTwins = (problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> => {
  const known = problems.filter(({ rule }) => /^no-invalid-.+-examples$/.test(rule))
  return problems.filter(
    ({ file, pointer, rule }) =>
      ownName(rule) !== "nonconforming-examples" ||
      !known.some((one) => one.file === file && `${one.pointer}/`.startsWith(`${pointer}/`)),
  )
}

const counted = (found: ReadonlyArray<readonly [string, ReadonlyArray<Problem>]>): number =>
  found.reduce((sum, [, problems]) => sum + problems.length, 0)

/** What opening a document has found, before any rule was applied. */
const unresolved = ({
  files,
  problems,
}: Document.Document): Pick<Report, "checks" | "summary"> => ({
  checks: [
    {
      group: "document",
      name: "references",
      findings: problems.map(({ column, line, message, path }) => ({
        rule: "no-unresolved-refs",
        severity: "error" as const,
        message,
        source: { file: path, line, column },
      })),
    },
  ],
  summary: [`${files.size} files were read`],
})

const titleOf = ({ path, value }: Document.Document): string => {
  const { title } = objectAt(value, "info")
  return typeof title === "string" ? title : basename(path)
}

const check = (group: string, name: string, problems: ReadonlyArray<Problem>): Check => ({
  group,
  name,
  findings: problems.map(toFinding),
})

const toFinding = ({ column, file, line, message, pointer, rule, severity }: Problem): Finding => ({
  rule: ownName(rule) ?? rule,
  severity,
  message,
  where: pointer,
  source: { file, line, column },
})

const invalid = (path: string, problem: string): ContractError =>
  new ContractError({ reason: new ContractInvalid({ path, problem }) })
