/**
 * No key, sender id, phone number or template value shows anywhere, however a send ends: distinctive values go
 * through every kind of ending, and all that a program can see of it is searched for them.
 */
import {
  CircuitBreak,
  RetryPolicy,
  SentClient,
  SentCredentials,
  type SendToPhone,
  SentError,
} from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  Context,
  Effect,
  Exit,
  Fiber,
  Layer,
  Logger,
  Metric,
  Option,
  Schedule,
} from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { CircuitBreaker } from "effect/persistence"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { clients } from "@effect-sent/faults/clients"
import { failing } from "./support/failing.ts"
import { recording } from "./support/observing.ts"
import { answer, bytes, json, type Play, wire } from "./support/wire.ts"

const secrets = {
  apiKey: "sk_live_Quixotic.Jabberwock$42",
  senderId: "c0ffee00-dead-4bad-8bad-feedfacecafe",
  phoneNumber: "+4915550199337",
  value: "Zephyrine Quill",
  token: "hook-token-8f3a",
}

const credentials = { senderId: secrets.senderId, apiKey: secrets.apiKey }

const input: SendToPhone.Input = {
  phoneNumber: secrets.phoneNumber,
  templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  messageBody: { name: secrets.value, initial: "Z" },
  webhookUrl: `https://example.com/hook?token=${secrets.token}`,
}

// A service that repeats everything it was told, in several notations.
const echo = [
  secrets.apiKey,
  secrets.senderId.toUpperCase(),
  secrets.phoneNumber,
  "4915550199337",
  "+49 1555 0199337",
  "+49 (1555) 019-9337",
  secrets.value,
  input.webhookUrl,
].join(" | ")

// Parts that no text around them explains.
const needles = [
  "Quixotic",
  "c0ffee00",
  "C0FFEE00",
  "0199337",
  "019-9337",
  "Zephyrine",
  "hook-token",
]

const endings: ReadonlyArray<readonly [title: string, play: Play]> = [
  ["204", answer(204)],
  ["400 with field errors", json(400, { errors: { phoneNumber: [echo], [echo]: [echo] } })],
  ["400 with a detail", json(400, { detail: echo })],
  ["400 Insufficient balance", json(400, { detail: `Insufficient balance. ${echo}` })],
  ["400 in HTML", answer(400, { "content-type": "text/html" }, `<p>${echo}</p>`)],
  ["401", json(401, { detail: `Header x-api-key not found: ${echo}` })],
  ["403", json(403, { title: echo })],
  ["404", json(404, { message: echo })],
  ["405", json(405, { detail: echo })],
  ["429", json(429, { detail: echo }, { "Retry-After": "0", "X-Echo": echo })],
  ["500", json(500, { detail: echo })],
  ["503", json(503, { detail: echo })],
  ["307", answer(307, { location: `https://example.com/?${encodeURI(echo)}` })],
  ["a reset", (socket) => void socket.resetAndDestroy()],
  ["garbage", bytes(`${echo}\r\n\r\n`)],
  ["a body cut off", bytes(`HTTP/1.1 500 Oops\r\ncontent-length: 9999\r\n\r\n${echo}`)],
]

/** Whatever passes with time is tried again at once, so that the retries are looked at, too. */
const twice = RetryPolicy.make({
  times: 1,
  schedule: Schedule.recurs(1),
  atLeastOnce: true,
  budget: false,
  onRetry: (retry) => Effect.logInfo("again", retry),
})

/** Collects everything that is logged, traced and counted, as text. */
const observing = () => {
  const seen: Array<string> = []
  const { layer: recorder, metrics, spans } = recording()
  const look = (value: unknown) => {
    seen.push(inspect(value, { depth: 20, showHidden: true, getters: true }))
    seen.push(JSON.stringify(value))
  }
  const layer = Layer.mergeAll(
    recorder,
    Logger.layer([
      Logger.make((options) => {
        look(options.message)
        seen.push(Cause.pretty(options.cause))
        seen.push(Logger.formatJson.log(options))
      }),
    ]),
  )
  const texts = () => {
    look([...metrics.keys()])
    look(Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, metrics)))
    for (const span of spans) {
      seen.push(inspect(span.attributes, { depth: 20 }), inspect(span.events, { depth: 20 }))
      const { status } = span
      if (status._tag === "Ended" && Exit.isFailure(status.exit)) {
        seen.push(Cause.pretty(status.exit.cause))
        look(status.exit.cause)
      }
    }
    return seen
  }
  return { layer, look, texts, spans }
}

const assertClean = (texts: ReadonlyArray<string>) => {
  assert.isAbove(texts.length, 0)
  for (const text of texts) {
    for (const needle of needles) assert.notInclude(text, needle)
  }
}

describe.each(clients)("privacy, over %s", (_, http) => {
  it.effect.each(endings)("nothing shows after %s", ([, play]) =>
    Effect.gen(function* () {
      const server = yield* wire(play)
      const observed = observing()
      // A user's own client, which logs the headers of each request.
      const logging = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(
          HttpClient.HttpClient,
          HttpClient.tapRequest((request) => Effect.logDebug(request.headers)),
        ),
      ).pipe(Layer.provide(http))
      const exit = yield* SentClient.sendToPhone(input).pipe(
        Effect.tapCause((cause) => Effect.logError("send failed", cause)),
        Effect.provide(
          SentClient.layer({ baseUrl: server.baseUrl, retryPolicy: twice }).pipe(
            Layer.provide(SentCredentials.layer(credentials)),
            Layer.provide(logging),
          ),
        ),
        Effect.withSpan("test"),
        Effect.provide(observed.layer),
        Effect.exit,
      )
      observed.look(exit)
      if (Exit.isFailure(exit)) {
        const error = Option.getOrThrow(Cause.findErrorOption(exit.cause))
        assert.instanceOf(error, SentError.SentError)
        observed.look(error)
        observed.look(error.reason)
        observed.look(Object.entries(error.reason))
        observed.look([String(error), error.message, error.stack, Cause.pretty(exit.cause)])
      }
      const [outer, send, ...attempts] = observed.spans.map((span) => span.name)
      assert.deepStrictEqual([outer, send], ["test", "SentClient.sendToPhone"])
      assert.strictEqual(attempts.length, server.requests.length)
      assert.deepStrictEqual([...new Set(attempts)], ["POST /v1/messages/phone"])
      assertClean(observed.texts())
    }),
  )
})

describe("privacy of input that is rejected before it is sent", () => {
  it.effect("an invalid input is described by its fields only", () =>
    Effect.gen(function* () {
      const observed = observing()
      const error = yield* SentClient.sendToPhone({
        phoneNumber: `${secrets.phoneNumber} `,
        templateId: secrets.value,
        // A caller whom TypeScript does not check.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        messageBody: { name: [secrets.value] as unknown as string },
        webhookUrl: secrets.token,
      }).pipe(
        Effect.provide(
          SentClient.layer().pipe(
            Layer.provide(SentCredentials.layer(credentials)),
            Layer.provide(FetchHttpClient.layer),
          ),
        ),
        Effect.tapCause((cause) => Effect.logError("send failed", cause)),
        Effect.provide(observed.layer),
        Effect.flip,
      )
      observed.look(error)
      observed.look([String(error), error.message, error.stack])
      assert.strictEqual(error.reason._tag, "InvalidRequest")
      assertClean(observed.texts())
    }),
  )
})

/** Accepts each request, with this body, as if it had been sent to this URL. */
const responding = (url: string | undefined, body: string) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.succeed(
        HttpClientResponse.fromWeb(
          url === undefined ? request : HttpClientRequest.setUrl(request, url),
          new Response(body, { headers: { "content-type": "application/json" } }),
        ),
      ),
    ),
  )

describe("privacy of sends without a response", () => {
  const silent = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make(() => Effect.never),
  )
  /** A client that runs again whatever fails: the second run is refused, and logged. */
  const repeating = Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, HttpClient.retry({ times: 1 })),
  ).pipe(Layer.provide(failing(Object.assign(new Error(echo), { code: "ECONNRESET" }))))
  const redirected = responding(`https://example.com/?${encodeURIComponent(echo)}`, "{}")
  const refusing = responding(undefined, JSON.stringify({ status: 400, detail: echo }))
  const refused = Object.assign(new Error(echo), { code: "ECONNREFUSED", syscall: "connect" })
  const lost = Object.assign(new Error(echo), { code: "ECONNRESET" })

  it.effect.each<
    readonly [
      reason: SentError.Reason["_tag"],
      http: Layer.Layer<HttpClient.HttpClient>,
      options: SentClient.Options,
      apiKey?: string,
    ]
  >([
    ["ConnectionFailed", failing(refused), {}],
    ["ConnectionLost", failing(lost), {}],
    ["TimedOut", silent, { timeout: "1 second" }],
    ["TimedOut", silent, { deadline: "1 second" }],
    ["RequestRepeated", repeating, {}],
    ["RequestRepeated", redirected, {}],
    ["UnexpectedResponse", refusing, {}],
    [
      "CircuitOpen",
      failing(lost),
      { circuitBreak: CircuitBreak.make({ tripPolicy: CircuitBreaker.consecutive(1) }) },
    ],
    ["CredentialsUnavailable", silent, {}, `${secrets.apiKey} `],
  ])("nothing shows after %s: %#", ([reason, http, options, apiKey = secrets.apiKey]) =>
    Effect.gen(function* () {
      const observed = observing()
      const sending = SentClient.sendToPhone(input).pipe(
        Effect.tapCause((cause) => Effect.logError("send failed", cause)),
        // The second is the one that meets an open circuit.
        Effect.flip,
        Effect.repeat({ times: 1 }),
        Effect.provide(
          SentClient.layer({ retryPolicy: RetryPolicy.none, ...options }).pipe(
            Layer.provide(
              SentCredentials.layerEffect({
                load: Effect.succeed({ senderId: secrets.senderId, apiKey }),
              }),
            ),
            Layer.provide(http),
          ),
        ),
        Effect.provide(observed.layer),
      )
      const fiber = yield* Effect.forkChild(sending)
      for (let second = 0; second < 4; second++) yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(fiber)
      assert.instanceOf(error, SentError.SentError)
      assert.strictEqual(error.reason._tag, reason)
      observed.look(error)
      observed.look([String(error), error.message, error.stack, Cause.pretty(Cause.fail(error))])
      assertClean(observed.texts())
    }),
  )
})
