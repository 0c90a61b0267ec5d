/** The circuit of a circuit breaker, and what an attempt says about it. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import type * as Scope from "effect/Scope"
import { CircuitOpen, type Reason } from "../reason.ts"
import { factsOf } from "../reasonTable.ts"
import type { Gate, TimeGiven } from "./limits.ts"
import type { Store } from "./store.ts"

/** When a circuit opens, and for how long. */
export interface CircuitSettings {
  readonly tripPolicy: CircuitBreaker.TripPolicy
  readonly openDuration: Duration.Input
  readonly maxOpenDuration: Duration.Input
}

/** Until when the service asked not to be called, in milliseconds since the epoch. All gates of a circuit share it. */
export interface Asked {
  until: number
}

/** Makes the gate of a circuit, whose state is in a store. */
export const makeGate = Effect.fnUntraced(function* (
  settings: CircuitSettings,
  store: Store,
  key: string,
  asked: Asked,
): Effect.fn.Return<Gate, never, Scope.Scope> {
  const breaker = yield* Effect.provideService(
    CircuitBreaker.make(settings),
    CircuitBreaker.CircuitBreakerStore,
    store,
  )
  // Without its store, a circuit is closed.
  const state = Effect.orElseSucceed(breaker.state(key), () => undefined)
  const failed = (retryAfter: Duration.Duration | undefined) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      // Of two responses, the later time counts.
      asked.until = Math.max(asked.until, now + Duration.toMillis(retryAfter ?? Duration.zero))
      return CircuitBreaker.failure({ retryAfter: asked.until - now })
    })
  /** What an attempt says about the health of the service. An interrupted one says nothing. */
  const healthOf = (exit: Exit.Exit<unknown, Reason>, given: TimeGiven) => {
    if (Exit.isSuccess(exit)) {
      asked.until = 0
      return CircuitBreaker.success
    }
    const reason = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
    if (reason === undefined) return CircuitBreaker.ignored
    const { health } = factsOf(reason)
    if (health !== "failure") return outcomes[health]
    const failure = failed("retryAfter" in reason ? reason.retryAfter : undefined)
    if (reason._tag !== "TimedOut" || given === "timeout") return failure
    // A service that hangs must open the circuit, however short the deadlines. But an attempt that began late says
    // nothing, and neither does a probe that had less time than the service may take.
    return given === "rest"
      ? CircuitBreaker.ignored
      : Effect.flatMap(state, (present) =>
          present?._tag === "HalfOpen" ? Effect.succeed(CircuitBreaker.ignored) : failure,
        )
  }
  return {
    check: Effect.flatMap(state, (present) => {
      if (present?._tag === "Open" && Duration.isPositive(present.retryAfter)) {
        return Effect.fail(new CircuitOpen({ retryAfter: present.retryAfter }))
      }
      return present?._tag === "HalfOpen" && present.probing
        ? Effect.fail(new CircuitOpen({}))
        : Effect.void
    }),
    guard: (attempt, given) =>
      breaker
        .execute(attempt, { key, classify: (exit) => healthOf(exit, given) })
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
