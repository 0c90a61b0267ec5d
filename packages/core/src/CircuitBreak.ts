/**
 * A circuit breaker: after repeated failures of the service, no request is sent for a while.
 *
 * **Details**
 *
 * 5xx, connections that fail or break, and time-outs count as failures of the service. A rejected message counts as a
 * success, and a 429 does not count.
 *
 * While the circuit is open, sends fail with `CircuitOpen`, not sent, before they wait for a turn of the rate limit. After
 * `openDuration`, one request probes the service: it closes the circuit, or opens it again.
 *
 * A circuit breaker is a value. Pass it to one layer, or to several that share its circuit. The state is kept in memory, or
 * in a store with {@link makeShared}.
 *
 * @example
 * ```ts
 * import { CircuitBreak, SentClient } from "@effect-sent/core"
 *
 * const SentLive = SentClient.layerConfig({ circuitBreak: CircuitBreak.make() })
 * ```
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import type * as Scope from "effect/Scope"
import * as Predicate from "effect/Predicate"
import * as Kind from "./internal/options.ts"
import { makeGate } from "./internal/send/limits/circuit.ts"
import { type Circuit, CircuitBreakTypeId as TypeId } from "./internal/send/limits/limits.ts"
import { bounded, type Store } from "./internal/send/limits/store.ts"
import type { Issue } from "./SentError.ts"

/** A circuit breaker, made by {@link make} or {@link makeShared}. */
export interface CircuitBreak {
  readonly [TypeId]: Circuit
}

/** The options of a circuit breaker. */
export interface Options {
  /**
   * When it opens: `consecutive` or `rate` of `effect/persistence/CircuitBreaker`. Default: after 5 consecutive failures.
   */
  readonly tripPolicy?: CircuitBreaker.TripPolicy | undefined
  /** How long it stays open before a single request probes the service. Default: 30 seconds. */
  readonly openDuration?: Duration.Input | undefined
  /** The longest time that a `Retry-After` keeps it open. Default: 1 hour. */
  readonly maxOpenDuration?: Duration.Input | undefined
}

/** The options of a circuit breaker that several processes share. */
export interface SharedOptions extends Options {
  /** The name of the circuit in the store, for example the service's. Not a secret. */
  readonly key: string
}

/**
 * Makes a circuit breaker for the layers of one process.
 *
 * **Details**
 *
 * Layers that are given the same value share one circuit. A layer that is given an invalid option fails with
 * `InvalidOptions`.
 *
 * @example
 * ```ts
 * import { CircuitBreak, SentClient } from "@effect-sent/core"
 * import { CircuitBreaker } from "effect/persistence"
 *
 * const circuitBreak = CircuitBreak.make({
 *   tripPolicy: CircuitBreaker.rate({ threshold: 0.5, size: 20 }),
 *   openDuration: "10 seconds",
 * })
 *
 * const SentLive = SentClient.layerConfig({ circuitBreak })
 * ```
 */
export const make = (options: Options = {}): CircuitBreak => {
  let store: Store | undefined
  const memory = Effect.map(Layer.build(CircuitBreaker.layerStoreMemory()), (built) => {
    store ??= Context.get(built, CircuitBreaker.CircuitBreakerStore)
    return store
  })
  return of(
    options,
    optionsKind(options),
    Effect.suspend(() => (store === undefined ? memory : Effect.succeed(store))),
    () => "effect-sent",
  )
}

/**
 * Makes a circuit breaker that several processes share, through the `CircuitBreakerStore` in the context.
 *
 * **Details**
 *
 * With `CircuitBreaker.layerStoreRedis`, the circuit is kept by the clock of Redis. While the store does not answer,
 * requests are sent as if the circuit were closed.
 *
 * @example
 * ```ts
 * import { CircuitBreak, SentClient } from "@effect-sent/core"
 * import { NodeRedis } from "@effect/platform-node"
 * import { Effect, Layer } from "effect"
 * import { CircuitBreaker } from "effect/persistence"
 *
 * const SentLive = CircuitBreak.makeShared({ key: "sent" }).pipe(
 *   Effect.map((circuitBreak) => SentClient.layerConfig({ circuitBreak })),
 *   Layer.unwrap,
 *   Layer.provide(CircuitBreaker.layerStoreRedis()),
 *   Layer.provide(NodeRedis.layer({ url: "redis://127.0.0.1:6379" })),
 * )
 * ```
 */
export const makeShared = (
  options: SharedOptions,
): Effect.Effect<CircuitBreak, never, CircuitBreaker.CircuitBreakerStore> =>
  Effect.map(CircuitBreaker.CircuitBreakerStore, (store) =>
    of(
      options,
      sharedKind(options),
      // Each layer asks a store that is away by itself. One in memory answers at once.
      Effect.sync(() => bounded(store)),
      () => `effect-sent:${options.key}`,
    ),
  )

const of = (
  options: Options,
  issues: ReadonlyArray<Issue>,
  store: Effect.Effect<Store, never, Scope.Scope>,
  keyOf: () => string,
): CircuitBreak => {
  const asked = { until: 0 }
  return {
    [TypeId]: {
      issues,
      // A layer that is given invalid options does not join.
      join: Effect.flatMap(store, (kept) => {
        const {
          maxOpenDuration = "1 hour",
          openDuration = "30 seconds",
          tripPolicy = CircuitBreaker.consecutive(5),
        } = options
        return makeGate({ tripPolicy, openDuration, maxOpenDuration }, kept, keyOf(), asked)
      }),
    },
  }
}

const kinds: Kind.Kinds<Options> = {
  tripPolicy: Kind.where("must be a TripPolicy, e.g. CircuitBreaker.consecutive(5)", (value) =>
    Predicate.hasProperty(value, "_tag"),
  ),
  openDuration: Kind.duration(),
  maxOpenDuration: Kind.duration({ infinite: true }),
}

const optionsKind: Kind.Kind = Kind.struct<Options>(kinds)

const sharedKind: Kind.Kind = Kind.struct<SharedOptions>({
  ...kinds,
  key: Kind.required(Kind.text),
})
