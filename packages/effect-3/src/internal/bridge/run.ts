/** Effects of the application as tasks of core, and tasks of core as effects of the application. */
import type { Outcome, Task } from "@effect-sent/facade/Task"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type * as Scheduler from "effect/Scheduler"

/** Runs an effect of the application as a task of core. */
export const runTask =
  <A, E, R>(
    runtime: Runtime.Runtime<R>,
    effect: Effect.Effect<A, E, R>,
    scheduler?: Scheduler.Scheduler,
  ): Task<A, E> =>
  (done) => {
    const fiber = Runtime.runFork(runtime, effect, scheduler === undefined ? {} : { scheduler })
    fiber.addObserver((exit) => done(outcomeOf(exit)))
    return (ended) => {
      fiber.unsafeInterruptAsFork(FiberId.none)
      fiber.addObserver(() => ended())
    }
  }

const outcomeOf = <A, E>(exit: Exit.Exit<A, E>): Outcome<A, E> => {
  if (Exit.isSuccess(exit)) return { _tag: "Success", value: exit.value }
  const { cause } = exit
  const error = Cause.failureOption(cause)
  if (Option.isSome(error)) return { _tag: "Failure", error: error.value }
  return Cause.isInterruptedOnly(cause)
    ? { _tag: "Interrupted" }
    : { _tag: "Died", defect: Cause.squash(cause) }
}

/** Runs a task of core as an effect of the application. Interruption ends the task, and waits for its end. */
export const fromTask = <A, E, F>(
  task: Task<A, E>,
  errorOf: (error: E) => F,
): Effect.Effect<A, F> =>
  Effect.async<A, F>((resume) => {
    const cancel = task((outcome) => resume(exitOf(outcome, errorOf)))
    return Effect.async<void>((ended) => cancel(() => ended(Effect.void)))
  })

const exitOf = <A, E, F>(outcome: Outcome<A, E>, errorOf: (error: E) => F): Exit.Exit<A, F> => {
  switch (outcome._tag) {
    case "Success":
      return Exit.succeed(outcome.value)
    case "Failure":
      return Exit.fail(errorOf(outcome.error))
    case "Died":
      return Exit.die(outcome.defect)
    case "Interrupted":
    default:
      return Exit.interrupt(FiberId.none)
  }
}
