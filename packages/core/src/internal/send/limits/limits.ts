/** The limits of a layer, which all of its sends share: a rate limit and a circuit breaker. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type CircuitBreakerOptions, type Guard, makeGuard } from "./circuitBreaker.ts"
import { makeAwaitTurn, type RateLimitOptions } from "./rateLimit.ts"

export interface Limits {
  /** Waits for the turn of a request. */
  readonly awaitTurn: Effect.Effect<void>
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
  return {
    awaitTurn: rateLimit === undefined ? Effect.void : yield* makeAwaitTurn(host, rateLimit),
    guard:
      circuitBreaker === undefined ? (attempt) => attempt : yield* makeGuard(host, circuitBreaker),
  }
})
