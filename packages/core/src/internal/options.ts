/**
 * Checks options, when a layer is built or a send begins.
 *
 * Each check returns the issues of an option; {@link rejectInvalid} fails with the issues of all of them.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { InvalidOptions, type Issue, SentError } from "../SentError.ts"

/** Checks that an option is a duration above zero, or absent. */
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

/** Checks that an option is a name. */
export const checkKey = (input: string, ...path: ReadonlyArray<string>): ReadonlyArray<Issue> =>
  typeof input === "string" && input !== ""
    ? []
    : [{ path, message: "must be a string that is not empty" }]

/** The error of invalid options. */
export const invalidOptions = (issues: ReadonlyArray<Issue>): SentError =>
  new SentError({ reason: new InvalidOptions({ issues }), attempts: 0 })

/** Fails if there is any issue. */
export const rejectInvalid = (issues: ReadonlyArray<Issue>): Effect.Effect<void, SentError> =>
  issues.length === 0 ? Effect.void : Effect.fail(invalidOptions(issues))
