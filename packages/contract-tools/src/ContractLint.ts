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
import { basename } from "node:path"
import type { Check, Finding, Report } from "./ContractReport.ts"
import { objectAt } from "./internal/document/json.ts"
import { openDocument, type Problem } from "./internal/document/redocly.ts"
import { allRules, ownName, ownRules } from "./internal/lint/rules.ts"

/**
 * Lints a contract, by default the bundled one.
 *
 * **Details**
 *
 * Files that the contract refers to are linted as well. Each finding has its place: file, line and column. Fails with
 * `ContractNotFound`, or with `ContractInvalid` for a file that is not an OpenAPI 3 document.
 *
 * **Gotchas**
 *
 * References to other hosts are findings: lint never opens a connection.
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
export const lint = Effect.fnUntraced(function* (
  path: string | URL = Contract.bundledPath,
): Effect.fn.Return<Report, ContractError> {
  const opened = yield* Document.open(path)
  const file = opened.path
  const document = yield* Effect.promise(() => openDocument(opened))
  const problems = yield* Effect.tryPromise({
    try: () => document.lint(allRules),
    catch: (cause) => invalid(file, messageOf(cause)),
  })
  const byRule = Map.groupBy(problems, ({ rule }) => ownName(rule) ?? rule)
  const ofRedocly = [...byRule].filter(([name]) => !Object.hasOwn(ownRules, name))

  return {
    title: `lint ${file}`,
    suite: `lint ${titleOf(opened)}`,
    properties: { contract: file },
    checks: [
      ...(ofRedocly.length === 0 ? [check("Redocly", "all rules", [])] : []),
      ...ofRedocly.map(([name, found]) => check("Redocly", name, found)),
      ...Object.entries(ownRules).map(([name, { title }]) =>
        check("rules", title, byRule.get(name) ?? []),
      ),
    ],
    summary: [],
  }
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
