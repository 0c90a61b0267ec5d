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
 * Selects messages: by members, all of which must be equal, or by a function. `variables` compares only the variables that it
 * names.
 */
export type Match = MatchMembers | ((message: Message) => boolean)

/** The members that a message must have. */
export interface MatchMembers {
  readonly phoneNumber?: string | undefined
  /** Letter case is ignored. */
  readonly templateId?: string | undefined
  /** Letter case is ignored. */
  readonly senderId?: string | undefined
  readonly webhookUrl?: string | undefined
  readonly accepted?: boolean | undefined
  /** `REFUSED`, `ACCEPTED`, `DELIVERED`, … */
  readonly status?: string | undefined
  /** The name of the scenario that was played. */
  readonly scenario?: string | undefined
  readonly variables?: Readonly<Record<string, string>> | undefined
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
