/**
 * Which failures a send retries, how often, and how long it waits in between.
 *
 * **Gotchas**
 *
 * The API has no idempotency key, so a retry can put a second message on a person's phone. Whatever a policy says, a
 * failure whose `delivery` is `unknown` is retried only with the option `atLeastOnce`.
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
import type { SentError } from "./SentError.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/** A retry that is about to wait. */
export interface Retry {
  /** The failure that is retried. */
  readonly error: SentError
  /** How many requests of this send were sent so far. */
  readonly attempts: number
  /** How long it waits from now. */
  readonly delay: Duration.Duration
}

/**
 * A retry budget, which all sends of a layer share. It keeps retries from multiplying the load of an outage.
 *
 * **Details**
 *
 * The budget is full at first. Each failure that could be retried takes one token, each accepted message returns
 * `refund` tokens. At one half or below, nothing is retried.
 *
 * Source: gRPC's retry throttling (gRFC A6).
 */
export interface Budget {
  /** How many tokens a full budget has; above 0. */
  readonly tokens: number
  /** How many tokens an accepted message returns; 0 or more. */
  readonly refund: number
}

/** A retry policy, made by {@link make}. */
export interface RetryPolicy {
  /** The waits between attempts. When it ends, so do the retries. */
  readonly schedule: Schedule.Schedule<unknown, SentError>
  /** The maximum number of retries, without the first attempt. */
  readonly times: number
  /** Which of the failures that may be retried are retried. */
  readonly while: (error: SentError) => boolean
  /** Whether failures are retried after which the message may have been accepted. */
  readonly atLeastOnce: boolean
  /** The longest `Retry-After` to wait for. */
  readonly maxRetryAfter: Duration.Duration
  /** The retry budget; undefined for none. */
  readonly budget: Budget | undefined
  /** Runs before each wait. */
  readonly onRetry: (retry: Retry) => Effect.Effect<void>
}

/** The options of a policy. The defaults are those of {@link notSent}. */
export interface Options {
  /** The waits between attempts. A longer `Retry-After` takes precedence. Default: {@link backoff}. */
  readonly schedule?: Schedule.Schedule<unknown, SentError> | undefined
  /** The maximum number of retries. Default: 3, which makes 4 attempts. */
  readonly times?: number | undefined
  /**
   * Which failures are retried. It narrows what `delivery` allows and never widens it: a message that may have been
   * sent is retried only with `atLeastOnce`. Default: those with `isTransient`, except an open circuit.
   */
  readonly while?: ((error: SentError) => boolean) | undefined
  /**
   * Whether failures are retried after which the message may have been accepted. The recipient may then get the message
   * more than once. Default: false.
   */
  readonly atLeastOnce?: boolean | undefined
  /**
   * The longest `Retry-After` to wait for. With a longer one, the send fails at once, with the error that carries it.
   * Default: 60 seconds.
   */
  readonly maxRetryAfter?: Duration.Input | undefined
  /** The retry budget of the layer; `false` for none. Default: 10 tokens, a refund of 0.1. */
  readonly budget?: Budget | false | undefined
  /** Runs before each wait, for example to log. Default: nothing. */
  readonly onRetry?: ((retry: Retry) => Effect.Effect<void>) | undefined
}

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
 * Throws a `RangeError` if `times` or `budget` is out of range.
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
  const { budget = { tokens: 10, refund: 0.1 }, times = 3 } = options
  if (!Number.isInteger(times) || times < 0) {
    throw new RangeError("RetryPolicy: times must be a whole number, 0 or more")
  }
  if (budget !== false && !(budget.tokens > 0 && budget.refund >= 0)) {
    throw new RangeError("RetryPolicy: budget.tokens must be above 0 and budget.refund 0 or more")
  }
  return {
    schedule: options.schedule ?? backoff,
    times,
    while: options.while ?? isWorthRetrying,
    atLeastOnce: options.atLeastOnce ?? false,
    maxRetryAfter: Duration.fromInputUnsafe(options.maxRetryAfter ?? "60 seconds"),
    budget: budget === false ? undefined : budget,
    onRetry: options.onRetry ?? (() => nothing),
  }
}

const nothing: Effect.Effect<void> = Effect.sync(constVoid)

// Waiting for an open circuit would build up the queue that the circuit breaker prevents.
const isWorthRetrying = (error: SentError): boolean =>
  error.isTransient && error.reason._tag !== "CircuitOpen"

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
export const CurrentRetryPolicy: Context.Reference<RetryPolicy | undefined> = Context.Reference<
  RetryPolicy | undefined
>("@effect-sent/core/RetryPolicy/CurrentRetryPolicy", { defaultValue: () => undefined })
