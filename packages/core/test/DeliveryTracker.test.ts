/** Sends that are followed to their end, over the mock's real updates. */
import {
  DeliveryStore,
  DeliveryTracker,
  RetryPolicy,
  SentClient,
  SentCredentials,
} from "@effect-sent/core"
import { MockServer } from "@effect-sent/mock-server"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import {
  Context,
  Duration,
  Effect,
  Fiber,
  Layer,
  Logger,
  Redacted,
  References,
  Stream,
} from "effect"
import { FetchHttpClient, HttpRouter, HttpServer } from "effect/http"
import { TestClock } from "effect/testing"
import { createServer } from "node:http"
import { credentials, sample } from "@effect-sent/faults/sample"

const { webhookUrl: _, ...input } = sample

const secret = "a secret of the tests, long enough to sign with"

/** Magic numbers of the mock. */
const numbers = {
  delivered: "+15005552040",
  read: "+15005552041",
  failed: "+15005552042",
  deliveredThenFailed: "+15005552043",
  outOfOrder: "+15005552044",
  never: "+15005552045",
  answerLost: "+15005552052",
  refused: "+15005554005",
}

/** A client of this mock. */
const clientOf = (baseUrl: string) =>
  SentClient.layer({ baseUrl, retryPolicy: RetryPolicy.none }).pipe(
    Layer.provide([SentCredentials.layer(credentials), FetchHttpClient.layer]),
  )

/** An application's own server, with the tracker's route; stopped with the scope. */
const setUp = Effect.fnUntraced(function* (
  options: Partial<DeliveryTracker.Options> = {},
  mockOptions: MockServer.Options = {},
  { disableLogger = true }: { readonly disableLogger?: boolean } = {},
) {
  const mock = yield* MockServer.make({ clock: "manual", ...mockOptions })
  const nodeServer = createServer()
  const server = yield* NodeHttpServer.make(() => nodeServer, { port: 0, host: "127.0.0.1" })
  const address = nodeServer.address()
  const port = address !== null && typeof address === "object" ? address.port : 0
  const publicUrl = `http://127.0.0.1:${port}/hooks/sent`
  const context = yield* Layer.build(
    DeliveryTracker.layer({ publicUrl, secret, ...options }).pipe(
      Layer.provide(clientOf(mock.baseUrl)),
    ),
  )
  const tracker = Context.get(context, DeliveryTracker.DeliveryTracker)
  yield* Layer.build(
    HttpRouter.serve(DeliveryTracker.route("/hooks/sent"), {
      disableLogger,
      disableListenLog: true,
    }).pipe(
      Layer.provide(Layer.succeed(HttpServer.HttpServer, server)),
      Layer.provide(Layer.succeed(DeliveryTracker.DeliveryTracker, tracker)),
    ),
  )
  return { mock, tracker, publicUrl }
})

type Tracker = DeliveryTracker.DeliveryTracker["Service"]

const send = (tracker: Tracker, phoneNumber: string) =>
  tracker.sendToPhone({ ...input, phoneNumber })

describe("a tracked send", () => {
  it.effect.each([
    ["delivered", "DELIVERED", 4],
    ["read", "READ", 5],
    ["failed", "FAILED", 4],
    ["deliveredThenFailed", "FAILED", 5],
    ["outOfOrder", "DELIVERED", 4],
  ] as const)("is followed to its end: %s", ([scenario, status, steps]) =>
    Effect.gen(function* () {
      const { mock, tracker } = yield* setUp()
      const sent = yield* send(tracker, numbers[scenario])
      assert.strictEqual((yield* sent.receipt).status, 204)
      assert.strictEqual(sent.delivery, "accepted")
      assert.isUndefined((yield* sent.state).status)
      const final = yield* Effect.forkChild(sent.awaitFinal(), { startImmediately: true })
      yield* mock.clock.advance("1 minute")
      // The first outcome; what follows it is in the state.
      assert.isTrue((yield* Fiber.join(final)).isFinal)
      const state = yield* sent.state
      assert.strictEqual(state.status, status)
      assert.lengthOf(state.steps, steps)
      assert.strictEqual((yield* sent.awaitFinal()).status, status)
      const message = yield* mock.expectMessage({})
      assert.isTrue(message.updates.every((update) => update.state === "received"))
    }),
  )

  it.effect("streams its states as updates arrive", () =>
    Effect.gen(function* () {
      const { mock, tracker } = yield* setUp()
      const sent = yield* send(tracker, numbers.read)
      const seen: Array<string | undefined> = []
      const reading = yield* Effect.forkChild(
        sent.statuses.pipe(
          Stream.tap(({ status }) => Effect.sync(() => void seen.push(status))),
          Stream.takeUntil(({ status }) => status === "READ"),
          Stream.runDrain,
        ),
        { startImmediately: true },
      )
      // In steps, so that a reader has the time to see each.
      for (let step = 0; step < 50; step++) yield* mock.clock.advance(10)
      yield* Fiber.join(reading)
      assert.deepStrictEqual(seen, ["QUEUED", "ROUTED", "SENT", "DELIVERED", "READ"])
      // A later subscriber begins with the current state.
      const [state] = yield* Stream.runCollect(Stream.take(sent.statuses, 1))
      assert.strictEqual(state?.status, "READ")
    }),
  )

  it.effect("stops waiting when the time is up, and says what the latest status is", () =>
    Effect.gen(function* () {
      const { mock, tracker } = yield* setUp()
      const nothing = yield* send(tracker, numbers.never)
      const sent = yield* send(tracker, numbers.delivered)
      // QUEUED, ROUTED and SENT, at a hundred times the pace.
      yield* mock.clock.advance(20)
      for (const [one, message] of [
        [nothing, "no final status within 10m; no update arrived"],
        [sent, "no final status within 10m; the latest status is SENT"],
      ] as const) {
        const waiting = yield* Effect.forkChild(
          Effect.flip(one.awaitFinal({ within: "10 minutes" })),
          { startImmediately: true },
        )
        yield* TestClock.adjust("10 minutes")
        const error = yield* Fiber.join(waiting)
        assert.instanceOf(error, DeliveryTracker.DeliveryTimedOut)
        assert.strictEqual(error.message, message)
      }
    }),
  )

  it.effect("that was certainly not sent fails, and is not tracked", () =>
    Effect.gen(function* () {
      const { mock, tracker } = yield* setUp()
      const error = yield* Effect.flip(send(tracker, numbers.refused))
      assert.strictEqual(error.reason._tag, "TemplateNotFound")
      assert.strictEqual(error.delivery, "not-sent")
      assert.lengthOf(yield* mock.messages(), 1)
    }),
  )

  it.effect("whose response is lost is unknown until an update proves that it was sent", () =>
    Effect.gen(function* () {
      const { mock, tracker } = yield* setUp()
      const sent = yield* send(tracker, numbers.answerLost)
      assert.strictEqual(sent.delivery, "unknown")
      const error = yield* Effect.flip(sent.receipt)
      assert.strictEqual(error.reason._tag, "ConnectionLost")
      assert.strictEqual(error.delivery, "unknown")
      const final = yield* Effect.forkChild(sent.awaitFinal(), { startImmediately: true })
      yield* mock.clock.advance("1 minute")
      assert.strictEqual((yield* Fiber.join(final)).status, "DELIVERED")
    }),
  )

  it.effect("that never arrived stays unknown", () =>
    Effect.gen(function* () {
      const { mock, tracker } = yield* setUp()
      yield* mock.addFault({ times: 1, reset: "before-acceptance" })
      const sent = yield* send(tracker, numbers.delivered)
      assert.strictEqual((yield* Effect.flip(sent.receipt)).delivery, "unknown")
      yield* mock.clock.advance("1 hour")
      const waiting = yield* Effect.forkChild(Effect.flip(sent.awaitFinal({ within: "1 hour" })), {
        startImmediately: true,
      })
      yield* TestClock.adjust("1 hour")
      assert.isUndefined((yield* Fiber.join(waiting)).status)
    }),
  )

  it.effect("is distinguished from every other, many at a time", () =>
    Effect.gen(function* () {
      const { mock, tracker } = yield* setUp()
      const scenarios = ["delivered", "read", "failed"] as const
      const sends = yield* Effect.forEach(
        Array.from({ length: 60 }, (_unused, index) => scenarios[index % 3] ?? "delivered"),
        (scenario) => Effect.map(send(tracker, numbers[scenario]), (sent) => ({ scenario, sent })),
        { concurrency: 16 },
      )
      yield* mock.clock.advance("1 minute")
      for (const { scenario, sent } of sends) {
        assert.strictEqual((yield* sent.state).status, scenario.toUpperCase())
      }
      const urls = new Set((yield* mock.messages()).map(({ webhookUrl }) => webhookUrl))
      assert.strictEqual(urls.size, 60)
    }),
  )

  it.effect("rejects a webhookUrl in its input", () =>
    Effect.gen(function* () {
      const { mock, tracker } = yield* setUp()
      const error = yield* Effect.flip(tracker.sendToPhone(sample))
      assert.include(error.message, "webhookUrl")
      assert.lengthOf(yield* mock.messages(), 0)
    }),
  )
})

/** Posts an update to a URL, as anybody could. */
const post = (url: string, status = "FAILED", second = 0) =>
  Effect.promise(async () => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        field: "message",
        timestamp: `1970-01-01T00:00:0${second}Z`,
        payload: { message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8", message_status: status },
      }),
    })
    await response.text()
    return response.status
  })

const urlOf = (mock: MockServer.MockServer["Service"]) =>
  Effect.map(mock.expectMessage({}), ({ webhookUrl = "" }) => webhookUrl)

describe("an update with an invalid URL", () => {
  it.effect("is rejected, whichever bit of the URL is changed", () =>
    Effect.gen(function* () {
      const { mock, publicUrl, tracker } = yield* setUp()
      const sent = yield* send(tracker, numbers.never)
      const url = yield* urlOf(mock)
      const [base, token = ""] = url.split("?sig=")
      assert.strictEqual(base, publicUrl)
      assert.match(token, /^[\w-]{72}$/)
      for (let index = 0; index < token.length; index += 5) {
        const other = token[index] === "A" ? "B" : "A"
        const forged = `${token.slice(0, index)}${other}${token.slice(index + 1)}`
        assert.strictEqual(yield* post(`${publicUrl}?sig=${forged}`), 401, forged)
      }
      for (const forged of [
        "x",
        token.slice(1),
        `${token}A`,
        `${token}=`,
        "..",
        "%00",
        "",
        sent.id,
      ]) {
        assert.isAtLeast(yield* post(`${publicUrl}?sig=${forged}`), 401, forged)
      }
      assert.isUndefined((yield* sent.state).status)
      assert.strictEqual(yield* post(url), 204)
      assert.strictEqual((yield* sent.state).status, "FAILED")
    }),
  )

  it.effect("is rejected if another secret signed the URL", () =>
    Effect.gen(function* () {
      const one = yield* setUp()
      const other = yield* setUp({ secret: `${secret}, but another one` })
      const sent = yield* send(one.tracker, numbers.never)
      const foreign = (yield* urlOf(one.mock)).replace(one.publicUrl, other.publicUrl)
      assert.strictEqual(yield* post(foreign), 401)
      assert.isUndefined((yield* sent.state).status)
    }),
  )

  it.effect("is rejected if the URL has expired", () =>
    Effect.gen(function* () {
      const { mock, tracker } = yield* setUp({ timeToLive: "1 hour" })
      const sent = yield* send(tracker, numbers.never)
      const url = yield* urlOf(mock)
      yield* TestClock.adjust(Duration.millis(3_599_999))
      assert.strictEqual(yield* post(url, "SENT"), 204)
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* post(url, "FAILED"), 410)
      assert.strictEqual((yield* sent.state).status, "SENT")
    }),
  )

  it.effect("is rejected without the provider's signature, if the provider signs", () =>
    Effect.gen(function* () {
      const webhookSecret = Redacted.make(MockServer.defaultWebhookSecret)
      const { mock, tracker } = yield* setUp({ webhookSecret })
      yield* TestClock.setTime(Date.now())
      const sent = yield* send(tracker, numbers.delivered)
      const url = yield* urlOf(mock)
      assert.strictEqual(yield* post(url), 401)
      yield* mock.clock.advance("1 minute")
      assert.strictEqual((yield* sent.state).status, "DELIVERED")
    }),
  )

  it.effect.each<readonly [what: string, status: number, init: RequestInit]>([
    ["no POST", 405, { method: "PUT", body: "{}" }],
    [
      "no JSON",
      400,
      { method: "POST", body: "{", headers: { "content-type": "application/json" } },
    ],
    [
      "too long",
      413,
      {
        method: "POST",
        body: "x".repeat(300_000),
        headers: { "content-type": "application/json" },
      },
    ],
  ])("is rejected if it is %s", ([, status, init]) =>
    Effect.gen(function* () {
      const { mock, tracker } = yield* setUp()
      yield* send(tracker, numbers.never)
      const url = yield* urlOf(mock)
      assert.strictEqual((yield* Effect.promise(() => fetch(url, init))).status, status)
    }),
  )
})

describe("a tracker", () => {
  it.effect("keeps at most capacity sends in memory", () =>
    Effect.gen(function* () {
      const { mock, tracker } = yield* setUp({ capacity: 3 })
      const sends = []
      for (let count = 0; count < 5; count++) sends.push(yield* send(tracker, numbers.never))
      const [first, , third] = sends
      assert.isUndefined(yield* tracker.find(first?.id ?? ""))
      assert.isDefined(yield* tracker.find(third?.id ?? ""))
      // Its URL is as good as before: an update brings it back.
      const [message] = yield* mock.messages()
      assert.strictEqual(yield* post(message?.webhookUrl ?? ""), 204)
      assert.strictEqual((yield* first?.state ?? Effect.die("none")).status, "FAILED")
    }),
  )

  it.effect("forgets expired sends", () =>
    Effect.gen(function* () {
      const { tracker } = yield* setUp({ timeToLive: "1 hour" })
      const old = yield* send(tracker, numbers.never)
      const ended = yield* Effect.forkChild(Stream.runCollect(old.statuses), {
        startImmediately: true,
      })
      yield* TestClock.adjust("1 hour")
      yield* send(tracker, numbers.never)
      assert.deepStrictEqual(yield* Fiber.join(ended), [])
      assert.isUndefined(yield* tracker.find(old.id))
    }),
  )

  it.effect("finds a send by its id, and nothing by another id", () =>
    Effect.gen(function* () {
      const { mock, tracker } = yield* setUp()
      const sent = yield* send(tracker, numbers.delivered)
      yield* mock.clock.advance("1 minute")
      const found = yield* tracker.find(sent.id)
      assert.strictEqual((yield* found?.state ?? Effect.die("none")).status, "DELIVERED")
      assert.isUndefined(yield* tracker.find("none"))
    }),
  )

  it.effect.each<readonly [option: string, options: Partial<DeliveryTracker.Options>]>([
    ["publicUrl", { publicUrl: "app.example.com" }],
    ["publicUrl", { publicUrl: "ftp://app.example.com/" }],
    ["publicUrl", { publicUrl: "https://app.example.com/hooks?x=1" }],
    ["publicUrl", { publicUrl: new URL("https://user:pass@app.example.com/hooks") }],
    ["publicUrl", { publicUrl: `https://app.example.com/${"x".repeat(2000)}` }],
    ["secret", { secret: "short" }],
    ["secret", { secret: Redacted.make("short") }],
    ["timeToLive", { timeToLive: 0 }],
    ["timeToLive", { timeToLive: Duration.seconds(-1) }],
    ["capacity", { capacity: 0 }],
    ["webhookSecret", { webhookSecret: "whsec_" }],
  ])("rejects the option %s: %j", ([option, options]) =>
    Effect.gen(function* () {
      const error = yield* DeliveryTracker.make({
        publicUrl: "https://app.example.com/hooks",
        secret,
        ...options,
      }).pipe(Effect.flip, Effect.provide(clientOf("http://127.0.0.1:2")))
      assert.include(error.message, option)
      assert.notInclude(error.message, "short")
    }),
  )

  it.effect("receives a Request and returns a Response", () =>
    Effect.gen(function* () {
      const { mock, tracker } = yield* setUp()
      const handler = yield* DeliveryTracker.toWebHandler.pipe(
        Effect.provideService(DeliveryTracker.DeliveryTracker, tracker),
      )
      const sent = yield* send(tracker, numbers.never)
      const url = yield* urlOf(mock)
      const body = JSON.stringify({
        field: "messages",
        timestamp: "2030-01-01T00:00:00Z",
        payload: { message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8", message_status: "READ" },
      })
      const call = (to: string) =>
        Effect.promise(() =>
          handler(
            new Request(to, {
              method: "POST",
              body,
              headers: { "content-type": "application/json" },
            }),
          ),
        )
      assert.strictEqual((yield* call(`${url}x`)).status, 401)
      assert.strictEqual((yield* call(`${url}&ref=1#x`)).status, 204)
      assert.strictEqual((yield* sent.state).status, "READ")
    }),
  )
})

describe("the log of the application's server", () => {
  it.effect("contains no callback URL", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ cause, fiber, message }) => {
        lines.push(JSON.stringify([message, cause, fiber.getRef(References.CurrentLogAnnotations)]))
      })
      const { mock, publicUrl, tracker } = yield* setUp({}, {}, { disableLogger: false }).pipe(
        Effect.provide(Logger.layer([logger])),
      )
      yield* send(tracker, numbers.never)
      const url = yield* urlOf(mock)
      assert.strictEqual(yield* post(url), 204)
      const elsewhere = new URL("/elsewhere", publicUrl).href
      assert.strictEqual(yield* post(elsewhere), 404)
      // It logs requests, but not these.
      assert.include(lines.join("\n"), "/elsewhere")
      assert.notInclude(lines.join("\n"), url.slice(-40))
    }),
  )
})

describe("a tracker with a store", () => {
  it.effect("finds a send of before a restart, with the updates since", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory()
      const first = yield* setUp({ store })
      const sent = yield* send(first.tracker, numbers.delivered)
      yield* first.mock.clock.advance(20)
      const url = yield* urlOf(first.mock)

      const second = yield* setUp({ store })
      const found = yield* second.tracker.find(sent.id)
      assert.isDefined(found)
      assert.strictEqual(found.delivery, "accepted")
      assert.strictEqual((yield* found.state).status, "SENT")
      const final = yield* Effect.forkChild(found.awaitFinal(), { startImmediately: true })
      assert.strictEqual(yield* post(url.replace(first.publicUrl, second.publicUrl), "READ"), 204)
      const state = yield* Fiber.join(final)
      assert.strictEqual(state.status, "READ")
      assert.lengthOf(state.steps, 4)
    }),
  )

  it.effect("shares it with another process: no step is lost, wherever its update arrived", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory()
      const one = yield* setUp({ store })
      const other = yield* setUp({ store })
      const sent = yield* send(one.tracker, numbers.never)
      const url = yield* urlOf(one.mock)
      const elsewhere = url.replace(one.publicUrl, other.publicUrl)
      yield* post(elsewhere, "QUEUED", 1)
      yield* post(url, "SENT", 2)
      assert.strictEqual((yield* sent.state).steps.length, 2)
      yield* post(elsewhere, "DELIVERED", 4)
      // Later than it happened, in a process that has no update of the delivery.
      yield* post(url, "ROUTED", 3)
      for (const { tracker } of [one, other, yield* setUp({ store })]) {
        const found = yield* tracker.find(sent.id)
        const { status, steps } = yield* found?.state ?? Effect.die("none")
        assert.strictEqual(status, "DELIVERED")
        assert.deepStrictEqual(
          steps.map((step) => step.status),
          ["QUEUED", "SENT", "ROUTED", "DELIVERED"],
        )
      }
    }),
  )

  it.effect("takes the store of the context, and tells its state to who asks for it there", () =>
    Effect.gen(function* () {
      const { tracker } = yield* setUp()
      const sent = yield* send(tracker, numbers.never)
      const store = yield* DeliveryStore.DeliveryStore
      assert.lengthOf(yield* store.find({ id: sent.id }), 1)
    }).pipe(Effect.provide(DeliveryStore.layerMemory())),
  )

  it.effect("forgets what has expired, as time passes", () =>
    Effect.gen(function* () {
      const store = yield* DeliveryStore.makeMemory()
      const { tracker } = yield* setUp({ store, timeToLive: "1 hour" })
      const sent = yield* send(tracker, numbers.never)
      yield* TestClock.adjust("59 minutes")
      assert.lengthOf(yield* store.find({ id: sent.id }), 1)
      yield* TestClock.adjust("2 minutes")
      // With the next send, in the background.
      yield* send(tracker, numbers.never)
      yield* Effect.yieldNow
      assert.lengthOf(yield* store.find({ id: sent.id }), 0)
    }),
  )
})
