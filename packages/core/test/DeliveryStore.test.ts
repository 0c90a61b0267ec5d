/** The stores of core keep what the conformance tests demand, and the conformance tests catch stores that do not. */
import { DeliveryStatus, DeliveryStore } from "@effect-sent/core"
import * as DeliveryStoreConformance from "@effect-sent/core/DeliveryStoreConformance"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, DateTime, Effect, FileSystem, Layer } from "effect"
import { KeyValueStore } from "effect/persistence"
import { TestClock } from "effect/testing"

type Store = DeliveryStore.DeliveryStore["Service"]

const { cases, damaged } = DeliveryStoreConformance

const overKeyValueStore = Effect.map(
  Layer.build(Layer.fresh(DeliveryStore.layerKeyValueStore)),
  (context) => Context.get(context, DeliveryStore.DeliveryStore),
)

const inFolder = Layer.unwrap(
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    return KeyValueStore.layerFileSystem(yield* files.makeTempDirectoryScoped())
  }),
).pipe(Layer.provide(NodeServices.layer))

/** Yields to other fibers before each operation, as a store at the end of a wire does. */
const slow = (store: KeyValueStore.KeyValueStore): KeyValueStore.KeyValueStore => ({
  ...store,
  get: (key) => Effect.andThen(Effect.yieldNow, store.get(key)),
  set: (key, value) => Effect.andThen(Effect.yieldNow, store.set(key, value)),
  remove: (key) => Effect.andThen(Effect.yieldNow, store.remove(key)),
})

const slowMemory = Layer.effect(
  KeyValueStore.KeyValueStore,
  KeyValueStore.KeyValueStore.useSync(slow),
).pipe(Layer.provide(KeyValueStore.layerMemory))

describe("the store in memory", () => {
  it.effect.each(cases)("$name", ({ run }) =>
    Effect.flatMap(DeliveryStore.makeMemory(), (store) => run(store, store)),
  )

  it.effect("passes all cases at once", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory()
      yield* Effect.forEach(cases, ({ run }) => run(store, store), { concurrency: "unbounded" })
    }),
  )
})

describe.each([
  ["in a folder", inFolder],
  ["that is slow", slowMemory],
])("the store over a KeyValueStore %s", (_, layer) => {
  it.effect.each(cases)("$name", ({ run }) =>
    overKeyValueStore.pipe(
      Effect.flatMap((store) => run(store, store)),
      Effect.provide(layer),
    ),
  )

  it.effect("passes all cases at once", () =>
    overKeyValueStore.pipe(
      Effect.flatMap((store) =>
        Effect.forEach(cases, ({ run }) => run(store, store), { concurrency: "unbounded" }),
      ),
      Effect.provide(layer),
    ),
  )

  it.effect.each(
    damaged({
      open: overKeyValueStore,
      damage: Effect.fnUntraced(function* (id) {
        const store = yield* KeyValueStore.KeyValueStore
        // A file of 0 bytes, as a process leaves that is killed while it writes.
        const keys = yield* Effect.orDie(store.keys)
        const key = keys.findLast((one) => one.startsWith(`effect-sent/send/${id}/`))
        yield* Effect.orDie(store.set(key ?? "", ""))
      }),
    }),
  )("$name", ({ run }) => Effect.provide(run, layer))

  it.effect("has everything after a restart", () =>
    Effect.gen(function* () {
      const first = yield* overKeyValueStore
      const expiresAt = DateTime.makeUnsafe("2100-01-01")
      const send = { id: "a", expiresAt, openedAt: expiresAt, reference: "order 1" }
      const claim = { key: "event", owner: "one", until: expiresAt }
      yield* first.append(send)
      yield* first.claim(claim)
      yield* first.complete({ ...claim, key: "another event" })

      const second = yield* overKeyValueStore
      const found = yield* second.find({ reference: "order 1" })
      assert.deepStrictEqual(found, [DeliveryStore.join(send, send)])
      assert.strictEqual(yield* second.claim({ ...claim, owner: "other" }), "held")
      assert.strictEqual(yield* second.claim({ ...claim, key: "another event" }), "completed")
      // What is forgotten is gone from the KeyValueStore too.
      assert.strictEqual(yield* second.forget({ before: expiresAt }), 3)
      const { size } = yield* KeyValueStore.KeyValueStore
      assert.strictEqual(yield* size, 0)
    }).pipe(Effect.provide(layer)),
  )

  it.effect("fails with one error if the KeyValueStore does, and goes on once it is back", () =>
    Effect.gen(function* () {
      const everything = yield* KeyValueStore.KeyValueStore
      const away = Effect.fail(
        new KeyValueStore.KeyValueStoreError({ method: "set", message: "away" }),
      )
      let isAway = true
      const store = yield* overKeyValueStore.pipe(
        Effect.provideService(KeyValueStore.KeyValueStore, {
          ...everything,
          set: (key, value) => (isAway ? away : everything.set(key, value)),
        }),
      )
      const until = DateTime.makeUnsafe("2100-01-01")
      const claim = { key: "event", owner: "one", until }
      const error = yield* Effect.flip(store.append({ id: "a", expiresAt: until }))
      assert.instanceOf(error, DeliveryStore.DeliveryStoreError)
      assert.strictEqual(
        error.message,
        "the delivery store failed to append to a send: the KeyValueStore failed",
      )
      yield* Effect.flip(store.claim(claim))
      isAway = false
      assert.deepStrictEqual(yield* store.find({ id: "a" }), [])
      // Nobody holds what could not be claimed.
      assert.strictEqual(yield* store.claim({ ...claim, owner: "other" }), "claimed")
      yield* store.append({ id: "a", expiresAt: until })
      assert.lengthOf(yield* store.find({ id: "a" }), 1)
    }).pipe(Effect.provide(layer)),
  )
})

// -----------------------------------------------------------------------------
// Bounds
// -----------------------------------------------------------------------------

const sendAt = (index: number, expiresAt: number): DeliveryStore.SendRecord => ({
  id: `send-${index}`,
  expiresAt: DateTime.makeUnsafe(expiresAt),
  openedAt: DateTime.makeUnsafe(index),
  reference: `order ${index}`,
})

const claimOf = (key: string, until: number): DeliveryStore.Claim => ({
  key,
  owner: key,
  until: DateTime.makeUnsafe(until),
})

describe("a full memory", () => {
  it.effect("drops the sends that expire first", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory({ maxSends: 3 })
      for (const [index, expiresAt] of [50, 20, 40, 30, 60].entries()) {
        yield* store.append(sendAt(index, expiresAt))
      }
      const kept = yield* Effect.forEach([0, 1, 2, 3, 4], (index) =>
        store.find({ reference: `order ${index}` }),
      )
      assert.deepStrictEqual(
        kept.map((sends) => sends.length),
        [1, 0, 1, 0, 1],
      )
      assert.lengthOf((yield* store.unknown()).sends, 3)
    }),
  )

  it.effect("drops events that were handled, and none that is being handled", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory({ maxEvents: 2 })
      yield* store.claim(claimOf("in hand", 10))
      for (const [index, until] of [100, 300, 200, 400].entries()) {
        yield* store.complete(claimOf(`event ${index}`, until))
      }
      assert.strictEqual(yield* store.claim({ ...claimOf("in hand", 10), owner: "x" }), "held")
      const results = yield* Effect.forEach([0, 1, 2, 3], (index) =>
        store.claim(claimOf(`event ${index}`, 500)),
      )
      assert.deepStrictEqual(results, ["claimed", "completed", "claimed", "completed"])
      yield* TestClock.adjust(10)
      assert.strictEqual(yield* store.claim({ ...claimOf("in hand", 20), owner: "x" }), "claimed")
    }),
  )

  it.effect.each<readonly [option: string, options: DeliveryStore.MemoryOptions]>([
    ["maxSends", { maxSends: 0 }],
    ["maxSends", { maxSends: Number.NaN }],
    ["maxEvents", { maxEvents: -5 }],
    ["maxEvents", { maxEvents: 1.5 }],
  ])("is refused with a wrong %s: %j", ([option, options]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(DeliveryStore.makeMemory(options))
      assert.include(error.message, option)
    }),
  )
})

// -----------------------------------------------------------------------------
// Broken stores
// -----------------------------------------------------------------------------

/** Stores with one mistake each, and a case that catches it. */
const broken: ReadonlyArray<
  readonly [mistake: string, caughtBy: string, make: (store: Store) => Store]
> = [
  [
    "reads, joins and writes",
    "loses nothing that is appended at the same time",
    (store) => {
      const records = new Map<string, DeliveryStore.StoredSend>()
      return {
        ...store,
        append: Effect.fnUntraced(function* (send) {
          const before = records.get(send.id) ?? send
          yield* Effect.yieldNow
          records.set(send.id, DeliveryStore.join(before, send))
        }),
        find: (by) =>
          Effect.sync(() => {
            const record = "id" in by ? records.get(by.id) : undefined
            return record === undefined ? [] : [record]
          }),
      }
    },
  ],
  [
    "looks before it claims",
    "grants one of many simultaneous claims",
    (store) => {
      const holders = new Map<string, string>()
      return {
        ...store,
        claim: Effect.fnUntraced(function* ({ key, owner }) {
          if ((holders.get(key) ?? owner) !== owner) return "held"
          yield* Effect.yieldNow
          holders.set(key, owner)
          return "claimed"
        }),
      }
    },
  ],
  [
    "releases the claim of another owner",
    "frees a claim that its owner releases, and no other's",
    (store) => {
      const owners = new Map<string, string>()
      return {
        ...store,
        claim: (claim, send) =>
          Effect.tap(store.claim(claim, send), (result) =>
            Effect.sync(() => void (result === "claimed" && owners.set(claim.key, claim.owner))),
          ),
        release: (claim) =>
          store.release({ ...claim, owner: owners.get(claim.key) ?? claim.owner }),
      }
    },
  ],
  [
    "frees an event that was handled",
    "recognises a completed event, whoever asks",
    (store) => ({ ...store, complete: store.release }),
  ],
  [
    "never frees a claim",
    "frees a claim whose time has come, and what its owner does then harms nobody",
    (store) => ({
      ...store,
      claim: (claim, send) =>
        store.claim({ ...claim, until: DateTime.makeUnsafe("2200-01-01") }, send),
    }),
  ],
  [
    "only lets the holder complete a claim",
    "frees a claim whose time has come, and what its owner does then harms nobody",
    (store) => ({
      ...store,
      complete: (claim) =>
        Effect.flatMap(store.claim(claim), (result) =>
          result === "held" ? Effect.void : store.complete(claim),
        ),
    }),
  ],
  [
    "takes the last time of a completed event",
    "recognises a completed event until the latest of its times",
    (store) => {
      const completed = new Map<string, number>()
      return {
        ...store,
        claim: (claim, send) =>
          (completed.get(claim.key) ?? 0) > 0
            ? Effect.succeed("completed" as const)
            : store.claim(claim, send),
        complete: (claim) =>
          Effect.sync(() => void completed.set(claim.key, claim.until.epochMilliseconds)),
      }
    },
  ],
  [
    "appends only with a claim that is granted",
    "appends a send with a claim, whatever the response to it",
    (store) => ({
      ...store,
      claim: (claim, send) =>
        Effect.tap(store.claim(claim), (result) =>
          send === undefined || result !== "claimed" ? Effect.void : store.append(send),
        ),
    }),
  ],
  [
    "keeps the first receipt that it is told",
    "keeps the earliest receipt of an event, whichever was appended first",
    (store) => ({
      ...store,
      append: (send) =>
        Effect.flatMap(store.find({ id: send.id }), ([before]) => {
          const known = new Set(before?.steps.map(DeliveryStatus.stepKey))
          const steps = send.steps?.filter((step) => !known.has(DeliveryStatus.stepKey(step)))
          return store.append({ ...send, steps })
        }),
    }),
  ],
  [
    "forgets what it was told last of an outcome",
    "joins what differs: the outcome that says most, the later expiry, the earlier opening",
    (store) => ({
      ...store,
      append: (send) =>
        Effect.flatMap(store.find({ id: send.id }), ([before]) =>
          store.append(before?.outcome === undefined ? send : { ...send, outcome: undefined }),
        ),
    }),
  ],
  [
    "drops a status that it does not know",
    "keeps a status that it does not know",
    (store) => ({
      ...store,
      append: (send) =>
        store.append({ ...send, steps: send.steps?.filter(({ status }) => !status.includes(".")) }),
    }),
  ],
  [
    "keeps the first steps of many",
    "keeps the steps that count, of more than a state has",
    (store) => ({
      ...store,
      append: (send) =>
        Effect.flatMap(store.find({ id: send.id }), ([before]) =>
          (before?.steps.length ?? 0) >= 64 ? Effect.void : store.append(send),
        ),
    }),
  ],
  [
    "compares without regard to case",
    "compares texts exactly",
    (store) => ({
      ...store,
      append: (send) => store.append({ ...send, reference: send.reference?.toLowerCase() }),
      find: (by) => store.find("reference" in by ? { reference: by.reference.toLowerCase() } : by),
    }),
  ],
  [
    "does not find a send by a second message",
    "finds a send by its messages, of an outcome and of steps",
    (store) => ({
      ...store,
      find: (by) =>
        Effect.map(store.find(by), (sends) =>
          "messageId" in by
            ? sends.filter(({ steps }) => steps.every((step) => step.messageId === by.messageId))
            : sends,
        ),
    }),
  ],
  [
    "finds the earliest send first",
    "finds all sends of a reference, the latest first",
    (store) => ({ ...store, find: (by) => Effect.map(store.find(by), (all) => all.toReversed()) }),
  ],
  [
    "lists what an update has proven",
    "lists the sends that are unknown, page by page",
    (store) => ({ ...store, append: (send) => store.append({ ...send, steps: [] }) }),
  ],
  [
    "begins each page anew",
    "lists the sends that are unknown, page by page",
    (store) => ({
      ...store,
      unknown: (options = {}) =>
        Effect.map(store.unknown({ ...options, after: undefined }), (page) => ({
          ...page,
          next: options.limit === 1 && options.after === undefined ? "0" : undefined,
        })),
    }),
  ],
  [
    "forgets early",
    "forgets sends that have expired, and none before",
    (store) => ({
      ...store,
      forget: ({ before, ...options }) =>
        store.forget({ ...options, before: DateTime.add(before, { milliseconds: 1 }) }),
    }),
  ],
  [
    "forgets nothing",
    "forgets sends that have expired, and none before",
    (store) => ({ ...store, forget: () => Effect.succeed(0) }),
  ],
  [
    "forgets by the first expiry",
    "forgets sends that have expired, and none before",
    (store) => ({
      ...store,
      append: (send) =>
        Effect.flatMap(store.find({ id: send.id }), ([before]) =>
          store.append({ ...send, expiresAt: before?.expiresAt ?? send.expiresAt }),
        ),
    }),
  ],
]

describe("a store that", () => {
  it.effect.each(broken)("%s is caught", ([, caughtBy, make]) =>
    Effect.gen(function* () {
      const store = make(yield* DeliveryStore.makeMemory())
      const found = cases.find(({ name }) => name === caughtBy)
      assert.isDefined(found, caughtBy)
      const error = yield* Effect.flip(found?.run(store, store) ?? Effect.void)
      assert.instanceOf(error, DeliveryStoreConformance.ConformanceError)
    }),
  )

  it.effect("overwrites what it cannot read is caught", () =>
    Effect.gen(function* () {
      const everything = yield* KeyValueStore.KeyValueStore
      const keyOf = (id: string) =>
        Effect.map(everything.keys, (keys) => keys.find((key) => key.includes(`/${id}/`)) ?? "")
      const results = yield* Effect.forEach(
        damaged({
          open: Effect.map(overKeyValueStore, (store) => ({
            ...store,
            append: Effect.fnUntraced(function* (send: DeliveryStore.SendRecord) {
              const key = yield* Effect.orDie(keyOf(send.id))
              yield* store.append(send)
              const own = (yield* Effect.orDie(everything.keys)).findLast((one) =>
                one.includes(`/${send.id}/`),
              )
              if (key === "" || own === undefined) return
              const text = yield* Effect.orDie(everything.get(own))
              yield* Effect.orDie(everything.set(key, text ?? ""))
            }),
          })),
          damage: (id) =>
            Effect.orDie(Effect.flatMap(keyOf(id), (key) => everything.set(key, "{"))),
        }),
        ({ run }) => Effect.result(run),
      )
      assert.deepStrictEqual(
        results.map(({ _tag }) => _tag),
        ["Failure", "Failure"],
      )
    }).pipe(Effect.provide(KeyValueStore.layerMemory)),
  )
})
