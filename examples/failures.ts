/**
 * From the error of a send to the answer of your HTTP API, and to words for the person.
 *
 * | the error                        | the answer                  | the person                           |
 * | -------------------------------- | --------------------------- | ------------------------------------ |
 * | `delivery` is `unknown`          | 202, as if it was accepted  | waits, and does not ask again at once |
 * | `mendedBy` is `recipient`        | `NotNotifiable`, 422        | enters another number                |
 * | `mendedBy` is `time`             | `NotifyLater`, 503, with when | tries again                          |
 * | `mendedBy` is anything else      | `NotifyLater`, 503          | tries again later; you are told      |
 */
import type { SentError } from "@effect-sent/core"
import { Duration, Effect, Schema } from "effect"

/** The message was not sent, and the same request would fail again: the person has to change it. */
export class NotNotifiable extends Schema.TaggedError<NotNotifiable>()(
  "NotNotifiable",
  { message: Schema.String, words: Schema.String },
  { httpApiStatus: 422 },
) {}

/** The message was not sent, but the request is valid: it may safely be repeated later. */
export class NotifyLater extends Schema.TaggedError<NotifyLater>()(
  "NotifyLater",
  { retryAfterSeconds: Schema.UndefinedOr(Schema.Finite), words: Schema.String },
  { httpApiStatus: 503 },
) {}

/** With `unknown`, the message may have been sent. Repeating the request could send it twice. */
export const Delivery = Schema.Literals(["accepted", "unknown"])

/** What to say to the person. */
export const words = {
  accepted: "Your message is on its way.",
  unknown: "Your message should arrive soon. If it does not, ask for another one in five minutes.",
  recipient: "We cannot send a message to this number. Please check it, or enter another one.",
  time: "We could not send your message just now. Please try again in a moment.",
  operator: "We could not send your message. We have been told. Please try again later.",
} as const

/** Answers a send that is unknown as if it was accepted: after an error, people would ask again at once. */
export const orUnknown = (
  error: SentError.SentError,
): Effect.Effect<"unknown", NotNotifiable | NotifyLater> =>
  error.delivery === "unknown" ? Effect.as(logged(error), "unknown" as const) : refuse(error)

/** Answers a send that was certainly not sent. */
export const refuse = (
  error: SentError.SentError,
): Effect.Effect<never, NotNotifiable | NotifyLater> => {
  if (error.mendedBy === "recipient") {
    const { message } = error.reason
    return Effect.fail(new NotNotifiable({ message, words: words.recipient }))
  }
  return Effect.andThen(
    logged(error),
    new NotifyLater({
      retryAfterSeconds: error.retryAfter && Duration.toSeconds(error.retryAfter),
      words: error.mendedBy === "time" ? words.time : words.operator,
    }),
  )
}

// Details such as the balance are logged, not sent to the person. No error contains a phone number or a key.
const logged = (error: SentError.SentError) => Effect.logError("a notification was not sent", error)
