/** The limits of a layer, which all of its sends share: a rate limit and a circuit breaker. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { CircuitOpen } from "../reason.ts"
import {
  type Circuit,
  type CircuitBreakerOptions,
  type Guard,
  makeCircuit,
} from "./circuitBreaker.ts"
import { makeAwaitTurn, type RateLimitOptions } from "./rateLimit.ts"

export interface Limits {
  /** Waits for the turn of a request. It takes none if `check` fails, or if the circuit is open or opens meanwhile. */
  readonly awaitTurn: <E>(check: Effect.Effect<unknown, E>) => Effect.Effect<void, E | CircuitOpen>
  /** Runs an attempt, unless the circuit is open. */
  readonly guard: Guard
}

/** Makes the limits of a layer. `host` is the default of the keys in a shared store. */
export const makeLimits = Effect.fnUntraced(function* (options: {
  readonly host: string
  readonly rateLimit: RateLimitOptions | undefined
  readonly circuitBreaker: CircuitBreakerOptions | undefined
}): Effect.fn.Return<Limits, never, Scope.Scope> {
  const { circuitBreaker, host, rateLimit } = options
  const circuit = circuitBreaker === undefined ? closed : yield* makeCircuit(host, circuitBreaker)
  const awaitTurn = rateLimit === undefined ? undefined : yield* makeAwaitTurn(host, rateLimit)
  return {
    awaitTurn: (check) => awaitTurn?.(Effect.andThen(check, circuit.check)) ?? Effect.void,
    guard: circuit.guard,
  }
})

const closed: Circuit = { check: Effect.void, guard: (attempt) => attempt }
