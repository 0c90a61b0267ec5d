/**
 * Options as people write them, checked: what is wrong is said by the option's name, before anything is sent.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { CircuitBreakerOptions, RateLimitOptions } from "../SentClient.ts"
import { InvalidRequest, type Issue, SentError } from "../SentError.ts"

/** The options that have a form; those of a send are some of a client's. */
export interface Input {
  readonly timeout?: Duration.Input | undefined
  readonly deadline?: Duration.Input | undefined
  readonly rateLimit?: RateLimitOptions | undefined
  readonly circuitBreaker?: CircuitBreakerOptions | undefined
}

/** The durations among them. */
export interface Checked {
  readonly timeout: Duration.Duration | undefined
  readonly deadline: Duration.Duration | undefined
}

/** Checks options. Fails with everything that is wrong with them. */
export const checkOptions = ({
  circuitBreaker,
  deadline,
  rateLimit,
  timeout,
}: Input): Effect.Effect<Checked, SentError> => {
  const issues: Array<Issue> = []
  const check = (input: Duration.Input | undefined, ...path: ReadonlyArray<string>) => {
    const duration = input === undefined ? undefined : positive(input)
    if (input !== undefined && duration === undefined) issues.push({ path, message })
    return duration
  }

  const checked = { timeout: check(timeout, "timeout"), deadline: check(deadline, "deadline") }
  if (rateLimit !== undefined) {
    if (!Number.isSafeInteger(rateLimit.limit) || rateLimit.limit < 1) {
      issues.push({
        path: ["rateLimit", "limit"],
        message: "must be a whole number of requests, 1 or more",
      })
    }
    check(rateLimit.window, "rateLimit", "window")
  }
  check(circuitBreaker?.openDuration, "circuitBreaker", "openDuration")
  check(circuitBreaker?.maxOpenDuration, "circuitBreaker", "maxOpenDuration")

  return issues.length === 0 ? Effect.succeed(checked) : Effect.fail(invalid(issues))
}

/** Checks one duration. */
export const checkDuration = (
  input: Duration.Input,
  name: string,
): Effect.Effect<Duration.Duration, SentError> => {
  const duration = positive(input)
  return duration === undefined
    ? Effect.fail(invalid([{ path: [name], message }]))
    : Effect.succeed(duration)
}

const message = 'must be a duration above zero, e.g. "30 seconds"'

const positive = (input: Duration.Input): Duration.Duration | undefined =>
  Option.getOrUndefined(Option.filter(Duration.fromInput(input), Duration.isPositive))

const invalid = (issues: ReadonlyArray<Issue>): SentError =>
  new SentError({ reason: new InvalidRequest({ issues }), attempts: 0 })
