/** Changes from one version of a contract to another, and the version bump that they require. */
import type { Source } from "../report/report.ts"

/**
 * What a change means for consumers of the old contract: `breaking` when something that worked no longer does, an `addition`
 * that consumers may ignore, or `harmless`.
 */
export type Impact = "breaking" | "addition" | "harmless"

/**
 * The direction of what changed. A `request` goes from a caller to the service, a `response` comes back. An `update` goes
 * from the service to a receiver, in a callback, and an `update-response` comes back. `mock` is what a mock plays for which
 * number, and `document` is part of no message.
 */
export type Direction = "request" | "response" | "update" | "update-response" | "mock" | "document"

/** One change. A component that is used in several directions changes in each, with an impact of its own. */
export interface Change {
  readonly impact: Impact
  readonly direction: Direction
  /** The rule that rates it, in kebab-case. */
  readonly rule: string
  /** Whose rule it is: Redocly's, or one of this package where Redocly does not know who reads what. */
  readonly decidedBy: "redocly" | "effect-sent"
  /** What changed and, for a rule of this package, what it means. */
  readonly message: string
  /** A JSON pointer into the new document or, for what was removed, into the old one. */
  readonly pointer: string
  /** The place in the new file. For what was removed: where it would be. */
  readonly source: Source
}

/**
 * A step from one version to another. A breaking change requires a major version and an addition a minor one; below 1.0.0, a
 * minor version and a patch.
 */
export type Bump = "major" | "minor" | "patch" | "none"
