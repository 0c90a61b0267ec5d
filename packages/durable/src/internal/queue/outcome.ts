/** What the answer to a send means for its row, and for the worker. */
import type { SendReceipt } from "@effect-sent/core/SendToPhone"
import type { ReasonTable, SentError } from "@effect-sent/core/SentError"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import type { State } from "./row.ts"

/** What a failure that does not pass with time is about: this message, or everything that the account sends. */
type Subject = "message" | "account"

/** A reason that is missing here does not compile. Of those that pass with time, the other cases count. */
const subjects: { readonly [Tag in keyof ReasonTable]: Subject } = {
  InvalidRequest: "message",
  ValidationFailed: "message",
  InvalidPhoneNumber: "message",
  TemplateNotFound: "message",
  RequestRejected: "message",
  InvalidOptions: "account",
  CredentialsUnavailable: "account",
  CredentialsRejected: "account",
  InsufficientBalance: "account",
  AccessDenied: "account",
  EndpointNotFound: "account",
  // Of a look-up, of which there is none here.
  MessageNotFound: "message",
  UnexpectedResponse: "account",
  // Of a certificate or a port.
  ConnectionFailed: "account",
  RateLimited: "account",
  ServiceOverloaded: "account",
  CircuitOpen: "account",
  TimedOut: "account",
  // These may have been sent.
  ServerFailed: "message",
  ConnectionLost: "message",
  KeyConflict: "message",
  RequestRepeated: "message",
}

/** What to write, and what the worker does next. */
export interface Outcome {
  /** `attempting` is to be settled later, by another request with the same idempotency key. */
  readonly state: Extract<State, "accepted" | "refused" | "unknown" | "pending" | "attempting">
  readonly reason: string | null
  /** How long one waits at least that is pending, or to be settled. */
  readonly retryAfter: Duration.Duration | undefined
  /**
   * `go`: sends as before. `wait`: the service asked for a pause. `hold`: nothing can be sent until somebody fixes the account
   * or the credentials.
   */
  readonly next: "go" | "wait" | "hold"
}

/** Reads the answer to a send. One that `isKeyed` can be sent again with the same idempotency key. */
export const outcomeOf = (
  result: Result.Result<SendReceipt, SentError>,
  isKeyed: boolean,
): Outcome => {
  if (Result.isSuccess(result)) {
    return { state: "accepted", reason: null, retryAfter: undefined, next: "go" }
  }
  const { delivery, isSettledByKey, isTransient, reason, retryAfter } = result.failure
  const outcome = { reason: reason._tag, retryAfter }
  if (delivery === "unknown")
    return { ...outcome, state: isKeyed && isSettledByKey ? "attempting" : "unknown", next: "go" }
  if (isTransient) {
    return { ...outcome, state: "pending", next: retryAfter === undefined ? "go" : "wait" }
  }
  return subjects[reason._tag] === "account"
    ? { ...outcome, state: "pending", next: "hold" }
    : { ...outcome, state: "refused", next: "go" }
}

/** How long to wait before attempt `attempts + 1`: 1, 2, 4, … seconds, and 5 minutes at most. */
export const backoffOf = (
  attempts: number,
  retryAfter: Duration.Duration | undefined,
): Duration.Duration =>
  Duration.max(
    Duration.seconds(Math.min(300, 2 ** Math.max(0, Math.min(attempts - 1, 20)))),
    retryAfter ?? Duration.zero,
  )
