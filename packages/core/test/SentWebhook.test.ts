/** Calls of the provider, verified over their raw bytes. */
import { SentWebhook } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { runInNewContext } from "node:vm"
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

/** What JavaScript, or a server that parses what it receives, may pass. */
const untyped = (request: { readonly headers: unknown; readonly body: unknown }) =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  request as SentWebhook.SignedRequest

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

  it.effect.each<readonly [what: string, headers: unknown]>([
    ["null", null],
    ["undefined", undefined],
    ["a string", "x-webhook-id: 1"],
    ["a number", 7],
    ["a list of other things than pairs", [null, "x", 7, []]],
    [
      "values that are null",
      { "x-webhook-id": null, "x-webhook-timestamp": null, "x-webhook-signature": null },
    ],
    [
      "values that are numbers",
      { "x-webhook-id": 1, "x-webhook-timestamp": 0, "x-webhook-signature": 2 },
    ],
    ["values that are objects", { "x-webhook-id": { a: 1 }, "x-webhook-timestamp": [[1]] }],
  ])("rejects headers that are %s, as missing", ([, headers]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* refusal(untyped({ headers, body })), "MissingHeader")
    }),
  )

  it.effect.each<readonly [what: string, body: unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["parsed", { field: "weather" }],
    ["a number", 7],
  ])("rejects a body that is %s, whether it is signed or not", ([, nobody]) =>
    Effect.gen(function* () {
      const headers = yield* SentWebhook.sign("{}", { secret })
      assert.strictEqual(yield* refusal(untyped({ headers, body: nobody })), "MissingBody")
      const decoded = yield* Effect.flip(
        SentWebhook.decode(untyped({ headers, body: nobody }).body),
      )
      assert.strictEqual(decoded.reason._tag, "MissingBody")
      const signed = yield* Effect.flip(
        SentWebhook.sign(untyped({ headers, body: nobody }).body, { secret }),
      )
      assert.include(signed.message, "express.json()")
    }),
  )

  it.effect("takes the bytes in any class", () =>
    Effect.gen(function* () {
      const headers = yield* SentWebhook.sign(body, { secret })
      const bytes = Buffer.from(body)
      const foreign: unknown = runInNewContext("Uint8Array.from(bytes)", { bytes })
      for (const form of [
        bytes,
        bytesOf(body).buffer,
        new DataView(bytesOf(`${body}  `).buffer, 0, bytes.length),
        foreign,
        runInNewContext("array.buffer", { array: foreign }),
      ]) {
        yield* SentWebhook.verify(untyped({ headers, body: form }), { secret })
      }
    }),
  )

  it.effect("accepts a body that is nested 5,000 levels deep", () =>
    Effect.gen(function* () {
      const text = `{"field":"x","payload":${"[".repeat(5000)}${"]".repeat(5000)}}`
      const headers = yield* SentWebhook.sign(text, { secret })
      const event = yield* SentWebhook.verify({ headers, body: text }, { secret })
      assert.strictEqual(event._tag, "Unknown")
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
