/**
 * What the mock keeps of each valid request: the request, the answer, and every update that followed, with each try to
 * deliver it. The same form is served as JSON at `/__mock/messages`.
 */
import * as Schema from "effect/Schema"

// -----------------------------------------------------------------------------
// Updates
// -----------------------------------------------------------------------------

/** One try to deliver an update to its receiver. */
export const Attempt = Schema.Struct({
  /** When it began, by the mock's clock: ISO 8601, UTC. */
  at: Schema.String,
  /** The receiver's status; absent when no answer came. */
  status: Schema.optionalKey(Schema.Int),
  /** Why no answer came, in words; absent when one did. */
  problem: Schema.optionalKey(Schema.String),
  /** How long it took, in milliseconds of the machine's clock. */
  durationMillis: Schema.Number,
})

/** One try to deliver an update to its receiver. */
export type Attempt = typeof Attempt.Type

/**
 * Where the delivery of an update stands.
 *
 * - `waiting`: its time has not come, or a first try is on its way
 * - `received`: the receiver answered 2xx
 * - `retrying`: a try failed, a further one follows
 * - `given-up`: every try failed
 * - `not-allowed`: the receiver is not on this machine, and its host was not allowed; nothing was sent
 */
export const UpdateState = Schema.Literals([
  "waiting",
  "received",
  "retrying",
  "given-up",
  "not-allowed",
])

/** Where the delivery of an update stands. */
export type UpdateState = typeof UpdateState.Type

/** One delivery update about a message. */
export const Update = Schema.Struct({
  /** Tells the updates of one message apart: `1`, `2`, … in the order of the scenario. */
  id: Schema.String,
  /** What it says of the message, in upper case, e.g. `DELIVERED`. */
  status: Schema.String,
  /** When that happened, by the mock's clock: ISO 8601, UTC. */
  happensAt: Schema.String,
  /** When it is due at the receiver. Not before `happensAt`; out of order when the scenario says so. */
  dueAt: Schema.String,
  /** The body that is sent, an update as the contract describes it. */
  body: Schema.Unknown,
  /** Where its delivery stands. */
  state: UpdateState,
  /** Every try, oldest first. */
  attempts: Schema.Array(Attempt),
})

/** One delivery update about a message. */
export type Update = typeof Update.Type

// -----------------------------------------------------------------------------
// Messages
// -----------------------------------------------------------------------------

/** What the caller was told. */
export const Answer = Schema.Struct({
  /** The HTTP status. */
  status: Schema.Int,
  /** The headers that the contract's example has; those of every answer, such as `Date`, are left out. */
  headers: Schema.Record(Schema.String, Schema.String),
  /** The body; absent when there is none. */
  body: Schema.optionalKey(Schema.Unknown),
  /** Whether it reached the caller `whole`; in a `reset` nothing of it did. */
  delivery: Schema.Literals(["whole", "reset", "truncated", "malformed"]),
})

/** What the caller was told. */
export type Answer = typeof Answer.Type

/** A valid request and what became of it. */
export const Message = Schema.Struct({
  /** A GUID, the `message_id` of its updates. */
  id: Schema.String,
  /** Counts the messages of a server: 1, 2, … */
  number: Schema.Int,
  /** When it arrived, by the mock's clock: ISO 8601, UTC. */
  receivedAt: Schema.String,
  /** `x-sender-id` of the request, in lower case; empty where the contract does not ask for it. */
  senderId: Schema.String,
  /** The recipient. */
  phoneNumber: Schema.optionalKey(Schema.String),
  /** The template, as the request writes it. */
  templateId: Schema.optionalKey(Schema.String),
  /** The template's variables by name. */
  variables: Schema.Record(Schema.String, Schema.String),
  /** Where its updates go. */
  webhookUrl: Schema.optionalKey(Schema.String),
  /** Whether it was accepted: whether a person would get it. */
  accepted: Schema.Boolean,
  /** What carries it, as its updates say; absent before the first one and for a refused message. */
  channel: Schema.optionalKey(Schema.String),
  /** Where it stands: `REFUSED`, `ACCEPTED`, or the status of the latest update that has happened, e.g. `DELIVERED`. */
  status: Schema.String,
  /** The name of the scenario that it played; absent when the answer was asked for by `Prefer` or by a fault. */
  scenario: Schema.optionalKey(Schema.String),
  /** What else decided the answer: the `Prefer` header, or the fault, in words. */
  because: Schema.optionalKey(Schema.String),
  /** The request as it came. */
  request: Schema.Struct({
    method: Schema.String,
    /** Path and query. */
    target: Schema.String,
    /** With `x-api-key` masked. */
    headers: Schema.Record(Schema.String, Schema.String),
    /** The body's text. */
    body: Schema.String,
  }),
  /** What the caller was told; absent while the answer is held back, and when a fault kept the request from the service. */
  answer: Schema.optionalKey(Answer),
  /** Its updates, in the order in which they are due. */
  updates: Schema.Array(Update),
})

/** A valid request and what became of it. */
export type Message = typeof Message.Type
