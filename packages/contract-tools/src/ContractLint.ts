/**
 * Looks at a contract itself: Redocly's rules, and ours for what Redocly does not look at and a mock, a client and a
 * verification rely on.
 */
import * as Effect from "effect/Effect"
import { readFile } from "node:fs/promises"
import { parse } from "yaml"
import * as Contract from "@effect-sent/contract/Contract"
import type { Check, Finding, Report } from "./ContractReport.ts"
import { readText, resolvePath } from "@effect-sent/contract/File"
import { isObject, type JsonObject } from "./internal/lint/json.ts"
import { makePlaces, type Place } from "./internal/lint/places.ts"
import { loadRedocly } from "./internal/lint/redocly.ts"
import type { Problem, Rule } from "./internal/lint/rules.ts"
import * as rules from "./internal/lint/rules.ts"
import * as scenarioRules from "./internal/lint/scenarios.ts"
import { ContractError, ContractInvalid, messageOf } from "@effect-sent/contract/ContractError"

/**
 * Lints a contract, by default the bundled one. Fails for a file that is not there or that no mock could serve; all else
 * is in the report, with its place in the file.
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
  const file = yield* resolvePath(path)
  const text = yield* readText(file)
  const own = parseObject(text)
  if (own === undefined) return yield* invalid(file, "it is no YAML or JSON object")
  if (!isOpenApi3(own)) return yield* invalid(file, "it is not OpenAPI 3")

  const redocly = yield* Effect.promise(loadRedocly)
  const document = refersElsewhere(text)
    ? yield* Effect.tryPromise({
        try: () => redocly.bundle(file),
        catch: (cause) => invalid(file, `what it refers to cannot be read: ${messageOf(cause)}`),
      })
    : own
  const problems = yield* Effect.tryPromise({
    try: () => redocly.lint(text, file),
    catch: (cause) => invalid(file, messageOf(cause)),
  })
  const places = makePlaces(text)
  const inOtherFiles = yield* Effect.forEach(
    new Set(problems.map((problem) => problem.file).filter((other) => other !== file)),
    (other) => Effect.promise(async () => [other, await readPlaces(other)] as const),
  )
  const placesIn = new Map([[file, places], ...inOtherFiles])
  const byRule = Map.groupBy(problems, ({ rule }) => rule)

  return {
    title: `lint ${file}`,
    checks: [
      ...(byRule.size === 0 ? [{ group: "Redocly", name: "its rules", findings: [] }] : []),
      ...[...byRule].map(([name, all]): Check => ({
        group: "Redocly",
        name,
        findings: all.map(({ file: where, isError, message, pointer, rule }) => ({
          rule,
          severity: isError ? "error" : "warning",
          message,
          where: pointer,
          source: { file: where, ...placesIn.get(where)?.(pointer) },
        })),
      })),
      ...ownRules.map(({ name, rule, severity }) => ({
        group: "rules",
        name,
        findings: [...rule(document)].map((problem) =>
          toFinding(rule.name, severity, problem, file, places),
        ),
      })),
    ],
    summary: [],
  }
})

interface OwnRule {
  /** What holds when it finds nothing. */
  readonly name: string
  readonly rule: Rule
  readonly severity: Finding["severity"]
}

const ownRules: ReadonlyArray<OwnRule> = [
  { name: "every pattern compiles", rule: rules.patternsThatDoNotCompile, severity: "error" },
  { name: "every format is enforced", rule: rules.unknownFormats, severity: "error" },
  { name: "every example conforms", rule: rules.nonconformingExamples, severity: "error" },
  { name: "every body and header has an example", rule: rules.missingExamples, severity: "error" },
  {
    name: "every error has named examples for each body",
    rule: rules.unevenErrorExamples,
    severity: "error",
  },
  {
    name: "every magic number plays what there is",
    rule: scenarioRules.unfitScenarios,
    severity: "error",
  },
  {
    name: "every answer and update has a magic number",
    rule: scenarioRules.examplesWithoutScenario,
    severity: "error",
  },
  { name: "everything is described", rule: rules.missingDescriptions, severity: "error" },
  { name: "headers of examples are declared", rule: rules.unfitExampleHeaders, severity: "error" },
  { name: "extensions are used as described", rule: rules.misusedExtensions, severity: "error" },
  {
    name: "what may be missing has a message",
    rule: rules.missingRequiredMessages,
    severity: "error",
  },
  { name: "a callback is one POST", rule: rules.crowdedCallbacks, severity: "error" },
  { name: "a GUID has a pattern", rule: rules.guidsWithoutPattern, severity: "warning" },
  { name: "examples have plain names", rule: rules.awkwardExampleNames, severity: "warning" },
]

const toFinding = (
  name: string,
  severity: Finding["severity"],
  { message, pointer }: Problem,
  file: string,
  places: (pointer: string) => Place | undefined,
): Finding => ({
  rule: name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
  severity,
  message,
  where: pointer,
  source: { file, ...places(pointer) },
})

/** Redocly would take others too, by other rules. */
const isOpenApi3 = ({ openapi }: JsonObject): boolean =>
  typeof openapi === "string" && /^3\.[0-9]/.test(openapi)

const parseObject = (text: string): JsonObject | undefined => {
  try {
    // Its warnings are of no use to whoever reads a report.
    const document: unknown = parse(text, { logLevel: "error" })
    return isObject(document) ? document : undefined
  } catch {
    return undefined
  }
}

/** To another file, and not to a place in this one. */
const refersElsewhere = (text: string): boolean => /\$ref["']?\s*:\s*["']?[^#"'\s]/.test(text)

const readPlaces = async (file: string): Promise<(pointer: string) => Place | undefined> => {
  try {
    return makePlaces(await readFile(file, "utf8"))
  } catch {
    return () => undefined
  }
}

const invalid = (path: string, problem: string): ContractError =>
  new ContractError({ reason: new ContractInvalid({ path, problem }) })
