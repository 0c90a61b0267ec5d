/**
 * Selects messages among those that were sent, and explains how the closest one differs when none matches.
 *
 * @example
 * ```ts
 * import { MockServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const mock = yield* MockServer.make()
 *   // By members, or by a function:
 *   yield* mock.messages({ status: "DELIVERED", variables: { order_id: "12345" } })
 *   yield* mock.messages(({ updates }) => updates.length > 3)
 *   return yield* Effect.flip(mock.expectMessage({ phoneNumber: "+1234567890" }))
 * })
 *
 * const error = await Effect.runPromise(Effect.scoped(program))
 * console.assert(
 *   error.message === 'no message matched phoneNumber "+1234567890"; no messages were sent',
 * )
 * ```
 */
import * as Schema from "effect/Schema"
import type { Message } from "./Message.ts"

/**
 * Selects messages: by members, all of which must match, or by a function. `variables` compares only the variables that it names.
 */
export type Match = MatchMembers | ((message: Message) => boolean)

/** What a member must be: a value, a regular expression that it matches, a function that accepts it, or a schema that it conforms to. */
export type Expected<A> = A | RegExp | ((value: A | undefined) => boolean) | Schema.Top

/** The members that a message must have. */
export interface MatchMembers {
  readonly phoneNumber?: Expected<string> | undefined
  /** Letter case is ignored. */
  readonly templateId?: Expected<string> | undefined
  /** Letter case is ignored. */
  readonly senderId?: Expected<string> | undefined
  readonly templateName?: Expected<string> | undefined
  readonly text?: Expected<string> | undefined
  readonly idempotencyKey?: Expected<string> | undefined
  readonly webhookUrl?: Expected<string> | undefined
  readonly accepted?: Expected<boolean> | undefined
  /** `REFUSED`, `ACCEPTED`, `DELIVERED`, … */
  readonly status?: Expected<string> | undefined
  /** The name of the scenario that was played. */
  readonly scenario?: Expected<string> | undefined
  /** The HTTP status of the answer. */
  readonly answerStatus?: Expected<number> | undefined
  /** Why a request was refused as invalid. */
  readonly reason?: Expected<string> | undefined
  readonly variables?: Readonly<Record<string, Expected<string>>> | undefined
}

/**
 * No message matched. The error message names the closest one and each difference. It is meant for the output of a test and
 * quotes values that the test sent.
 */
export class MessageNotFound extends Schema.TaggedError<MessageNotFound>(
  "MessageMatch/MessageNotFound",
)("MessageNotFound", {
  /** A description of the match. */
  wanted: Schema.String,
  /** The number of messages that were compared. */
  seen: Schema.Int,
  /** The closest message and each difference. Absent when there are no messages, and for a match by function. */
  nearest: Schema.optionalKey(Schema.String),
  /** The requests that were refused as invalid: how many, and why the latest was. Absent when there are none. */
  refused: Schema.optionalKey(Schema.String),
}) {
  override get message(): string {
    const what = `no message matched ${this.wanted}`
    const refused = this.refused === undefined ? "" : `; ${this.refused}`
    if (this.seen === 0) return `${what}; no messages were sent${refused}`
    return this.nearest === undefined
      ? `${what}; messages compared: ${this.seen}${refused}`
      : `${what}; closest of ${this.seen}: ${this.nearest}${refused}`
  }
}

/** More messages matched than expected. The error message names them. */
export class UnexpectedMessage extends Schema.TaggedError<UnexpectedMessage>(
  "MessageMatch/UnexpectedMessage",
)("UnexpectedMessage", {
  /** A description of the match. */
  wanted: Schema.String,
  /** The number of messages that were expected. */
  expected: Schema.Int,
  /** The numbers of the messages that matched. */
  found: Schema.Array(Schema.Int),
}) {
  override get message(): string {
    const count = this.found.length
    return `${count} message${count === 1 ? "" : "s"} matched ${this.wanted}, expected ${
      this.expected === 0 ? "none" : this.expected
    }: ${this.found.map((number) => `message ${number}`).join(", ")}`
  }
}
