/** The circuit breaker: after repeated failures of the service, no request is sent for a while. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Kind from "../../options.ts"
import { CircuitOpen, type Reason } from "../reason.ts"
import { factsOf } from "../reasonTable.ts"
import { makeQuery, orMemory } from "./store.ts"

/**
 * The options of a circuit breaker.
 *
 * **Details**
 *
 * These count as failures of the service: 5xx, connections that fail or break, and time-outs. A rejected message counts
 * as a success, and a 429 does not count.
 */
export interface CircuitBreakerOptions {
  /** When it opens. Default: after 5 consecutive failures. */
  readonly tripPolicy?: CircuitBreaker.TripPolicy | undefined
  /** How long it stays open before a single request probes the service. Default: 30 seconds. */
  readonly openDuration?: Duration.Input | undefined
  /** The longest time that a `Retry-After` keeps it open. Default: 1 hour. */
  readonly maxOpenDuration?: Duration.Input | undefined
  /** The key of the circuit in a shared store. Not a secret. Default: the host of the base URL. */
  readonly key?: string | undefined
}

/** The options of a circuit breaker. */
export const circuitBreakerOptions: Kind.Kind = Kind.struct<CircuitBreakerOptions>({
  tripPolicy: Kind.where("must be a TripPolicy, e.g. CircuitBreaker.consecutive(5)", (value) =>
    Predicate.hasProperty(value, "_tag"),
  ),
  openDuration: Kind.duration(),
  maxOpenDuration: Kind.duration({ infinite: true }),
  key: Kind.text,
})

/** Runs an attempt, unless the circuit is open. */
export type Guard = <A>(attempt: Effect.Effect<A, Reason>) => Effect.Effect<A, Reason>

/** Makes the guard of a layer. `host` is the default key. */
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

const outcomes = { success: CircuitBreaker.success, ignored: CircuitBreaker.ignored }

/** What an attempt says about the health of the service. An interrupted one says nothing. */
const healthOf = (exit: Exit.Exit<unknown, Reason>): CircuitBreaker.Outcome => {
  if (Exit.isSuccess(exit)) return CircuitBreaker.success
  const reason = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  if (reason === undefined) return CircuitBreaker.ignored
  const { health } = factsOf(reason)
  return health === "failure"
    ? CircuitBreaker.failure("retryAfter" in reason ? { retryAfter: reason.retryAfter } : {})
    : outcomes[health]
}
