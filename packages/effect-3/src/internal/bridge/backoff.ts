/** Core's backoff as a schedule of Effect 3. */
import { makeBackoff } from "@effect-sent/facade/RetryPolicies"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleInterval from "effect/ScheduleInterval"

/** The schedule. It is public as a member of `RetryPolicy`. */
export const backoff: Schedule.Schedule<unknown> = Schedule.makeWithState(
  // One for each driver.
  undefined as (() => number) | undefined,
  (now, _, state) =>
    Effect.sync(() => {
      const next = state ?? makeBackoff()
      return [
        next,
        undefined,
        ScheduleDecision.continueWith(ScheduleInterval.after(now + next())),
      ] as const
    }),
)
