/**
 * Compares two versions of a contract and rates each change: whether it breaks callers, receivers of updates, or tests that
 * use a mock. Redocly finds and rates the changes; rules of this package rate those where it does not know who reads what.
 *
 * @example
 * ```ts
 * import { Contract } from "@effect-sent/contract"
 * import { ContractDiff } from "@effect-sent/contract-tools"
 * import { Effect } from "effect"
 *
 * const difference = await Effect.runPromise(ContractDiff.diff({ old: Contract.bundledPath }))
 * for (const { direction, impact, message } of difference.changes) {
 *   console.log(direction, impact, message)
 * }
 * ```
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Contract from "@effect-sent/contract/Contract"
import type { Check, Finding, Report } from "./ContractReport.ts"
import type { Bump, Change, Direction, Impact } from "./internal/diff/change.ts"
import { type Absent, type Compared, readNew, readOld } from "./internal/diff/documents.ts"
import { withoutMoves } from "./internal/diff/parameters.ts"
import { comparePlayed } from "./internal/diff/played.ts"
import { compareByRedocly } from "./internal/diff/redocly.ts"
import { judge, type Judged } from "./internal/diff/rules.ts"
import { interruptedReport } from "./internal/report/report.ts"
import { bumpBetween, bumpFor, isAtLeast, largestBump } from "./internal/diff/version.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

export type { Bump, Change, Direction, Impact } from "./internal/diff/change.ts"

/** The changes from one version of a contract to another. */
export interface Difference {
  /** Breaking changes first. */
  readonly changes: ReadonlyArray<Change>
  readonly before: Version
  readonly after: Version
  /** The version bump that the changes require. */
  readonly requiredBump: Bump
  /** The version bump that was made. Undefined when one of the two is not a semantic version. */
  readonly actualBump: Bump | undefined
  /** As {@link toReport} makes it. */
  readonly report: Report
}

/** One of the two documents. */
export interface Version {
  /** The file, or the git ref and the file. */
  readonly name: string
  /** Its `info.version`. */
  readonly version: string | undefined
}

/** The documents cannot be compared, for example because one does not exist or is not an OpenAPI 3 document. */
export class DiffError extends Schema.TaggedError<DiffError>("ContractDiff/DiffError")(
  "DiffError",
  { problem: Schema.String },
) {
  override get message(): string {
    return this.problem
  }
}

/** The documents to compare. */
export interface Options {
  /**
   * A file, or a git ref such as `main`, for the new file as of that ref. A file of that name takes precedence over a
   * ref. If the file had another name, give its path from the root of the repository: `main:contracts/old.yaml`. A ref
   * that does not have the new file yet has no contract: everything is new, and nothing is broken. A branch that exists only on
   * the remote `origin` is found, too.
   */
  readonly old: string | URL
  /** Default: the bundled contract. */
  readonly new?: string | URL | undefined
  /** Whether the documents, and what they refer to, may be read from other hosts. Default: false. */
  readonly allowNetwork?: boolean | undefined
  /** Run when comparing is interrupted, with what is known by then. Default: nothing. */
  readonly onInterrupt?: ((known: Report) => Effect.Effect<void>) | undefined
}

// -----------------------------------------------------------------------------
// Comparing
// -----------------------------------------------------------------------------

/**
 * Compares two versions of a contract.
 *
 * **Details**
 *
 * A removed response breaks callers even if it was an error: a caller that handles 429 no longer gets it. A removed example
 * or magic number breaks tests that use a mock. A changed pattern or default is breaking in every direction. A new required
 * value that has a default is an addition, and a parameter that moves between a path and its operations changes nothing.
 *
 * @example
 * ```ts
 * import { Contract } from "@effect-sent/contract"
 * import { ContractDiff, ContractReport } from "@effect-sent/contract-tools"
 * import { Effect } from "effect"
 *
 * const { changes, report } = await Effect.runPromise(
 *   ContractDiff.diff({ old: Contract.bundledPath }),
 * )
 * console.assert(changes.length === 0 && ContractReport.passed(report))
 * ```
 */
export const diff = (options: Options): Effect.Effect<Difference, DiffError> =>
  Effect.suspend(() => {
    const { new: path = Contract.bundledPath, old, onInterrupt } = options
    let known = interruptedReport(
      { title: `diff ${String(old)} ${String(path)}`, checks: [], summary: [] },
      "the documents were not read to their end",
    )
    return compare(options, (report) => {
      known = interruptedReport(report, "requests, responses and updates were not compared")
    }).pipe(
      Effect.onInterrupt(() => onInterrupt?.(known) ?? Effect.void),
      Effect.mapError((problem) => new DiffError({ problem })),
    )
  })

const compare = Effect.fnUntraced(function* (
  { allowNetwork, new: path = Contract.bundledPath, old }: Options,
  onKnown: (report: Report) => void,
): Effect.fn.Return<Difference, string> {
  const after = yield* readNew(path, { allowNetwork })
  const before = yield* readOld(old, path, { allowNetwork })
  const differenceBy = (judged: ReadonlyArray<Judged>): Difference => {
    const changed = {
      changes: judged.map((one) => toChange(one, after)).toSorted(byImpact),
      before: {
        name: before.name,
        version: before.document === undefined ? undefined : before.version,
      },
      after: { name: after.name, version: after.version },
    }
    const report = {
      ...toReport(changed),
      suite: `diff ${after.title ?? after.name}`,
      properties: { old: before.name, new: after.name },
    }
    return { ...changed, ...bumpsOf(changed), report }
  }
  if (before.document === undefined) return differenceBy([allNew(before)])
  const [from, to] = withoutMoves(before.document, after.document)
  const played = comparePlayed(from, to)
  // Redocly takes seconds for a large document.
  onKnown(reportOf(differenceBy(played)))
  const found = yield* compareByRedocly(from, to)
  return differenceBy(
    distinct([...found.map((one) => judge(one, to)).filter((one) => one !== undefined), ...played]),
  )
})

/** The report without the checks that found nothing, as they are not over. */
const reportOf = ({ report }: Difference): Report => ({
  ...report,
  checks: report.checks.filter(({ findings }) => findings.length > 0),
})

/** Nobody relies on a contract that was not there. */
const allNew = ({ name }: Absent): Judged => ({
  impact: "harmless",
  direction: "document",
  rule: "contract-added",
  decidedBy: "effect-sent",
  message: `the contract is new: there is no ${name}; if the file had another name, pass the ref with that name, as in main:old.yaml`,
  pointer: "#/",
})

/** A component that two operations share is found twice. */
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

/** Then in the order of the file. */
const byImpact = (one: Change, other: Change): number =>
  impacts.indexOf(one.impact) - impacts.indexOf(other.impact) ||
  (one.source.line ?? 0) - (other.source.line ?? 0)

// -----------------------------------------------------------------------------
// Reporting
// -----------------------------------------------------------------------------

type Changed = Pick<Difference, "changes" | "before" | "after">

/**
 * Changes as a report.
 *
 * **Details**
 *
 * A breaking change is an error without a major version bump, and a warning with one. An addition is a warning without a
 * minor version bump. Everything else is a note.
 *
 * @example
 * ```ts
 * import { ContractDiff, ContractReport } from "@effect-sent/contract-tools"
 *
 * const report = ContractDiff.toReport({
 *   before: { name: "old.yaml", version: "1.4.0" },
 *   after: { name: "new.yaml", version: "1.5.0" },
 *   changes: [
 *     {
 *       impact: "breaking",
 *       direction: "response",
 *       rule: "response-removed",
 *       decidedBy: "redocly",
 *       message: "Response `429` was removed.",
 *       pointer: "#/paths/~1v1~1messages/post/responses/429",
 *       source: { file: "new.yaml" },
 *     },
 *   ],
 * })
 * console.assert(!ContractReport.passed(report))
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
  summary: [counts(changed), versions(changed)],
})

const directions: ReadonlyArray<readonly [direction: Direction, group: string]> = [
  ["request", "requests"],
  ["response", "responses"],
  ["update", "updates"],
  ["update-response", "responses to updates"],
  ["mock", "mock"],
  ["document", "document"],
]

/** What is true when nothing is found. */
const names: Readonly<Record<Impact, string>> = {
  breaking: "no breaking changes",
  addition: "no additions",
  harmless: "no other changes",
}

const toFinding = (
  { message, pointer, rule, source }: Change,
  severity: Finding["severity"],
): Finding => ({ rule, severity, message, where: pointer, source })

const severityOf = (impact: Impact, { after, before }: Changed): Finding["severity"] => {
  const isBumped = isAtLeast(
    bumpBetween(before.version, after.version),
    bumpFor(impact, before.version),
  )
  if (impact === "breaking") return isBumped ? "warning" : "error"
  return isBumped ? "note" : "warning"
}

const bumpsOf = ({
  after,
  before,
  changes,
}: Changed): Pick<Difference, "requiredBump" | "actualBump"> => ({
  requiredBump: largestBump(changes.map(({ impact }) => bumpFor(impact, before.version))),
  actualBump: bumpBetween(before.version, after.version),
})

const counts = ({ changes }: Changed): string => {
  const count = (impact: Impact): number => changes.filter((one) => one.impact === impact).length
  return `${count("breaking")} breaking, ${count("addition")} added, ${count("harmless")} harmless`
}

const versions = (changed: Changed): string => {
  const { after, before } = changed
  const { actualBump, requiredBump } = bumpsOf(changed)
  const both = `version ${before.version ?? "none"} → ${after.version ?? "none"}`
  if (requiredBump === "none") return both
  if (isAtLeast(actualBump, requiredBump)) return `${both}, as the changes require`
  return actualBump === undefined
    ? `${both}: the changes require a new ${requiredBump} version; these are not semantic versions`
    : `${both}: the changes require a new ${requiredBump} version`
}
