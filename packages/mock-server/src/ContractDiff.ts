/**
 * What has changed from one version of a contract to another, and whom it breaks: callers by what they send and get,
 * receivers by the updates that they get, tests by what a mock plays. Changes are found and rated by Redocly, and rated
 * anew where it does not know who reads what.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Contract from "./Contract.ts"
import type { Check, Finding, Report, Source } from "./ContractReport.ts"
import { type Compared, readNew, readOld } from "./internal/contract/diff/documents.ts"
import { comparePlayed } from "./internal/contract/diff/played.ts"
import { compareByRedocly } from "./internal/contract/diff/redocly.ts"
import { judge, type Judged } from "./internal/contract/diff/rules.ts"
import { isAtLeast, largestStep, neededStep, takenStep } from "./internal/contract/diff/version.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/**
 * What a change means for somebody who relied on the old contract: `breaking` when something that worked no longer does,
 * an `addition` when something is there that was not and nobody need follow, or `harmless`.
 *
 * @example
 * ```ts
 * import type { ContractDiff } from "@effect-sent/mock-server"
 *
 * const impact: ContractDiff.Impact = "addition"
 * ```
 */
export type Impact = "breaking" | "addition" | "harmless"

/**
 * Which way goes what is changed. A `request` is written by a caller and its `answer` by the service; an `update` is what
 * the service sends of itself, in a callback, and its `reply` what the receiver says to it. `mock` is what a mock plays
 * for which number, and `document` what is in no message.
 *
 * @example
 * ```ts
 * import type { ContractDiff } from "@effect-sent/mock-server"
 *
 * const direction: ContractDiff.Direction = "update"
 * ```
 */
export type Direction = "request" | "answer" | "update" | "reply" | "mock" | "document"

/**
 * One change. A component that is used in several directions changes in each of them, with an impact of its own.
 *
 * @example
 * ```ts
 * import type { ContractDiff } from "@effect-sent/mock-server"
 *
 * const change: ContractDiff.Change = {
 *   impact: "breaking",
 *   direction: "request",
 *   rule: "required-properties-added",
 *   decidedBy: "redocly",
 *   message: "Properties became required: `messageBody`.",
 *   pointer: "#/components/schemas/SendToPhoneRequest/required",
 *   source: { file: "contracts/sent-v1.openapi.yaml", line: 363, column: 7 },
 * }
 * ```
 */
export interface Change {
  readonly impact: Impact
  readonly direction: Direction
  /** Which rule rates it, in kebab-case. */
  readonly rule: string
  /** Whose rule it is: Redocly's, where none of ours applies. */
  readonly decidedBy: "redocly" | "effect-sent"
  /** What changed, and where the rule is ours, what it means. */
  readonly message: string
  /** Where it stands, in the new document or, if it was removed, in the old one. */
  readonly pointer: string
  /** Where in the new file; of what was removed, where it would stand. */
  readonly source: Source
}

/**
 * A step from one version to another. What breaks needs a new major version, what adds something a new minor one; below
 * 1.0.0, where nothing is promised yet, a new minor one and a new patch.
 *
 * @example
 * ```ts
 * import type { ContractDiff } from "@effect-sent/mock-server"
 *
 * const step: ContractDiff.Step = "major"
 * ```
 */
export type Step = "major" | "minor" | "patch" | "none"

/**
 * All that changed.
 *
 * @example
 * ```ts
 * import type { ContractDiff } from "@effect-sent/mock-server"
 *
 * const breaks = ({ changes }: ContractDiff.Difference): boolean =>
 *   changes.some(({ impact }) => impact === "breaking")
 * ```
 */
export interface Difference {
  /** What breaks comes first. */
  readonly changes: ReadonlyArray<Change>
  readonly before: Version
  readonly after: Version
  /** What the changes need. */
  readonly needed: Step
  /** What the new version has; undefined when one of the two is no semantic version. */
  readonly taken: Step | undefined
  /** By {@link toReport}. */
  readonly report: Report
}

/**
 * One of two documents that are compared.
 *
 * @example
 * ```ts
 * import type { ContractDiff } from "@effect-sent/mock-server"
 *
 * const version: ContractDiff.Version = { name: "main:sent-v1.openapi.yaml", version: "1.0.0" }
 * ```
 */
export interface Version {
  /** The file, or the git ref and the file. */
  readonly name: string
  /** Its `info.version`. */
  readonly version: string | undefined
}

/**
 * The documents cannot be compared: one is not there, or is no OpenAPI 3 document.
 *
 * @example
 * ```ts
 * import { ContractDiff } from "@effect-sent/mock-server"
 *
 * const error = new ContractDiff.DiffError({ problem: "there is no contract at /old.yaml" })
 * console.assert(error.message.startsWith("there is no contract"))
 * ```
 */
export class DiffError extends Schema.TaggedError<DiffError>("ContractDiff/DiffError")(
  "DiffError",
  { problem: Schema.String },
) {
  override get message(): string {
    return this.problem
  }
}

/**
 * What is compared.
 *
 * @example
 * ```ts
 * import type { ContractDiff } from "@effect-sent/mock-server"
 *
 * const options: ContractDiff.Options = { old: "main" }
 * ```
 */
export interface Options {
  /**
   * A file, or where there is none of that name, a git ref such as `main`: the new file as it was then. One that had
   * another name is given as `main:contracts/old.yaml`, from the root of the repository.
   */
  readonly old: string | URL
  /** Default: the bundled contract. */
  readonly new?: string | URL | undefined
}

// -----------------------------------------------------------------------------
// Comparing
// -----------------------------------------------------------------------------

/**
 * Compares two versions of a contract.
 *
 * An answer that is gone breaks callers even if it was an error: who handles a 429 is no longer told. A named example or
 * a magic number that is gone breaks the tests of those who use a mock.
 *
 * @example
 * ```ts
 * import { Contract, ContractDiff, ContractReport } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const { changes, report } = await Effect.runPromise(
 *   ContractDiff.diff({ old: Contract.bundledPath }),
 * )
 * console.assert(changes.length === 0 && ContractReport.holds(report))
 * ```
 */
export const diff = (options: Options): Effect.Effect<Difference, DiffError> =>
  compare(options).pipe(Effect.mapError((problem) => new DiffError({ problem })))

const compare = Effect.fnUntraced(function* ({
  new: path = Contract.bundledPath,
  old,
}: Options): Effect.fn.Return<Difference, string> {
  const after = yield* readNew(path)
  const before = yield* readOld(old, path)
  const found = yield* compareByRedocly(before, after)
  const judged = distinct([
    ...found.map(judge).filter((one) => one !== undefined),
    ...comparePlayed(before.document, after.document),
  ])
  const changed = {
    changes: judged.map((one) => toChange(one, after)).toSorted(whatBreaksFirst),
    before: { name: before.name, version: before.version },
    after: { name: after.name, version: after.version },
  }
  return { ...changed, ...stepsOf(changed), report: toReport(changed) }
})

/** What two operations share is met twice. */
const distinct = (changes: ReadonlyArray<Judged>): ReadonlyArray<Judged> => {
  const seen = new Map(
    changes.map((one) => [`${one.direction} ${one.rule} ${one.pointer} ${one.message}`, one]),
  )
  return [...seen.values()]
}

const toChange = (judged: Judged, { name, placeOf }: Compared): Change => ({
  ...judged,
  source: { file: name, ...placeOf(judged.pointer) },
})

const impacts: ReadonlyArray<Impact> = ["breaking", "addition", "harmless"]

/** And then as they stand in the file. */
const whatBreaksFirst = (one: Change, other: Change): number =>
  impacts.indexOf(one.impact) - impacts.indexOf(other.impact) ||
  (one.source.line ?? 0) - (other.source.line ?? 0)

// -----------------------------------------------------------------------------
// What the version says of it
// -----------------------------------------------------------------------------

type Changed = Pick<Difference, "changes" | "before" | "after">

/**
 * Changes as a report. What breaks without a new major version is an error. With one it is a warning, as is an addition
 * without a new minor version; all else is a note.
 *
 * @example
 * ```ts
 * import { ContractDiff, ContractReport } from "@effect-sent/mock-server"
 *
 * const report = ContractDiff.toReport({
 *   before: { name: "old.yaml", version: "1.4.0" },
 *   after: { name: "new.yaml", version: "1.5.0" },
 *   changes: [
 *     {
 *       impact: "breaking",
 *       direction: "answer",
 *       rule: "response-removed",
 *       decidedBy: "redocly",
 *       message: "Response `429` was removed.",
 *       pointer: "#/paths/~1v1~1messages/post/responses/429",
 *       source: { file: "new.yaml" },
 *     },
 *   ],
 * })
 * console.assert(!ContractReport.holds(report))
 * ```
 */
export const toReport = (changed: Changed): Report => ({
  title: `diff ${changed.before.name} ${changed.after.name}`,
  checks: directions.flatMap(([direction, group]) =>
    impacts.map((impact): Check => ({
      group,
      name: names[impact],
      findings: changed.changes
        .filter((change) => change.direction === direction && change.impact === impact)
        .map((change) => toFinding(change, severityOf(impact, changed))),
    })),
  ),
  summary: [counted(changed), versions(changed)],
})

const directions: ReadonlyArray<readonly [direction: Direction, group: string]> = [
  ["request", "requests"],
  ["answer", "answers"],
  ["update", "updates"],
  ["reply", "replies to updates"],
  ["mock", "what a mock plays"],
  ["document", "the document"],
]

/** What holds when nothing is found. */
const names: Readonly<Record<Impact, string>> = {
  breaking: "nothing breaks",
  addition: "nothing is added",
  harmless: "nothing else is changed",
}

const toFinding = (
  { message, pointer, rule, source }: Change,
  severity: Finding["severity"],
): Finding => ({ rule, severity, message, where: pointer, source })

const severityOf = (impact: Impact, { after, before }: Changed): Finding["severity"] => {
  const needed = neededStep(impact, before.version)
  const isEnough = isAtLeast(takenStep(before.version, after.version), needed)
  if (impact === "breaking") return isEnough ? "warning" : "error"
  return isEnough ? "note" : "warning"
}

const stepsOf = ({ after, before, changes }: Changed): Pick<Difference, "needed" | "taken"> => ({
  needed: largestStep(changes.map(({ impact }) => neededStep(impact, before.version))),
  taken: takenStep(before.version, after.version),
})

const counted = ({ changes }: Changed): string => {
  const count = (impact: Impact): number => changes.filter((one) => one.impact === impact).length
  return `${count("breaking")} breaking, ${count("addition")} added, ${count("harmless")} harmless`
}

const versions = (changed: Changed): string => {
  const { after, before } = changed
  const { needed, taken } = stepsOf(changed)
  const both = `version ${before.version ?? "?"} → ${after.version ?? "?"}`
  if (needed === "none") return both
  if (isAtLeast(taken, needed)) return `${both}, as the changes need`
  return taken === undefined
    ? `${both}: the changes need a new ${needed} version, and these are not semantic versions, which could say so`
    : `${both}: the changes need a new ${needed} version`
}
