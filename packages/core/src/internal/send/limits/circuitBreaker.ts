/** The circuit breaker: after repeated failures of the service, no request is sent for a while. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import type * as Scope from "effect/Scope"
import { checkDuration } from "../../options.ts"
import { CircuitOpen, type Issue, type Reason } from "../reason.ts"
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

/** Checks the options of a circuit breaker. */
export const checkCircuitBreaker = (
  options: CircuitBreakerOptions | undefined,
): ReadonlyArray<Issue> => [
  ...checkDuration(options?.openDuration, "circuitBreaker", "openDuration"),
  ...checkDuration(options?.maxOpenDuration, "circuitBreaker", "maxOpenDuration"),
]

/** What ends an attempt without a response: its time-out, the deadline of the send, or a small rest of that. */
export type TimeGiven = "timeout" | "deadline" | "rest"

/** Runs an attempt, unless the circuit is open. */
export type Guard = <A>(
  attempt: Effect.Effect<A, Reason>,
  given: TimeGiven,
) => Effect.Effect<A, Reason>

/** The circuit of a layer. */
export interface Circuit {
  /** Fails if the circuit is open. It is not a probe. */
  readonly check: Effect.Effect<void, CircuitOpen>
  readonly guard: Guard
}

/** Makes the circuit of a layer. `host` is the default key. */
export const makeCircuit = Effect.fnUntraced(function* (
  host: string,
  {
    key = host,
    maxOpenDuration,
    openDuration = "30 seconds",
    tripPolicy = CircuitBreaker.consecutive(5),
  }: CircuitBreakerOptions,
): Effect.fn.Return<Circuit, never, Scope.Scope> {
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
      state: (circuit) => query(store.state(circuit)),
    },
  )
  const circuit = `effect-sent:${key}`
  const state = Effect.orElseSucceed(breaker.state(circuit), () => undefined)
  const check = Effect.flatMap(state, (present) => {
    if (present?._tag === "Open" && Duration.isPositive(present.retryAfter)) {
      return Effect.fail(new CircuitOpen({ retryAfter: present.retryAfter }))
    }
    return present?._tag === "HalfOpen" && present.probing
      ? Effect.fail(new CircuitOpen({}))
      : Effect.void
  })
  /** Until when the service asked not to be called, in milliseconds since the epoch. */
  let askedUntil = 0
  const failed = (retryAfter: Duration.Duration | undefined) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      // Of two responses, the later time counts.
      askedUntil = Math.max(askedUntil, now + Duration.toMillis(retryAfter ?? Duration.zero))
      return CircuitBreaker.failure({ retryAfter: askedUntil - now })
    })
  /** What an attempt says about the health of the service. An interrupted one says nothing. */
  const healthOf = (exit: Exit.Exit<unknown, Reason>, given: TimeGiven) => {
    if (Exit.isSuccess(exit)) {
      askedUntil = 0
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
    check,
    guard: (attempt, given) =>
      breaker
        .execute(attempt, { key: circuit, classify: (exit) => healthOf(exit, given) })
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
