/** Effects as tasks, and tasks as effects. */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Outcome, Task } from "../Task.ts"

/** Runs a task as an effect. */
export const fromTask = <A, E>(task: Task<A, E>): Effect.Effect<A, E> =>
  Effect.callback((resume) => {
    const cancel = task((outcome) => resume(exitOf(outcome)))
    return Effect.callback<void>((ended) => cancel(() => ended(Effect.void)))
  })

const exitOf = <A, E>(outcome: Outcome<A, E>): Exit.Exit<A, E> => {
  switch (outcome._tag) {
    case "Success":
      return Exit.succeed(outcome.value)
    case "Failure":
      return Exit.fail(outcome.error)
    case "Died":
      return Exit.die(outcome.defect)
    case "Interrupted":
    default:
      return Exit.interrupt()
  }
}

/** Runs an effect as a task. */
export const toTask =
  <A, E, B, F>(
    effect: Effect.Effect<A, E>,
    context: Context.Context<never>,
    { onFailure, onSuccess }: Translation<A, E, B, F>,
  ): Task<B, F> =>
  (done) => {
    const fiber = Effect.runForkWith(context)(effect)
    fiber.addObserver((exit) => done(outcomeOf(exit, { onFailure, onSuccess })))
    return (ended) => {
      fiber.interruptUnsafe()
      fiber.addObserver(() => ended())
    }
  }

/** How the value and the error of an effect are told. */
export interface Translation<A, E, B, F> {
  readonly onSuccess: (value: A) => B
  readonly onFailure: (error: E) => F
}

/** How an effect ended. */
export const outcomeOf = <A, E, B, F>(
  exit: Exit.Exit<A, E>,
  { onFailure, onSuccess }: Translation<A, E, B, F>,
): Outcome<B, F> => {
  if (Exit.isSuccess(exit)) return { _tag: "Success", value: onSuccess(exit.value) }
  const { cause } = exit
  const error = Cause.findErrorOption(cause)
  if (Option.isSome(error)) return { _tag: "Failure", error: onFailure(error.value) }
  return Cause.hasInterruptsOnly(cause)
    ? { _tag: "Interrupted" }
    : { _tag: "Died", defect: Cause.squash(cause) }
}
