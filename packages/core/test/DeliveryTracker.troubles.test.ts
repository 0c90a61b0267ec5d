/** What the tracker promises when something goes wrong: with its store, with another process, with the client or an update. */
import { DeliveryStore, type DeliveryTracker, SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Logger, Metric, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import {
  away,
  input,
  messageId,
  receipt,
  setUp,
  tell,
  type Tracker,
} from "./support/trackerProbe.ts"

const timedOut = { stage: "in-flight", after: Duration.seconds(1) } as const

/** A gateway that refuses in the service's place, after so many requests. */
const refused = (attempts: number) =>
  new SentError.SentError({
    reason: new SentError.ServiceOverloaded({ retryAfter: Duration.seconds(1) }),
    attempts,
  })

const waiting = (sent: DeliveryTracker.Tracked, within: Duration.Input = "5 minutes") =>
  Effect.forkChild(Effect.result(sent.awaitFinal({ within })), { startImmediately: true })

describe("a fiber that waits for an outcome", () => {
  it.effect("sees one that was told to another process, while waiting", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory()
      const one = yield* setUp({ store })
      const other = yield* setUp({ store })
      const sent = yield* one.tracker.sendToPhone(input)
      const fiber = yield* waiting(sent)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* tell(other.tracker, one.urls[0], "DELIVERED"), 204)
      yield* TestClock.adjust("15 seconds")
      const result = yield* Fiber.join(fiber)
      assert.strictEqual(result._tag === "Success" ? result.success.status : "", "DELIVERED")
    }),
  )

  it.effect("sees one that was told to another process, at the end", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory()
      const one = yield* setUp({ store })
      const other = yield* setUp({ store })
      const sent = yield* one.tracker.sendToPhone(input)
      const fiber = yield* waiting(sent, "999 millis")
      yield* TestClock.adjust(998)
      assert.strictEqual(yield* tell(other.tracker, one.urls[0], "DELIVERED"), 204)
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Success")
    }),
  )

  it.effect("sees one that came after the send had left memory", () =>
    Effect.gen(function* () {
      const { tracker, urls } = yield* setUp({ capacity: 1 })
      const sent = yield* tracker.sendToPhone(input)
      const fiber = yield* waiting(sent)
      yield* tracker.sendToPhone(input)
      assert.isUndefined(yield* tracker.find(sent.id))
      assert.strictEqual(yield* tell(tracker, urls[0], "DELIVERED"), 204)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Success")
    }),
  )

  it.effect("sees one that a new routing takes back in the same moment", () =>
    Effect.gen(function* () {
      const { tracker, urls } = yield* setUp()
      const sent = yield* tracker.sendToPhone(input)
      yield* tell(tracker, urls[0], "QUEUED")
      const fiber = yield* waiting(sent)
      const updates = [
        tell(tracker, urls[0], "FAILED", {}, 1),
        tell(tracker, urls[0], "QUEUED", {}, 2),
      ]
      assert.deepStrictEqual(yield* Effect.all(updates, { concurrency: 2 }), [204, 204])
      assert.strictEqual((yield* sent.state).status, "QUEUED")
      const result = yield* Fiber.join(fiber)
      assert.strictEqual(result._tag === "Success" ? result.success.status : "", "FAILED")
    }),
  )

  it.effect("is told although the store is down, and the store is told when it is back", () =>
    Effect.gen(function* () {
      const memory = yield* DeliveryStore.makeMemory()
      let isAway = false
      const store: DeliveryStore.DeliveryStore["Service"] = {
        ...memory,
        append: (send) => (isAway ? away : memory.append(send)),
        find: (by) => (isAway ? away : memory.find(by)),
      }
      const { tracker, urls } = yield* setUp({ store })
      const sent = yield* tracker.sendToPhone(input)
      const fiber = yield* waiting(sent)
      isAway = true
      // So that it comes again, perhaps to a process whose store is not down.
      assert.strictEqual(yield* tell(tracker, urls[0], "DELIVERED"), 500)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Success")
      assert.strictEqual((yield* sent.state).status, "DELIVERED")
      isAway = false
      yield* TestClock.adjust("1 minute")
      const [stored] = yield* memory.find({ id: sent.id })
      assert.lengthOf(stored?.steps ?? [], 1)
    }),
  )
})

describe("a send", () => {
  it.effect("goes out although the store hangs, and keeps its deadline", () =>
    Effect.gen(function* () {
      const deadlines: Array<Duration.Duration> = []
      const store = { ...(yield* DeliveryStore.makeMemory()), append: () => Effect.never }
      const { tracker, urls } = yield* setUp({ store }, (_request, options) => {
        deadlines.push(Duration.fromInputUnsafe(options?.deadline ?? 0))
        return Effect.succeed(receipt)
      })
      const fiber = yield* Effect.forkChild(tracker.sendToPhone(input, { deadline: "1 second" }), {
        startImmediately: true,
      })
      yield* TestClock.adjust(500)
      assert.lengthOf(urls, 1)
      assert.deepStrictEqual(deadlines.map(Duration.toMillis), [500])
      // It waits for the store once more, to say how the send ended.
      yield* TestClock.adjust("2 seconds")
      const sent = yield* Fiber.join(fiber)
      assert.strictEqual(sent.delivery, "accepted")
      // The store has taken nothing, and yet an update is not lost to this process.
      const told = yield* Effect.forkChild(tell(tracker, urls[0], "DELIVERED"), {
        startImmediately: true,
      })
      assert.strictEqual((yield* sent.state).status, "DELIVERED")
      yield* Fiber.interrupt(told)
    }),
  )

  it.effect("is found by its reference, which is stored before anything goes out", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory()
      const sending = yield* Deferred.make<void>()
      const { tracker } = yield* setUp({ store }, () =>
        Effect.andThen(Deferred.succeed(sending, undefined), Effect.never),
      )
      const fiber = yield* Effect.forkChild(
        tracker.sendToPhone(input, { reference: "order 12345" }),
        { startImmediately: true },
      )
      yield* Deferred.await(sending)
      yield* Fiber.interrupt(fiber)

      const after = yield* setUp({ store })
      const [found, ...others] = yield* after.tracker.findByReference("order 12345")
      assert.lengthOf(others, 0)
      assert.strictEqual(found?.reference, "order 12345")
      assert.strictEqual(found?.delivery, "unknown")
      assert.deepStrictEqual(yield* after.tracker.findByReference("order 1"), [])
      const { sends } = yield* store.unknown()
      assert.lengthOf(sends, 1)
    }),
  )

  it.effect("has its outcome in the store: accepted, unknown or not sent", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory()
      const results = [
        Effect.succeed(receipt),
        Effect.fail(
          new SentError.SentError({ reason: new SentError.TimedOut(timedOut), attempts: 1 }),
        ),
        Effect.fail(refused(0)),
      ]
      const { tracker } = yield* setUp({ store }, () => results.shift() ?? Effect.never)
      for (const reference of ["a", "b", "c"]) {
        yield* Effect.ignore(tracker.sendToPhone(input, { reference }))
      }
      const deliveries = yield* Effect.forEach(["a", "b", "c"], (reference) =>
        Effect.map(tracker.findByReference(reference), ([found]) => found?.delivery),
      )
      assert.deepStrictEqual(deliveries, ["accepted", "unknown", "not-sent"])
    }),
  )

  it.effect("is never not-sent after an update, whatever the response says", () =>
    Effect.gen(function* () {
      const later = yield* Deferred.make<Tracker>()
      const { tracker } = yield* setUp({}, (request) =>
        Effect.gen(function* () {
          yield* tell(yield* Deferred.await(later), request.webhookUrl, "QUEUED")
          return yield* refused(1)
        }),
      )
      yield* Deferred.succeed(later, tracker)
      const sent = yield* tracker.sendToPhone(input)
      assert.strictEqual(sent.delivery, "unknown")
      const error = yield* Effect.flip(sent.receipt)
      assert.strictEqual(error.delivery, "unknown")
      assert.isFalse(error.isRetryable)
      assert.strictEqual((yield* sent.state).status, "QUEUED")
    }),
  )

  it.effect.each(["", "x".repeat(256)])("rejects the reference %j", (reference) =>
    Effect.gen(function* () {
      const { tracker, urls } = yield* setUp()
      const error = yield* Effect.flip(tracker.sendToPhone(input, { reference }))
      assert.include(error.message, "reference")
      assert.lengthOf(urls, 0)
    }),
  )
})

const counter = (name: string) =>
  Effect.map(Metric.snapshot, (metrics) =>
    metrics
      .filter(({ id }) => id === name)
      .map(({ state }) => ("count" in state ? Number(state.count) : 0))
      .reduce((sum, count) => sum + count, 0),
  )

describe("an update", () => {
  it.effect("of a second message is in the state beside the first", () =>
    Effect.gen(function* () {
      const { tracker, urls } = yield* setUp()
      const sent = yield* tracker.sendToPhone(input)
      const before = yield* counter("sent.sends.duplicated")
      yield* tell(tracker, urls[0], "QUEUED")
      yield* tell(tracker, urls[0], "FAILED")
      assert.strictEqual(yield* counter("sent.sends.duplicated"), before)
      yield* tell(tracker, urls[0], "SENT", { message_id: "msg_2" }, 1)
      yield* tell(tracker, urls[0], "DELIVERED", { message_id: "msg_2" }, 1)
      assert.strictEqual(yield* counter("sent.sends.duplicated"), before + 1)
      const { messages, status } = yield* sent.state
      assert.strictEqual(status, "DELIVERED")
      assert.deepStrictEqual(
        messages.map((message) => [message.messageId, message.status]),
        [
          [messageId, "FAILED"],
          ["msg_2", "DELIVERED"],
        ],
      )
    }),
  )

  it.effect(
    "that cannot be read is logged, counted and handed over, and says nothing private",
    () =>
      Effect.gen(function* () {
        const lines: Array<string> = []
        const logger = Logger.make(({ message }) => void lines.push(JSON.stringify(message)))
        const unread: Array<DeliveryTracker.UnreadableUpdate> = []
        let isAway = false
        const { tracker, urls } = yield* setUp({
          onUnreadable: (update) =>
            Effect.suspend(() => {
              unread.push(update)
              return isAway ? Effect.fail("away") : Effect.void
            }),
        })
        const sent = yield* tracker.sendToPhone(input)
        const body = JSON.stringify({ hello: "+1 234 567 890", payload: { message_id: null } })
        const call = { url: urls[0] ?? "", headers: {}, body }
        const before = yield* counter("sent.updates.unreadable")
        const response = yield* Effect.provide(tracker.receive(call), Logger.layer([logger]))
        assert.strictEqual(response.status, 204)
        assert.strictEqual((yield* counter("sent.updates.unreadable")) - before, 1)
        assert.deepStrictEqual(lines, ['["a delivery update could not be read: unnamed"]'])
        assert.deepStrictEqual(
          unread.map(({ event, id }) => [id, JSON.stringify(Redacted.value(event.body))]),
          [[sent.id, body]],
        )
        // Told again, it was handed over already; another one is not, until the hook has taken it.
        assert.strictEqual((yield* tracker.receive(call)).status, 204)
        assert.lengthOf(unread, 1)
        isAway = true
        assert.strictEqual((yield* tracker.receive({ ...call, body: "7" })).status, 500)
        isAway = false
        assert.strictEqual((yield* tracker.receive({ ...call, body: "7" })).status, 204)
        assert.lengthOf(unread, 3)
        assert.isUndefined((yield* sent.state).status)
      }),
  )

  it.effect("without a time that can be read is taken at its receipt", () =>
    Effect.gen(function* () {
      const { tracker, urls } = yield* setUp()
      const sent = yield* tracker.sendToPhone(input)
      yield* TestClock.adjust(1_000)
      const payload = { message_id: messageId, message_status: "delivered" }
      const call = { url: urls[0] ?? "", headers: {}, body: JSON.stringify({ payload }) }
      assert.strictEqual((yield* tracker.receive(call)).status, 204)
      const [step] = (yield* sent.state).steps
      assert.strictEqual(step?.status, "DELIVERED")
      assert.strictEqual(step?.at.epochMilliseconds, 1_000)
    }),
  )

  it.effect("reaches a stream in another process", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory()
      const one = yield* setUp({ store })
      const other = yield* setUp({ store })
      const sent = yield* one.tracker.sendToPhone(input)
      const head = yield* Effect.forkChild(Stream.runHead(sent.statuses), {
        startImmediately: true,
      })
      yield* tell(other.tracker, one.urls[0], "SENT")
      yield* TestClock.adjust("15 seconds")
      const first = yield* Fiber.join(head)
      assert.strictEqual(first._tag === "Some" ? first.value.status : "", "SENT")
    }),
  )
})
