/**
 * A request as the mock stores it: the request, the answer, and the updates that followed, with every delivery attempt.
 * `/__mock/messages` serves the same form as JSON. A request that was refused as invalid has the same form, with `refusal`.
 *
 * @example
 * ```ts
 * import { type Message, startMockServer } from "@effect-sent/mock-server"
 *
 * const describe = ({ phoneNumber, status, updates }: Message.Message): string =>
 *   `${phoneNumber}: ${status} after ${updates.length} updates`
 *
 * await using mock = await startMockServer()
 * // After the program under test has sent something:
 * for (const message of await mock.messages()) console.log(describe(message))
 * ```
 */
import * as Schema from "effect/Schema"

// -----------------------------------------------------------------------------
// Updates
// -----------------------------------------------------------------------------

/** One attempt to deliver an update to its receiver. */
export const Attempt = Schema.Struct({
  /** When the attempt began, by the mock's clock: ISO 8601, UTC. */
  at: Schema.String,
  /** The headers that were sent, with signature and timestamp. Absent when nothing was sent. */
  headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  /** The HTTP status of the receiver's answer. Absent when no answer arrived. */
  status: Schema.optionalKey(Schema.Int),
  /** The beginning of the answer's body. Absent when there was none. */
  answer: Schema.optionalKey(Schema.String),
  /** Why no answer arrived. Absent when an answer arrived. */
  problem: Schema.optionalKey(Schema.String),
  /** The duration of the attempt, in milliseconds of the machine's clock. */
  durationMillis: Schema.Number,
})

/** One attempt to deliver an update to its receiver. */
export type Attempt = typeof Attempt.Type

/**
 * The delivery state of an update.
 *
 * - `waiting`: the update is not due yet, or its first attempt is in progress
 * - `received`: the receiver answered 2xx
 * - `retrying`: an attempt failed and another one follows
 * - `given-up`: every attempt failed
 * - `not-allowed`: the receiver is not on this machine and its host is not allowed; nothing was sent
 * - `dropped`: too many messages had pending updates (`maxPending`), or the message was imported; no further attempt follows
 */
export const UpdateState = Schema.Literals([
  "waiting",
  "received",
  "retrying",
  "given-up",
  "not-allowed",
  "dropped",
])

/** The delivery state of an update. */
export type UpdateState = typeof UpdateState.Type

/** One delivery update about a message. */
export const Update = Schema.Struct({
  /** Identifies the update among those of its message: `1`, `2`, … in the order of the scenario. */
  id: Schema.String,
  /** The status that the update reports, in upper case, e.g. `DELIVERED`. */
  status: Schema.String,
  /** When the event happens, by the mock's clock: ISO 8601, UTC. */
  happensAt: Schema.String,
  /** When the update is due at the receiver. Never before `happensAt`; a scenario may play updates out of order. */
  dueAt: Schema.String,
  /** The body that is sent, in the form that the contract declares. */
  body: Schema.Unknown,
  /** The delivery state. */
  state: UpdateState,
  /** The delivery attempts, oldest first. */
  attempts: Schema.Array(Attempt),
})

/** One delivery update about a message. */
export type Update = typeof Update.Type

// -----------------------------------------------------------------------------
// Messages
// -----------------------------------------------------------------------------

/** The answer to the caller. */
export const Answer = Schema.Struct({
  /** The HTTP status. */
  status: Schema.Int,
  /** The headers of the contract's example. Headers that every answer has, such as `Date`, are omitted. */
  headers: Schema.Record(Schema.String, Schema.String),
  /** The body. Absent when the answer has none. */
  body: Schema.optionalKey(Schema.Unknown),
  /** Whether the answer reached the caller `whole`. After a `reset`, no part of it did. */
  delivery: Schema.Literals(["whole", "reset", "truncated", "malformed"]),
})

/** The answer to the caller. */
export type Answer = typeof Answer.Type

/** The form of a credential. Never the value. */
export const CredentialForm = Schema.Literals(["present", "missing", "malformed"])

/** The form of a credential. Never the value. */
export type CredentialForm = typeof CredentialForm.Type

/** Why a request was refused as invalid, before anything was played. */
export const Refusal = Schema.Struct({
  /** The reason in words, without a value of the request: `phoneNumber: Must match the pattern …`. */
  reason: Schema.String,
  /** The form of each credential that the contract requires, by header. Empty when the path or method is unknown. */
  credentials: Schema.Record(Schema.String, CredentialForm),
})

/** Why a request was refused as invalid, before anything was played. */
export type Refusal = typeof Refusal.Type

/** A request, its answer and its updates. */
export const Message = Schema.Struct({
  /** A GUID: the `message_id` of the updates. */
  id: Schema.String,
  /** The number of the request on this server: 1, 2, … */
  number: Schema.Int,
  /** When the request arrived, by the mock's clock: ISO 8601, UTC. */
  receivedAt: Schema.String,
  /**
   * `x-sender-id` of the request, in lower case. Without the header, a GUID that stands for the `x-api-key`: the account. Empty
   * without both.
   */
  senderId: Schema.String,
  /** The recipient. */
  phoneNumber: Schema.optionalKey(Schema.String),
  /** The template id, as the request writes it. */
  templateId: Schema.optionalKey(Schema.String),
  /** The template's variables by name. */
  variables: Schema.Record(Schema.String, Schema.String),
  /** The template's name, if the request names the template by it. */
  templateName: Schema.optionalKey(Schema.String),
  /** The text that the request has in place of a template. */
  text: Schema.optionalKey(Schema.String),
  /** How many messages the request asks for, one for each recipient and channel. Absent for one. */
  recipients: Schema.optionalKey(Schema.Int),
  /** `Idempotency-Key` of the request, where the operation has one. */
  idempotencyKey: Schema.optionalKey(Schema.String),
  /** The number of the message whose answer was given again, because the request had its idempotency key. */
  replayOf: Schema.optionalKey(Schema.Int),
  /** The price, once a carrier has the message, where the API reports one. */
  price: Schema.optionalKey(Schema.Number),
  /** The URL that the updates are sent to. */
  webhookUrl: Schema.optionalKey(Schema.String),
  /**
   * Whether the message was accepted, so that a real service would send it. False for a sandbox request and for a replay: nothing
   * is sent for them.
   */
  accepted: Schema.Boolean,
  /** The channel, as the updates report it. Absent before the first update and for a refused message. */
  channel: Schema.optionalKey(Schema.String),
  /** `REFUSED`, `SANDBOX`, `REPLAYED`, `ACCEPTED`, or the status of the latest update that has happened, e.g. `DELIVERED`. */
  status: Schema.String,
  /** The name of the scenario that was played. Absent when `Prefer` or a fault chose a refusal. */
  scenario: Schema.optionalKey(Schema.String),
  /** What else decided the answer: the `Prefer` header or a description of the fault. */
  because: Schema.optionalKey(Schema.String),
  /** Why the request was refused as invalid. Absent for a valid request, which may be refused by its scenario. */
  refusal: Schema.optionalKey(Refusal),
  /** Whether this message is from a list, in which long texts are cropped. The message by its id has all of them. */
  isCropped: Schema.optionalKey(Schema.Boolean),
  /** The request as it arrived. */
  request: Schema.Struct({
    method: Schema.String,
    /** Path and query. */
    target: Schema.String,
    /** The headers by name. Credentials such as `x-api-key` are masked. */
    headers: Schema.Record(Schema.String, Schema.String),
    /** The body, as text. */
    body: Schema.String,
  }),
  /** The answer. Absent while it is delayed, and when a fault reset the connection before acceptance. */
  answer: Schema.optionalKey(Answer),
  /** The updates, in the order in which they are due. */
  updates: Schema.Array(Update),
})

/** A request, its answer and its updates. */
export type Message = typeof Message.Type
