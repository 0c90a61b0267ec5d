/** The statuses of a message. */
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
 * them, `DELIVERED` included. A reroute repeats `QUEUED` and `ROUTED`.
 */
export const KnownMessageStatus: Schema.Literal<[...typeof messageStatuses]> = Schema.Literal(
  ...messageStatuses,
)

/** A status that {@link KnownMessageStatus} accepts. */
export type KnownMessageStatus = typeof KnownMessageStatus.Type

/**
 * The status of a message: a {@link KnownMessageStatus}, or the name of a status that the provider has added since.
 *
 * **Gotchas**
 *
 * Every branch on a status needs an answer for other names, for example `Match.orElse`. A status that this version does
 * not know is never final.
 */
export type MessageStatus =
  | KnownMessageStatus
  // Not `string`, which would swallow the known names, and editors and `Match` would not offer them.
  | (string & {})

/** The schema of a {@link MessageStatus}: a word in upper case, at most 64 characters long. */
export const MessageStatus: Schema.Schema<MessageStatus, string> = Schema.String.pipe(
  Schema.pattern(/^[A-Z][A-Z0-9_.-]{0,63}$/),
)
