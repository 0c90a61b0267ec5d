/** The store of a circuit breaker, which may be away. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"

export type Store = CircuitBreaker.CircuitBreakerStore["Service"]

/**
 * Bounds the time of each query of a store. A query fails if there is no response.
 *
 * A Redis client queues commands until it is connected again, and the circuit breaker cannot be interrupted while it
 * waits: without its own time-out, a query would outlast every deadline.
 */
export const bounded = (store: Store): Store => {
  let unreachableUntil = 0
  const query = <A, R>(
    asking: Effect.Effect<A, CircuitBreaker.CircuitBreakerError, R>,
  ): Effect.Effect<A, CircuitBreaker.CircuitBreakerError, R> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      now < unreachableUntil
        ? Effect.fail(unreachable())
        : Effect.timeoutOrElse(Effect.interruptible(asking), {
            duration: queryTimeout,
            orElse: () => {
              // Without a pause, every send would wait for the time-out.
              unreachableUntil = now + Duration.toMillis(pause)
              return Effect.fail(unreachable())
            },
          }),
    )
  return {
    admit: (circuit) => query(store.admit(circuit)),
    record: (outcome) => query(store.record(outcome)),
    state: (circuit) => query(store.state(circuit)),
  }
}

const unreachable = (): CircuitBreaker.CircuitBreakerError =>
  new CircuitBreaker.CircuitBreakerError({
    reason: new CircuitBreaker.CircuitBreakerStoreError({ message: "no answer" }),
  })

const queryTimeout = Duration.seconds(1)

const pause = Duration.seconds(10)
