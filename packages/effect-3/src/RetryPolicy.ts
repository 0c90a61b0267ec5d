/**
 * Which failures a send retries, how often, and how long it waits in between.
 *
 * **Gotchas**
 *
 * The API has no idempotency key, so a retry can put a second message on a person's phone. Whatever a policy says, a failure
 * whose `delivery` is `unknown` is retried only with the option `atLeastOnce`.
 *
 * @example
 * ```ts
 * import { RetryPolicy, SentClient } from "@effect-sent/effect-3"
 * import { Duration, Effect, Schedule } from "effect"
 *
 * const forAMinute = RetryPolicy.make({
 *   schedule: RetryPolicy.backoff.pipe(Schedule.upTo("1 minute")),
 *   times: 100,
 *   onRetry: ({ attempts, delay, error }) =>
 *     Effect.logInfo(`attempt ${attempts}: ${error.message}; next in ${Duration.format(delay)}`),
 * })
 *
 * const SentLive = SentClient.layerConfig({ retryPolicy: forAMinute })
 * ```
 */
import * as Facade from "@effect-sent/facade/RetryPolicies"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import { failureOf } from "./internal/bridge/facts.ts"
import { backoff as coreBackoff } from "./internal/bridge/backoff.ts"
import { policyOf } from "./internal/bridge/policies.ts"
import type { Options, RetryPolicy } from "./internal/retryPolicy.ts"
import type { SentError } from "./SentError.ts"

export type { Budget, Options, Retry, RetryPolicy } from "./internal/retryPolicy.ts"

// -----------------------------------------------------------------------------
// Construction
// -----------------------------------------------------------------------------

/**
 * Exponential backoff with full jitter: each wait is drawn evenly between zero and a bound that starts at 500
 * milliseconds, doubles with each retry and ends at 20 seconds.
 */
export const backoff: Schedule.Schedule<unknown> = coreBackoff

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
 * import { RetryPolicy } from "@effect-sent/effect-3"
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
  const { maxRetryAfterMillis, ...values } = Facade.policyValues(policyOf(options, []))
  // A policy with issues is never used.
  const valid: Options = values.issues.length === 0 ? options : {}
  return {
    ...values,
    schedule: valid.schedule ?? backoff,
    while: valid.while ?? isWorthRetrying,
    maxRetryAfter: Duration.millis(maxRetryAfterMillis),
    onRetry: valid.onRetry ?? (() => Effect.void),
  }
}

const isWorthRetrying = (error: SentError): boolean => Facade.isWorthRetrying(failureOf(error))

/**
 * The default policy: retries only messages that were certainly not sent, after a transient failure. These are
 * `RateLimited`, `ConnectionFailed` (except for TLS), `TimedOut` while connecting, and `ServiceOverloaded` with a
 * `Retry-After`.
 *
 * **Details**
 *
 * It makes at most four attempts, waits {@link backoff} or a longer `Retry-After` of at most a minute in between, and
 * has a budget of ten tokens.
 */
export const notSent: RetryPolicy = make()

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
export class CurrentRetryPolicy extends Context.Reference<CurrentRetryPolicy>()(
  "@effect-sent/effect-3/RetryPolicy/CurrentRetryPolicy",
  { defaultValue: (): RetryPolicy | undefined => undefined },
) {}
