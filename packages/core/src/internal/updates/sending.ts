/** What the tracker does around a send: it checks the reference, shares the deadline with the store, and reads the result. */
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { SendReceipt } from "../../SendToPhone.ts"
import { type Issue, SentError } from "../../SentError.ts"
import { identifier } from "./identifier.ts"
import { maxTextLength, type SendOutcome } from "./store.ts"

/** What is wrong with a tracked send, apart from its message. */
export const checkSend = (input: object, reference: string | undefined): ReadonlyArray<Issue> => [
  ...checkAbsent(input),
  ...checkReference(reference),
]

const checkAbsent = (input: object): ReadonlyArray<Issue> =>
  Predicate.hasProperty(input, "webhookUrl") && input.webhookUrl !== undefined
    ? [
        {
          path: ["webhookUrl"],
          message: "must be absent: the tracker sets it over v1, and v3 has none",
        },
      ]
    : []

const checkReference = (reference: string | undefined): ReadonlyArray<Issue> =>
  reference === undefined ||
  (Predicate.isString(reference) && reference.length >= 1 && reference.length <= maxTextLength)
    ? []
    : [{ path: ["reference"], message: `must have 1 to ${maxTextLength} characters` }]

/** How long the store may take of a send's deadline: half of it at most. */
export const shareOf = (deadline: Duration.Input | undefined): Duration.Duration | undefined =>
  deadlineOf(deadline).pipe(
    Option.map((total) => Duration.min(Duration.seconds(2), Duration.divideUnsafe(total, 2))),
    Option.getOrUndefined,
  )

/** What the store has left of the deadline, for the client. */
export const restOf = (
  deadline: Duration.Input | undefined,
  took: Duration.Duration,
): { readonly deadline?: Duration.Duration } =>
  deadlineOf(deadline).pipe(
    Option.map((total) => ({ deadline: Duration.subtract(total, took) })),
    Option.getOrElse(() => ({})),
  )

/** A deadline that is valid; the client rejects another one. */
const deadlineOf = (deadline: Duration.Input | undefined): Option.Option<Duration.Duration> =>
  deadline === undefined
    ? Option.none()
    : Option.filter(Duration.fromInput(deadline), Duration.isPositive)

export const outcomeOf = (
  result: Result.Result<SendReceipt, SentError>,
  at: DateTime.Utc,
): SendOutcome =>
  Result.isSuccess(result)
    ? {
        delivery: "accepted",
        at: result.success.acceptedAt,
        messageId: identifier(result.success.messageId ?? ""),
      }
    : { delivery: result.failure.delivery, at, reason: result.failure.reason._tag }

/** The error of a message that may have been sent, although the response to the last request says that it was not. */
export const unknownOf = (error: SentError): SentError =>
  error.delivery === "unknown"
    ? error
    : new SentError({ reason: error.reason, attempts: error.attempts, unknownAttempts: 1 })
