/** Calls of the provider: verified over their raw bytes, handled once, and answered so that nothing is lost. */
import { type DeliveryStatus, SentWebhook, WebhookError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer, Redacted, Schema } from "effect"
import { HttpRouter } from "effect/http"
import { KeyValueStore } from "effect/persistence"
import { TestClock } from "effect/testing"
import { Webhook as Standard } from "standardwebhooks"
import { Webhook as Svix } from "svix"

const secretOf = (text: string): string => `whsec_${Buffer.from(text).toString("base64")}`

const secret = secretOf("a key of the tests, and no other")
const oldSecret = secretOf("the key before, which still works")

const updateOf = (status: string, seconds = 42): string =>
  JSON.stringify({
    field: "message",
    sub_type: `message.${status.toLowerCase()}`,
    timestamp: `2025-10-31T10:10:${seconds}Z`,
    payload: { message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8", message_status: status },
  })

const body = updateOf("DELIVERED")

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The reason for which a call is rejected. */
const refusal = (
  request: SentWebhook.SignedRequest,
  options: SentWebhook.VerifyOptions = { secret },
) => Effect.map(Effect.flip(SentWebhook.verify(request, options)), ({ reason }) => reason._tag)

const id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"

// What the published libraries sign with, they compare with the machine's clock.
const now = Math.floor(Date.now() / 1000)

describe("verify", () => {
  it.effect.each<readonly [name: string, sign: (text: string) => string]>([
    ["standardwebhooks", (text) => new Standard(secret).sign(id, new Date(now * 1000), text)],
    ["svix", (text) => new Svix(secret).sign(id, new Date(now * 1000), text)],
  ])("accepts what %s signs", ([, sign]) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now * 1000)
      for (const text of [body, updateOf("READ"), '{"field":"żółć 🎉"}']) {
        const headers = {
          "x-webhook-id": id,
          "x-webhook-timestamp": String(now),
          "x-webhook-signature": sign(text),
        }
        const event = yield* SentWebhook.verify({ headers, body: bytesOf(text) }, { secret })
        assert.strictEqual(event._tag, text.includes("żółć") ? "Unknown" : "MessageStatus")
        // A string stands for its bytes in UTF-8.
        yield* SentWebhook.verify({ headers, body: text }, { secret })
      }
    }),
  )

  it.effect("accepts what sign makes, as the published libraries do", () =>
    Effect.gen(function* () {
      const headers = yield* SentWebhook.sign(body, { secret, id, timestamp: now })
      const renamed = {
        "webhook-id": headers["x-webhook-id"] ?? "",
        "webhook-timestamp": headers["x-webhook-timestamp"] ?? "",
        "webhook-signature": headers["x-webhook-signature"] ?? "",
      }
      assert.deepStrictEqual(new Standard(secret).verify(body, renamed), JSON.parse(body))
      const svix = {
        "svix-id": renamed["webhook-id"],
        "svix-timestamp": renamed["webhook-timestamp"],
        "svix-signature": renamed["webhook-signature"],
      }
      assert.doesNotThrow(() => new Svix(secret).verify(body, svix))
      assert.throws(() => new Svix(oldSecret).verify(body, svix))
    }),
  )

  // Made with OpenSSL: printf '%s' "$id.1761905442.{}" | openssl dgst -sha256 -hmac "an example secret of 32 bytes..." -binary | base64
  it.effect("accepts the contract's example", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_761_905_442_000)
      const text = JSON.stringify({
        field: "message",
        sub_type: "message.delivered",
        timestamp: "2025-10-31T10:10:42Z",
        payload: {
          account_id: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
          message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8",
          message_status: "DELIVERED",
          channel: "sms",
          inbound_number: "+1234567890",
          outbound_number: "+1987654321",
          template_id: "9ba7b840-9dad-11d1-80b4-00c04fd430c8",
        },
      })
      const headers = {
        "x-webhook-id": id,
        "x-webhook-timestamp": "1761905442",
        "x-webhook-signature": "v1,ywXG2TBR1uxsDXz1m8TjUykglVzD5xjDdO5l7rijS9o=",
      }
      const options = { secret: secretOf("an example secret of 32 bytes...") }
      const event = yield* SentWebhook.verify({ headers, body: text }, options)
      assert.strictEqual(event._tag, "MessageStatus")
    }),
  )

  it.effect("accepts one valid signature among several, by one of several secrets", () =>
    Effect.gen(function* () {
      const options = { secret: [Redacted.make(secret), oldSecret] }
      const old = yield* SentWebhook.sign(body, { secret: oldSecret })
      const other = yield* SentWebhook.sign(body, {
        secret: secretOf("some other key, not ours at all"),
      })
      const list = `v1a,AAAA ${other["x-webhook-signature"]} ${old["x-webhook-signature"]}`
      yield* SentWebhook.verify({ headers: { ...old, "x-webhook-signature": list }, body }, options)
      assert.strictEqual(yield* refusal({ headers: other, body }, options), "BadSignature")
      assert.strictEqual(yield* refusal({ headers: old, body }), "BadSignature")
    }),
  )

  it.effect("finds headers in any case, in a record, in pairs and in Headers", () =>
    Effect.gen(function* () {
      const headers = yield* SentWebhook.sign(body, { secret })
      const upper = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
      )
      for (const form of [
        upper,
        Object.entries(headers),
        new Headers(headers),
        new Map(Object.entries(headers)),
      ]) {
        yield* SentWebhook.verify({ headers: form, body }, { secret })
      }
    }),
  )

  it.effect.each(["x-webhook-id", "x-webhook-timestamp", "x-webhook-signature"])(
    "rejects a call without %s, or with several",
    (name) =>
      Effect.gen(function* () {
        const headers = yield* SentWebhook.sign(body, { secret })
        const { [name]: value = "", ...others } = headers
        assert.strictEqual(yield* refusal({ headers: others, body }), "MissingHeader")
        assert.strictEqual(
          yield* refusal({ headers: { ...others, [name]: "" }, body }),
          "MissingHeader",
        )
        for (const repeated of [
          { ...others, [name]: `${value}, ${value}` },
          { ...others, [name]: [value, value] },
          [...Object.entries(headers), [name, value] as const],
        ]) {
          assert.strictEqual(yield* refusal({ headers: repeated, body }), "RepeatedHeader")
        }
      }),
  )

  it.effect.each<readonly [seconds: number, isTaken: boolean]>([
    [0, true],
    [-300, true],
    [300, true],
    [-301, false],
    [301, false],
  ])("of a call that was signed %i seconds from now", ([seconds, isTaken]) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_000)
      const headers = yield* SentWebhook.sign(body, { secret, timestamp: 1_700_000_000 + seconds })
      const verified = SentWebhook.verify({ headers, body }, { secret })
      if (isTaken) yield* verified
      else assert.strictEqual(yield* refusal({ headers, body }), "TimestampOutOfTolerance")
      // Who trusts other clocks more says so.
      yield* SentWebhook.verify({ headers, body }, { secret, tolerance: "10 minutes" })
    }),
  )

  it.effect.each([
    "1700000000abc",
    "1.7e9",
    " 1700000000",
    "-1",
    "0x6553f100",
    "NaN",
    "1700000000.0",
  ])("rejects the timestamp %j, although it was signed", (timestamp) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_000)
      const good = yield* SentWebhook.sign(body, { secret, id, timestamp: 1_700_000_000 })
      // Signed over these very bytes by the published library's way.
      const signature = yield* Effect.promise(async () => {
        const { createHmac } = await import("node:crypto")
        const key = Buffer.from(secret.slice(6), "base64")
        return createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")
      })
      const headers = {
        ...good,
        "x-webhook-timestamp": timestamp,
        "x-webhook-signature": `v1,${signature}`,
      }
      assert.strictEqual(yield* refusal({ headers, body }), "TimestampOutOfTolerance")
    }),
  )

  it.effect("rejects a body, an id or a time that was changed by a single bit", () =>
    Effect.gen(function* () {
      const headers = yield* SentWebhook.sign(body, { secret, timestamp: 0 })
      const bytes = bytesOf(body)
      for (let index = 0; index < bytes.length; index += 7) {
        const changed = bytes.slice()
        changed[index] = (changed[index] ?? 0) ^ 1
        assert.strictEqual(yield* refusal({ headers, body: changed }), "BadSignature")
      }
      for (const change of [{ "x-webhook-id": "another" }, { "x-webhook-timestamp": "1" }]) {
        assert.strictEqual(
          yield* refusal({ headers: { ...headers, ...change }, body }),
          "BadSignature",
        )
      }
    }),
  )

  it.effect.each([
    "v1",
    "v1,",
    "v1,AAAA",
    "v2,ywXG2TBR1uxsDXz1m8TjUykglVzD5xjDdO5l7rijS9o=",
    "ywXG2TBR1uxsDXz1m8TjUykglVzD5xjDdO5l7rijS9o=",
    "v1,ywXG2TBR1uxsDXz1m8TjUykglVzD5xjDdO5l7rijS9o",
    "v1,ywXG2TBR1uxsDXz1m8TjUykglVzD5xjDdO5l7rijS9o==",
    "v1,+++++++++++++++++++++++++++++++++++++++++++=",
  ])("rejects the signature %s", (signature) =>
    Effect.gen(function* () {
      const headers = yield* SentWebhook.sign(body, { secret })
      const forged = { ...headers, "x-webhook-signature": signature }
      assert.strictEqual(yield* refusal({ headers: forged, body }), "BadSignature")
    }),
  )

  it.effect("checks a bounded number of signatures", () =>
    Effect.gen(function* () {
      const headers = yield* SentWebhook.sign(body, { secret })
      const wrong = `v1,${"A".repeat(43)}= `.repeat(10)
      const late = {
        ...headers,
        "x-webhook-signature": `${wrong}${headers["x-webhook-signature"]}`,
      }
      assert.strictEqual(yield* refusal({ headers: late, body }), "BadSignature")
    }),
  )

  it.effect.each<readonly [what: string, bytes: Uint8Array]>([
    ["not UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d)],
    ["not JSON", bytesOf("{")],
    ["empty", new Uint8Array()],
  ])("reports a signed body as malformed if it is %s", ([, bytes]) =>
    Effect.gen(function* () {
      const headers = yield* SentWebhook.sign(bytes, { secret })
      assert.strictEqual(yield* refusal({ headers, body: bytes }), "MalformedPayload")
      // Not before the signature is good: who cannot sign learns nothing.
      const forged = { ...headers, "x-webhook-signature": `v1,${"A".repeat(43)}=` }
      assert.strictEqual(yield* refusal({ headers: forged, body: bytes }), "BadSignature")
    }),
  )

  it.effect.each(["", "whsec_", "whsec_not base64", "secret!"])("rejects the secret %j", (bad) =>
    Effect.gen(function* () {
      const headers = yield* SentWebhook.sign(body, { secret })
      assert.strictEqual(yield* refusal({ headers, body }, { secret: bad }), "InvalidOptions")
      const reason = yield* Effect.flip(SentWebhook.sign(body, { secret: Redacted.make(bad) }))
      assert.strictEqual(reason.reason._tag, "InvalidOptions")
    }),
  )

  it.effect("holds neither the body nor the secret in its errors", () =>
    Effect.gen(function* () {
      const headers = yield* SentWebhook.sign("{+1234567890", { secret })
      for (const request of [
        { headers, body: "{+1234567890" },
        { headers, body: "{+12345678901" },
        { headers: { ...headers, "x-webhook-timestamp": "1234567890123" }, body: "{" },
      ]) {
        const error = yield* Effect.flip(SentWebhook.verify(request, { secret }))
        const shown = `${error.message} ${JSON.stringify(error)} ${error.stack}`
        for (const hidden of ["1234567890", secret.slice(6, 20), "v1,"]) {
          assert.notInclude(shown, hidden)
        }
      }
    }),
  )
})

// -----------------------------------------------------------------------------
// Receiving
// -----------------------------------------------------------------------------

type Handle = (event: DeliveryStatus.DeliveryEvent) => Effect.Effect<void, unknown>
type Call = (
  text: string | Uint8Array<ArrayBuffer>,
  init?: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> },
) => Promise<Response>

/** A receiver, and how to call it as the provider does. */
const receivers: ReadonlyArray<
  readonly [
    name: string,
    make: (
      options: Omit<SentWebhook.ReceiverOptions<unknown>, "handle"> & { readonly handle: Handle },
    ) => (request: Request) => Promise<Response>,
  ]
> = [
  ["toWebHandler", (options) => SentWebhook.toWebHandler(options)],
  [
    "route",
    (options) => {
      const app = HttpRouter.toWebHandler(SentWebhook.route("/hooks/sent", options), {
        disableLogger: true,
      })
      return (request) => app.handler(request, Context.empty())
    },
  ],
]

const caller =
  (handler: (request: Request) => Promise<Response>, by = secret): Call =>
  async (text, { headers = {}, method = "POST" } = {}) => {
    const signed = await Effect.runPromise(SentWebhook.sign(text, { secret: by }))
    return handler(
      new Request("https://app.example.com/hooks/sent", {
        method,
        headers: { "content-type": "application/json", ...signed, ...headers },
        ...(method === "GET" ? {} : { body: text }),
      }),
    )
  }

describe.each(receivers)("what %s makes", (_, make) => {
  it("responds 2xx once the event was handled, and passes it on as decoded", async () => {
    const events: Array<DeliveryStatus.DeliveryEvent> = []
    const handle: Handle = (event) => Effect.sync(() => void events.push(event))
    const call = caller(make({ secret, handle }))
    assert.strictEqual((await call(body)).status, 204)
    assert.strictEqual((await call("{}")).status, 204)
    assert.deepStrictEqual(
      events.map(({ _tag }) => _tag),
      ["MessageStatus", "Unknown"],
    )
  })

  it("responds only after the handler has succeeded", async () => {
    const done = Deferred.makeUnsafe<void>()
    const call = caller(make({ secret, handle: () => Deferred.await(done) }))
    let isAnswered = false
    const answer = call(body).finally(() => (isAnswered = true))
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    assert.isFalse(isAnswered)
    await Effect.runPromise(Deferred.succeed(done, undefined))
    assert.strictEqual((await answer).status, 204)
  })

  it("responds 500 if the handler fails or dies, and handles the event when it is sent again", async () => {
    const outcomes = [Effect.fail("no"), Effect.die(new Error("defect")), Effect.void]
    let handled = 0
    const handle: Handle = () => outcomes[handled++] ?? Effect.void
    const call = caller(make({ secret, handle }))
    const statuses: Array<number> = []
    for (let calls = 0; calls < 5; calls++) {
      // One after the other, as a provider calls again.
      // oxlint-disable-next-line no-await-in-loop
      statuses.push((await call(body)).status)
    }
    assert.deepStrictEqual(statuses, [500, 500, 204, 204, 204])
    assert.strictEqual(handled, 3)
  })

  it("does not handle a duplicate, however it is signed, even if it arrives at the same moment", async () => {
    let handled = 0
    const handle: Handle = () =>
      Effect.andThen(
        Effect.yieldNow,
        Effect.sync(() => void handled++),
      )
    const handler = make({ secret: [secret, oldSecret], handle })
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_unused, index) =>
        caller(handler, index % 2 === 0 ? secret : oldSecret)(body),
      ),
    )
    assert.isTrue(answers.every(({ status }) => status === 204))
    assert.strictEqual(handled, 1)
    await caller(handler)(updateOf("READ"))
    await caller(handler)(updateOf("DELIVERED", 43))
    await caller(handler)('{"field":"weather"}')
    await caller(handler)('{"field":"weather"}')
    assert.strictEqual(handled, 4)
  })

  it("keeps at most dedupeSize events", async () => {
    let handled = 0
    const handle: Handle = () => Effect.sync(() => void handled++)
    const call = caller(make({ secret, handle, dedupeSize: 2 }))
    for (const seconds of [10, 11, 12, 12, 11, 10]) {
      // In this order.
      // oxlint-disable-next-line no-await-in-loop
      await call(updateOf("SENT", seconds))
    }
    assert.strictEqual(handled, 4)
  })

  it.each<readonly [what: string, status: number, send: (call: Call) => Promise<Response>]>([
    [
      "a bad signature",
      401,
      (call) => call(body, { headers: { "x-webhook-signature": "v1,AAAA" } }),
    ],
    ["an old timestamp", 401, (call) => call(body, { headers: { "x-webhook-timestamp": "1" } })],
    ["a header without a value", 401, (call) => call(body, { headers: { "x-webhook-id": "" } })],
    ["another method", 405, (call) => call(body, { method: "PUT" })],
    ["GET", 405, (call) => call("", { method: "GET" })],
    ["too long a body", 413, (call) => call(`"${"x".repeat(300_000)}"`)],
    [
      "another content type",
      415,
      (call) => call(body, { headers: { "content-type": "text/plain" } }),
    ],
    ["no JSON", 400, (call) => call("{")],
    ["no UTF-8", 400, (call) => call(Uint8Array.of(0xff))],
  ])("responds to %s with %i, and does not call the handler", async (_what, status, send) => {
    let handled = 0
    const handle: Handle = () => Effect.sync(() => void handled++)
    const answer = await send(caller(make({ secret, handle })))
    assert.strictEqual(answer.status, status)
    if (status === 405) assert.strictEqual(answer.headers.get("allow"), "POST")
    assert.strictEqual(handled, 0)
  })

  it("accepts a content type with parameters, and other JSON types", async () => {
    const call = caller(make({ secret, handle: () => Effect.void }))
    for (const type of [
      "application/json; charset=utf-8",
      "Application/JSON",
      "application/cloudevents+json",
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- a few
      assert.strictEqual((await call(body, { headers: { "content-type": type } })).status, 204)
    }
  })
})

const withStore = <A>(use: (store: KeyValueStore.KeyValueStore) => Promise<A>): Promise<A> =>
  Effect.runPromise(
    Effect.provide(
      Effect.flatMap(KeyValueStore.KeyValueStore, (store) => Effect.promise(() => use(store))),
      KeyValueStore.layerMemory,
    ),
  )

describe("a receiver with a store", () => {
  it("recognises after a restart what was handled before, and stays bounded", () =>
    withStore(async (store) => {
      let handled = 0
      const handle: Handle = () => Effect.sync(() => void handled++)
      const start = () => caller(SentWebhook.toWebHandler({ secret, handle, store, dedupeSize: 3 }))
      for (const seconds of [10, 11, 12, 13, 14, 14, 13, 12]) {
        // Each by a receiver of its own, as after so many restarts.
        // oxlint-disable-next-line no-await-in-loop
        assert.strictEqual((await start()(updateOf("SENT", seconds))).status, 204)
      }
      assert.strictEqual(handled, 5)
      assert.strictEqual(
        await Effect.runPromise(store.size),
        7,
        "three events, three slots, one counter",
      )
      await start()(updateOf("SENT", 10))
      assert.strictEqual(handled, 6)
    }))

  it("responds 500 if the store fails", () =>
    withStore(async (store) => {
      let handled = 0
      const away = Effect.fail(
        new KeyValueStore.KeyValueStoreError({ method: "get", message: "away" }),
      )
      const handler = SentWebhook.toWebHandler({
        secret,
        handle: () => Effect.sync(() => void handled++),
        store: { ...store, get: () => away },
      })
      assert.strictEqual((await caller(handler)(body)).status, 500)
      assert.strictEqual(handled, 0)
    }))
})

describe("the options of a receiver", () => {
  it.effect("are rejected if a secret is malformed: by the layer, and by the first call", () =>
    Effect.gen(function* () {
      const options = { secret: "whsec_", handle: () => Effect.void }
      const error = yield* Effect.flip(
        Effect.scoped(
          Layer.build(Layer.provide(SentWebhook.route("/hooks/sent", options), HttpRouter.layer)),
        ),
      )
      assert.strictEqual(error.reason._tag, "InvalidOptions")
      const handler = SentWebhook.toWebHandler(options)
      const rejected: unknown = yield* Effect.promise(() =>
        handler(new Request("https://app.example.com/")).catch((cause: unknown) => cause),
      )
      assert.isTrue(Schema.is(WebhookError.WebhookError)(rejected))
    }),
  )

  it.effect("may have a handler that needs services, which the layer requires", () =>
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
      const call = caller((request) => app.handler(request, Context.empty()))
      const answer = yield* Effect.forkChild(Effect.promise(() => call(body)))
      assert.strictEqual((yield* Fiber.join(answer)).status, 204)
      assert.strictEqual(added, 1)
    }),
  )
})
