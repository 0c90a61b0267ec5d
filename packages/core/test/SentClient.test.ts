/**
 * Inputs and options: what is rejected before anything is sent, and where requests go.
 */
import { SentClient, SentCredentials, type SendToPhone } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Layer } from "effect"
import { FetchHttpClient, HttpClient, HttpClientResponse } from "effect/http"
import { clientLayer } from "@effect-sent/faults/program"
import { assertReason } from "./support/reason.ts"
import { credentials, sample } from "@effect-sent/faults/sample"
import { answer, wire } from "./support/wire.ts"

/** An HTTP client that keeps the addresses it is asked for and accepts everything. */
const recording = () => {
  const urls: Array<string> = []
  const layer = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) => {
      urls.push(url.href)
      return Effect.succeed(
        HttpClientResponse.fromWeb(request, new Response(null, { status: 204 })),
      )
    }),
  )
  return { urls, layer }
}

// -----------------------------------------------------------------------------
// Inputs
// -----------------------------------------------------------------------------

const e164 = "must be an E.164 phone number: + and 7 to 15 digits, e.g. +1234567890"
/** Of a number that is not: which form or which character says why. */
const notE164 = (why: string): string => `${e164} (${why})`
const guid = "must be a GUID, e.g. 7ba7b820-9dad-11d1-80b4-00c04fd430c8"
const url =
  "must be an absolute http or https URL, percent-encoded, without user information or a fragment, " +
  "e.g. https://example.com/webhook/message-status"

interface Wrong {
  readonly title: string
  readonly input: unknown
  readonly issues: ReadonlyArray<readonly [path: string, message: string]>
}

const wrong = (title: string, input: unknown, ...issues: Wrong["issues"]): Wrong => ({
  title,
  input,
  issues,
})

const inputs: ReadonlyArray<Wrong> = [
  wrong("an empty object", {}, ["phoneNumber", "is required"], ["templateId", "is required"]),
  wrong("no object", "+1234567890", ["", "must be an object"]),
  wrong("nothing", undefined, ["", "must be an object"]),
  wrong("null", null, ["", "must be an object"]),
  wrong("a list", [sample], ["", "must be an object"]),
  wrong("an unknown field", { ...sample, channel: "sms" }, ["channel", "is not a known field"]),
  wrong(
    "fields of wrong types",
    { phoneNumber: 1_234_567_890, templateId: null, messageBody: "John", webhookUrl: {} },
    ["phoneNumber", "must be a string"],
    ["templateId", "must be a string"],
    ["messageBody", "must be an object"],
    ["webhookUrl", "must be a string"],
  ),
  wrong(
    "template variables that are not strings",
    { ...sample, messageBody: { name: "John Doe", order_id: 12_345, items: ["a"] } },
    ["messageBody.order_id", "must be a string"],
    ["messageBody.items", "must be a string"],
  ),
  wrong(
    "everything malformed",
    { ...sample, phoneNumber: "0123", templateId: "welcome", webhookUrl: "/webhook" },
    ["phoneNumber", notE164("it has no + and country code in front")],
    ["templateId", guid],
    ["webhookUrl", url],
  ),
  ...[
    ["1234567890", "it has no + and country code in front"],
    ["+123456", "it has 6 digits"],
    ["+1 234 567 890", "character 3 is a space (U+0020)"],
  ].map(([phoneNumber = "", why = ""]) =>
    wrong(`the phone number ${JSON.stringify(phoneNumber)}`, { ...sample, phoneNumber }, [
      "phoneNumber",
      notE164(why),
    ]),
  ),
  ...[
    "7ba7b8209dad11d180b400c04fd430c8",
    "{7ba7b820-9dad-11d1-80b4-00c04fd430c8}",
    "urn:uuid:7ba7b820-9dad-11d1-80b4-00c04fd430c8",
    "7ba7b820-9dad-11d1-80b4-00c04fd430cg",
    " 7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  ].map((templateId) =>
    wrong(`the template id ${JSON.stringify(templateId)}`, { ...sample, templateId }, [
      "templateId",
      guid,
    ]),
  ),
  ...[
    "",
    "example.com/webhook",
    "ftp://example.com/",
    "javascript:alert(1)",
    "https://",
    "https://user:secret@example.com/",
    "https://example.com/#fragment",
    "https://example.com/a b",
    "https://exämple.com/",
    "https://example.com/%zz",
    "https://example.com:port/",
    "https://[::2]/",
  ].map((webhookUrl) =>
    wrong(`the webhook URL ${JSON.stringify(webhookUrl)}`, { ...sample, webhookUrl }, [
      "webhookUrl",
      url,
    ]),
  ),
  wrong(
    "a webhook URL of 2049 characters",
    { ...sample, webhookUrl: `https://example.com/${"a".repeat(2029)}` },
    ["webhookUrl", "must be at most 2048 characters long"],
  ),
]

const right: ReadonlyArray<SendToPhone.Input> = [
  sample,
  { phoneNumber: "+1234567", templateId: sample.templateId },
  { phoneNumber: "+123456789012345", templateId: sample.templateId.toUpperCase() },
  { ...sample, messageBody: {} },
  { ...sample, messageBody: undefined, webhookUrl: undefined },
  { ...sample, webhookUrl: `https://example.com/${"a".repeat(2028)}` },
  { ...sample, webhookUrl: "http://localhost:3000" },
  { ...sample, webhookUrl: "http://[::1]:3000/hook" },
  { ...sample, webhookUrl: "http://my_service:8080/hook?token=a%20b&x[]=".replace("[]", "") },
]

describe("inputs", () => {
  it.effect.each(inputs)("$title is rejected before anything is sent", ({ input, issues }) =>
    Effect.gen(function* () {
      const http = recording()
      const error = yield* SentClient.sendToPhone(
        // A caller whom TypeScript does not check.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        input as SendToPhone.Input,
      ).pipe(Effect.provide(clientLayer(http.layer, {})), Effect.flip)
      assertReason(error.reason, {
        _tag: "InvalidRequest",
        issues: issues.map(([path, message]) => ({
          path: path === "" ? [] : path.split("."),
          message,
        })),
      })
      assert.strictEqual(error.delivery, "not-sent")
      assert.strictEqual(error.attempts, 0)
      assert.isFalse(error.isRetryable)
      assert.deepStrictEqual(http.urls, [])
    }),
  )

  it.effect.each(right.map((input, index) => ({ input, index })))(
    "well-formed input $index is sent",
    ({ input }) =>
      Effect.gen(function* () {
        const http = recording()
        yield* SentClient.sendToPhone(input).pipe(Effect.provide(clientLayer(http.layer, {})))
        assert.strictEqual(http.urls.length, 1)
      }),
  )
})

// -----------------------------------------------------------------------------
// Base URL
// -----------------------------------------------------------------------------

describe("the base URL", () => {
  it.effect.each([
    { baseUrl: undefined, endpoint: "https://api.sent.dm/v1/messages/phone" },
    { baseUrl: "https://sent.example/", endpoint: "https://sent.example/v1/messages/phone" },
    { baseUrl: "https://sent.example/a//", endpoint: "https://sent.example/a/v1/messages/phone" },
    {
      baseUrl: new URL("https://sent.example"),
      endpoint: "https://sent.example/v1/messages/phone",
    },
    { baseUrl: "http://localhost:4010", endpoint: "http://localhost:4010/v1/messages/phone" },
    { baseUrl: "http://sent.localhost", endpoint: "http://sent.localhost/v1/messages/phone" },
    { baseUrl: "http://127.1.2.3", endpoint: "http://127.1.2.3/v1/messages/phone" },
    { baseUrl: "http://[::1]:80", endpoint: "http://[::1]/v1/messages/phone" },
  ])("$baseUrl leads to $endpoint", ({ baseUrl, endpoint }) =>
    Effect.gen(function* () {
      const http = recording()
      yield* SentClient.sendToPhone(sample).pipe(
        Effect.provide(clientLayer(http.layer, { baseUrl })),
      )
      assert.deepStrictEqual(http.urls, [endpoint])
    }),
  )

  const insecure =
    "must be an https URL: plain http would expose the credentials on the network (to reach a mock in a container, set " +
    "allowPlainHttp or SENT_ALLOW_PLAIN_HTTP to true)"
  it.effect.each([
    { baseUrl: "http://api.sent.dm", message: insecure },
    { baseUrl: "http://10.0.0.1", message: insecure },
    { baseUrl: "http://127.0.0.1.example.com", message: insecure },
    { baseUrl: "http://localhost.example.com", message: insecure },
    { baseUrl: "ftp://api.sent.dm", message: "must be an https URL" },
    { baseUrl: "api.sent.dm", message: "must be an absolute URL, e.g. https://api.sent.dm" },
    {
      baseUrl: "",
      message:
        "must be an absolute URL, e.g. https://api.sent.dm (it is empty: remove it to send to https://api.sent.dm)",
    },
    { baseUrl: "https://me:pw@api.sent.dm", message: "must not contain a user name or password" },
    { baseUrl: "https://api.sent.dm?a=1", message: "must not have a query or a fragment" },
    { baseUrl: "https://api.sent.dm#a", message: "must not have a query or a fragment" },
  ])("$baseUrl fails the layer", ({ baseUrl, message }) =>
    Effect.gen(function* () {
      const error = yield* Layer.build(clientLayer(recording().layer, { baseUrl })).pipe(
        Effect.flip,
      )
      assertReason(error.reason, {
        _tag: "InvalidOptions",
        issues: [{ path: ["baseUrl"], message }],
      })
    }),
  )
})

// -----------------------------------------------------------------------------
// Configuration
// -----------------------------------------------------------------------------

const withEnvironment = (environment: Readonly<Record<string, string>>) =>
  Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(environment))

const environment = {
  SENT_SENDER_ID: credentials.senderId,
  SENT_API_KEY: credentials.apiKey,
}

const endpointWith = (layer: ReturnType<typeof SentClient.layerConfig>) => {
  const http = recording()
  return SentClient.sendToPhone(sample).pipe(
    Effect.provide(layer),
    Effect.provide([SentCredentials.layer(credentials), http.layer]),
    withEnvironment({ BASE: "https://configured.example", SENT_TIMEOUT: "10 seconds" }),
    Effect.map(() => http.urls[0]),
  )
}

describe("layers from the configuration", () => {
  it.effect("layerEnv takes everything from the environment", () =>
    Effect.gen(function* () {
      const server = yield* wire(answer(204))
      const receipt = yield* SentClient.sendToPhone(sample).pipe(
        Effect.provide(SentClient.layerEnv),
        withEnvironment({ ...environment, SENT_BASE_URL: server.baseUrl }),
      )
      assert.strictEqual(receipt.status, 204)
      assert.include(server.requests[0], `x-api-key: ${credentials.apiKey}\r\n`)
      assert.include(server.requests[0], `x-sender-id: ${credentials.senderId}\r\n`)
    }),
  )

  it.effect("layerConfig takes values and configurations, and needs no SENT_BASE_URL", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* endpointWith(SentClient.layerConfig()),
        "https://api.sent.dm/v1/messages/phone",
      )
      assert.strictEqual(
        yield* endpointWith(SentClient.layerConfig({ baseUrl: "https://given.example" })),
        "https://given.example/v1/messages/phone",
      )
      assert.strictEqual(
        yield* endpointWith(
          SentClient.layerConfig({
            baseUrl: Config.String("BASE"),
            timeout: Config.Duration("SENT_TIMEOUT"),
          }),
        ),
        "https://configured.example/v1/messages/phone",
      )
    }),
  )

  it.effect.each(["SENT_SENDER_ID", "SENT_API_KEY"] as const)(
    "a missing %s fails the layer, which names it",
    (missing) =>
      Effect.gen(function* () {
        const { [missing]: _, ...rest } = environment
        const error = yield* Layer.build(SentClient.layerEnv).pipe(
          withEnvironment(rest),
          Effect.flip,
        )
        assert.strictEqual(
          error.message,
          `invalid options: ${missing} is not set: copy the value from your Sent dashboard, see ` +
            "https://docs.sent.dm/docs/api-reference/authentication [not sent]",
        )
      }),
  )

  it.effect("a malformed SENT_BASE_URL fails the layer", () =>
    Effect.gen(function* () {
      const error = yield* Layer.build(SentClient.layerEnv).pipe(
        withEnvironment({ ...environment, SENT_BASE_URL: "http://api.sent.dm" }),
        Effect.flip,
      )
      assert.include(error.message, "SENT_BASE_URL must be an https URL")
    }),
  )
})

/** A `fetch` that accepts every message, and the options that it was called with. */
const recordOptions = () => {
  const seen: Array<RequestInit | undefined> = []
  const fetch: typeof globalThis.fetch = (_, init) => {
    seen.push(init)
    return Promise.resolve(new Response(null, { status: 204 }))
  }
  return { fetch, seen }
}

const sendWith = (init: RequestInit) =>
  Effect.provideService(SentClient.sendToPhone(sample), FetchHttpClient.RequestInit, init)

describe("the options of fetch", () => {
  it.effect("are kept, except redirect", () =>
    Effect.gen(function* () {
      const { fetch, seen } = recordOptions()
      yield* SentClient.sendToPhone(sample).pipe(
        Effect.provide(clientLayer(FetchHttpClient.layer, {})),
        Effect.provideService(FetchHttpClient.Fetch, fetch),
        Effect.provideService(FetchHttpClient.RequestInit, {
          credentials: "omit",
          redirect: "follow",
        }),
      )
      assert.strictEqual(seen[0]?.credentials, "omit")
      assert.strictEqual(seen[0]?.redirect, "manual")
    }),
  )

  it.effect("are those of the program that sends, whatever another one has", () =>
    Effect.gen(function* () {
      const { fetch, seen } = recordOptions()
      yield* Effect.all([
        sendWith({ credentials: "omit" }),
        sendWith({ credentials: "include" }),
        SentClient.sendToPhone(sample),
        sendWith({ credentials: "omit" }),
      ]).pipe(
        Effect.provide(clientLayer(FetchHttpClient.layer, {})),
        Effect.provideService(FetchHttpClient.Fetch, fetch),
      )
      assert.deepStrictEqual(
        seen.map((init) => init?.credentials),
        ["omit", "include", undefined, "omit"],
      )
    }),
  )

  it.effect("a redirect whose status the browser hides is not an acceptance", () =>
    Effect.gen(function* () {
      // What `redirect: "manual"` gives in a browser: an opaque response of status 0 (Fetch, section 2.2.6).
      const opaque = Object.defineProperty(new Response(null), "status", { value: 0 })
      const error = yield* SentClient.sendToPhone(sample).pipe(
        Effect.provide(clientLayer(FetchHttpClient.layer, {})),
        Effect.provideService(FetchHttpClient.Fetch, () => Promise.resolve(opaque)),
        Effect.flip,
      )
      assertReason(error.reason, { _tag: "UnexpectedResponse", status: 0 })
      assert.strictEqual(error.delivery, "unknown")
    }),
  )
})
