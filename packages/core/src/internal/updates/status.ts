/** The statuses of a message, and what each of them means. */
import * as Schema from "effect/Schema"

const messageStatuses = [
  "QUEUED",
  "ROUTED",
  "SENT",
  "DELIVERED",
  "READ",
  "FAILED",
  "FILTERED",
  "BLOCKED",
  "SCHEDULED",
  "RECEIVED",
] as const

/**
 * The statuses that this version knows.
 *
 * **Details**
 *
 * The usual sequence is `QUEUED → ROUTED → SENT → DELIVERED → READ`, without `READ` for SMS. `FAILED` may follow any of
 * them, `DELIVERED` included. A reroute repeats `QUEUED` and `ROUTED`. The provider has not documented what `FILTERED`,
 * `BLOCKED`, `SCHEDULED` and `RECEIVED` mean.
 *
 * Source: the provider's pages on webhooks.
 */
export const KnownMessageStatus: Schema.Literals<typeof messageStatuses> =
  Schema.Literals(messageStatuses)

/** A status that {@link KnownMessageStatus} accepts. */
export type KnownMessageStatus = typeof KnownMessageStatus.Type

/**
 * The status of a message: a {@link KnownMessageStatus}, or the name of a status that the provider has added since.
 *
 * **Gotchas**
 *
 * Every branch on a status needs an answer for other names, for example `Match.orElse`. A status that this version does
 * not know is never final, and never replaces an outcome.
 */
export type MessageStatus =
  | KnownMessageStatus
  // Not `string`, which would swallow the known names, and editors and `Match` would not offer them.
  | (string & {})

/** The names that a status can have. */
export const statusName = /^[A-Z][A-Z0-9_.-]{0,63}$/

/** The schema of a {@link MessageStatus}: a word in upper case, at most 64 characters long. */
export const MessageStatus: Schema.Codec<MessageStatus, string> = Schema.String.check(
  Schema.isPattern(statusName),
)

/** What a status means. */
export interface StatusFacts {
  /** The position in the usual sequence. */
  readonly rank: number
  /** Whether the status is an outcome, and which one. */
  readonly outcome: "success" | "failure" | undefined
  /** Whether the status, when it is repeated, says that the message was routed anew. */
  readonly isRouting: boolean
}

/** What each status means: one row for each. */
export const statusTable: { readonly [Status in KnownMessageStatus]: StatusFacts } = {
  SCHEDULED: { rank: 0, outcome: undefined, isRouting: false },
  QUEUED: { rank: 1, outcome: undefined, isRouting: true },
  ROUTED: { rank: 2, outcome: undefined, isRouting: true },
  SENT: { rank: 3, outcome: undefined, isRouting: false },
  RECEIVED: { rank: 4, outcome: undefined, isRouting: false },
  DELIVERED: { rank: 5, outcome: "success", isRouting: false },
  READ: { rank: 6, outcome: "success", isRouting: false },
  FILTERED: { rank: 7, outcome: "failure", isRouting: false },
  BLOCKED: { rank: 8, outcome: "failure", isRouting: false },
  FAILED: { rank: 9, outcome: "failure", isRouting: false },
}

const isKnown = Schema.is(KnownMessageStatus)

const unknownStatus: StatusFacts = { rank: -1, outcome: undefined, isRouting: false }

/** What a status means. A status that is not known has the rank -1 and no outcome. */
export const factsOf = (status: MessageStatus): StatusFacts =>
  isKnown(status) ? statusTable[status] : unknownStatus

/**
 * Returns whether a status is an outcome. A status that this version does not know is none.
 *
 * **Gotchas**
 *
 * An outcome need not be the last status: `READ` and `FAILED` may follow `DELIVERED`.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 *
 * console.assert(DeliveryStatus.isFinal("FAILED"))
 * console.assert(!DeliveryStatus.isFinal("SENT"))
 * ```
 */
export const isFinal = (status: MessageStatus): boolean => factsOf(status).outcome !== undefined
