/**
 * The limits of a layer, which all of its sends share: a rate limit and a circuit breaker.
 *
 * The modules that make them are not imported, so that a bundle contains only those that it uses.
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import type { Kind } from "../../options.ts"
import type { Issue, Reason } from "../reason.ts"

/** What a rate limit does for a layer. */
export interface Turns {
  /** What is wrong with its options. */
  readonly issues: ReadonlyArray<Issue>
  /** Waits for the turn of a request. Fails as soon as `mayPass` does, and takes no turn then. */
  readonly awaitTurn: (mayPass: Effect.Effect<void, Reason>) => Effect.Effect<void, Reason>
}

/** What a circuit breaker does for a layer. */
export interface Circuit {
  /** What is wrong with its options. */
  readonly issues: ReadonlyArray<Issue>
  /** Joins a layer to the circuit. */
  readonly join: Effect.Effect<Gate, never, Scope.Scope>
}

/** A circuit, as a layer sees it. */
export interface Gate {
  /** Fails if the circuit is open. It reads only: an attempt that probes the service goes through `guard`. */
  readonly check: Effect.Effect<void, Reason>
  /** Runs an attempt, unless the circuit is open. */
  readonly guard: <A>(
    attempt: Effect.Effect<A, Reason>,
    given: TimeGiven,
  ) => Effect.Effect<A, Reason>
}

/** What ends an attempt without a response: its time-out, the deadline of the send, or a small rest of that. */
export type TimeGiven = "timeout" | "deadline" | "rest"

export interface Limits {
  /** Waits for the turn of a request. It takes none if `check` fails, or if the circuit is open or opens meanwhile. */
  readonly awaitTurn: (check: Effect.Effect<unknown, Reason>) => Effect.Effect<void, Reason>
  /** Runs an attempt, unless the circuit is open. */
  readonly guard: Gate["guard"]
}

/** The key under which a `RateLimit` keeps its {@link Turns}. */
export type RateLimitTypeId = "~@effect-sent/core/RateLimit"
export const RateLimitTypeId: RateLimitTypeId = "~@effect-sent/core/RateLimit"

/** The key under which a `CircuitBreak` keeps its {@link Circuit}. */
export type CircuitBreakTypeId = "~@effect-sent/core/CircuitBreak"
export const CircuitBreakTypeId: CircuitBreakTypeId = "~@effect-sent/core/CircuitBreak"

/** The options of a layer that are limits. */
export interface LimitOptions {
  readonly rateLimit?: { readonly [RateLimitTypeId]: Turns } | undefined
  readonly circuitBreak?: { readonly [CircuitBreakTypeId]: Circuit } | undefined
}

/** The kind of the option `rateLimit`: made by `RateLimit`, and from valid options. */
export const rateLimitKind: Kind = (value) =>
  Predicate.hasProperty(value, RateLimitTypeId)
    ? // Only `RateLimit` has the key.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      (value[RateLimitTypeId] as Turns).issues
    : [{ path: [], message: "must be made by RateLimit.make({ limit, window })" }]

/** The kind of the option `circuitBreak`: made by `CircuitBreak`, and from valid options. */
export const circuitBreakKind: Kind = (value) =>
  Predicate.hasProperty(value, CircuitBreakTypeId)
    ? // Only `CircuitBreak` has the key.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      (value[CircuitBreakTypeId] as Circuit).issues
    : [{ path: [], message: "must be made by CircuitBreak.make()" }]

/** Makes the limits of a layer from options that were checked. */
export const makeLimits = Effect.fnUntraced(function* ({
  circuitBreak,
  rateLimit,
}: LimitOptions): Effect.fn.Return<Limits, never, Scope.Scope> {
  const gate = circuitBreak === undefined ? always : yield* circuitBreak[CircuitBreakTypeId].join
  return {
    awaitTurn: (check) =>
      rateLimit === undefined
        ? Effect.void
        : rateLimit[RateLimitTypeId].awaitTurn(Effect.andThen(check, gate.check)),
    guard: gate.guard,
  }
})

const always: Gate = { check: Effect.void, guard: (attempt) => attempt }
