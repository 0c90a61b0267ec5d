/** Finding one message among those that were sent, and saying how near the others come when there is none. */
import * as Schema from "effect/Schema"
import type { Message } from "./Message.ts"

/**
 * What a message must be: every member that is given, or whatever a function says. Of `variables` those that are given;
 * others may be there.
 */
export type Match = MatchMembers | ((message: Message) => boolean)

/** What a message must be, member by member. */
export interface MatchMembers {
  readonly phoneNumber?: string | undefined
  /** In either letter case. */
  readonly templateId?: string | undefined
  /** In either letter case. */
  readonly senderId?: string | undefined
  readonly webhookUrl?: string | undefined
  readonly accepted?: boolean | undefined
  /** Where it stands: `REFUSED`, `ACCEPTED`, `DELIVERED`, … */
  readonly status?: string | undefined
  /** The scenario that it played. */
  readonly scenario?: string | undefined
  readonly variables?: Readonly<Record<string, string>> | undefined
}

/**
 * No message is what it was to be. The message says which one came nearest and where it differs: it is for the output
 * of a test, and quotes what the test sent.
 */
export class MessageNotFound extends Schema.TaggedError<MessageNotFound>(
  "MessageMatch/MessageNotFound",
)("MessageNotFound", {
  /** What was looked for, in words. */
  wanted: Schema.String,
  /** How many messages there were. */
  seen: Schema.Int,
  /** The message that came nearest and each difference, in words; absent when there was none, or nothing to compare. */
  nearest: Schema.optionalKey(Schema.String),
}) {
  override get message(): string {
    const what = `no message ${this.wanted}`
    if (this.seen === 0) return `${what}; no message was sent at all`
    return this.nearest === undefined
      ? `${what}; none of ${this.seen} is it`
      : `${what}; the nearest of ${this.seen}: ${this.nearest}`
  }
}
