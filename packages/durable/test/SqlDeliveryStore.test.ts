/** The store in SQLite: what it keeps, what it costs, and how it fails. */
import { DeliveryStore } from "@effect-sent/core"
import * as DeliveryStoreConformance from "@effect-sent/core/DeliveryStoreConformance"
import { SqlDeliveryStore, Sqlite } from "@effect-sent/durable"
import { assert, describe, it } from "@effect/vitest"
import { Context, DateTime, Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { DatabaseSync } from "node:sqlite"
import { maxParts } from "../src/internal/delivery/sends.ts"
import { newFile } from "./support/folder.ts"
import { start } from "./support/process.ts"
import { statementsOf } from "./support/statements.ts"

const storeIn = (filename: string, options?: SqlDeliveryStore.Options) =>
  SqlDeliveryStore.layer(options).pipe(Layer.provideMerge(Sqlite.layer({ filename })))

const inMemory = Effect.provide(storeIn(":memory:"))

/** A store with a connection of its own to a file, as in another process. */
const handle = (filename: string, options?: SqlDeliveryStore.Options) =>
  Effect.map(Layer.build(Layer.fresh(storeIn(filename, options))), (context) =>
    Context.get(context, DeliveryStore.DeliveryStore),
  )

const at = (seconds: number) => DateTime.makeUnsafe(1_761_905_442_000 + seconds * 1000)
const expiresAt = at(3600)

const step = (seconds: number, status = "SENT", messageId = "m") => ({
  messageId,
  status,
  statedAt: at(seconds),
  receivedAt: at(seconds + 1),
})

/** Makes a part of a send unreadable: its rows are damaged, and there is at least one. */
const damage = (id: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`update effect_sent_parts set content = '{"steps":7}' where send_id = ${id}`
    yield* sql`insert into effect_sent_parts ${sql.insert({ send_id: id, content: '{"steps":7}' })}
      on conflict do nothing`
  })

describe("the store, by the tests for every store,", () => {
  it.effect.each(DeliveryStoreConformance.cases)("$name", ({ run }) =>
    Effect.gen(function* () {
      const filename = yield* newFile
      yield* run(yield* handle(filename), yield* handle(filename))
    }),
  )

  it.effect.each(DeliveryStoreConformance.damaged({ open: SqlDeliveryStore.make(), damage }))(
    "$name",
    ({ run }) => Effect.provide(run, Sqlite.layer({ filename: ":memory:" })),
  )
})

describe("the store", () => {
  it.effect("joins what several connections write at the same moment", () =>
    Effect.gen(function* () {
      const filename = yield* newFile
      const stores = [yield* handle(filename), yield* handle(filename), yield* handle(filename)]
      const records: ReadonlyArray<DeliveryStore.SendRecord> = [
        { id: "a", expiresAt, openedAt: at(0), reference: "order" },
        { id: "a", expiresAt, outcome: { delivery: "unknown", at: at(1) } },
        ...Array.from({ length: 30 }, (_, index) => ({
          id: "a",
          expiresAt: at(3600 + index),
          steps: [step(index)],
        })),
      ]
      yield* Effect.forEach(
        records.flatMap((record) => stores.map((store) => store.append(record))),
        (append) => append,
        { concurrency: "unbounded" },
      )
      const expected = records.reduce((one, other) => DeliveryStore.join(one, other))
      for (const store of stores) {
        const [found] = yield* store.find({ id: "a" })
        assert.deepStrictEqual(textOf(found), textOf(expected))
      }
    }),
  )

  it.effect("keeps any text as a key, and compares it exactly", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.DeliveryStore
      const texts = ["a", "A", "ä", "a\u0308", "a ", "\0", "\\0", "\\", "'\"%_", "💬", "\uE000"]
      for (const id of texts) {
        yield* store.append({
          id,
          expiresAt,
          openedAt: at(0),
          reference: id,
          steps: [step(0, "SENT", id)],
        })
      }
      for (const id of texts) {
        for (const key of [{ id }, { reference: id }, { messageId: id }]) {
          const found = yield* store.find(key)
          assert.deepStrictEqual(
            found.map((send) => [send.id, send.reference, send.steps[0]?.messageId]),
            [[id, id, id]],
          )
        }
      }
    }).pipe(inMemory),
  )

  it.effect("counts what it cannot read, keeps it, and adds beside it", () =>
    Effect.gen(function* () {
      const [store, sql] = [yield* DeliveryStore.DeliveryStore, yield* SqlClient.SqlClient]
      const notSent = { delivery: "not-sent" as const, at: at(1) }
      yield* store.append({ id: "a", expiresAt, openedAt: at(0), reference: "order" })
      yield* damage("a")
      yield* store.append({ id: "a", expiresAt, openedAt: at(0), outcome: notSent })
      const [found] = yield* store.find({ reference: "order" })
      assert.strictEqual(found?.unreadable, 1)
      assert.strictEqual(found?.outcome?.delivery, "not-sent")
      // What cannot be read may say that it was sent.
      const { sends } = yield* store.unknown()
      assert.deepStrictEqual(
        sends.map(({ id }) => id),
        ["a"],
      )
      // The same again is not taken for the damaged row.
      yield* store.append({ id: "a", expiresAt, openedAt: at(0), reference: "order" })
      assert.strictEqual((yield* store.find({ id: "a" }))[0]?.reference, "order")
      for (let i = 0; i < 2 * maxParts; i++) {
        yield* store.append({ id: "a", expiresAt, steps: [step(i)] })
      }
      const damaged = sql`select 1 from effect_sent_parts where content = '{"steps":7}'`
      assert.lengthOf(yield* damaged, 1)
      assert.strictEqual((yield* store.find({ id: "a" }))[0]?.unreadable, 1)
    }).pipe(inMemory),
  )

  it.effect("keeps a row with members that it does not know, and reads the others", () =>
    Effect.gen(function* () {
      const [store, sql] = [yield* DeliveryStore.DeliveryStore, yield* SqlClient.SqlClient]
      yield* store.append({ id: "a", expiresAt })
      const content = '{"reference":"order","later":1}'
      yield* sql`insert into effect_sent_parts ${sql.insert({ send_id: "a", content })}`
      for (let i = 0; i < 2 * maxParts; i++) {
        yield* store.append({ id: "a", expiresAt, steps: [step(i)] })
      }
      assert.strictEqual((yield* store.find({ id: "a" }))[0]?.reference, "order")
      assert.lengthOf(yield* sql`select 1 from effect_sent_parts where content = ${content}`, 1)
    }).pipe(inMemory),
  )

  it.effect("joins the rows of a send when there are many, and loses nothing", () =>
    Effect.gen(function* () {
      const [store, sql] = [yield* DeliveryStore.DeliveryStore, yield* SqlClient.SqlClient]
      const rows = sql<{ readonly n: number }>`select count(*) as n from effect_sent_parts`
      const record = { id: "a", expiresAt, openedAt: at(0), reference: "order" }
      yield* store.append(record)
      let expected: DeliveryStore.SendRecord = record
      for (let i = 0; i < 240; i++) {
        // More steps than a state has, each received several times, the last receipt first.
        const received = { ...step(Math.floor(i / 3)), receivedAt: at(1000 - i) }
        const send = { id: "a", expiresAt, steps: [received] }
        yield* store.append(send)
        expected = DeliveryStore.join(expected, send)
        const [{ n } = { n: 0 }] = yield* rows
        assert.isAtMost(n, maxParts)
      }
      const [found] = yield* store.find({ id: "a" })
      assert.deepStrictEqual(textOf(found), textOf(expected))
    }).pipe(inMemory),
  )

  it.effect("finds many sends by their ids, and leaves out those that it does not know", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.DeliveryStore
      const ids = Array.from({ length: 1001 }, (_, index) => `send ${index}`)
      // One in each of the statements.
      for (const id of ["send 0", "send 500", "send 1000"]) {
        yield* store.append({ id, expiresAt, steps: [step(1, "DELIVERED")] })
      }
      yield* store.append({ id: "another", expiresAt })
      const found = yield* SqlDeliveryStore.findAll(ids)
      assert.deepStrictEqual(
        found.map(({ id, steps }) => [id, steps.map(({ status }) => status)]),
        ["send 0", "send 500", "send 1000"].map((id) => [id, ["DELIVERED"]]),
      )
      assert.deepStrictEqual(yield* SqlDeliveryStore.findAll([]), [])
    }).pipe(inMemory),
  )

  it.effect("lists unknown sends page by page, and refuses what is not a page", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.DeliveryStore
      for (let i = 0; i < 50; i++) {
        yield* store.append({ id: `send ${i}`, expiresAt, openedAt: at(i % 5) })
        if (i % 2 === 0) yield* store.append({ id: `send ${i}`, expiresAt, steps: [step(i)] })
        if (i % 5 === 0) {
          const outcome = { delivery: "not-sent" as const, at: at(i) }
          yield* store.append({ id: `send ${i}`, expiresAt, outcome })
        }
      }
      const list = Effect.fnUntraced(function* (openedBefore?: DateTime.Utc) {
        const ids: Array<string> = []
        let after: string | undefined
        do {
          const page = yield* store.unknown({ after, limit: 3, openedBefore })
          ids.push(...page.sends.map(({ id }) => id))
          after = page.next
        } while (after !== undefined)
        return ids.toSorted()
      })
      const unknown = Array.from({ length: 50 }, (_, i) => i).filter(
        (i) => i % 2 === 1 && i % 5 !== 0,
      )
      assert.deepStrictEqual(yield* list(), unknown.map((i) => `send ${i}`).toSorted())
      assert.deepStrictEqual(
        yield* list(at(2)),
        unknown
          .filter((i) => i % 5 < 2)
          .map((i) => `send ${i}`)
          .toSorted(),
      )
      for (const options of [{ limit: 0 }, { limit: 1001 }, { limit: 1.5 }, { after: "7" }]) {
        const error = yield* Effect.flip(store.unknown(options))
        assert.match(error.message, /limit must be|after must be/)
      }
    }).pipe(inMemory),
  )

  it.effect("forgets all that belongs to a send, and not one that was prolonged", () =>
    Effect.gen(function* () {
      const [store, sql] = [yield* DeliveryStore.DeliveryStore, yield* SqlClient.SqlClient]
      const record = { openedAt: at(0), reference: "order", steps: [step(0)] }
      for (const id of ["a", "b", "c"]) yield* store.append({ id, expiresAt: at(10), ...record })
      yield* store.append({ id: "b", expiresAt: at(11) })
      yield* store.claim({ key: "event", owner: "one", until: at(10) })
      assert.strictEqual(yield* store.forget({ before: at(9) }), 0)
      assert.strictEqual(yield* store.forget({ before: at(10), limit: 2 }), 2)
      assert.strictEqual(yield* store.forget({ before: at(10), limit: 2 }), 1)
      assert.strictEqual(yield* store.forget({ before: at(10), limit: 2 }), 0)
      assert.deepStrictEqual(
        (yield* store.find({ reference: "order" })).map(({ id }) => id),
        ["b"],
      )
      assert.strictEqual(yield* store.forget({ before: at(11) }), 1)
      for (const table of ["sends", "parts", "keys", "claims"]) {
        assert.lengthOf(yield* sql`select 1 from ${sql(`effect_sent_${table}`)}`, 0)
      }
    }).pipe(inMemory),
  )
})

describe("its tables", () => {
  it.effect("are made once, also by several processes that start together", () =>
    Effect.gen(function* () {
      const filename = yield* newFile
      const stores = yield* Effect.all(
        Array.from({ length: 4 }, () => handle(filename)),
        { concurrency: "unbounded" },
      )
      for (const [index, store] of stores.entries()) {
        yield* store.append({ id: String(index), expiresAt })
      }
      const again = yield* handle(filename)
      assert.lengthOf(yield* again.find({ id: "3" }), 1)
    }),
  )

  it.effect("can be made by `migrate`, without the layer", () =>
    Effect.gen(function* () {
      const filename = yield* newFile
      const store = yield* handle(filename, { migrate: false })
      const error = yield* Effect.flip(store.find({ id: "a" }))
      assert.strictEqual(error._tag, "DeliveryStoreError")
      yield* Effect.provide(SqlDeliveryStore.migrate(), Sqlite.layer({ filename }))
      assert.lengthOf(yield* store.find({ id: "a" }), 0)
    }),
  )

  it.effect("are read, claimed and forgotten by their indexes alone", () =>
    Effect.gen(function* () {
      const [store, sql] = [yield* DeliveryStore.DeliveryStore, yield* SqlClient.SqlClient]
      const claim = { key: "event", owner: "one", until: at(10) }
      const record = { id: "a", expiresAt: at(10), openedAt: at(0), reference: "order" }
      const statements = yield* statementsOf(
        Effect.gen(function* () {
          yield* store.claim(claim, { ...record, steps: [step(0)] })
          for (let i = 0; i <= maxParts; i++) yield* store.append({ ...record, steps: [step(i)] })
          yield* store.claim({ ...claim, owner: "two" })
          for (const key of [{ id: "a" }, { reference: "order" }, { messageId: "m" }]) {
            yield* store.find(key)
          }
          yield* store.unknown({ openedBefore: at(10) })
          yield* store.complete(claim)
          yield* store.release(claim)
          yield* store.forget({ before: at(10) })
        }),
      )
      const asked = statements.filter((text) => /^\s*(?:select|insert|delete)/i.test(text))
      assert.isAtLeast(asked.length, 15)
      for (const text of asked) {
        const plan = yield* sql.unsafe<{ readonly detail: string }>(
          `explain query plan ${text}`,
          Array.from(text.matchAll(/\?/g), () => null),
        )
        for (const { detail } of plan) {
          assert.notMatch(detail, /^SCAN (?!\d+-ROW VALUES CLAUSE)/, text)
        }
      }
    }).pipe(inMemory),
  )
})

describe("an operation", () => {
  it.live(
    "ends in time while another process keeps the file locked, and works again after that",
    () =>
      Effect.gen(function* () {
        const filename = yield* newFile
        const store = yield* handle(filename, { timeout: "100 millis" })
        const other = yield* Effect.acquireRelease(
          Effect.sync(() => new DatabaseSync(filename)),
          (database) => Effect.sync(() => database.close()),
        )
        const claim = { key: "event", owner: "one", until: expiresAt }
        const writes = [
          ["append", store.append({ id: "a", expiresAt })],
          ["claim", store.claim(claim)],
          ["claim", store.claim(claim, { id: "b", expiresAt })],
          ["complete", store.complete(claim)],
          ["release", store.release(claim)],
          ["forget", store.forget({ before: at(0) })],
        ] as const
        other.exec("begin immediate")
        for (const [operation, write] of writes) {
          const error = yield* Effect.flip(write)
          assert.strictEqual(error.operation, operation)
          assert.include(error.message, "no answer within 100ms")
        }
        other.exec("commit")
        const patient = yield* handle(filename)
        for (const [, write] of writes.slice(0, 3)) yield* write
        assert.lengthOf(yield* patient.find({ id: "b" }), 1)
      }),
  )

  it.live("may be interrupted while it waits, and nothing else is lost", () =>
    Effect.gen(function* () {
      const filename = yield* newFile
      const store = yield* handle(filename)
      const other = yield* Effect.acquireRelease(
        Effect.sync(() => new DatabaseSync(filename)),
        (database) => Effect.sync(() => database.close()),
      )
      other.exec("begin immediate")
      const append = yield* Effect.forkChild(store.append({ id: "a", expiresAt }))
      yield* Effect.sleep("20 millis")
      yield* Fiber.interrupt(append)
      other.exec("commit")
      yield* store.append({ id: "b", expiresAt })
      assert.lengthOf(yield* store.find({ id: "b" }), 1)
    }),
  )

  it.effect("fails with its name and without keys or values", () =>
    Effect.gen(function* () {
      const [store, sql] = [yield* DeliveryStore.DeliveryStore, yield* SqlClient.SqlClient]
      yield* sql`drop table effect_sent_keys`
      const error = yield* Effect.flip(store.find({ reference: "+1234567890" }))
      assert.strictEqual(
        error.message,
        "the delivery store failed to find sends: the database failed",
      )
      assert.notInclude(JSON.stringify(error), "1234567890")
    }).pipe(inMemory),
  )

  it.effect("that fails in the middle writes nothing", () =>
    Effect.gen(function* () {
      const [store, sql] = [yield* DeliveryStore.DeliveryStore, yield* SqlClient.SqlClient]
      const claim = { key: "event", owner: "one", until: expiresAt }
      const record = { id: "a", expiresAt, reference: "order" }
      yield* sql`alter table effect_sent_keys rename to hidden`
      yield* Effect.flip(store.append(record))
      yield* Effect.flip(store.claim(claim, record))
      yield* sql`alter table hidden rename to effect_sent_keys`
      assert.lengthOf(yield* store.find({ id: "a" }), 0)
      assert.strictEqual(yield* store.claim({ ...claim, owner: "two" }), "claimed")
    }).pipe(inMemory),
  )

  it.effect("is checked when the layer is built", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Layer.build(storeIn(":memory:", { timeout: 0 })))
      assert.strictEqual(error._tag, "SentError")
      assert.include(error.message, "timeout")
    }),
  )
})

describe("a process that is killed while it writes", () => {
  it.live(
    "leaves all that it has stored",
    () =>
      Effect.gen(function* () {
        const filename = yield* newFile
        const writing = yield* start("appending.ts", filename)
        const ids: Array<string> = []
        for (let line = yield* writing.line; line !== undefined; line = yield* writing.line) {
          ids.push(line)
          if (ids.length === 100) assert.strictEqual(yield* writing.kill, "SIGKILL")
        }
        assert.isAtLeast(ids.length, 100)
        const store = yield* handle(filename)
        for (const id of ids) {
          const [found] = yield* store.find({ id })
          assert.strictEqual(found?.reference, id.replace("send", "order"))
        }
      }),
    60_000,
  )
})

/** A send as text, to compare: the steps in any order, and without members that are undefined. */
const textOf = (send: DeliveryStore.SendRecord | undefined): string =>
  JSON.stringify({
    ...send,
    steps: (send?.steps ?? []).map((one) => JSON.stringify(one)).toSorted(),
    unreadable: undefined,
  })
