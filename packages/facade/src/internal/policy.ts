/** Retry policies of core, which ask the application. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Core from "@effect-sent/core/RetryPolicy"
import type { SentError } from "@effect-sent/core/SentError"
import { ofCall } from "./ofCall.ts"
import { fromTask } from "./tasks.ts"
import { errorOf, failureOf, optionsOf } from "./values.ts"
import type { PolicyValues, RetryPolicy } from "../RetryPolicy.ts"
import type { OptionsValue } from "../Value.ts"

const policies = new WeakMap<RetryPolicy, Core.RetryPolicy>()

/** The policy of core that a policy stands for. */
export const corePolicy = (policy: RetryPolicy): Core.RetryPolicy => {
  const known = policies.get(policy)
  if (known !== undefined) return known
  const { issues, onRetry, options, waits, while: isRetried } = policy
  const given = {
    // v1 keeps no keys.
    sameKey: false,
    ...(waits === undefined ? {} : { schedule: scheduleOf(waits) }),
    ...(isRetried === undefined
      ? {}
      : { while: (error: SentError) => isRetried(failureOf(error)) }),
    ...(onRetry === undefined ? {} : { onRetry: onRetryOf(onRetry) }),
  }
  const own = Core.make(
    // Checked by core.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    (isOptions(options) ? { ...given, ...optionsOf(options) } : options) as Core.Options,
  )
  const made = { ...own, issues: [...issues, ...own.issues] }
  policies.set(policy, made)
  return made
}

const isOptions = (options: unknown): options is OptionsValue =>
  typeof options === "object" && options !== null && !Array.isArray(options)

const scheduleOf = (
  begin: NonNullable<RetryPolicy["waits"]>,
): Schedule.Schedule<unknown, SentError> =>
  Schedule.fromStep(
    ofCall((host) => {
      const wait = begin(host)
      return Effect.succeed((now: number, error: SentError) =>
        Effect.flatMap(fromTask(wait(now, failureOf(error))), (millis) =>
          millis === undefined
            ? Cause.done(undefined)
            : Effect.succeed<[unknown, Duration.Duration]>([undefined, Duration.millis(millis)]),
        ),
      )
    }),
  )

const onRetryOf =
  (onRetry: NonNullable<RetryPolicy["onRetry"]>) =>
  ({ attempts, delay, error }: Core.Retry): Effect.Effect<void> =>
    ofCall((host) =>
      fromTask(
        onRetry(
          { failure: failureOf(error), attempts, delayMillis: Duration.toMillis(delay) },
          host,
        ),
      ),
    )

/** The values of a policy, as core takes them. */
export const policyValues = (policy: RetryPolicy): PolicyValues => {
  const { atLeastOnce, budget, issues, maxRetryAfter, times } = corePolicy(policy)
  return {
    times,
    atLeastOnce,
    maxRetryAfterMillis: Duration.toMillis(maxRetryAfter),
    budget,
    issues,
  }
}

/** Whether core retries a failure by default. */
export const isWorthRetrying = (failure: Parameters<typeof errorOf>[0]): boolean =>
  Core.notSent.while(errorOf(failure))

/** Begins the waits of `RetryPolicy.backoff`. Each call returns the next one, in milliseconds. */
export const makeBackoff = (): (() => number) => {
  const step = Effect.runSync(Schedule.toStep(Core.backoff))
  return () =>
    Effect.runSync(
      Clock.currentTimeMillis.pipe(
        Effect.flatMap((now) => step(now, undefined)),
        Effect.map(([, wait]) => Duration.toMillis(wait)),
        // It has no end.
        Effect.catchCause(Effect.die),
      ),
    )
}

/** Options as core's, with the policy that the application's stands for. */
export const coreOptions = (options: unknown): unknown => {
  if (!isOptions(options)) return options
  const given = optionsOf(options)
  const { retryPolicy } = given
  return isPolicy(retryPolicy) ? { ...given, retryPolicy: corePolicy(retryPolicy) } : given
}

const isPolicy = (value: unknown): value is RetryPolicy =>
  typeof value === "object" && value !== null && "waits" in value
