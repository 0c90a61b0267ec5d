/**
 * What changed from one version of a contract to another, and whom that breaks. Redocly's diff, and rules of ours for
 * what it does not see: who sends a callback and who receives it, magic numbers, examples.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SemVer from "effect/SemVer"
import type * as Scope from "effect/Scope"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Contract from "./Contract.ts"
import type { Finding, Report } from "./ContractReport.ts"
import { playedChanges } from "./internal/contract/diff/played.ts"
import { redoclyDiff, type RedoclyChange } from "./internal/contract/diff/redocly.ts"
import { fileSource, gitSource, isFile, type Source } from "./internal/contract/diff/source.ts"
import { isInUpdate, verdictOfUpdate } from "./internal/contract/diff/updates.ts"
import {
  at,
  isObject,
  type JsonObject,
  keysOf,
  objectAt,
  step,
  textOf,
} from "./internal/contract/lint/json.ts"
import { makePlaces } from "./internal/contract/lint/places.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/**
 * What a change means: `breaking` for somebody who relied on the old contract, an `addition` that nobody need follow, or
 * `harmless`.
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
 * One change.
 *
 * @example
 * ```ts
 * import type { ContractDiff } from "@effect-sent/mock-server"
 *
 * const change: ContractDiff.Change = {
 *   impact: "breaking",
 *   direction: "request",
 *   rule: "redocly",
 *   message: "Properties of `SendToPhoneRequest` became required: `messageBody`.",
 *   pointer: "#/components/schemas/SendToPhoneRequest",
 * }
 * ```
 */
export interface Change {
  readonly impact: Impact
  /** Which way goes what is changed: to the service, back from it, to the receiver of updates; or only a mock's. */
  readonly direction: "request" | "answer" | "update" | "mock" | "document"
  /** Whose verdict it is: `redocly`, or a rule of ours. */
  readonly rule: "redocly" | "update" | "mock"
  readonly message: string
  /** Where it stands, in the new document or, if it was removed, in the old one. */
  readonly pointer: string
}

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
  readonly changes: ReadonlyArray<Change>
  readonly before: Version
  readonly after: Version
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
  readonly version: string
}

/**
 * The documents cannot be compared.
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
  /** A file, or a git ref such as `main`: the new file as it was then. */
  readonly old: string
  /** Default: the bundled contract. */
  readonly new?: string | URL | undefined
}

// -----------------------------------------------------------------------------
// Comparing
// -----------------------------------------------------------------------------

/**
 * Compares two versions of a contract. In the report, a change that breaks is an error unless the version says so: a new
 * major version by https://semver.org, or a new minor one below 1.0.0.
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
  Effect.scoped(compare(options)).pipe(Effect.mapError((problem) => new DiffError({ problem })))

const compare = Effect.fnUntraced(function* ({
  new: revision = Contract.bundledPath,
  old,
}: Options): Effect.fn.Return<Difference, string, Scope.Scope> {
  const folder = yield* temporaryFolder
  const path = revision instanceof URL ? fileURLToPath(revision) : revision
  const after = yield* fileSource(path, join(folder, "new.json"))
  const before = isFile(old)
    ? yield* fileSource(old, join(folder, "old.json"))
    : yield* gitSource(old, path, folder, join(folder, "old.json"))

  const all = yield* redoclyDiff(before.resolvedFile, after.resolvedFile)
  const played = yield* Effect.all([
    Contract.load(before.resolvedFile),
    Contract.load(after.resolvedFile),
  ]).pipe(
    Effect.map(([one, other]) => playedChanges(one, other)),
    Effect.catch(({ message }) => Effect.succeed([unplayable(message)])),
  )
  const changes = distinct([
    ...all.flatMap((change) => toChange(change, before.document, after.document)),
    ...played,
  ])
  return {
    changes,
    before: { name: before.name, version: versionOf(before.document) },
    after: { name: after.name, version: versionOf(after.document) },
    report: toReport(changes, before, after),
  }
})

const unplayable = (message: string): Change => ({
  impact: "breaking",
  direction: "mock",
  rule: "mock",
  message: `a mock cannot serve both: ${message.replace(/^the contract \S+ cannot be served: /, "")}`,
  pointer: "#",
})

const temporaryFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "effect-sent-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true })),
)

const versionOf = (document: JsonObject): string => textOf(objectAt(document, "info")["version"])

const impacts = { major: "breaking", minor: "addition", patch: "harmless" } as const

/** None for the version itself, which is what the others are held to. */
const toChange = (
  change: RedoclyChange,
  before: JsonObject,
  after: JsonObject,
): ReadonlyArray<Change> => {
  const { impact, kind, path, property, typeName, verdicts } = change
  if (path === "#/info" && property === "version") return []
  const pointer = settle(kind === "removed" ? before : after, path)
  if (isInUpdate(change)) {
    return [{ ...verdictOfUpdate(change), direction: "update", rule: "update", pointer }]
  }
  const said = verdicts.map(({ message }) => message).join(" ")
  const what = property === undefined ? typeName : `${property} of ${typeName}`
  return [
    {
      impact: impacts[impact],
      direction: directionOf(path),
      rule: "redocly",
      message: said === "" ? `${what} is ${kind}` : said,
      pointer,
    },
  ]
}

const directionOf = (path: string): Change["direction"] => {
  if (!path.startsWith("#/paths/")) return "document"
  return path.includes("/responses") ? "answer" : "request"
}

/** A path through references as the pointer of what it leads to: a schema that is used twice is the same one. */
const settle = (document: JsonObject, path: string): string => {
  let pointer = "#"
  for (const key of keysOf(path)) {
    pointer = step(pointer, key)
    const seen = new Set<string>()
    for (let value = at(document, pointer); isObject(value); value = at(document, pointer)) {
      const reference = value["$ref"]
      if (typeof reference !== "string" || !reference.startsWith("#") || seen.has(reference)) break
      seen.add(reference)
      pointer = reference
    }
  }
  return pointer
}

const distinct = (changes: ReadonlyArray<Change>): ReadonlyArray<Change> => [
  ...new Map(
    changes.map((change) => [
      [change.impact, change.direction, change.pointer, change.message].join("\n"),
      change,
    ]),
  ).values(),
]

// -----------------------------------------------------------------------------
// What the version says of it
// -----------------------------------------------------------------------------

type Bump = "major" | "minor" | "none" | "unknown"

const bumpOf = (before: string, after: string): Bump => {
  const [one, other] = [SemVer.parse(before), SemVer.parse(after)]
  if (Result.isFailure(one) || Result.isFailure(other)) return "unknown"
  const [major, minor] = [
    other.success.major - one.success.major,
    other.success.minor - one.success.minor,
  ]
  // Below 1.0.0 anything may change; by custom, with a new minor version.
  const isInitial = SemVer.isInitialDevelopment(other.success)
  if (major > 0 || (major === 0 && minor > 0 && isInitial)) return "major"
  return major === 0 && minor > 0 ? "minor" : "none"
}

const severities: Readonly<Record<Impact, Readonly<Record<Bump, Finding["severity"]>>>> = {
  breaking: { major: "warning", minor: "error", none: "error", unknown: "error" },
  addition: { major: "note", minor: "note", none: "warning", unknown: "warning" },
  harmless: { major: "note", minor: "note", none: "note", unknown: "note" },
}

const directions: Readonly<Record<Change["direction"], string>> = {
  request: "requests",
  answer: "answers",
  update: "updates",
  mock: "what a mock plays",
  document: "the document",
}

const toReport = (changes: ReadonlyArray<Change>, before: Source, after: Source): Report => {
  const [old, now] = [versionOf(before.document), versionOf(after.document)]
  const bump = bumpOf(old, now)
  const places = makePlaces(after.text)
  return {
    title: `diff ${before.name} ${after.name}`,
    checks: changes.map(({ direction, impact, message, pointer, rule }) => ({
      group: directions[direction],
      name: message,
      findings: [
        {
          rule: `${impact}-by-${rule}`,
          severity: severities[impact][bump],
          message: adviceOn(impact, bump),
          where: pointer,
          source: { file: after.name, ...places(pointer) },
        },
      ],
    })),
    summary: [`version ${old} → ${now}, ${changes.length} changes`],
  }
}

const adviceOn = (impact: Impact, bump: Bump): string => {
  if (impact === "harmless") return "it breaks nobody"
  if (impact === "addition") {
    return bump === "none"
      ? "it adds something: give the contract a new minor version"
      : "it adds something"
  }
  if (bump === "major") return "it breaks somebody, and the version says so"
  return bump === "unknown"
    ? "it breaks somebody, and the versions are no semantic ones that could say so"
    : "it breaks somebody: take it back, or give the contract a new major version"
}
