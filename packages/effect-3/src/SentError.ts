/**
 * The one error of a send, and its reasons.
 *
 * **Details**
 *
 * `Effect.catchTag("SentError", …)` catches every failure; `reason._tag` says which it is. `delivery` is the first thing to
 * look at before anything is sent again. Neither the error nor its reason holds a phone number, a template value or a
 * credential.
 *
 * @example
 * ```ts
 * import { SentClient } from "@effect-sent/effect-3"
 * import { Effect, Match } from "effect"
 *
 * const outcome = await SentClient.sendToPhone({ phoneNumber: "12", templateId: "" }).pipe(
 *   Effect.as("accepted"),
 *   Effect.catchTag("SentError", (error) =>
 *     Effect.succeed(
 *       Match.value(error.reason).pipe(
 *         Match.tag("InvalidRequest", ({ issues }) => issues.map(({ path }) => path.join(".")).join()),
 *         Match.orElse(() => error.delivery),
 *       ),
 *     ),
 *   ),
 *   Effect.provide(SentClient.layerEnv),
 *   Effect.runPromise,
 * )
 * console.assert(outcome === "phoneNumber,templateId")
 * ```
 */
import { taggedError } from "./internal/taggedError.ts"
import * as Duration from "effect/Duration"
import { factsOf } from "./internal/bridge/facts.ts"
import type { Reason } from "./internal/reason.ts"

export {
  AccessDenied,
  CircuitOpen,
  ConnectionFailed,
  ConnectionLost,
  CredentialsRejected,
  CredentialsUnavailable,
  EndpointNotFound,
  InsufficientBalance,
  InvalidOptions,
  InvalidPhoneNumber,
  InvalidRequest,
  type Issue,
  KeyConflict,
  MessageNotFound,
  RateLimited,
  type Reason,
  RequestRejected,
  RequestRepeated,
  ServerFailed,
  ServiceOverloaded,
  TemplateNotFound,
  TimedOut,
  UnexpectedResponse,
  ValidationFailed,
} from "./internal/reason.ts"

/**
 * What a failure says about the message: `not-sent` if the service certainly did not accept it, `unknown` if it may
 * have.
 */
export type Delivery = "not-sent" | "unknown"

/**
 * Who can fix the cause of a failure: the `recipient`, that is the person who gave the phone number; the `operator` of
 * the application; the `provider`; or `time` alone, which makes the failure transient.
 */
export type MendedBy = "recipient" | "operator" | "provider" | "time"

/**
 * The failure of a send.
 *
 * **Gotchas**
 *
 * To send again after `delivery: "unknown"` can put a second message on a person's phone. `isTransient` alone does not make a
 * retry safe; `isRetryable` does.
 */
export class SentError extends taggedError("SentError")<{
  /** What went wrong; `_tag` says which reason it is. */
  readonly reason: Reason
  /** How many requests were sent, the last one included; 0 if none was. */
  readonly attempts: number
  /** How many of the requests may have been accepted, without the one that `reason` describes. Default: 0. */
  readonly unknownAttempts?: number | undefined
}> {
  override get message(): string {
    return factsOf(this).message
  }
  /** Whether the service may have accepted the message, with the last request or with an earlier one. */
  get delivery(): Delivery {
    return factsOf(this).delivery
  }
  /** Whether the failure passes with time. */
  get isTransient(): boolean {
    return factsOf(this).isTransient
  }
  /** Whether sending again may succeed and cannot duplicate: the message was not sent, and the failure is transient. */
  get isRetryable(): boolean {
    return factsOf(this).isRetryable
  }
  /** Who can fix the cause. */
  get mendedBy(): MendedBy {
    return factsOf(this).mendedBy
  }
  /** How long to wait from now, if the service or the circuit breaker says. */
  get retryAfter(): Duration.Duration | undefined {
    const { retryAfterMillis } = factsOf(this)
    return retryAfterMillis === undefined ? undefined : Duration.millis(retryAfterMillis)
  }
  /** The JSON form, for logs, has the message and what the getters say. */
  override toJSON(): unknown {
    return {
      _tag: this._tag,
      message: this.message,
      delivery: this.delivery,
      isRetryable: this.isRetryable,
      isTransient: this.isTransient,
      mendedBy: this.mendedBy,
      attempts: this.attempts,
      unknownAttempts: this.unknownAttempts ?? 0,
      reason: this.reason.toJSON(),
    }
  }
}

/**
 * Returns whether a value is a {@link SentError}.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/effect-3"
 *
 * const error = new SentError.SentError({
 *   reason: new SentError.ServerFailed({ status: 502 }),
 *   attempts: 1,
 * })
 * console.assert(SentError.isSentError(error) && error.delivery === "unknown")
 * console.assert(!SentError.isSentError(new Error("another")))
 * ```
 */
export const isSentError = (u: unknown): u is SentError => u instanceof SentError
