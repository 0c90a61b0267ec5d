/** What is known of each tracked send: in memory, bounded, and in a store where there is one. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as DeliveryStatus from "../DeliveryStatus.ts"

export interface Tracked {
  /** Begins to follow a send; until `expiresAt`, in milliseconds since 1970. */
  readonly open: (id: string, expiresAt: number) => Effect.Effect<Entry>
  /** What is known of a send, from memory or from the store. */
  readonly find: (id: string) => Effect.Effect<Entry | undefined, KeyValueStore.KeyValueStoreError>
  /** Takes an event into account; done when it is stored. */
  readonly apply: (
    id: string,
    expiresAt: number,
    event: DeliveryStatus.DeliveryEvent,
  ) => Effect.Effect<void, KeyValueStore.KeyValueStoreError>
  readonly forget: (id: string) => Effect.Effect<void>
}

export interface Entry {
  readonly id: string
  readonly expiresAt: number
  state: DeliveryStatus.State
  /** The state that the store has. */
  stored: DeliveryStatus.State | undefined
  /** Called with each new state, and with undefined when the send is followed no longer. */
  readonly listeners: Set<(state: DeliveryStatus.State | undefined) => void>
  /** One at a time, so that an older state never overwrites a newer one in the store. */
  readonly saving: Semaphore.Semaphore
}

const Stored = Schema.fromJsonString(
  Schema.Struct({
    expiresAt: Schema.Finite,
    steps: Schema.Array(
      Schema.Struct({
        messageId: Schema.String,
        status: DeliveryStatus.MessageStatus,
        at: Schema.Finite,
        channel: Schema.optionalKey(Schema.String),
      }),
    ),
  }),
)

const decodeStored = Schema.decodeUnknownEffect(Stored)
const encodeStored = Schema.encodeEffect(Stored)

export const makeTracked = Effect.fnUntraced(function* (
  capacity: number,
  everything: KeyValueStore.KeyValueStore | undefined,
) {
  const store =
    everything === undefined ? undefined : KeyValueStore.prefix(everything, "effect-sent/send/")
  // In the order in which they were opened, and so nearly in that in which they expire.
  const entries = new Map<string, Entry>()

  const drop = (entry: Entry): void => {
    entries.delete(entry.id)
    for (const listener of entry.listeners) listener(undefined)
  }

  const remember = (
    id: string,
    expiresAt: number,
    state: DeliveryStatus.State,
    now: number,
  ): Entry => {
    const entry: Entry = {
      id,
      expiresAt,
      state,
      stored: undefined,
      listeners: new Set(),
      saving: Semaphore.makeUnsafe(1),
    }
    entries.set(id, entry)
    for (const oldest of entries.values()) {
      if (oldest.expiresAt > now && entries.size <= capacity) break
      drop(oldest)
    }
    return entry
  }

  /** Does nothing when the store has the state already. */
  const save = (entry: Entry): Effect.Effect<void, KeyValueStore.KeyValueStoreError> =>
    store === undefined
      ? Effect.void
      : entry.saving.withPermit(
          Effect.gen(function* () {
            const { expiresAt, id, state } = entry
            if (state === entry.stored) return
            // It was made here, so that it can be encoded.
            const text = yield* Effect.orDie(encodeStored({ expiresAt, steps: toStored(state) }))
            yield* store.set(id, text)
            entry.stored = state
          }),
        )

  const load = Effect.fnUntraced(function* (id: string) {
    const text = yield* store === undefined ? Effect.succeed(undefined) : store.get(id)
    if (text === undefined) return undefined
    // Another version may have written it; then nothing is known.
    const stored = yield* Effect.orElseSucceed(decodeStored(text), () => undefined)
    const now = yield* Clock.currentTimeMillis
    if (stored === undefined || stored.expiresAt <= now) return undefined
    // Somebody else may have loaded it meanwhile.
    return entries.get(id) ?? fromStore(id, stored, now)
  })

  const fromStore = (id: string, { expiresAt, steps }: typeof Stored.Type, now: number): Entry => {
    const state = fromStored(steps)
    const entry = remember(id, expiresAt, state, now)
    entry.stored = state
    return entry
  }

  const find: Tracked["find"] = Effect.fnUntraced(function* (id) {
    const entry = entries.get(id)
    if (entry === undefined) return yield* load(id)
    if (entry.expiresAt > (yield* Clock.currentTimeMillis)) return entry
    drop(entry)
    return undefined
  })

  const tracked: Tracked = {
    open: Effect.fnUntraced(function* (id, expiresAt) {
      const entry = remember(id, expiresAt, DeliveryStatus.empty, yield* Clock.currentTimeMillis)
      yield* save(entry).pipe(
        // The message is worth more than the record of it, and its token is good without one.
        Effect.catch(() =>
          Effect.logWarning("a send could not be stored; it is followed in memory"),
        ),
      )
      return entry
    }),
    find,
    apply: Effect.fnUntraced(function* (id, expiresAt, event) {
      const found = yield* find(id)
      const now = yield* Clock.currentTimeMillis
      const entry = found ?? entries.get(id) ?? remember(id, expiresAt, DeliveryStatus.empty, now)
      const before = entry.state
      entry.state = DeliveryStatus.reduce(before, event)
      // Also for an update that changes nothing: when it came before, the store may have been away.
      yield* save(entry)
      if (entry.state !== before) for (const listener of entry.listeners) listener(entry.state)
    }),
    forget: Effect.fnUntraced(function* (id) {
      const entry = entries.get(id)
      if (entry !== undefined) drop(entry)
      if (store !== undefined) yield* Effect.ignore(store.remove(id))
    }),
  }

  if (store !== undefined) yield* Effect.forkScoped(Effect.ignore(removeExpired(store)))
  return tracked
})

/** What an earlier process stored, and nobody will ask for any more. */
const removeExpired = Effect.fnUntraced(function* (store: KeyValueStore.KeyValueStore) {
  const now = yield* Clock.currentTimeMillis
  for (const id of yield* store.keys) {
    const text = yield* store.get(id)
    if (text === undefined) continue
    const stored = yield* Effect.orElseSucceed(decodeStored(text), () => undefined)
    if (stored === undefined || stored.expiresAt <= now) yield* store.remove(id)
  }
})

const toStored = ({ steps }: DeliveryStatus.State) =>
  steps.map(({ at, channel, messageId, status }) => ({
    messageId,
    status,
    at: at.epochMilliseconds,
    ...(channel === undefined ? {} : { channel }),
  }))

const fromStored = (steps: (typeof Stored.Type)["steps"]): DeliveryStatus.State =>
  DeliveryStatus.fromSteps(
    steps.map(({ at, channel, messageId, status }) => ({
      messageId,
      status,
      at: DateTime.makeUnsafe(at),
      channel,
    })),
  )
