/** The store of a circuit breaker, which may be away. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/**
 * Bounds the time of each query of a store. Fails with `unreachable` if there is no response.
 *
 * A Redis client queues commands until it is connected again, and the circuit breaker cannot be interrupted while it
 * waits: without its own time-out, a query would outlast every deadline.
 */
export const makeQuery = <E>(
  unreachable: E,
): (<A, R>(query: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) => {
  let unreachableUntil = 0
  return (query) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      now < unreachableUntil
        ? Effect.fail(unreachable)
        : Effect.timeoutOrElse(Effect.interruptible(query), {
            duration: queryTimeout,
            orElse: () => {
              // Without a pause, every send would wait for the time-out.
              unreachableUntil = now + Duration.toMillis(pause)
              return Effect.fail(unreachable)
            },
          }),
    )
}

const queryTimeout = Duration.seconds(1)

const pause = Duration.seconds(10)
