/**
 * What a send repeats, how often, and how long it waits in between.
 *
 * The API has no idempotency key: a repeated request may put a second message on a person's phone. So whatever a
 * policy says, a failure whose `delivery` is `unknown` is repeated only by a policy that says `atLeastOnce`.
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

/**
 * A retry that is about to be waited for.
 *
 * @example
 * ```ts
 * import { RetryPolicy } from "@effect-sent/core"
 * import { Duration, Effect } from "effect"
 *
 * const policy = RetryPolicy.make({
 *   onRetry: ({ attempts, delay, error }) =>
 *     Effect.logInfo(`attempt ${attempts}: ${error.message}; next in ${Duration.format(delay)}`),
 * })
 * ```
 */
export interface Retry {
  /** The failure that is repeated. */
  readonly error: SentError
  /** How many requests of this send were put on the wire so far. */
  readonly attempts: number
  /** How long it waits from now. */
  readonly delay: Duration.Duration
}

/**
 * What keeps an outage from being multiplied: a budget of retries that all sends of a layer draw on. It is full at
 * first; each failure that could be repeated takes one token, each accepted message gives `refund` back, and below
 * one half nothing is repeated.
 *
 * Source: gRPC's retry throttling (gRFC A6).
 *
 * @example
 * ```ts
 * import type { RetryPolicy } from "@effect-sent/core"
 *
 * const patient: RetryPolicy.Budget = { tokens: 100, refund: 0.5 }
 * ```
 */
export interface Budget {
  /** How many tokens a full budget has; above 0. */
  readonly tokens: number
  /** What an accepted message gives back, in tokens; 0 or more. */
  readonly refund: number
}

/**
 * A retry policy; make one with {@link make}.
 *
 * @example
 * ```ts
 * import { RetryPolicy } from "@effect-sent/core"
 *
 * const policy: RetryPolicy.RetryPolicy = RetryPolicy.notSent
 * console.assert(policy.times === 3 && !policy.atLeastOnce)
 * ```
 */
export interface RetryPolicy {
  /** The waits between attempts; its end is the end of the retries. */
  readonly schedule: Schedule.Schedule<unknown, SentError>
  /** How many retries there are at most; the first attempt is none. */
  readonly times: number
  /** Which failures are repeated, of those that may be. */
  readonly while: (error: SentError) => boolean
  /** Whether a failure after which the message may have been accepted is repeated, too. */
  readonly atLeastOnce: boolean
  /** The longest `Retry-After` that is waited for. */
  readonly maxRetryAfter: Duration.Duration
  /** Undefined: no budget. */
  readonly budget: Budget | undefined
  /** Runs before each wait. */
  readonly onRetry: (retry: Retry) => Effect.Effect<void>
}

/**
 * The options of a policy. Each has the default of {@link notSent}.
 *
 * @example
 * ```ts
 * import type { RetryPolicy } from "@effect-sent/core"
 * import { Schedule } from "effect"
 *
 * const options: RetryPolicy.Options = { schedule: Schedule.spaced("2 seconds"), times: 5 }
 * ```
 */
export interface Options {
  /**
   * The waits between attempts, from any `Schedule`; a `Retry-After` that is longer goes before it. Default:
   * {@link backoff}.
   */
  readonly schedule?: Schedule.Schedule<unknown, SentError> | undefined
  /** How many retries there are at most. Default: 3, which makes 4 attempts. */
  readonly times?: number | undefined
  /**
   * Which failures are repeated. It narrows what `delivery` allows and never widens it: what may have been sent
   * is repeated only with `atLeastOnce`. Default: those with `isRetryable`, but not an open circuit.
   */
  readonly while?: ((error: SentError) => boolean) | undefined
  /**
   * Whether a failure after which the message may have been accepted is repeated, too. The person may then get
   * the message more than once. Default: false.
   */
  readonly atLeastOnce?: boolean | undefined
  /**
   * The longest `Retry-After` that is waited for; a longer one fails at once, with the error that carries it.
   * Default: 60 seconds.
   */
  readonly maxRetryAfter?: Duration.Input | undefined
  /** The budget that all sends of a layer draw on; `false` for none. Default: 10 tokens, a tenth back. */
  readonly budget?: Budget | false | undefined
  /** Runs before each wait, e.g. to log. Default: nothing. */
  readonly onRetry?: ((retry: Retry) => Effect.Effect<void>) | undefined
}

// -----------------------------------------------------------------------------
// Construction
// -----------------------------------------------------------------------------

/**
 * Exponential backoff with full jitter: each wait is drawn evenly from between nothing and a bound that begins with
 * 500 milliseconds, doubles each time and ends at 20 seconds.
 *
 * Source: "Exponential Backoff And Jitter", AWS Architecture Blog.
 *
 * @example
 * ```ts
 * import { RetryPolicy } from "@effect-sent/core"
 * import { Schedule } from "effect"
 *
 * const forAMinute = RetryPolicy.make({
 *   schedule: RetryPolicy.backoff.pipe(Schedule.upTo({ duration: "1 minute" })),
 *   times: 100,
 * })
 * ```
 */
export const backoff: Schedule.Schedule<unknown> = Schedule.exponential("500 millis").pipe(
  Schedule.modifyDelay(({ duration }) =>
    Effect.map(Random.next, (share) =>
      Duration.times(Duration.min(duration, Duration.seconds(20)), share),
    ),
  ),
)

/**
 * Makes a policy. Throws a `RangeError` for a number that no policy can have.
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
    while: options.while ?? isTransient,
    atLeastOnce: options.atLeastOnce ?? false,
    maxRetryAfter: Duration.fromInputUnsafe(options.maxRetryAfter ?? "60 seconds"),
    budget: budget === false ? undefined : budget,
    onRetry: options.onRetry ?? (() => nothing),
  }
}

const nothing: Effect.Effect<void> = Effect.sync(constVoid)

// To wait in front of an open circuit would be the queue that the circuit is there to prevent.
const isTransient = (error: SentError): boolean =>
  error.isRetryable && error.reason._tag !== "CircuitOpen"

/**
 * The default: repeats only what was certainly not sent and passes with time, which is `RateLimited`,
 * `ConnectionFailed` (but for TLS) and `ServiceUnavailable` with a `Retry-After`. Four attempts, {@link backoff} or a
 * longer `Retry-After` of at most a minute in between, and a budget of ten tokens.
 *
 * @example
 * ```ts
 * import { RetryPolicy, SentClient } from "@effect-sent/core"
 *
 * const options: SentClient.Options = { retryPolicy: RetryPolicy.notSent }
 * ```
 */
export const notSent: RetryPolicy = make()

/**
 * Repeats nothing: one send puts at most one request on the wire.
 *
 * @example
 * ```ts
 * import { RetryPolicy, SentClient } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * await SentClient.sendToPhone({
 *   phoneNumber: "+1234567890",
 *   templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 * }).pipe(
 *   SentClient.withRetryPolicy(RetryPolicy.none),
 *   Effect.provide(SentClient.layerEnv),
 *   Effect.runPromise,
 * )
 * ```
 */
export const none: RetryPolicy = make({ times: 0 })

/**
 * Repeats what may have been sent, too, as long as it passes with time: the message arrives even through an outage,
 * perhaps more than once. For what must not be missed, such as an alarm; never for what costs the reader something.
 *
 * @example
 * ```ts
 * import { RetryPolicy, SentClient } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const alarm = SentClient.sendToPhone(
 *   { phoneNumber: "+1234567890", templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8" },
 *   { retryPolicy: RetryPolicy.atLeastOnce },
 * )
 * await alarm.pipe(Effect.provide(SentClient.layerEnv), Effect.runPromise)
 * ```
 */
export const atLeastOnce: RetryPolicy = make({ atLeastOnce: true })

// -----------------------------------------------------------------------------
// Reference
// -----------------------------------------------------------------------------

/**
 * The policy of a region of code; it goes before the layer's, and a send's own goes before it. Undefined, as it is by
 * default: the layer's counts. `SentClient.withRetryPolicy` sets it.
 *
 * @example
 * ```ts
 * import { RetryPolicy, SentClient } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const current = RetryPolicy.CurrentRetryPolicy.pipe(
 *   SentClient.withRetryPolicy(RetryPolicy.none),
 *   Effect.runSync,
 * )
 * console.assert(current === RetryPolicy.none)
 * ```
 */
export const CurrentRetryPolicy: Context.Reference<RetryPolicy | undefined> = Context.Reference<
  RetryPolicy | undefined
>("@effect-sent/core/RetryPolicy/CurrentRetryPolicy", { defaultValue: () => undefined })
