/** A circuit breaker: nothing is sent for a while when the service fails again and again. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import type * as Scope from "effect/Scope"
import { CircuitOpen, type Issue, type Reason } from "../../../SentError.ts"
import { checkDuration } from "../../options.ts"
import { makeQuery, orMemory } from "./store.ts"

/**
 * A circuit breaker.
 *
 * What counts against the service is what may pass with time and is not the caller's doing: 5xx, connections that
 * fail or break, and time-outs. A refused message shows a healthy service.
 */
export interface CircuitBreakerOptions {
  /** When it opens. Default: after 5 failures in a row. */
  readonly tripPolicy?: CircuitBreaker.TripPolicy | undefined
  /** How long it stays open until one request may try. Default: 30 seconds. */
  readonly openDuration?: Duration.Input | undefined
  /** The longest that a `Retry-After` of the service keeps it open. Default: 1 hour. */
  readonly maxOpenDuration?: Duration.Input | undefined
  /** Tells circuits in one store apart; no secret. Default: the host of the base URL. */
  readonly key?: string | undefined
}

/** Checks the options of a circuit breaker, if there is one. */
export const checkCircuitBreaker = (
  options: CircuitBreakerOptions | undefined,
): ReadonlyArray<Issue> => [
  ...checkDuration(options?.openDuration, "circuitBreaker", "openDuration"),
  ...checkDuration(options?.maxOpenDuration, "circuitBreaker", "maxOpenDuration"),
]

/** Runs a request, unless the circuit is open. */
export type Guard = <A>(attempt: Effect.Effect<A, Reason>) => Effect.Effect<A, Reason>

/** Makes the guard of a layer; `host` keeps services apart in a shared store. */
export const makeGuard = Effect.fnUntraced(function* (
  host: string,
  {
    key = host,
    maxOpenDuration,
    openDuration = "30 seconds",
    tripPolicy = CircuitBreaker.consecutive(5),
  }: CircuitBreakerOptions,
): Effect.fn.Return<Guard, never, Scope.Scope> {
  const store = Context.get(
    yield* orMemory(CircuitBreaker.CircuitBreakerStore, CircuitBreaker.layerStoreMemory()),
    CircuitBreaker.CircuitBreakerStore,
  )
  const query = makeQuery(
    new CircuitBreaker.CircuitBreakerError({
      reason: new CircuitBreaker.CircuitBreakerStoreError({ message: "no answer" }),
    }),
  )
  const breaker = yield* Effect.provideService(
    CircuitBreaker.make({ tripPolicy, openDuration, maxOpenDuration }),
    CircuitBreaker.CircuitBreakerStore,
    {
      ...store,
      admit: (circuit) => query(store.admit(circuit)),
      record: (outcome) => query(store.record(outcome)),
    },
  )
  return (attempt) =>
    breaker
      .execute(attempt, { key: `effect-sent:${key}`, classify: healthOf })
      .pipe(
        Effect.catchTag("CircuitBreakerError", ({ reason }) =>
          Effect.fail(
            new CircuitOpen(reason._tag === "CircuitOpen" ? { retryAfter: reason.retryAfter } : {}),
          ),
        ),
      )
})

/** What an attempt says about the health of the service: to refuse a message is healthy. */
const healthOf = (exit: Exit.Exit<unknown, Reason>): CircuitBreaker.Outcome => {
  if (Exit.isSuccess(exit)) return CircuitBreaker.success
  const reason = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  switch (reason?._tag) {
    case "ServerError":
    case "ConnectionFailed":
    case "ConnectionLost":
    case "TimedOut":
      return CircuitBreaker.failure()
    case "ServiceUnavailable":
      return CircuitBreaker.failure({ retryAfter: reason.retryAfter })
    // A limit is the caller's matter, and what is not a failure of the service says nothing.
    case undefined:
    case "RateLimited":
      return CircuitBreaker.ignored
    default:
      return CircuitBreaker.success
  }
}
