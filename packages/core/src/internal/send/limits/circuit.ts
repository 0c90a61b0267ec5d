/** The circuit of a circuit breaker, and what an attempt says about it. */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import type * as Scope from "effect/Scope"
import { CircuitOpen, type Reason } from "../reason.ts"
import { factsOf } from "../reasonTable.ts"
import type { Gate } from "./limits.ts"
import { makeQuery } from "./store.ts"

/** When a circuit opens, and for how long. */
export interface CircuitSettings {
  readonly tripPolicy: CircuitBreaker.TripPolicy
  readonly openDuration: Duration.Input
  readonly maxOpenDuration: Duration.Input
}

/** Makes the gate of a circuit, whose state is in a store. */
export const makeGate = Effect.fnUntraced(function* (
  settings: CircuitSettings,
  store: CircuitBreaker.CircuitBreakerStore["Service"],
  key: string,
): Effect.fn.Return<Gate, never, Scope.Scope> {
  const query = makeQuery(
    new CircuitBreaker.CircuitBreakerError({
      reason: new CircuitBreaker.CircuitBreakerStoreError({ message: "no answer" }),
    }),
  )
  const breaker = yield* Effect.provideService(
    CircuitBreaker.make(settings),
    CircuitBreaker.CircuitBreakerStore,
    {
      admit: (circuit) => query(store.admit(circuit)),
      record: (outcome) => query(store.record(outcome)),
      state: (circuit) => query(store.state(circuit)),
    },
  )
  return {
    check: breaker.state(key).pipe(
      Effect.flatMap((state) => {
        if (state._tag === "Open" && Duration.isPositive(state.retryAfter)) {
          return Effect.fail(new CircuitOpen({ retryAfter: state.retryAfter }))
        }
        return state._tag === "HalfOpen" && state.probing
          ? Effect.fail(new CircuitOpen({}))
          : Effect.void
      }),
      // Without its store, a circuit is closed.
      Effect.catchTag("CircuitBreakerError", () => Effect.void),
    ),
    guard: (attempt) =>
      breaker
        .execute(attempt, { key, classify: healthOf })
        .pipe(
          Effect.catchTag("CircuitBreakerError", ({ reason }) =>
            Effect.fail(
              new CircuitOpen(
                reason._tag === "CircuitOpen" ? { retryAfter: reason.retryAfter } : {},
              ),
            ),
          ),
        ),
  }
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
