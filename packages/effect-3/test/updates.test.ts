/** Delivery updates, on the server of Effect 3 and as `Request` and `Response`. */
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import { type DeliveryStatus, SentWebhook, WebhookError } from "@effect-sent/effect-3"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import { assert, describe, it } from "vitest"

const secret = "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4="

const body = JSON.stringify({
  field: "messages",
  timestamp: "2025-10-31T10:10:42Z",
  payload: {
    message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8",
    message_status: "DELIVERED",
    inbound_number: "+1234567890",
  },
})

const signed = (text = body) => Effect.runPromise(SentWebhook.sign(text, { secret }))

const quietly = Effect.provide(Logger.remove(Logger.defaultLogger))

describe("verify", () => {
  it("has the event, with native values", async () => {
    const event = await Effect.runPromise(
      SentWebhook.verify({ headers: await signed(), body }, { secret: Redacted.make(secret) }),
    )
    assert.strictEqual(event._tag, "MessageStatus")
    if (event._tag !== "MessageStatus") return
    assert.strictEqual(event.status, "DELIVERED")
    assert.strictEqual(event.at.epochMillis, Date.parse("2025-10-31T10:10:42Z"))
    assert.strictEqual(
      event.recipient === undefined ? "" : Redacted.value(event.recipient),
      "+1234567890",
    )
    assert.notInclude(JSON.stringify(event), "1234567890")
  })

  it("fails with a tagged reason, in core's words", async () => {
    const headers = await signed("{}")
    const error = await Effect.runPromise(
      Effect.flip(SentWebhook.verify({ headers, body }, { secret })),
    )
    assert.instanceOf(error, WebhookError.WebhookError)
    assert.instanceOf(error.reason, WebhookError.BadSignature)
    assert.match(error.message, /^no signature matches: wrong secret/)
  })

  it("takes the time of the clock", async () => {
    const headers = await signed()
    const error = await SentWebhook.verify({ headers, body }, { secret }).pipe(
      Effect.flip,
      Effect.provide(TestContext.TestContext),
      Effect.runPromise,
    )
    assert.strictEqual(error.reason._tag, "TimestampOutOfTolerance")
    const event = await Effect.gen(function* () {
      yield* TestClock.setTime(Date.now())
      return yield* SentWebhook.verify({ headers, body }, { secret })
    }).pipe(Effect.provide(TestContext.TestContext), Effect.runPromise)
    assert.strictEqual(event._tag, "MessageStatus")
  })

  it("names a wrong option, and shows no secret", async () => {
    const error = await Effect.runPromise(
      Effect.flip(SentWebhook.verify({ headers: {}, body }, { secret: "whsec_c2hvcnQ=" })),
    )
    assert.match(error.message, /secret must be .* \(the key has 5 of at least 16 bytes\)/)
    assert.notInclude(error.message, "c2hvcnQ")
  })
})

/** Each form of the receiver, as a function of a `Request`. */
const forms: ReadonlyArray<
  readonly [
    name: string,
    make: (
      options: SentWebhook.ReceiverOptions<string>,
    ) => Promise<(request: Request) => Promise<Response>>,
  ]
> = [
  ["toWebHandler", (options) => Effect.runPromise(quietly(SentWebhook.toWebHandler(options)))],
  [
    "toHttpApp",
    async (options) => {
      const app = await Effect.runPromise(SentWebhook.toHttpApp(options))
      const router = HttpRouter.empty.pipe(HttpRouter.all("/webhooks/sent", app))
      return (request) => HttpApp.toWebHandler(quietly(Effect.orDie(router)))(request)
    },
  ],
  [
    "route",
    async (options) => {
      const services = SentWebhook.route("/webhooks/sent", options).pipe(
        Layer.provideMerge(HttpRouter.Default.Live),
      )
      const router = await HttpRouter.Default.router.pipe(
        Effect.provide(services),
        Effect.runPromise,
      )
      const app = Effect.provide(Effect.orDie(router), HttpServer.layerContext)
      return (request) => HttpApp.toWebHandler(quietly(app))(request)
    },
  ],
]

const requestOf = (headers: Readonly<Record<string, string>>, text = body): Request =>
  new Request("https://example.com/webhooks/sent", { method: "POST", headers, body: text })

describe.each(forms)("%s", (_, make) => {
  it("handles an event once, and responds 204", async () => {
    const events: Array<DeliveryStatus.DeliveryEvent["_tag"]> = []
    const handler = await make({
      secret,
      handle: ({ _tag }) => Effect.sync(() => void events.push(_tag)),
    })
    const headers = await signed()
    assert.strictEqual((await handler(requestOf(headers))).status, 204)
    assert.strictEqual((await handler(requestOf(headers))).status, 204)
    assert.deepStrictEqual(events, ["MessageStatus"])
  })

  it("responds 401 to another signature, and 500 if the handler fails", async () => {
    const handler = await make({ secret, handle: () => Effect.fail("no database") })
    assert.strictEqual((await handler(requestOf(await signed("{}")))).status, 401)
    assert.strictEqual((await handler(requestOf(await signed()))).status, 500)
  })

  it("reads no more than it may", async () => {
    const handler = await make({ secret, maxBodyBytes: 100, handle: () => Effect.void })
    const response = await handler(requestOf(await signed()))
    assert.strictEqual(response.status, 413)
    assert.strictEqual(await response.text(), "the body is longer than 100 bytes")
  })
})

describe("makeReceiver", () => {
  it("reads a stream, and logs a failure of the handler in the loggers of the application", async () => {
    const lines: Array<string> = []
    const logger = Logger.map(Logger.logfmtLogger, (line) => void lines.push(line))
    const headers = await signed()
    const { status } = await Effect.gen(function* () {
      const receive = yield* SentWebhook.makeReceiver({
        secret,
        handle: () => Effect.fail(new Error("no database")),
      })
      const bytes = new TextEncoder().encode(body)
      return yield* receive({ headers, body: Stream.make(bytes.subarray(0, 9), bytes.subarray(9)) })
    }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)), Effect.runPromise)
    assert.strictEqual(status, 500)
    assert.match(lines.join("\n"), /level=ERROR.*a delivery update was not handled.*no database/s)
  })
})
