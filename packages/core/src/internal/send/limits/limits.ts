/** What stands between a send and the wire, once for all sends of a layer: a rate limit and a circuit breaker. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type CircuitBreakerOptions, type Guard, makeGuard } from "./circuitBreaker.ts"
import { makeAwaitTurn, type RateLimitOptions } from "./rateLimit.ts"

export interface Limits {
  /** Waits for its turn. */
  readonly awaitTurn: Effect.Effect<void>
  readonly guard: Guard
}

/** Makes the limits of a layer; `host` keeps those of different services apart in a shared store. */
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
