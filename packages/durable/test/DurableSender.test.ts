/** What a caller asks of the durable sender, without a worker. */
import { SentError } from "@effect-sent/core"
import { DurableSender } from "@effect-sent/durable"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Exit, Fiber, Layer, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { newFile } from "./support/folder.ts"
import { failure, makeClient, message, senderIn } from "./support/sender.ts"

const inMemory = Effect.provide(senderIn())

const key = "order 12345 shipped"

const item = (number: number) => ({ input: message, key: `order ${number}` })

/** The row of the only send, as it is in the database. */
const onlyRow = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql`select * from effect_sent_queue`
  assert.lengthOf(rows, 1)
  return rows[0] ?? {}
})

describe("enqueue", () => {
  it.effect("adds a message once for its key", () =>
    Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      assert.strictEqual(yield* sender.enqueue(message, { key, reference: "r" }), "enqueued")
      const reordered = { order_id: "12345", name: "John Doe" }
      const same = {
        ...message,
        templateId: message.templateId.toUpperCase(),
        messageBody: reordered,
      }
      assert.strictEqual(yield* sender.enqueue(same, { key, priority: "high" }), "known")
      const send = yield* sender.find(key)
      assert.strictEqual(send?.state, "pending")
      assert.strictEqual(send?.reference, "r")
      assert.strictEqual(send?.attempts, 0)
      assert.isUndefined(yield* sender.find("another"))
    }).pipe(inMemory),
  )

  it.effect.each([
    ["number", { ...message, phoneNumber: "+1234567891" }],
    ["template", { ...message, templateId: "8ba7b820-9dad-11d1-80b4-00c04fd430c8" }],
    ["value", { ...message, messageBody: { name: "John Doe", order_id: "12346" } }],
    ["variable", { ...message, messageBody: { name: "John Doe" } }],
    ["callback URL", { ...message, webhookUrl: "https://example.com/" }],
  ] as const)("refuses a key with another %s", ([, other]) =>
    Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      yield* sender.enqueue(message, { key })
      const error = yield* Effect.flip(sender.enqueue(other, { key }))
      assert.strictEqual(error._tag, "KeyConflict")
      assert.notInclude(JSON.stringify(error) + error.message, key)
      // Also when nothing but the digest is left of the first one.
      yield* sender.cancel(key)
      assert.strictEqual((yield* Effect.flip(sender.enqueue(other, { key })))._tag, "KeyConflict")
      assert.strictEqual(yield* sender.enqueue(message, { key }), "known")
    }).pipe(inMemory),
  )

  it.effect("is part of the caller's transaction", () =>
    Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table orders (id text)`
      const order = Effect.andThen(
        sql`insert into orders ${sql.insert({ id: "12345" })}`,
        sender.enqueue(message, { key }),
      )
      yield* Effect.exit(sql.withTransaction(Effect.andThen(order, Effect.fail("failed"))))
      assert.isUndefined(yield* sender.find(key))
      yield* sql.withTransaction(order)
      assert.strictEqual((yield* sender.find(key))?.state, "pending")
      assert.lengthOf(yield* sql`select * from orders`, 1)
    }).pipe(inMemory),
  )

  it.effect("says everything that is wrong", () =>
    Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      const issuesOf = (input: typeof message, options: DurableSender.EnqueueOptions) =>
        Effect.flip(sender.enqueue(input, options)).pipe(
          Effect.map((error) =>
            error._tag === "SentError" && error.reason._tag === "InvalidRequest"
              ? error.reason.issues.map(({ path }) => path.join("."))
              : error,
          ),
        )
      assert.deepStrictEqual(yield* issuesOf({ ...message, phoneNumber: "12" }, { key }), [
        "phoneNumber",
      ])
      assert.deepStrictEqual(
        yield* issuesOf(message, {
          key: "",
          reference: "x".repeat(256),
          notBefore: "tomorrow",
          notAfter: Number.NaN,
          // @ts-expect-error from a caller whom TypeScript does not check
          priority: "urgent",
          quietHours: { zone: "Berlin", from: "24:00", to: "8:00" },
        }),
        [
          "key",
          "reference",
          "notBefore",
          "notAfter",
          "priority",
          "quietHours.zone",
          "quietHours.from",
          "quietHours.to",
        ],
      )
      const times = { notBefore: "2030-01-02T00:00:00Z", notAfter: "2030-01-01T00:00:00Z" }
      assert.deepStrictEqual(yield* issuesOf(message, { key, ...times }), ["notAfter"])
      assert.isUndefined(yield* sender.find(key))
    }).pipe(inMemory),
  )

  it.effect("takes a stream, and says how many are new", () =>
    Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      const items = Stream.map(Stream.range(1, 1200), item)
      assert.deepStrictEqual(yield* sender.enqueueAll(items), { enqueued: 1200, known: 0 })
      const more = Stream.concat(items, Stream.make(item(0), item(0)))
      assert.deepStrictEqual(yield* sender.enqueueAll(more), { enqueued: 1, known: 1201 })
      // A transaction of 500 is added as a whole, or not at all.
      const other = { ...item(7), input: { ...message, messageBody: { name: "Jane" } } }
      const error = yield* Effect.flip(sender.enqueueAll(Stream.make(item(-1), other)))
      assert.strictEqual(error._tag, "KeyConflict")
      assert.isUndefined(yield* sender.find("order -1"))
    }).pipe(inMemory),
  )

  it.effect("waits for its time, and for the end of the recipient's quiet hours", () =>
    Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      yield* TestClock.setTime(DateTime.makeUnsafe("2030-01-01T21:30:00Z").epochMilliseconds)
      const quietHours = { zone: "Europe/Berlin", from: "21:00", to: "08:00" }
      yield* sender.enqueue(message, { key: "now", quietHours })
      const notBefore = "2030-01-05T12:00:00Z"
      yield* sender.enqueue(message, { key: "later", quietHours, notBefore })
      const due = (name: string) =>
        Effect.map(sender.find(name), (send) => send && DateTime.formatIso(send.dueAt))
      assert.strictEqual(yield* due("now"), "2030-01-02T07:00:00.000Z")
      assert.strictEqual(yield* due("later"), "2030-01-05T12:00:00.000Z")
    }).pipe(inMemory),
  )
})

describe("cancel", () => {
  it.effect("prevents a send that was not attempted, and blanks its body", () =>
    Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      yield* sender.enqueue(message, { key })
      assert.strictEqual(yield* sender.cancel(key), "cancelled")
      assert.strictEqual(yield* sender.cancel(key), "cancelled")
      assert.isUndefined(yield* sender.cancel("another"))
      const row = yield* onlyRow
      assert.isNull(row["message_body"])
      assert.strictEqual((yield* sender.awaitFinal(key)).state, "cancelled")
    }).pipe(inMemory),
  )
})

describe("sendOnce", () => {
  it.effect("sends once, and says so when it is called again", () => {
    const client = makeClient()
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      const first = yield* sender.sendOnce(message, { key })
      assert.isFalse(first.isRepeated)
      assert.strictEqual(first.receipt?.status, 204)
      const again = yield* sender.sendOnce(message, { key })
      assert.deepStrictEqual(again, { state: "accepted", isRepeated: true, receipt: undefined })
      assert.lengthOf(client.inputs, 1)
      const other = { ...message, messageBody: {} }
      const error = yield* Effect.flip(sender.sendOnce(other, { key }))
      assert.strictEqual(error._tag, "KeyConflict")
    }).pipe(Effect.provide(client.layer), inMemory)
  })

  it.effect("sends again what was certainly not sent, and never what may have been", () => {
    const reasons = [
      new SentError.InvalidPhoneNumber(),
      new SentError.RateLimited({}),
      new SentError.ServerFailed({ status: 502 }),
    ]
    const client = makeClient(() => Effect.fail(failure(reasons.shift() ?? assert.fail())))
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      const tags = []
      for (let call = 0; call < 5; call++) {
        const error = yield* Effect.flip(sender.sendOnce(message, { key }))
        tags.push(error._tag === "SentError" ? error.reason._tag : error._tag)
      }
      assert.deepStrictEqual(tags, [
        "InvalidPhoneNumber",
        "RateLimited",
        "ServerFailed",
        "NotRepeated",
        "NotRepeated",
      ])
      assert.lengthOf(client.inputs, 3)
      const send = yield* sender.find(key)
      assert.strictEqual(send?.state, "unknown")
      assert.strictEqual(send?.reason, "ServerFailed")
      const unknown = yield* Stream.runCollect(sender.unknown)
      assert.deepStrictEqual(
        unknown.map((found) => found.key),
        [key],
      )
    }).pipe(Effect.provide(client.layer), inMemory)
  })

  it.effect(
    "does not repeat what another call is sending, and takes over what it only claimed",
    () => {
      const client = makeClient(() => Effect.never)
      return Effect.gen(function* () {
        const sender = yield* DurableSender.DurableSender
        const sql = yield* SqlClient.SqlClient
        const first = yield* Effect.forkChild(sender.sendOnce(message, { key }))
        yield* Effect.yieldNow.pipe(Effect.repeat({ until: () => client.inputs.length === 1 }))
        const error = yield* Effect.flip(sender.sendOnce(message, { key }))
        assert.deepStrictEqual(error, new DurableSender.NotRepeated({ state: "attempting" }))
        // Its process was killed, and the lease is over.
        yield* TestClock.adjust("3 minutes")
        const later = yield* Effect.flip(sender.sendOnce(message, { key }))
        assert.deepStrictEqual(later, new DurableSender.NotRepeated({ state: "unknown" }))
        first.interruptUnsafe()
        yield* sql`update effect_sent_queue set state = 'claimed'`
        const again = yield* Effect.forkChild(sender.sendOnce(message, { key }))
        yield* Effect.yieldNow.pipe(Effect.repeat({ until: () => client.inputs.length === 2 }))
        again.interruptUnsafe()
      }).pipe(Effect.provide(client.layer), inMemory)
    },
  )

  it.effect("is refused within a transaction", () => {
    const client = makeClient()
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      const sql = yield* SqlClient.SqlClient
      const error = yield* Effect.flip(sql.withTransaction(sender.sendOnce(message, { key })))
      assert.include(error.message, "must not run in a transaction")
      assert.lengthOf(client.inputs, 0)
    }).pipe(Effect.provide(client.layer), inMemory)
  })
})

describe("requeue", () => {
  it.effect(
    "sends anew what was refused, and what is unknown only if a duplicate is accepted",
    () => {
      const client = makeClient(() => Effect.fail(failure(new SentError.ConnectionLost({}))))
      return Effect.gen(function* () {
        const sender = yield* DurableSender.DurableSender
        yield* Effect.exit(sender.sendOnce(message, { key }))
        const error = yield* Effect.flip(sender.requeue(key))
        assert.strictEqual(error._tag, "NotRequeued")
        assert.include(error.message, "acceptDuplicate")
        yield* sender.requeue(key, { acceptDuplicate: true })
        assert.strictEqual((yield* sender.find(key))?.state, "pending")
        assert.include((yield* Effect.flip(sender.requeue(key))).message, "pending")
        assert.include((yield* Effect.flip(sender.requeue("none"))).message, "there is none")
      }).pipe(Effect.provide(client.layer), inMemory)
    },
  )

  it.effect("sends anew what has expired, until a later time", () =>
    Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      yield* sender.enqueue(message, { key, notAfter: 60_000 })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* sender.awaitFinal(key)).state, "expired")
      yield* sender.requeue(key, { notAfter: 120_000 })
      assert.strictEqual((yield* sender.find(key))?.state, "pending")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* sender.find(key))?.state, "expired")
    }).pipe(inMemory),
  )
})

describe("awaitFinal", () => {
  it.effect("fails after a time, with the state", () =>
    Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      assert.include((yield* Effect.flip(sender.awaitFinal(key))).message, "no send")
      yield* sender.enqueue(message, { key, notBefore: "2030-01-01T00:00:00Z" })
      const waiting = yield* Effect.forkChild(
        Effect.flip(sender.awaitFinal(key, { within: "1 minute" })),
      )
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(waiting)
      assert.strictEqual(error.message, "not settled within 1m: it is pending")
    }).pipe(inMemory),
  )
})

describe("the layer", () => {
  it.effect("says which option is wrong", () =>
    Effect.gen(function* () {
      const options = { secret: "short", keepBodies: -1, timeout: 0 }
      const error = yield* Effect.flip(Layer.build(senderIn(":memory:", options)))
      for (const name of ["secret", "keepBodies", "timeout"]) assert.include(error.message, name)
      const url = yield* Effect.flip(Layer.build(senderIn(":memory:", { publicUrl: "no URL" })))
      assert.include(url.message, "publicUrl")
      const callback = yield* Effect.flip(
        Layer.build(senderIn(":memory:", { callbackSecret: "short" })),
      )
      assert.include(callback.message, "callbackSecret must have at least 32 characters")
    }),
  )

  it.effect("refuses a database whose commits a power cut may lose", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const make = DurableSender.make({ secret: "x".repeat(32) })
      yield* sql`pragma synchronous = normal`
      const error = yield* Effect.flip(make)
      assert.include(error.message, "synchronous=FULL")
      yield* sql`pragma synchronous = full`
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(make)))
    }).pipe(inMemory),
  )

  it.effect("finds what another process has enqueued", () =>
    Effect.gen(function* () {
      const filename = yield* newFile
      const use = Effect.provide(senderIn(filename))
      yield* DurableSender.DurableSender.use((sender) => sender.enqueue(message, { key })).pipe(use)
      const send = yield* DurableSender.DurableSender.use((sender) => sender.find(key)).pipe(use)
      assert.strictEqual(send?.state, "pending")
    }),
  )
})
