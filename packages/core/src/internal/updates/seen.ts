/** Recognises events that were handled before, so that none is handled twice. */
import * as Context from "effect/Context"
import * as Digest from "effect/crypto/Digest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { DeliveryEvent } from "../../DeliveryStatus.ts"
import type { InFlight, TookTooLong } from "./inFlight.ts"

export interface Seen<E> {
  /** Runs the work unless it has succeeded for this event before. The body is that of the event. */
  readonly once: (
    event: DeliveryEvent,
    body: Uint8Array,
    work: Effect.Effect<void, E, Scope.Scope>,
  ) => Effect.Effect<void, E | KeyValueStore.KeyValueStoreError | TookTooLong>
}

interface Options {
  readonly dedupeSize?: number | undefined
  readonly store?: KeyValueStore.KeyValueStore | undefined
}

const defaultDedupeSize = 10_000

export const makeSeen = Effect.fnUntraced(function* <E>(
  { dedupeSize = defaultDedupeSize, store }: Options,
  inFlight: InFlight<E | KeyValueStore.KeyValueStoreError>,
) {
  const memory: Memory = store === undefined ? inMemory(dedupeSize) : inStore(store, dedupeSize)
  const digest = yield* Effect.scoped(
    Effect.map(Layer.build(Digest.layerWebCrypto), Context.get(Digest.Digest)),
  )
  return {
    once: (event, body, work) =>
      Effect.flatMap(keyOf(digest, event, body), (key) =>
        inFlight.run(key, doOnce(memory, key, work)),
      ),
  } satisfies Seen<E>
})

const doOnce = Effect.fnUntraced(function* <E, R>(
  memory: Memory,
  key: string,
  work: Effect.Effect<void, E, R>,
): Effect.fn.Return<void, E | KeyValueStore.KeyValueStoreError, R> {
  if (yield* memory.has(key)) return
  yield* work
  // The work has succeeded: to fail here would certainly run it again.
  yield* memory
    .add(key)
    .pipe(
      Effect.catch(() =>
        Effect.logWarning(
          "a delivery update was handled but could not be stored; a duplicate would be handled again",
        ),
      ),
    )
})

/**
 * The key of an event. The headers are of no use, since a redelivery is signed again: a status is identified by its
 * message, time and channel, any other event by its whole body.
 */
const keyOf = (
  digest: Digest.Digest["Service"],
  event: DeliveryEvent,
  body: Uint8Array,
): Effect.Effect<string> => {
  if (event._tag === "MessageStatus") {
    const { at, channel = "", messageId, status } = event
    return Effect.succeed([messageId, status, DateTime.formatIso(at), channel].join(" "))
  }
  return Effect.orDie(digest.digestHex(Digest.sha256, body))
}

// -----------------------------------------------------------------------------
// Memory
// -----------------------------------------------------------------------------

interface Memory {
  readonly has: (key: string) => Effect.Effect<boolean, KeyValueStore.KeyValueStoreError>
  readonly add: (key: string) => Effect.Effect<void, KeyValueStore.KeyValueStoreError>
}

const inMemory = (capacity: number): Memory => {
  const keys = new Set<string>()
  return {
    has: (key) => Effect.sync(() => keys.has(key)),
    add: (key) =>
      Effect.sync(() => {
        keys.add(key)
        for (const oldest of keys) {
          if (keys.size <= capacity) break
          keys.delete(oldest)
        }
      }),
  }
}

/** A ring of slots in a store: bounded, without ever listing the store's keys. */
const inStore = (everything: KeyValueStore.KeyValueStore, capacity: number): Memory => {
  const store = KeyValueStore.prefix(everything, "effect-sent/seen/")
  const one = Semaphore.makeUnsafe(1)
  return {
    has: (key) => Effect.map(store.get(`event/${key}`), (slot) => slot !== undefined),
    add: (key) =>
      one.withPermit(
        Effect.gen(function* () {
          const slot = String(Number((yield* store.get("next")) ?? 0) % capacity)
          const before = yield* store.get(`slot/${slot}`)
          if (before !== undefined) yield* store.remove(`event/${before}`)
          yield* store.set(`slot/${slot}`, key)
          yield* store.set(`event/${key}`, slot)
          yield* store.set("next", String(Number(slot) + 1))
        }),
      ),
  }
}
