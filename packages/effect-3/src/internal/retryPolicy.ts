/** Retry policies: their types, which are public as members of `RetryPolicy`. */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type { Issue, SentError } from "../SentError.ts"

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
 */
export interface Budget {
  /** How many tokens a full budget has; above 0. */
  readonly tokens: number
  /** How many tokens an accepted message returns; 0 or more. */
  readonly refund: number
}

/** A retry policy, made by `RetryPolicy.make`. */
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
  /** What is wrong with the options of `RetryPolicy.make`. A layer or a send fails with them. Usually empty. */
  readonly issues: ReadonlyArray<Issue>
}

/** The options of a policy. */
export interface Options {
  /** The waits between attempts. A longer `Retry-After` takes precedence. Default: `RetryPolicy.backoff`. */
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
  readonly maxRetryAfter?: Duration.DurationInput | undefined
  /** The retry budget of the layer; `false` for none. Default: 10 tokens, a refund of 0.1. */
  readonly budget?: Budget | false | undefined
  /** Runs before each wait, for example to log. Default: nothing. */
  readonly onRetry?: ((retry: Retry) => Effect.Effect<void>) | undefined
}
