/** The exit codes of `effect-sent-contract`, and how failures reach them. */
import * as Cause from "effect/Cause"
import * as CliError from "effect/cli/CliError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"

/** A check failed. The report was printed; only the exit code is left to set. */
export class ChecksFailed extends Schema.TaggedError<ChecksFailed>("ChecksFailed")(
  "ChecksFailed",
  {},
) {
  override readonly [Runtime.errorReported] = false
}

const exitCodes = { passed: 0, failed: 1, cannotRun: 2 }

/** By convention, 128 and the number of the signal. */
export const interruptedCode = 130

let interruptedWith: number = interruptedCode

const codeOf = <E>(exit: Exit.Exit<unknown, E>): number => {
  if (Exit.isSuccess(exit)) return exitCodes.passed
  if (Cause.hasInterruptsOnly(exit.cause)) return interruptedWith
  const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  return error instanceof ChecksFailed ? exitCodes.failed : exitCodes.cannotRun
}

export const teardown: Runtime.Teardown = (exit, onExit) => onExit(codeOf(exit))

/** For a command that runs until it is interrupted: runs an effect then, whose outcome decides the exit code. */
export const untilInterrupted = <E>(finish: Effect.Effect<void, E>): Effect.Effect<never> =>
  Effect.onInterrupt(Effect.never, () =>
    Effect.map(Effect.exit(finish), (exit) => {
      interruptedWith = codeOf(exit)
    }),
  )

/** Prints errors as messages, without a stack trace. */
export const withMessages = <A, E extends { readonly message: string }, R>(
  effect: Effect.Effect<A, E, R>,
): Effect.Effect<A, E | CliError.UserError, R> =>
  Effect.mapError(effect, (cause) =>
    cause instanceof ChecksFailed ? cause : new CliError.UserError({ cause }),
  )
