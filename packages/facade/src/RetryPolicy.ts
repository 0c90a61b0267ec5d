/** Retry policies that ask the application. */
import type { Host } from "./Host.ts"
import type { Task } from "./Task.ts"
import type { Failure, Issue } from "./Value.ts"

/** A policy of the application. */
export interface RetryPolicy {
  /** The options that are plain, or what was given in their place. */
  readonly options: unknown
  /** What is wrong with it apart from them. */
  readonly issues: ReadonlyArray<Issue>
  /** Begins the waits of a send; undefined for {@link makeBackoff}. */
  readonly waits: ((host: Host) => Wait) | undefined
  readonly while: ((failure: Failure) => boolean) | undefined
  readonly onRetry: ((retry: Retry, host: Host) => Task<void>) | undefined
}

/** The wait before the next attempt, in milliseconds; undefined if there is to be none. */
export type Wait = (nowMillis: number, failure: Failure) => Task<number | undefined>

/** A retry that is about to wait. */
export interface Retry {
  readonly failure: Failure
  readonly attempts: number
  readonly delayMillis: number
}

/** The values of a policy, where the application does not say otherwise, and what is wrong with what it says. */
export interface PolicyValues {
  readonly times: number
  readonly atLeastOnce: boolean
  readonly maxRetryAfterMillis: number
  readonly budget: { readonly tokens: number; readonly refund: number } | undefined
  readonly issues: ReadonlyArray<Issue>
}
