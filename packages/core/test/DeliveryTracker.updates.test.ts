/** What an application does with updates and unknown sends: the hook, the list, options from the configuration, forever. */
import { DeliveryStore, DeliveryTracker, SentClient, SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import {
  Config,
  ConfigProvider,
  Context,
  Deferred,
  Duration,
  Effect,
  type Exit,
  Fiber,
  Layer,
  Stream,
} from "effect"
import { TestClock } from "effect/testing"
import { away, input, receipt, setUp, tell } from "./support/trackerProbe.ts"

/** A store, and the operations that were asked of it. */
const counted = Effect.map(DeliveryStore.makeMemory(), (memory) => {
  const operations: Array<string> = []
  const store = new Proxy(memory, {
    get: (target, name) => {
      const operation: unknown = Reflect.get(target, name)
      if (typeof operation !== "function") return operation
      return (...args: ReadonlyArray<unknown>): unknown => {
        operations.push(String(name))
        return Reflect.apply(operation, target, args)
      }
    },
  })
  return { operations, store }
})

describe("onUpdate", () => {
  it.effect(
    "is called once for each update, with the send, and answers 2xx only after it succeeded",
    () =>
      Effect.gen(function* () {
        const outcomes = [Effect.fail("no"), Effect.die("no"), Effect.void, Effect.void]
        const calls: Array<string> = []
        const { tracker, urls } = yield* setUp({
          onUpdate: ({ event, id, send }) =>
            Effect.gen(function* () {
              const found = yield* send
              const { status } = yield* found?.state ?? Effect.die("not found")
              calls.push(`${found?.reference} ${id === found?.id} ${event.status} ${status}`)
              yield* outcomes.shift() ?? Effect.die("called too often")
            }),
        })
        yield* tracker.sendToPhone(input, { reference: "order 1" })
        const statuses = []
        for (let count = 0; count < 5; count++) statuses.push(yield* tell(tracker, urls[0], "SENT"))
        statuses.push(yield* tell(tracker, urls[0], "DELIVERED"))
        assert.deepStrictEqual(statuses, [500, 500, 204, 204, 204, 204])
        const sent = "order 1 true SENT SENT"
        assert.deepStrictEqual(calls, [sent, sent, sent, "order 1 true DELIVERED DELIVERED"])
      }),
  )

  it.effect(
    "is called once by two processes with one store, that are told at the same moment",
    () =>
      Effect.gen(function* () {
        const store = yield* DeliveryStore.makeMemory()
        const done = yield* Deferred.make<void>()
        let calls = 0
        const options = {
          store,
          onUpdate: () =>
            Effect.andThen(
              Effect.sync(() => void calls++),
              Deferred.await(done),
            ),
        }
        const one = yield* setUp(options)
        const other = yield* setUp(options)
        yield* one.tracker.sendToPhone(input)
        const first = yield* Effect.forkChild(tell(one.tracker, one.urls[0], "SENT"), {
          startImmediately: true,
        })
        // The other one cannot know yet whether it will succeed.
        assert.strictEqual(yield* tell(other.tracker, one.urls[0], "SENT"), 500)
        yield* Deferred.succeed(done, undefined)
        assert.strictEqual(yield* Fiber.join(first), 204)
        assert.strictEqual(yield* tell(other.tracker, one.urls[0], "SENT"), 204)
        assert.strictEqual(calls, 1)
      }),
  )

  it.effect("is called again by another process if one was killed in the middle", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory()
      // Of a process that is killed, nothing runs on: its claim is never given back.
      const killed = yield* setUp({
        store: { ...store, release: () => Effect.void },
        onUpdate: () => Effect.die("killed"),
      })
      let calls = 0
      const next = yield* setUp({ store, onUpdate: () => Effect.sync(() => void calls++) })
      yield* killed.tracker.sendToPhone(input)
      const url = killed.urls[0]
      const at = { timestamp: "1970-01-01T00:00:00Z" }
      yield* tell(killed.tracker, url, "SENT")
      assert.strictEqual(yield* tell(next.tracker, url, "SENT", at), 500)
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* tell(next.tracker, url, "SENT", at, -120_000), 204)
      assert.strictEqual(calls, 1)
    }),
  )

  it.effect("has the services of the layer, a scope, and an end", () => {
    class Audit extends Context.Service<
      Audit,
      { readonly closed: Array<Exit.Exit<unknown, unknown>> }
    >()("Audit") {}
    return Effect.gen(function* () {
      const { closed } = yield* Audit
      const { tracker, urls } = yield* setUp({
        onUpdate: () =>
          Effect.gen(function* () {
            const audit = yield* Audit
            yield* Effect.addFinalizer((exit) => Effect.sync(() => void audit.closed.push(exit)))
            yield* Effect.sleep("1 minute")
          }),
      })
      yield* tracker.sendToPhone(input)
      const telling = yield* Effect.forkChild(tell(tracker, urls[0], "SENT"), {
        startImmediately: true,
      })
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(yield* Fiber.join(telling), 500)
      assert.lengthOf(closed, 1)
    }).pipe(Effect.provideService(Audit, { closed: [] }))
  })

  it.effect(
    "is not called before the store has the update, and those who wait are told before",
    () =>
      Effect.gen(function* () {
        const memory = yield* DeliveryStore.makeMemory()
        let isAway = true
        let calls = 0
        const { tracker, urls } = yield* setUp({
          store: { ...memory, claim: (...args) => (isAway ? away : memory.claim(...args)) },
          onUpdate: () => Effect.sync(() => void calls++),
        })
        const sent = yield* tracker.sendToPhone(input)
        const final = yield* Effect.forkChild(sent.awaitFinal(), { startImmediately: true })
        assert.strictEqual(yield* tell(tracker, urls[0], "DELIVERED"), 500)
        assert.strictEqual((yield* Fiber.join(final)).status, "DELIVERED")
        assert.strictEqual(calls, 0)
        isAway = false
        assert.strictEqual(yield* tell(tracker, urls[0], "DELIVERED"), 204)
        assert.strictEqual(calls, 1)
      }),
  )
})

describe("the store", () => {
  it.effect("is asked once for each update, and twice if there is a hook", () =>
    Effect.gen(function* () {
      for (const [onUpdate, expected] of [
        [undefined, ["append"]],
        [() => Effect.void, ["claim", "complete"]],
      ] as const) {
        const { operations, store } = yield* counted
        const { tracker, urls } = yield* setUp({ store, onUpdate })
        yield* tracker.sendToPhone(input)
        for (const status of ["QUEUED", "SENT", "DELIVERED"]) {
          assert.strictEqual(yield* tell(tracker, urls[0], status), 204)
        }
        // It keeps a send before and after it goes out. It forgets what has expired once a minute, not for each update.
        assert.deepStrictEqual(
          operations.filter((name) => name !== "forget"),
          ["append", "append", ...expected, ...expected, ...expected],
        )
        assert.isAtMost(operations.filter((name) => name === "forget").length, 2)
      }
    }),
  )
})

describe("unknown", () => {
  const timedOut = new SentError.SentError({
    reason: new SentError.TimedOut({ stage: "in-flight", after: Duration.seconds(1) }),
    attempts: 1,
  })

  it.effect("lists the sends that may have been sent, until an update says so", () =>
    Effect.gen(function* () {
      const { tracker, urls } = yield* setUp({ capacity: 1000 }, () => Effect.fail(timedOut))
      // More than a page.
      for (let count = 0; count < 250; count++) {
        yield* tracker.sendToPhone(input, { reference: `order ${count}` })
      }
      const list = (options?: DeliveryTracker.UnknownSends) =>
        Effect.map(Stream.runCollect(tracker.unknown(options)), (sends) =>
          sends.map(({ reference }) => reference),
        )
      assert.lengthOf(yield* list(), 0, "all of them may be under way")
      yield* TestClock.adjust("6 minutes")
      assert.lengthOf(yield* list(), 250)
      assert.lengthOf(yield* list({ olderThan: "1 hour" }), 0)
      for (const url of urls.slice(1)) yield* tell(tracker, url, "QUEUED")
      assert.deepStrictEqual(yield* list(), ["order 0"])
    }),
  )

  it.effect("does not list what was accepted, or was certainly not sent", () =>
    Effect.gen(function* () {
      const refused = new SentError.SentError({
        reason: new SentError.TemplateNotFound({}),
        attempts: 1,
      })
      const results = [Effect.succeed(receipt), Effect.fail(refused)]
      const { tracker } = yield* setUp({}, () => results.shift() ?? Effect.never)
      yield* tracker.sendToPhone(input)
      yield* Effect.flip(tracker.sendToPhone(input))
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* Stream.runCollect(tracker.unknown()), [])
    }),
  )

  it.effect("fails if the store does, and ends if it hangs", () =>
    Effect.gen(function* () {
      const memory = yield* DeliveryStore.makeMemory()
      const { tracker } = yield* setUp({ store: { ...memory, unknown: () => Effect.never } })
      const listing = yield* Effect.forkChild(Effect.flip(Stream.runCollect(tracker.unknown())), {
        startImmediately: true,
      })
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(listing)).operation, "unknown")
    }),
  )
})

describe("timeToLive", () => {
  it.effect("may be infinite", () =>
    Effect.gen(function* () {
      const { tracker, urls } = yield* setUp({ timeToLive: Infinity })
      const sent = yield* tracker.sendToPhone(input)
      yield* TestClock.adjust("36500 days")
      assert.strictEqual(yield* tell(tracker, urls[0], "DELIVERED"), 204)
      assert.isDefined(yield* tracker.find(sent.id))
      assert.isTrue((yield* sent.state).isFinal)
    }),
  )
})

describe("layerConfig", () => {
  const options = {
    publicUrl: Config.URL("PUBLIC_URL"),
    secret: Config.Redacted("TRACKER_SECRET"),
    timeToLive: "1 hour",
  } as const

  const build = (env: Readonly<Record<string, string>>) =>
    Layer.build(
      DeliveryTracker.layerConfig(options).pipe(
        Layer.provide(
          Layer.succeed(SentClient.SentClient, { sendToPhone: () => Effect.succeed(receipt) }),
        ),
        Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env }))),
      ),
    )

  it.effect("takes values and Configs", () =>
    Effect.gen(function* () {
      const context = yield* build({
        PUBLIC_URL: "https://app.example.com/hooks",
        TRACKER_SECRET: "a secret of the tests, long enough to sign with",
      })
      const tracker = Context.get(context, DeliveryTracker.DeliveryTracker)
      const sent = yield* tracker.sendToPhone(input)
      assert.strictEqual(sent.expiresAt.epochMilliseconds, 3_600_000)
    }),
  )

  it.effect("fails if a variable is absent, or has a value that is not valid", () =>
    Effect.gen(function* () {
      const PUBLIC_URL = "https://app.example.com/hooks"
      const absent = yield* Effect.flip(build({ PUBLIC_URL }))
      assert.include(absent.message, "TRACKER_SECRET")
      const short = yield* Effect.flip(build({ PUBLIC_URL, TRACKER_SECRET: "short" }))
      assert.include(short.message, "secret")
    }),
  )
})
