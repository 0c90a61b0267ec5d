/**
 * Keeps what `DeliveryTracker` and `SentWebhook` must not lose: the sends with all that is known of each, and the events
 * that were handled.
 *
 * **Details**
 *
 * A store is a map of sends. All that is known of a send, a {@link SendRecord}, only ever grows: two records of the same
 * send are joined by {@link join}, in any order and any number of times. So writers in several processes need no lock, and
 * none of them can overwrite what another has written.
 *
 * | store | for |
 * | --- | --- |
 * | `layerMemory` | one process, until it ends; the default |
 * | `layerKeyValueStore` | one process at a time, across restarts |
 * | `SqlDeliveryStore` of `@effect-sent/durable` | any number of processes |
 *
 * To write your own, implement {@link DeliveryStore} and run the cases of `@effect-sent/core/DeliveryStoreConformance`.
 *
 * @example
 * ```ts
 * import { DeliveryStore } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * // After a crash: did the message of this order go out?
 * const deliveryOfOrder = (reference: string) =>
 *   DeliveryStore.DeliveryStore.use((store) => store.find({ reference })).pipe(
 *     Effect.map((sends) => sends.map(DeliveryStore.deliveryOf)),
 *   )
 * ```
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import { makeKeyValueStore } from "./internal/updates/keyValueStore.ts"
import { makeMemoryStore } from "./internal/updates/memoryStore.ts"
import * as Kind from "./internal/options.ts"
import { DeliveryStore, type DeliveryStoreError } from "./internal/updates/store.ts"
import type { SentError } from "./SentError.ts"

export {
  type Claim,
  type ClaimResult,
  type Delivery,
  deliveryOf,
  DeliveryStore,
  DeliveryStoreError,
  join,
  maxFound,
  maxTextLength,
  type SendKey,
  SendOutcome,
  type SendRecord,
  type StoredSend,
  type UnknownOptions,
  type UnknownPage,
} from "./internal/updates/store.ts"

/** The options of a store in memory. */
export interface MemoryOptions {
  /** How many sends are kept; those that expire first are dropped first. Default: 100,000. */
  readonly maxSends?: number | undefined
  /** How many handled events are kept, to recognise duplicates. Default: 100,000. */
  readonly maxEvents?: number | undefined
}

/**
 * Makes a store in memory. Fails with the reason `InvalidOptions` if an option is invalid.
 *
 * **Details**
 *
 * Every operation costs the same at any size. A send has some 1 KiB with its updates.
 *
 * @example
 * ```ts
 * import { DeliveryStore } from "@effect-sent/core"
 * import { DateTime, Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const store = yield* DeliveryStore.makeMemory({ maxSends: 1_000 })
 *   yield* store.append({ id: "a", expiresAt: DateTime.makeUnsafe("2030-01-01"), reference: "order 12345" })
 *   const [send] = yield* store.find({ reference: "order 12345" })
 *   console.assert(send?.id === "a")
 * })
 * await Effect.runPromise(program)
 * ```
 */
export const makeMemory = Effect.fnUntraced(function* (
  options: MemoryOptions = {},
): Effect.fn.Return<DeliveryStore["Service"], SentError> {
  yield* Kind.checkOptions(memoryOptions, options)
  const { maxEvents = 100_000, maxSends = 100_000 } = options
  return makeMemoryStore({ sends: maxSends, claims: maxEvents })
})

const memoryOptions: Kind.Kind = Kind.struct<MemoryOptions>({
  maxSends: Kind.whole(1),
  maxEvents: Kind.whole(1),
})

/**
 * Provides {@link makeMemory}.
 *
 * @example
 * ```ts
 * import { DeliveryStore } from "@effect-sent/core"
 *
 * const StoreLive = DeliveryStore.layerMemory({ maxSends: 1_000_000 })
 * ```
 */
export const layerMemory = (options?: MemoryOptions): Layer.Layer<DeliveryStore, SentError> =>
  Layer.effect(DeliveryStore, makeMemory(options))

/**
 * Provides a store over the `KeyValueStore` in the context, for example a folder, so that sends survive a restart.
 *
 * **Details**
 *
 * Each part of a send has a key of its own, which is written once. So a process that is killed while it writes damages at most
 * what it had not answered yet. All sends are in memory as well, some 1 KiB each, and are read when the layer is built.
 *
 * **Gotchas**
 *
 * For one process at a time. A `KeyValueStore` cannot write on a condition, so two processes that append to one send at the
 * same moment may lose a step, and both may claim one event. For several processes, use `SqlDeliveryStore` of
 * `@effect-sent/durable`.
 */
export const layerKeyValueStore: Layer.Layer<
  DeliveryStore,
  DeliveryStoreError,
  KeyValueStore.KeyValueStore
> = Layer.effect(DeliveryStore, KeyValueStore.KeyValueStore.use(makeKeyValueStore))
