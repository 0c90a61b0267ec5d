/** The errors of durable sends. None of them has a key, a phone number or a text. */
import type { SqlError } from "effect/sql/SqlError"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { states } from "./row.ts"

const State = Schema.Literals(states)

const operations = [
  "enqueue",
  "cancel",
  "find",
  "list",
  "requeue",
  "sendOnce",
  "claim",
  "begin",
  "settle",
  "maintain",
] as const

/** What the database was asked. */
export type Operation = (typeof operations)[number]

/**
 * The database failed, or was asked for something that it cannot do. The operation may be repeated: the key keeps it from being
 * done twice.
 */
export class DurableSenderError extends Schema.TaggedError<DurableSenderError>(
  "DurableSender/DurableSenderError",
)("DurableSenderError", {
  operation: Schema.Literals(operations),
  /** What is wrong, in a few words, without keys and values. */
  problem: Schema.String,
  cause: Schema.optionalKey(Schema.Defect()),
}) {
  override get message(): string {
    return `the durable sender failed to ${verbs[this.operation]}: ${this.problem}`
  }
}

const verbs: { readonly [K in Operation]: string } = {
  enqueue: "enqueue a message",
  cancel: "cancel a send",
  find: "find a send",
  list: "list sends",
  requeue: "requeue a send",
  sendOnce: "send once",
  claim: "claim sends",
  begin: "record that a message is about to be sent",
  settle: "record how a send ended",
  maintain: "maintain its table",
}

/** Makes the error of a question. */
export const queueError = (
  operation: Operation,
  problem: string,
  cause?: SqlError,
): DurableSenderError =>
  new DurableSenderError({ operation, problem, ...(cause === undefined ? {} : { cause }) })

/** The key belongs to another message. Nothing was enqueued or sent. */
export class KeyConflict extends Schema.TaggedError<KeyConflict>("DurableSender/KeyConflict")(
  "KeyConflict",
  {},
) {
  override get message(): string {
    return (
      "the key belongs to another message: use one key for each message, " +
      "and the same `secret` in every process"
    )
  }
}

/** `sendOnce` did not send, since an earlier call with the key did, may have, or must not. */
export class NotRepeated extends Schema.TaggedError<NotRepeated>("DurableSender/NotRepeated")(
  "NotRepeated",
  {
    /**
     * `attempting`: another call is sending it. `unknown`: it may have been sent, and an update may settle it. `claimed`:
     * another call took the key at the same moment. `cancelled`, `expired`: it was not sent, and must not be.
     */
    state: State,
  },
) {
  override get message(): string {
    return `not sent again: an earlier call with this key is ${this.state}`
  }
}

/** A send cannot be requeued. */
export class NotRequeued extends Schema.TaggedError<NotRequeued>("DurableSender/NotRequeued")(
  "NotRequeued",
  {
    /** The state of the send. Absent if there is none with the key. */
    state: Schema.optionalKey(State),
    problem: Schema.String,
  },
) {
  override get message(): string {
    return `the send was not requeued: ${this.problem}`
  }
}

/** A send was not settled in time. It goes on. */
export class NotSettled extends Schema.TaggedError<NotSettled>("DurableSender/NotSettled")(
  "NotSettled",
  {
    /** The state of the send. Absent if there is none with the key. */
    state: Schema.optionalKey(State),
    /** The time allowed. */
    after: Schema.Duration,
  },
) {
  override get message(): string {
    return this.state === undefined
      ? "there is no send with this key"
      : `not settled within ${Duration.format(this.after)}: it is ${this.state}`
  }
}
