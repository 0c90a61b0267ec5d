/** Sends over v3 that are followed: updates name the message, and may come before its id is known. */
import { DeliveryStore, DeliveryTracker, SentClient, SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, type Duration, Effect, Logger, Metric, Redacted, Schema, Stream } from "effect"
import { KeyValueStore } from "effect/persistence"
import { TestClock } from "effect/testing"
import {
  inRealTime,
  messageId,
  receiptOf,
  slowed,
  tell,
  trackerOf,
  until,
} from "./support/accountProbe.ts"
import { away, input, tell as tellUrl } from "./support/trackerProbe.ts"

const secret = "a secret of the tests, long enough to sign with"

const lost = Effect.fail(
  new SentError.SentError({
    reason: new SentError.ConnectionLost({}),
    attempts: 1,
    unknownAttempts: 1,
  }),
)

const steps = (send: DeliveryTracker.Tracked) =>
  Effect.map(send.state, (state) => state.steps.map(({ status }) => status))

const unclaimed = Effect.map(Metric.snapshot, (metrics) =>
  metrics.flatMap(({ id, state }) =>
    id === "sent.updates.unclaimed" && "count" in state ? [Number(state.count)] : [],
  ),
)

describe("a tracked send over v3", () => {
  it.effect("has no callback URL, and gets the updates that name its message", () =>
    Effect.gen(function* () {
      const inputs: Array<unknown> = []
      const tracker = yield* trackerOf({}, (request) => {
        inputs.push(request)
        return Effect.succeed(receiptOf())
      })
      const send = yield* tracker.sendToPhone(input, { reference: "order 1" })
      assert.deepStrictEqual(inputs, [input])
      assert.strictEqual((yield* send.receipt).messageId, messageId)
      assert.strictEqual(yield* tell(tracker, "SENT"), 204)
      // However the id is written.
      const message_id = messageId.toUpperCase().replaceAll("-", "")
      assert.strictEqual(yield* tell(tracker, "DELIVERED", { message_id }), 204)
      const { isFinal, messages, status } = yield* send.state
      assert.deepStrictEqual([status, isFinal, messages.length], ["DELIVERED", true, 1])
      const [found] = yield* tracker.findByReference("order 1")
      assert.deepStrictEqual(found && (yield* steps(found)), ["SENT", "DELIVERED"])
    }),
  )

  it.effect("gets the updates that came before its answer, and each is handled once", () =>
    Effect.gen(function* () {
      const handled: Array<unknown> = []
      const options = {
        onUpdate: ({ event, send }: DeliveryTracker.TrackedUpdate) =>
          Effect.gen(function* () {
            handled.push([
              (yield* send)?.reference,
              event.status,
              event.channel,
              Redacted.value(event.body),
            ])
          }),
      }
      const tracker: DeliveryTracker.DeliveryTracker["Service"] = yield* trackerOf(options, () =>
        Effect.gen(function* () {
          for (const status of ["QUEUED", "SENT", "QUEUED"]) {
            assert.strictEqual(yield* tell(tracker, status, { channel: "sms" }), 204)
          }
          assert.deepStrictEqual(handled, [])
          return receiptOf()
        }),
      )
      const send = yield* tracker.sendToPhone(input, { reference: "order 1" })
      // Before its handler has been called.
      assert.sameMembers(yield* steps(send), ["QUEUED", "SENT"])
      yield* until(Effect.sync(() => handled.length >= 2))
      assert.strictEqual(yield* tell(tracker, "SENT", { channel: "sms" }), 204)
      assert.sameDeepMembers(handled, [
        ["order 1", "QUEUED", "sms", undefined],
        ["order 1", "SENT", "sms", undefined],
      ])
    }),
  )

  it.effect("is told to those who wait for it, also of what came before", () =>
    Effect.gen(function* () {
      const tracker = yield* trackerOf()
      yield* tell(tracker, "DELIVERED")
      const send = yield* tracker.sendToPhone(input)
      assert.strictEqual((yield* send.awaitFinal({ within: "1 millis" })).status, "DELIVERED")
      const first = yield* send.statuses.pipe(Stream.take(1), Stream.runCollect)
      assert.deepStrictEqual(
        first.map(({ status }) => status),
        ["DELIVERED"],
      )
    }),
  )

  it.effect("gets its updates if the store was away when the answer came", () =>
    Effect.gen(function* () {
      const memory = yield* DeliveryStore.makeMemory()
      const handled: Array<string> = []
      let isAway = false
      const store = {
        ...memory,
        append: (send: DeliveryStore.SendRecord) => (isAway ? away : memory.append(send)),
      }
      const tracker = yield* trackerOf(
        { store, onUpdate: ({ event }) => Effect.sync(() => void handled.push(event.status)) },
        () => Effect.sync(() => ((isAway = true), receiptOf())),
      )
      const send = yield* tracker.sendToPhone(input)
      // Another process with the store, which does not know of the answer.
      const other = yield* trackerOf({ store: memory })
      assert.strictEqual(yield* tell(other, "DELIVERED"), 204)
      isAway = false
      yield* until(Effect.map(TestClock.adjust("1 second"), () => handled.length > 0))
      assert.deepStrictEqual(handled, ["DELIVERED"])
      assert.deepStrictEqual(yield* steps(send), ["DELIVERED"])
    }),
  )

  it.effect("is handled again if its handler failed, although the provider was answered", () =>
    Effect.gen(function* () {
      let calls = 0
      const tracker = yield* trackerOf({
        onUpdate: () => (++calls < 3 ? Effect.fail("away") : Effect.void),
      })
      assert.strictEqual(yield* tell(tracker, "DELIVERED"), 204)
      yield* tracker.sendToPhone(input)
      yield* until(Effect.map(TestClock.adjust("1 second"), () => calls === 3))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(calls, 3)
    }),
  )

  it.effect("is handled with its next update if its process was killed", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory()
      const killed = yield* trackerOf({ store, onUpdate: () => Effect.never })
      yield* tell(killed, "QUEUED")
      yield* Effect.asVoid(killed.sendToPhone(input))
      // Its claim is never given back.
      yield* TestClock.adjust("2 minutes")
      const handled: Array<string> = []
      const next = yield* trackerOf({
        store: { ...store, release: () => Effect.void },
        onUpdate: ({ event }) => Effect.sync(() => void handled.push(event.status)),
      })
      assert.strictEqual(yield* tell(next, "SENT"), 204)
      assert.deepStrictEqual(handled, ["QUEUED", "SENT"])
    }),
  )
})

const after = (times: number) => Effect.repeat(Effect.yieldNow, { times })

describe("in any order of updates and answer, with two processes and one store", () => {
  const Turns = Schema.Array(Schema.Literals([0, 1, 2, 5])).check(
    Schema.isMinLength(8),
    Schema.isMaxLength(8),
  )
  const Told = Schema.Array(
    Schema.Struct({
      status: Schema.Literals(["QUEUED", "SENT", "DELIVERED"]),
      turn: Schema.Literals([0, 3, 6, 9, 12, 20]),
      isOther: Schema.Boolean,
    }),
  ).check(Schema.isMinLength(1), Schema.isMaxLength(6))

  it.effect.prop(
    "every update reaches the send, and is handled once",
    { told: Told, turns: Turns, answer: Schema.Literals([0, 5, 10, 15]) },
    ({ answer, told, turns }) =>
      Effect.gen(function* () {
        const handled: Array<string> = []
        const onUpdate = ({ event }: DeliveryTracker.TrackedUpdate) =>
          Effect.andThen(
            Effect.yieldNow,
            Effect.sync(() => void handled.push(event.status)),
          )
        const store = slowed(yield* DeliveryStore.makeMemory(), turns)
        const one = yield* trackerOf({ store, onUpdate }, () =>
          Effect.as(after(answer), receiptOf()),
        )
        const other = yield* trackerOf({ store, onUpdate })
        const telling = told.map(({ isOther, status, turn }) =>
          after(turn).pipe(
            Effect.andThen(tell(isOther ? other : one, status)),
            // As the provider does after any other response.
            Effect.repeat({ until: (response) => response === 204 }),
          ),
        )
        const [send] = yield* Effect.all([one.sendToPhone(input), ...telling] as const, {
          concurrency: "unbounded",
        })
        const expected = [...new Set(told.map(({ status }) => status))].toSorted()
        assert.deepStrictEqual((yield* steps(send)).toSorted(), expected)
        yield* until(
          Effect.map(TestClock.adjust("1 second"), () => handled.length >= expected.length),
        )
        assert.deepStrictEqual(handled.toSorted(), expected)
        const [found] = yield* store.find({ id: send.id })
        assert.strictEqual(found?.outcome?.messageId, messageId)
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 60 } },
  )
})

describe("a send over v3 that is unknown", () => {
  it.effect("gets its updates when a later send with its key is accepted", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory()
      const keys: Array<SentClient.SendOptions["idempotencyKey"]> = []
      const answers = [lost, Effect.succeed(receiptOf({ isReplayed: true }))]
      const tracker = yield* trackerOf({ store }, (_, options) =>
        Effect.suspend(() => {
          keys.push(options?.idempotencyKey)
          const key = options?.idempotencyKey
          const idempotencyKey = typeof key === "object" ? key.key : (key ?? "")
          return Effect.map(answers.shift() ?? lost, (receipt) => ({ ...receipt, idempotencyKey }))
        }),
      )
      const first = yield* tracker.sendToPhone(input, { reference: "order 1" })
      assert.strictEqual(first.delivery, "unknown")
      assert.strictEqual(yield* tell(tracker, "SENT"), 204)
      yield* TestClock.adjust("1 hour")

      // In another process, which finds it by its reference.
      const next = yield* trackerOf({ store }, (_, options) => {
        keys.push(options?.idempotencyKey)
        return Effect.succeed(receiptOf({ idempotencyKey: first.idempotencyKey, isReplayed: true }))
      })
      const [found] = yield* next.findByReference("order 1")
      assert.strictEqual(found?.idempotencyKey, first.idempotencyKey)
      const { idempotencyKey: key = "", openedAt: firstUsedAt = yield* DateTime.now } = first
      const again = yield* next.sendToPhone(input, { idempotencyKey: { key, firstUsedAt } })
      assert.deepStrictEqual(keys, [key, { key, firstUsedAt }])
      yield* tell(next, "DELIVERED")
      for (const send of [first, again, found]) {
        assert.deepStrictEqual(send && (yield* steps(send)), ["SENT", "DELIVERED"])
      }
      const left = yield* next.unknown({ olderThan: "1 millis" }).pipe(Stream.runCollect)
      assert.lengthOf(left, 0)
    }),
  )

  it.effect.each<readonly [what: string, later: Duration.Input, key: string]>([
    ["a sandbox message has its key", "1 hour", "sandbox_order-1"],
    ["the key is so old that it may be of another message", "25 hours", "order-1"],
  ])("stays unknown if %s", ([, later, idempotencyKey]) =>
    Effect.gen(function* () {
      const accepted = Effect.map(DateTime.now, (acceptedAt) =>
        receiptOf({ acceptedAt, idempotencyKey }),
      )
      const answers = [lost, accepted]
      const tracker = yield* trackerOf({}, () => answers.shift() ?? lost)
      const first = yield* tracker.sendToPhone(input, { idempotencyKey: "order-1" })
      yield* TestClock.adjust(later)
      yield* tracker.sendToPhone(input, { idempotencyKey: "order-1" })
      yield* tell(tracker, "DELIVERED")
      assert.deepStrictEqual(yield* steps(first), [])
      assert.strictEqual((yield* tracker.find(first.id))?.delivery, "unknown")
    }),
  )

  it.effect("of which nothing is known is neither accepted nor refused by another's update", () =>
    Effect.gen(function* () {
      const tracker = yield* trackerOf({}, () => lost)
      const send = yield* tracker.sendToPhone(input)
      assert.strictEqual(yield* tell(tracker, "DELIVERED"), 204)
      assert.deepStrictEqual(yield* steps(send), [])
      const error = yield* Effect.flip(send.receipt)
      assert.strictEqual(error.delivery, "unknown")
    }),
  )
})

describe("an update over v3 that nobody claims", () => {
  it.effect("is forgotten after its time, counted, and logged without what is private", () =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const store = yield* DeliveryStore.makeMemory()
      yield* Effect.gen(function* () {
        const tracker = yield* trackerOf({ store })
        for (const status of ["SENT", "DELIVERED"]) {
          yield* tell(tracker, status, { inbound_number: "+1234567890" })
        }
        const [waiting] = yield* store.find({ messageId })
        // It is not a send.
        assert.isUndefined(yield* tracker.find(waiting?.id ?? ""))
        assert.lengthOf(waiting?.steps ?? [], 2)
        yield* TestClock.adjust("25 hours")
        yield* tell(tracker, "SENT", { message_id: "another" })
        yield* until(Effect.sync(() => logged.some((line) => line.includes("dropped"))))
      }).pipe(
        Effect.provide(
          Logger.layer([Logger.make(({ message }) => void logged.push(String(message)))]),
        ),
      )
      assert.deepStrictEqual(logged, [
        "2 delivery updates were dropped: no send that is tracked has their messages",
      ])
      assert.deepStrictEqual(yield* unclaimed, [2])
      yield* store.forget({ before: yield* DateTime.now })
      assert.lengthOf(yield* store.find({ messageId }), 0)
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())),
  )

  it.effect("is not counted if a send claimed it, in this process or another one", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory()
      const receiver = yield* trackerOf({ store })
      const sender = yield* trackerOf({ store })
      yield* tell(receiver, "SENT")
      yield* sender.sendToPhone(input)
      yield* TestClock.adjust("25 hours")
      yield* tell(receiver, "SENT", { message_id: "another" })
      yield* Effect.sleep("5 millis").pipe(inRealTime)
      assert.deepStrictEqual(yield* unclaimed, [])
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())),
  )

  it.effect(
    "does not wait beside more messages than the capacity, and is answered all the same",
    () =>
      Effect.gen(function* () {
        const store = yield* DeliveryStore.makeMemory()
        const tracker = yield* trackerOf({ store, capacity: 2 })
        for (const message_id of ["one", "two", "three", "two"]) {
          assert.strictEqual(yield* tell(tracker, "SENT", { message_id }), 204)
        }
        assert.lengthOf(yield* store.find({ messageId: "two" }), 1)
        assert.lengthOf(yield* store.find({ messageId: "three" }), 0)
        assert.deepStrictEqual(yield* unclaimed, [1])
      }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())),
  )

  it.effect("is refused with 500 if the store cannot keep it, and taken when it comes again", () =>
    Effect.gen(function* () {
      const memory = yield* DeliveryStore.makeMemory()
      let isAway = true
      const store = {
        ...memory,
        append: (send: DeliveryStore.SendRecord) => (isAway ? away : memory.append(send)),
      }
      const tracker = yield* trackerOf({ store })
      assert.strictEqual(yield* tell(tracker, "SENT"), 500)
      isAway = false
      assert.strictEqual(yield* tell(tracker, "SENT"), 204)
      const send = yield* tracker.sendToPhone(input)
      assert.deepStrictEqual(yield* steps(send), ["SENT"])
    }),
  )

  it.effect("survives a restart in the store", () =>
    Effect.gen(function* () {
      const files = yield* KeyValueStore.KeyValueStore
      const open = Effect.scoped(
        Effect.provide(
          Effect.service(DeliveryStore.DeliveryStore),
          DeliveryStore.layerKeyValueStore,
        ),
      ).pipe(Effect.provideService(KeyValueStore.KeyValueStore, files))
      const killed = yield* trackerOf({ store: yield* open })
      const message_id = "msg:1.2"
      assert.strictEqual(yield* tell(killed, "DELIVERED", { message_id }), 204)
      const next = yield* trackerOf({ store: yield* open }, () =>
        Effect.succeed(receiptOf({ messageId: message_id })),
      )
      assert.deepStrictEqual(yield* steps(yield* next.sendToPhone(input)), ["DELIVERED"])
    }).pipe(Effect.provide(KeyValueStore.layerMemory)),
  )
})

describe("a tracker over v3", () => {
  it.effect.each<
    readonly [
      what: string,
      options: DeliveryTracker.Options,
      updatesTo: "account" | "message",
      wrong: Array<string | undefined>,
    ]
  >([
    ["the secret of the account's webhooks", {}, "account", ["webhookSecret"]],
    ["a URL and a secret over v1", {}, "message", ["publicUrl", "secret"]],
    [
      "a time of waiting above zero",
      { webhookSecret: "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=", keepUnclaimed: 0 },
      "account",
      ["keepUnclaimed"],
    ],
  ])("needs %s", ([, options, updatesTo, wrong]) =>
    Effect.gen(function* () {
      const { reason } = yield* DeliveryTracker.make(options).pipe(
        Effect.provideService(SentClient.SentClient, { updatesTo, sendToPhone: () => lost }),
        Effect.flip,
      )
      assert.deepStrictEqual(
        reason._tag === "InvalidOptions" ? reason.issues.map(({ path }) => path[0]) : [],
        wrong,
      )
    }),
  )

  it.effect("takes no update without the account's signature", () =>
    Effect.gen(function* () {
      const tracker = yield* trackerOf({ publicUrl: "https://app.example.com/hooks/sent", secret })
      const send = yield* tracker.sendToPhone(input)
      const other = "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4="
      assert.strictEqual(yield* tell(tracker, "SENT", {}, { secret: other }), 401)
      assert.strictEqual(
        yield* tell(tracker, "SENT", {}, { secret: other, url: "/?sig=AAAA" }),
        401,
      )
      assert.strictEqual(yield* tellUrl(tracker, "/hooks/sent", "SENT"), 401)
      assert.deepStrictEqual(yield* steps(send), [])
    }),
  )

  it.effect("still takes the updates of messages that were sent over v1", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory()
      const options = { publicUrl: "https://app.example.com/hooks/sent", secret, store }
      let url: string | undefined
      const before = yield* DeliveryTracker.make(options).pipe(
        Effect.provideService(SentClient.SentClient, {
          sendToPhone: ({ webhookUrl }) =>
            Effect.sync(() => ((url = webhookUrl), receiptOf({ messageId: undefined }))),
        }),
      )
      const send = yield* before.sendToPhone(input)
      assert.isUndefined(send.idempotencyKey)
      const tracker = yield* trackerOf(options)
      assert.strictEqual(yield* tellUrl(tracker, url, "DELIVERED"), 204)
      assert.deepStrictEqual(yield* steps(send), ["DELIVERED"])
    }),
  )

  it.effect(
    "hands over what is not about a message's status, and warns only of what it cannot read",
    () =>
      Effect.gen(function* () {
        const handed: Array<unknown> = []
        const logged: Array<string> = []
        yield* Effect.gen(function* () {
          const tracker = yield* trackerOf({
            onUnreadable: ({ event, id }) => Effect.sync(() => void handed.push([event._tag, id])),
          })
          const message_status = "RECEIVED"
          assert.strictEqual(yield* tell(tracker, message_status, { message_id: "a b" }), 204)
          assert.strictEqual(yield* tell(tracker, message_status, { message_id: "a b" }), 204)
        }).pipe(
          Effect.provide(
            Logger.layer([Logger.make(({ message }) => void logged.push(String(message)))]),
          ),
        )
        assert.deepStrictEqual(handed, [["Unknown", undefined]])
        assert.deepStrictEqual(logged, ["a delivery update could not be read: message RECEIVED"])
      }),
  )
})
