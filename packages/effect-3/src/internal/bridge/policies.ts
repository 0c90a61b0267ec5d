/** Retry policies of the application as core's. */
import type { Host } from "@effect-sent/facade/Host"
import type * as Facade from "@effect-sent/facade/RetryPolicy"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"
import type { Issue, SentError } from "../../SentError.ts"
import type { Options } from "../retryPolicy.ts"
import { backoff } from "./backoff.ts"
import { errorOf } from "./errors.ts"
import { runtimeOf } from "./host.ts"
import { runTask } from "./run.ts"
import { plainFields } from "./values.ts"

/** A policy with these options. What is not an option is passed on, for core's check. */
export const policyOf = (options: unknown, issues: ReadonlyArray<Issue>): Facade.RetryPolicy => {
  if (!Predicate.isRecord(options)) {
    return { options, issues, waits: undefined, while: undefined, onRetry: undefined }
  }
  // Core reports a value of a wrong type.
  const { onRetry, schedule, while: isRetried, ...rest } = options
  const isAsked = {
    onRetry: Predicate.isFunction(onRetry),
    schedule: Schedule.isSchedule(schedule),
    while: Predicate.isFunction(isRetried),
  }
  // Those that are asked have their types.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const asked = { onRetry, schedule, while: isRetried } as Required<AskedOptions>
  return {
    options: {
      ...plainFields(rest),
      ...(onRetry === undefined || isAsked.onRetry ? {} : { onRetry }),
      ...(schedule === undefined || isAsked.schedule ? {} : { schedule }),
      ...(isRetried === undefined || isAsked.while ? {} : { while: isRetried }),
    },
    issues,
    waits: isAsked.schedule && schedule !== backoff ? waitsOf(asked.schedule) : undefined,
    while: isAsked.while ? (failure) => asked.while(errorOf(failure)) : undefined,
    onRetry: isAsked.onRetry
      ? ({ attempts, delayMillis, failure }, host) =>
          runTask(
            runtimeOf(host),
            asked.onRetry({
              error: errorOf(failure),
              attempts,
              delay: Duration.millis(delayMillis),
            }),
          )
      : undefined,
  }
}

type AskedOptions = {
  readonly [K in "onRetry" | "schedule" | "while"]: NonNullable<Options[K]>
}

/** Begins the waits of a schedule. */
const waitsOf =
  (schedule: Schedule.Schedule<unknown, SentError>) =>
  (host: Host): Facade.Wait => {
    let state: unknown = schedule.initial
    return (now, failure) =>
      runTask(
        runtimeOf(host),
        Effect.map(schedule.step(now, errorOf(failure), state), ([next, , decision]) => {
          state = next
          return ScheduleDecision.isDone(decision)
            ? undefined
            : Math.max(0, ScheduleIntervals.start(decision.intervals) - now)
        }),
      )
  }
