/**
 * Checks options as people write them, when a layer is built or a send begins.
 *
 * Each check returns what is wrong, by the option's path; {@link rejectInvalid} fails with all of it at once.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { InvalidRequest, type Issue, SentError } from "../SentError.ts"

/** Checks that an option, if it is given, is a duration above zero. */
export const checkDuration = (
  input: Duration.Input | undefined,
  ...path: ReadonlyArray<string>
): ReadonlyArray<Issue> =>
  input === undefined || Option.exists(Duration.fromInput(input), Duration.isPositive)
    ? []
    : [{ path, message: 'must be a duration above zero, e.g. "30 seconds"' }]

/** Checks that an option is a whole number, 1 or more. */
export const checkCount = (
  input: number,
  path: ReadonlyArray<string>,
  ofWhat = "",
): ReadonlyArray<Issue> =>
  Number.isSafeInteger(input) && input >= 1
    ? []
    : [{ path, message: `must be a whole number${ofWhat}, 1 or more` }]

/** The error of options that are wrong in these ways. */
export const invalidOptions = (issues: ReadonlyArray<Issue>): SentError =>
  new SentError({ reason: new InvalidRequest({ issues }), attempts: 0 })

/** Fails when anything is wrong. */
export const rejectInvalid = (issues: ReadonlyArray<Issue>): Effect.Effect<void, SentError> =>
  issues.length === 0 ? Effect.void : Effect.fail(invalidOptions(issues))
