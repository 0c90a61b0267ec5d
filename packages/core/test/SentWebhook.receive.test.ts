/** Receivers: what they respond in every form, so that nothing is lost and nothing is handled twice. */
import { type DeliveryStatus, DeliveryStore, SentWebhook, WebhookError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import {
  Context,
  Deferred,
  Effect,
  Exit,
  Fiber,
  Layer,
  Logger,
  ManagedRuntime,
  Schema,
  Scope,
} from "effect"
import { HttpRouter } from "effect/http"
import { TestClock } from "effect/testing"
import {
  type Call,
  caller,
  forms,
  type Handle,
  secret,
  secretOf,
  serveRoutes,
  updateOf,
  over,
} from "./support/webhookForms.ts"

const oldSecret = secretOf("the key before, which still works")
const body = updateOf("DELIVERED")

/** A handler that counts its calls, and then does something. */
const counting = (work: (call: number) => Effect.Effect<void, unknown> = () => Effect.void) => {
  const counted = { calls: 0 }
  const handle: Handle = () => Effect.suspend(() => work(counted.calls++))
  return { counted, handle }
}

const statusesOf = (responses: ReadonlyArray<Response>): ReadonlyArray<number> =>
  responses.map(({ status }) => status)

describe.each(forms)("%s", (name, serve) => {
  it.live("responds 2xx once the event was handled, and passes it on as decoded", () =>
    Effect.gen(function* () {
      const events: Array<DeliveryStatus.DeliveryEvent> = []
      const handle: Handle = (event) => Effect.sync(() => void events.push(event))
      const call = caller(yield* serve({ secret, handle }))
      assert.strictEqual((yield* call(body)).status, 204)
      assert.strictEqual((yield* call("{}")).status, 204)
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["MessageStatus", "Unknown"],
      )
    }),
  )

  it.live("responds only after the handler has succeeded", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const done = yield* Deferred.make<void>()
      const handle: Handle = () =>
        Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(done))
      const call = caller(yield* serve({ secret, handle }))
      const answer = yield* Effect.forkChild(call(body))
      yield* Deferred.await(begun)
      assert.isUndefined(answer.pollUnsafe())
      yield* Deferred.succeed(done, undefined)
      assert.strictEqual((yield* Fiber.join(answer)).status, 204)
    }),
  )

  it.live(
    "responds 500 if the handler fails or dies, and handles the event when it is sent again",
    () =>
      Effect.gen(function* () {
        const outcomes = [Effect.fail("no"), Effect.die(new Error("a defect")), Effect.void]
        const { counted, handle } = counting((calls) => outcomes[calls] ?? Effect.void)
        const call = caller(yield* serve({ secret, handle }))
        const responses = yield* Effect.replicateEffect(call(body), 5)
        assert.deepStrictEqual(statusesOf(responses), [500, 500, 204, 204, 204])
        assert.strictEqual(counted.calls, 3)
        const texts = yield* Effect.promise(() => Promise.all(responses.map((one) => one.text())))
        assert.deepStrictEqual(texts, ["", "", "", "", ""])
      }),
  )

  it.live(
    "does not handle a duplicate, however it is signed, even if it arrives at the same moment",
    () =>
      Effect.gen(function* () {
        const { counted, handle } = counting(() => Effect.yieldNow)
        const handler = yield* serve({ secret: [secret, oldSecret], handle })
        const responses = yield* Effect.forEach(
          Array.from({ length: 20 }, (_unused, index) => (index % 2 === 0 ? secret : oldSecret)),
          (by) => caller(handler, by)(body),
          { concurrency: "unbounded" },
        )
        assert.isTrue(responses.every(({ status }) => status === 204))
        assert.strictEqual(counted.calls, 1)
        const call = caller(handler)
        yield* call(updateOf("READ"))
        yield* call(updateOf("DELIVERED", 43))
        yield* call('{"field":"weather"}')
        yield* call('{"field":"weather"}')
        assert.strictEqual(counted.calls, 4)
      }),
  )

  it.live(
    "interrupts a handler that takes too long, responds 500, and starts again when it is sent again",
    () =>
      Effect.gen(function* () {
        let interrupted = 0
        const { counted, handle } = counting((calls) =>
          calls > 0
            ? Effect.void
            : Effect.onInterrupt(Effect.never, () => Effect.sync(() => void interrupted++)),
        )
        const call = caller(yield* serve({ secret, handle, timeout: "50 millis" }))
        assert.deepStrictEqual(statusesOf(yield* Effect.replicateEffect(call(body), 2)), [500, 204])
        assert.deepStrictEqual([counted.calls, interrupted], [2, 1])
      }),
  )

  it.live("closes the scope of each event", () =>
    Effect.gen(function* () {
      let open = 0
      const handle = () =>
        Effect.acquireRelease(
          Effect.sync(() => void open++),
          () => Effect.sync(() => void open--),
        )
      // A handler may require a scope: it gets one.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const call = caller(yield* serve({ secret, handle: handle as unknown as Handle }))
      for (let seconds = 10; seconds < 15; seconds++) yield* call(updateOf("SENT", seconds))
      assert.strictEqual(open, 0)
    }),
  )

  it.live("awaits a handler of JavaScript that returns a promise, or nothing", () =>
    Effect.gen(function* () {
      const outcomes = [
        () => Promise.reject(new Error("no")),
        () => new Promise(() => undefined),
        () => Promise.resolve(),
        () => undefined,
        () => {
          throw new Error("no")
        },
      ]
      let calls = 0
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const handle = (() => outcomes[calls++]?.()) as unknown as Handle
      const call = caller(yield* serve({ secret, handle, timeout: "50 millis" }))
      const responses = yield* Effect.forEach([10, 10, 10, 11, 12], (seconds) =>
        call(updateOf("SENT", seconds)),
      )
      assert.deepStrictEqual(statusesOf(responses), [500, 500, 204, 204, 500])
    }),
  )

  it.live.each<
    readonly [what: string, status: number, send: (call: Call) => Effect.Effect<Response>]
  >([
    [
      "a bad signature",
      401,
      (call) => call(body, { headers: { "x-webhook-signature": "v1,AAAA" } }),
    ],
    ["an old timestamp", 401, (call) => call(body, { headers: { "x-webhook-timestamp": "1" } })],
    ["a header without a value", 401, (call) => call(body, { headers: { "x-webhook-id": "" } })],
    ["no header", 401, (call) => call(body, { without: "x-webhook-signature" })],
    ["another body", 401, (call) => call("", { headers: { "x-webhook-signature": "v1,AAAA" } })],
    ["another method", 405, (call) => call(body, { method: "PUT" })],
    ["GET", 405, (call) => call("", { method: "GET" })],
    ["too long a body", 413, (call) => call(`"${"x".repeat(300_000)}"`)],
    ["no JSON", 400, (call) => call("{")],
    ["no body", 400, (call) => call("")],
    ["no UTF-8", 400, (call) => call(Uint8Array.of(0xff))],
  ])("responds to %s with %i, in a line, and does not call the handler", ([, status, send]) =>
    Effect.gen(function* () {
      const { counted, handle } = counting()
      const response = yield* send(caller(yield* serve({ secret, handle })))
      assert.strictEqual(response.status, status)
      if (status === 405) assert.strictEqual(response.headers.get("allow"), "POST")
      assert.match(yield* Effect.promise(() => response.text()), /^[^\n{}]*$/)
      assert.strictEqual(counted.calls, 0)
    }),
  )

  it.live("takes what is signed, whatever its content type, and however deeply it is nested", () =>
    Effect.gen(function* () {
      const { counted, handle } = counting()
      const call = caller(yield* serve({ secret, handle }))
      const deep = `{"payload":${"[".repeat(5000)}${"]".repeat(5000)}}`
      const responses = [
        yield* call(updateOf("SENT", 10), { without: "content-type" }),
        yield* call(updateOf("SENT", 11), { headers: { "content-type": "text/plain" } }),
        yield* call(updateOf("SENT", 12), {
          headers: { "content-type": "application/x-www-form-urlencoded" },
        }),
        yield* call(deep),
        yield* call(deep),
      ]
      assert.deepStrictEqual(statusesOf(responses), [204, 204, 204, 204, 204])
      assert.strictEqual(counted.calls, 4)
    }),
  )

  it.live("is not made if a secret is malformed", () =>
    Effect.gen(function* () {
      if (name === "route on a web handler") return
      const error = yield* Effect.flip(serve({ secret: "whsec_", handle: () => Effect.void }))
      assert.isTrue(Schema.is(WebhookError.WebhookError)(error))
    }),
  )
})

describe("a receiver", () => {
  it.effect("keeps at most dedupeSize events", () =>
    Effect.gen(function* () {
      const { counted, handle } = counting()
      const call = caller(yield* SentWebhook.toWebHandler({ secret, handle, dedupeSize: 2 }))
      for (const seconds of [10, 11, 12, 12, 11, 10]) yield* call(updateOf("SENT", seconds))
      assert.strictEqual(counted.calls, 4)
    }),
  )

  it.effect("runs in the context in which it is made: its services, clock and logger", () => {
    const lines: Array<unknown> = []
    class Inbox extends Context.Service<Inbox, { readonly add: Effect.Effect<void> }>()("Inbox") {}
    const begun = Deferred.makeUnsafe<void>()
    let added = 0
    const handle = () =>
      Effect.gen(function* () {
        const { add } = yield* Inbox
        yield* add
        yield* Effect.log("handled")
        yield* Deferred.succeed(begun, undefined)
        yield* Effect.sleep("10 seconds")
      })
    return Effect.gen(function* () {
      const handler = yield* SentWebhook.toWebHandler({ secret, handle })
      const response = yield* Effect.forkChild(caller(handler)(body), { startImmediately: true })
      // The time of the test: 1970, when it was signed, and ten seconds later.
      yield* Deferred.await(begun)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(response)).status, 204)
      assert.strictEqual(added, 1)
      assert.deepStrictEqual(lines, [["handled"]])
    }).pipe(
      Effect.provide([
        Layer.succeed(Inbox, { add: Effect.sync(() => void added++) }),
        Logger.layer([Logger.make(({ message }) => void lines.push(message))]),
      ]),
    )
  })

  it.live("runs in a ManagedRuntime, although that has returned before the first call", () =>
    Effect.gen(function* () {
      class Prefix extends Context.Service<Prefix, string>()("Prefix") {}
      const runtime = ManagedRuntime.make(Layer.succeed(Prefix, "of the application"))
      const seen: Array<string> = []
      const handler = yield* Effect.promise(() =>
        runtime.runPromise(
          SentWebhook.toWebHandler({
            secret,
            handle: () => Prefix.useSync((prefix) => void seen.push(prefix)),
          }).pipe(Effect.withSpan("made in a span"), Effect.scoped),
        ),
      )
      assert.strictEqual((yield* caller(handler)(body)).status, 204)
      assert.deepStrictEqual(seen, ["of the application"])
      yield* Effect.promise(() => runtime.dispose())
    }),
  )

  it.effect("does not start a second handler beside one that cannot be interrupted", () =>
    Effect.gen(function* () {
      const done = yield* Deferred.make<void>()
      const { counted, handle } = counting((calls) =>
        calls > 0 ? Effect.void : Effect.uninterruptible(Deferred.await(done)),
      )
      const call = caller(yield* SentWebhook.toWebHandler({ secret, handle, tolerance: "1 hour" }))
      for (const _ of ["first", "second"]) {
        const response = yield* Effect.forkChild(call(body), { startImmediately: true })
        while (counted.calls === 0) yield* Effect.yieldNow
        yield* Effect.promise(() => new Promise((resolve) => void setImmediate(resolve)))
        yield* TestClock.adjust("20 seconds")
        assert.strictEqual((yield* Fiber.join(response)).status, 500)
      }
      assert.strictEqual(counted.calls, 1)
      yield* Deferred.succeed(done, undefined)
      assert.strictEqual((yield* call(body)).status, 204)
      assert.strictEqual(counted.calls, 2)
    }),
  )

  it.effect("says so if the body was read before", () =>
    Effect.gen(function* () {
      const { counted, handle } = counting()
      const handler = yield* SentWebhook.toWebHandler({ secret, handle })
      for (const read of [
        (request: Request) => request.text(),
        (request: Request) => Promise.resolve(request.body?.getReader()),
      ]) {
        const call = caller(async (request) => {
          await read(request)
          return handler(request)
        })
        const response = yield* call(body)
        assert.strictEqual(response.status, 400)
        assert.include(yield* Effect.promise(() => response.text()), "request.json()")
      }
      assert.strictEqual(counted.calls, 0)
    }),
  )
})

// Forms over sockets, whose callers can hang up.
const sockets = forms.filter(([name]) => name === "route" || name === "toNodeHandler")

describe.each(sockets)("a caller of %s that hangs up", (_, serve) => {
  it.live("neither stops the handler nor makes a second one start", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const done = yield* Deferred.make<void>()
      let interrupted = 0
      const { counted, handle } = counting(() =>
        Deferred.succeed(begun, undefined).pipe(
          Effect.andThen(Deferred.await(done)),
          Effect.onInterrupt(() => Effect.sync(() => void interrupted++)),
        ),
      )
      const handler = yield* serve({ secret, handle })
      const call = caller(handler)
      const aborter = new AbortController()
      const first = yield* Effect.forkChild(
        Effect.exit(
          caller((request) => handler(new Request(request, { signal: aborter.signal })))(body),
        ),
      )
      yield* Deferred.await(begun)
      aborter.abort()
      assert.isTrue(Exit.isFailure(yield* Fiber.join(first)))
      const second = yield* Effect.forkChild(call(body))
      // Its answer shows that the server has seen the first one hang up, and reads the second.
      assert.strictEqual((yield* call("{", { headers: { "x-webhook-id": "" } })).status, 401)
      yield* Deferred.succeed(done, undefined)
      assert.strictEqual((yield* Fiber.join(second)).status, 204)
      assert.deepStrictEqual([counted.calls, interrupted], [1, 0])
    }),
  )

  it.live("before the body is complete is forgotten", () =>
    Effect.gen(function* () {
      const { counted, handle } = counting()
      const handler = yield* serve({ secret, handle, timeout: "50 millis" })
      // It sends a part of its body, and waits. Node requires `duplex` of a stream.
      const part = { start: (to: ReadableStreamDefaultController) => to.enqueue(new Uint8Array(1)) }
      const slow = caller(({ headers, url }) => {
        const init = { method: "POST", headers, body: new ReadableStream(part), duplex: "half" }
        return handler(new Request(url, init))
      })
      assert.strictEqual((yield* slow(body)).status, 408)
      assert.strictEqual((yield* caller(handler)(body)).status, 204)
      assert.strictEqual(counted.calls, 1)
    }),
  )
})

describe("route", () => {
  it.live("interrupts what still runs when the server stops", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      let interrupted = 0
      const handle = () =>
        Deferred.succeed(begun, undefined).pipe(
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() => Effect.sync(() => void interrupted++)),
        )
      const scope = yield* Scope.make()
      const url = yield* Scope.provide(
        serveRoutes(SentWebhook.route("/hooks/sent", { secret, handle })),
        scope,
      )
      const aborter = new AbortController()
      const calling = yield* Effect.forkChild(
        Effect.exit(
          caller((request) => over(url)(new Request(request, { signal: aborter.signal })))(body),
        ),
      )
      yield* Deferred.await(begun)
      aborter.abort()
      yield* Fiber.join(calling)
      assert.strictEqual(interrupted, 0)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(interrupted, 1)
    }),
  )

  it.effect("requires the services of its handler", () =>
    Effect.gen(function* () {
      class Inbox extends Context.Service<Inbox, { readonly add: Effect.Effect<void> }>()(
        "Inbox",
      ) {}
      let added = 0
      const handle = () => Inbox.use(({ add }) => add)
      const App = Layer.provide(
        SentWebhook.route("/hooks/sent", { secret, handle }),
        Layer.succeed(Inbox, { add: Effect.sync(() => void added++) }),
      )
      const app = HttpRouter.toWebHandler(App, { disableLogger: true })
      yield* TestClock.setTime(Date.now())
      const response = yield* caller((request) => app.handler(request, Context.empty()))(body)
      assert.strictEqual(response.status, 204)
      assert.strictEqual(added, 1)
    }),
  )
})

describe("a receiver with a store", () => {
  it.effect("recognises after a restart what was handled before", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory({ maxEvents: 3 })
      const { counted, handle } = counting()
      /** Each by a receiver of its own, as after so many restarts. */
      const restartAndCall = Effect.fnUntraced(function* (seconds: number) {
        const handler = yield* SentWebhook.toWebHandler({ secret, handle, store })
        assert.strictEqual((yield* caller(handler)(updateOf("SENT", seconds))).status, 204)
        // So that each event is forgotten later than the one before.
        yield* TestClock.adjust(1)
      })
      yield* Effect.forEach([10, 11, 12, 13, 14, 14, 13, 12], restartAndCall)
      assert.strictEqual(counted.calls, 5)
      // The store is full: the oldest is no longer recognised.
      yield* restartAndCall(10)
      assert.strictEqual(counted.calls, 6)
    }),
  )

  it.effect("takes the store of the context", () =>
    Effect.gen(function* () {
      const { counted, handle } = counting()
      for (const _ of [1, 2]) {
        const handler = yield* SentWebhook.toWebHandler({ secret, handle })
        assert.strictEqual((yield* caller(handler)(body)).status, 204)
      }
      assert.strictEqual(counted.calls, 1)
    }).pipe(Effect.provide(DeliveryStore.layerMemory())),
  )

  it.effect("handles an event once, of two processes at the same moment", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory()
      const going = yield* Deferred.make<void>()
      let calls = 0
      const handler = yield* SentWebhook.toWebHandler({
        secret,
        store,
        handle: () =>
          Effect.andThen(
            Effect.sync(() => void calls++),
            Deferred.await(going),
          ),
      })
      const { counted, handle } = counting()
      const other = yield* SentWebhook.toWebHandler({ secret, store, handle })
      const first = yield* Effect.forkChild(caller(handler)(body), { startImmediately: true })
      yield* Effect.repeat(
        Effect.andThen(
          Effect.promise(() => new Promise((done) => setImmediate(done))),
          Effect.sync(() => calls),
        ),
        { until: (count) => count === 1 },
      )
      // Not yet handled, so it must come again.
      assert.strictEqual((yield* caller(other)(body)).status, 500)
      yield* Deferred.succeed(going, undefined)
      assert.strictEqual((yield* Fiber.join(first)).status, 204)
      assert.strictEqual((yield* caller(other)(body)).status, 204)
      assert.deepStrictEqual([calls, counted.calls], [1, 0])
    }),
  )

  it.effect("handles an event again whose handler failed, in any process", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory()
      const failing = yield* SentWebhook.toWebHandler({
        secret,
        store,
        handle: () => Effect.fail("not now"),
      })
      const { counted, handle } = counting()
      const other = yield* SentWebhook.toWebHandler({ secret, store, handle })
      assert.strictEqual((yield* caller(failing)(body)).status, 500)
      assert.strictEqual((yield* caller(other)(body)).status, 204)
      assert.strictEqual(counted.calls, 1)
    }),
  )

  it.effect("responds 500 if the store fails", () =>
    Effect.gen(function* () {
      const { counted, handle } = counting()
      const away = Effect.fail(
        new DeliveryStore.DeliveryStoreError({ operation: "claim", problem: "away" }),
      )
      const store = { ...(yield* DeliveryStore.makeMemory()), claim: () => away }
      const handler = yield* SentWebhook.toWebHandler({ secret, handle, store })
      assert.strictEqual((yield* caller(handler)(body)).status, 500)
      assert.strictEqual(counted.calls, 0)
    }),
  )
})
