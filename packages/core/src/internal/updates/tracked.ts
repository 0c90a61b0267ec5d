/** The tracked sends and their states: in bounded memory, and in a store if there is one. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as DeliveryStatus from "../../DeliveryStatus.ts"

export interface Tracked {
  /** Starts to track a send, until `expiresAt`, in milliseconds since 1970. */
  readonly open: (id: string, expiresAt: number) => Effect.Effect<Entry>
  /** Finds a send, in memory or in the store. */
  readonly find: (id: string) => Effect.Effect<Entry | undefined, KeyValueStore.KeyValueStoreError>
  /** Applies an event; completes once it is stored. */
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
  /** The state in the store. */
  stored: DeliveryStatus.State | undefined
  /** Called with each new state, and with undefined once the send is no longer tracked. */
  readonly listeners: Set<(state: DeliveryStatus.State | undefined) => void>
  /** One at a time, so that an older state never overwrites a newer one in the store. */
  readonly saving: Semaphore.Semaphore
}

const Stored = Schema.fromJsonString(
  Schema.Struct({
    expiresAt: Schema.Finite,
    steps: Schema.Array(DeliveryStatus.Step),
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
  // In the order in which they were opened, which is nearly the order in which they expire.
  const entries = new Map<string, Entry>()

  const drop = (entry: Entry): void => {
    entries.delete(entry.id)
    for (const listener of entry.listeners) listener(undefined)
  }

  const remember = (id: string, expiresAt: number, now: number): Entry => {
    const entry: Entry = {
      id,
      expiresAt,
      state: DeliveryStatus.empty,
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

  /** Writes the state, merged with what another process may have written meanwhile, unless the store has all of it. */
  const save = (entry: Entry): Effect.Effect<void, KeyValueStore.KeyValueStoreError> =>
    store === undefined
      ? Effect.void
      : entry.saving.withPermit(
          Effect.gen(function* () {
            if (entry.state === entry.stored) return
            join(entry, yield* read(store, entry.id))
            const { expiresAt, id, state, stored } = entry
            if (state === stored) return
            // A state made here can always be encoded.
            const text = yield* Effect.orDie(encodeStored({ expiresAt, steps: toStored(state) }))
            yield* store.set(id, text)
            entry.stored = state
          }),
        )

  const load = Effect.fnUntraced(function* (from: KeyValueStore.KeyValueStore, id: string) {
    const stored = yield* read(from, id)
    const now = yield* Clock.currentTimeMillis
    if (stored === undefined || stored.expiresAt <= now) return entries.get(id)
    // Another fiber may have loaded it meanwhile.
    const entry = entries.get(id) ?? remember(id, stored.expiresAt, now)
    const before = entry.state
    join(entry, stored)
    tell(entry, before)
    return entry
  })

  const find: Tracked["find"] = Effect.fnUntraced(function* (id) {
    const entry = entries.get(id)
    if (entry !== undefined && entry.expiresAt <= (yield* Clock.currentTimeMillis)) {
      drop(entry)
      return undefined
    }
    // Another process may have received an update.
    return store === undefined ? entry : yield* load(store, id)
  })

  const tracked: Tracked = {
    open: Effect.fnUntraced(function* (id, expiresAt) {
      const entry = remember(id, expiresAt, yield* Clock.currentTimeMillis)
      yield* save(entry).pipe(
        // The message matters more than its record, and its token is valid without one.
        Effect.catch(() =>
          Effect.logWarning("a send could not be stored; it is tracked in memory only"),
        ),
      )
      return entry
    }),
    find,
    apply: Effect.fnUntraced(function* (id, expiresAt, event) {
      const found = yield* find(id)
      const now = yield* Clock.currentTimeMillis
      const entry = found ?? entries.get(id) ?? remember(id, expiresAt, now)
      const before = entry.state
      entry.state = DeliveryStatus.reduce(before, event)
      // Also if the update changes nothing: the store may have been unavailable when it first arrived.
      yield* save(entry)
      tell(entry, before)
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

/** Reads a send from the store. Undefined if it cannot be decoded: another version may have written it. */
const read = (
  store: KeyValueStore.KeyValueStore,
  id: string,
): Effect.Effect<typeof Stored.Type | undefined, KeyValueStore.KeyValueStoreError> =>
  Effect.flatMap(store.get(id), (text) =>
    text === undefined
      ? Effect.succeed(undefined)
      : Effect.orElseSucceed(decodeStored(text), () => undefined),
  )

/** Merges the steps of the store into an entry. Steps are a set, so any two states can be merged. */
const join = (entry: Entry, stored: typeof Stored.Type | undefined): void => {
  if (stored === undefined) return
  const theirs = fromStored(stored.steps)
  const both = DeliveryStatus.fromSteps([...entry.state.steps, ...theirs.steps])
  if (!isSame(both, entry.state)) entry.state = both
  entry.stored = isSame(both, theirs) ? entry.state : undefined
}

const isSame = (one: DeliveryStatus.State, other: DeliveryStatus.State): boolean =>
  JSON.stringify(toStored(one)) === JSON.stringify(toStored(other))

const tell = (entry: Entry, before: DeliveryStatus.State): void => {
  if (entry.state === before) return
  for (const listener of entry.listeners) listener(entry.state)
}

/** Removes sends that an earlier process stored and that have expired. */
const removeExpired = Effect.fnUntraced(function* (store: KeyValueStore.KeyValueStore) {
  const now = yield* Clock.currentTimeMillis
  for (const id of yield* store.keys) {
    const stored = yield* read(store, id)
    // An entry that cannot be read may belong to another version, or be about to be written.
    if (stored !== undefined && stored.expiresAt <= now) yield* store.remove(id)
  }
})

const toStored = ({ steps }: DeliveryStatus.State): ReadonlyArray<DeliveryStatus.Step> =>
  DeliveryStatus.joinSteps(steps, [])

const fromStored = DeliveryStatus.fromSteps
