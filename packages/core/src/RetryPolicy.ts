/**
 * Which failures a send retries, how often, and how long it waits in between.
 *
 * **Gotchas**
 *
 * v1 has no idempotency key, so a retry can put a second message on a person's phone. Whatever a policy says, a failure
 * whose `delivery` is `unknown` is retried only with the option `atLeastOnce`, or over v3, with the same idempotency key.
 *
 * @example
 * ```ts
 * import { RetryPolicy, SentClient } from "@effect-sent/core"
 * import { Duration, Effect, Schedule } from "effect"
 *
 * const forAMinute = RetryPolicy.make({
 *   schedule: RetryPolicy.backoff.pipe(Schedule.upTo({ duration: "1 minute" })),
 *   times: 100,
 *   onRetry: ({ attempts, delay, error }) =>
 *     Effect.logInfo(`attempt ${attempts}: ${error.message}; next in ${Duration.format(delay)}`),
 * })
 *
 * const SentLive = SentClient.layerConfig({ retryPolicy: forAMinute })
 * ```
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { type Options, type RetryPolicy, retryPolicyOptions } from "./internal/send/retryPolicy.ts"
import type { SentError } from "./SentError.ts"

export type { Budget, Options, Retry, RetryPolicy } from "./internal/send/retryPolicy.ts"

// -----------------------------------------------------------------------------
// Construction
// -----------------------------------------------------------------------------

/**
 * Exponential backoff with full jitter: each wait is drawn evenly between zero and a bound that starts at 500
 * milliseconds, doubles with each retry and ends at 20 seconds.
 *
 * Source: "Exponential Backoff And Jitter", AWS Architecture Blog.
 */
export const backoff: Schedule.Schedule<unknown> = Schedule.exponential("500 millis").pipe(
  Schedule.modifyDelay(({ duration }) =>
    Effect.map(Random.next, (share) =>
      Duration.times(Duration.min(duration, Duration.seconds(20)), share),
    ),
  ),
)

/**
 * Makes a retry policy.
 *
 * **Gotchas**
 *
 * It never throws: the layer or the send that the policy is given to fails with the reason `InvalidOptions` if an option
 * is invalid, and sends nothing.
 *
 * @example
 * ```ts
 * import { RetryPolicy } from "@effect-sent/core"
 * import { Schedule } from "effect"
 *
 * const policy = RetryPolicy.make({
 *   schedule: Schedule.spaced("1 second"),
 *   times: 5,
 *   while: (error) => error.reason._tag === "RateLimited",
 *   maxRetryAfter: "10 seconds",
 * })
 * console.assert(!policy.atLeastOnce)
 * ```
 */
export const make = (options: Options = {}): RetryPolicy => {
  const issues = retryPolicyOptions(options)
  // A policy with issues is never used.
  const valid: Options = issues.length === 0 ? options : {}
  const { budget = { tokens: 10, refund: 0.1 } } = valid
  return {
    schedule: valid.schedule ?? backoff,
    times: valid.times ?? 3,
    while: valid.while ?? isWorthRetrying,
    atLeastOnce: valid.atLeastOnce ?? false,
    sameKey: valid.sameKey ?? true,
    maxRetryAfter: Duration.fromInputUnsafe(valid.maxRetryAfter ?? "60 seconds"),
    budget: budget === false ? undefined : budget,
    onRetry: valid.onRetry ?? (() => nothing),
    issues,
  }
}

const nothing: Effect.Effect<void> = Effect.sync(constVoid)

// Waiting for an open circuit would build up the queue that the circuit breaker prevents.
const isWorthRetrying = (error: SentError): boolean =>
  error.isTransient && error.reason._tag !== "CircuitOpen"

/**
 * The default policy over v3: retries what {@link notSent} does, and what may have been sent with the same bytes and the same
 * idempotency key, while the service keeps it.
 *
 * **Details**
 *
 * A lost connection and a time-out are retried so: if the request was accepted, the service repeats its answer, and if it
 * never arrived, it is accepted now. A 409 says that the first request is still under way: it is waited for, with the same
 * key. A failure of the service (5xx) is not retried, since the provider does not say whether it keeps the key of one. Over
 * v1, it does what {@link notSent} does.
 */
export const sameKey: RetryPolicy = make()

/**
 * The default policy over v1: retries only messages that were certainly not sent, after a transient failure. These are
 * `RateLimited`, `ConnectionFailed` (except for TLS), `TimedOut` while connecting, and `ServiceOverloaded` with a
 * `Retry-After`.
 *
 * **Details**
 *
 * It makes at most four attempts, waits {@link backoff} or a longer `Retry-After` of at most a minute in between, and
 * has a budget of ten tokens.
 */
export const notSent: RetryPolicy = make({ sameKey: false })

/** Retries nothing: one send sends at most one request. */
export const none: RetryPolicy = make({ times: 0 })

/**
 * Retries every transient failure, even if the message may have been sent.
 *
 * **Gotchas**
 *
 * The recipient may get the message more than once. Use it for messages that must arrive, such as alarms, and never for
 * messages that cost the recipient something.
 */
export const atLeastOnce: RetryPolicy = make({ atLeastOnce: true })

// -----------------------------------------------------------------------------
// Reference
// -----------------------------------------------------------------------------

/**
 * The policy of the current region of code, set by `SentClient.withRetryPolicy`. It takes precedence over the layer's;
 * the policy of a single send takes precedence over it. Default: undefined, for the layer's.
 */
export const CurrentRetryPolicy: Context.Reference<RetryPolicy | undefined> = Context.Reference<
  RetryPolicy | undefined
>("@effect-sent/core/RetryPolicy/CurrentRetryPolicy", { defaultValue: () => undefined })
