/**
 * One attempt is one request: whatever an application puts around its HTTP client, a message is sent once, its key does
 * not travel, and what is said of it is true.
 */
import { SentClient, type SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schedule } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { clients } from "@effect-sent/faults/clients"
import { clientLayer } from "@effect-sent/faults/program"
import { credentials, sample } from "@effect-sent/faults/sample"
import { bytes, type Play, wire } from "./support/wire.ts"

type Change = (client: HttpClient.HttpClient) => HttpClient.HttpClient

const around = (change: Change, http: Layer.Layer<HttpClient.HttpClient>) =>
  Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, change)).pipe(
    Layer.provide(http),
  )

const thrice = { times: 3 } as const

/** What repeats a request that fails. */
const repeating: Readonly<Record<string, Change>> = {
  "retryTransient, bounded": HttpClient.retryTransient(thrice),
  "retryTransient without a bound": HttpClient.retryTransient({}),
  "retry, bounded": HttpClient.retry(thrice),
  "retry forever": HttpClient.retry(Schedule.forever),
  "filterStatusOk, then retryTransient": (client) =>
    client.pipe(HttpClient.filterStatusOk, HttpClient.retryTransient(thrice)),
  "retry, then changes of the request and a tap": (client) =>
    client.pipe(
      HttpClient.retry(thrice),
      HttpClient.mapRequest(HttpClientRequest.setHeader("x-a", "b")),
      HttpClient.tap(() => Effect.void),
    ),
  "an effectful change of the request, then retry": (client) =>
    client.pipe(
      HttpClient.mapRequestEffect((request) => Effect.as(Effect.yieldNow, request)),
      HttpClient.retry(thrice),
    ),
  "withScope, then retry": (client) =>
    client.pipe(
      HttpClient.transform((sending) => sending),
      HttpClient.retry(thrice),
    ),
  "transformResponse with retry": HttpClient.transformResponse(Effect.retry(thrice)),
  "transformResponse that runs again after any cause": HttpClient.transformResponse((sending) =>
    Effect.catchCause(sending, () => sending),
  ),
}

/** What repeats a request below the effect that core counts: only fetch, or the events of the transport, show it. */
const hidden: Readonly<Record<string, Change>> = {
  "retry, then a transform": (client) =>
    client.pipe(
      HttpClient.retry(thrice),
      HttpClient.transform((sending) => sending),
    ),
  "transform with retry": HttpClient.transform((sending) => Effect.retry(sending, thrice)),
  "transform with retry, forever": HttpClient.transform((sending) =>
    Effect.retry(sending, Schedule.forever),
  ),
  "transform that runs again after any cause": HttpClient.transform((sending) =>
    Effect.catchCause(sending, () => sending),
  ),
}

/** What repeats a request in a fiber without the services of the attempt: of its connection, only the events of undici tell. */
const leaving: Readonly<Record<string, Change>> = {
  "transformResponse that leaves the request, with retry, to another fiber":
    HttpClient.transformResponse((sending) =>
      Effect.flatten(Effect.promise(() => Effect.runPromiseExit(Effect.retry(sending, thrice)))),
    ),
}

const following: Readonly<Record<string, Change>> = {
  followRedirects: HttpClient.followRedirects(5),
  "followRedirects, then retry": (client) =>
    client.pipe(HttpClient.followRedirects(5), HttpClient.retry(thrice)),
}

const claimOf = (sending: Effect.Effect<unknown, SentError.SentError, SentClient.SentClient>) =>
  sending.pipe(
    Effect.as("accepted"),
    Effect.catchTag("SentError", ({ delivery, reason }) =>
      Effect.succeed(`${delivery}: ${reason._tag}`),
    ),
  )

/** Sends two messages over one client, and returns what is said of them, and the warnings. */
const sendTwice = (http: Layer.Layer<HttpClient.HttpClient>, baseUrl: string) =>
  Effect.gen(function* () {
    const warnings: Array<string> = []
    const claims = yield* Effect.all([
      claimOf(SentClient.sendToPhone(sample)),
      claimOf(SentClient.sendToPhone(sample)),
    ]).pipe(
      Effect.provide(clientLayer(http, { baseUrl })),
      Effect.provide(
        Logger.layer([
          Logger.make(({ logLevel, message }) => {
            if (logLevel === "Warn") warnings.push(String(message))
          }),
        ]),
      ),
    )
    return { claims, warnings }
  })

const assertWarning = (warnings: ReadonlyArray<string>) => {
  assert.strictEqual(warnings.length, 1)
  assert.match(warnings[0] ?? "", /remove retry, retryTransient and followRedirects/)
}

const status = (code: number, headers = ""): Play =>
  bytes(`HTTP/1.1 ${code} Status\r\n${headers}content-length: 0\r\nconnection: close\r\n\r\n`)

const failures: ReadonlyArray<readonly [title: string, play: Play]> = [
  ["a reset after the request was read", (socket) => void socket.resetAndDestroy()],
  ["503", status(503)],
]

describe.each(clients)("a client that repeats, over %s", (client, http) => {
  describe.each(Object.entries({ ...repeating, ...hidden, ...leaving }))("%s", (name, change) => {
    it.live.each(failures)("sends once after %s", ([title, play]) =>
      Effect.gen(function* () {
        const server = yield* wire(play)
        const { claims, warnings } = yield* sendTwice(around(change, http), server.baseUrl)
        // One request for each of the two messages.
        assert.strictEqual(server.requests.length, 2)
        // Some of them repeat failures only, and a status is none.
        if (title === "503" && claims[0] === "unknown: ServiceOverloaded") {
          assert.deepStrictEqual(warnings, [])
          return
        }
        assert.deepStrictEqual(claims, ["unknown: RequestRepeated", "unknown: RequestRepeated"])
        assertWarning(warnings)
      }),
    )

    it.live("is truthful when nobody listens, so that the policy of the send can retry", () =>
      Effect.gen(function* () {
        const { baseUrl } = yield* Effect.scoped(wire(status(204)))
        const { claims } = yield* sendTwice(around(change, http), baseUrl)
        // The socket of the second request that node:http had begun belongs to no request that is known.
        const isKnown =
          client === "NodeHttpClient.layerNodeHttp"
            ? !(name in hidden || name in leaving)
            : client === "NodeHttpClient.layerUndici" || !(name in leaving)
        const claim = isKnown ? "not-sent: ConnectionFailed" : "unknown: RequestRepeated"
        assert.deepStrictEqual(claims, [claim, claim])
      }),
    )
  })

  it.live("that hedges sends once", () =>
    Effect.gen(function* () {
      const server = yield* wire(() => undefined)
      let sends = 0
      /** Waits until the first request of a send has arrived. */
      const arrived = (send: number) =>
        Effect.callback<void>((resume) => {
          const look = () =>
            server.requests.length >= send ? resume(Effect.void) : setImmediate(look)
          look()
        })
      const hedge = around(
        HttpClient.transform((sending) => {
          sends += 1
          return Effect.race(sending, Effect.andThen(arrived(sends), sending))
        }),
        http,
      )
      const { claims } = yield* sendTwice(hedge, server.baseUrl)
      assert.strictEqual(server.requests.length, 2)
      assert.deepStrictEqual(claims, ["unknown: RequestRepeated", "unknown: RequestRepeated"])
    }),
  )
})

describe.each(clients)(
  "a client that hides that its second request was refused, over %s",
  (_, http) => {
    it.live("and answers by itself is unknown", () =>
      Effect.gen(function* () {
        const server = yield* wire(status(503))
        const made = HttpClientResponse.fromWeb(
          HttpClientRequest.post(`${server.baseUrl}/v1/messages/phone`),
          new Response(null, { status: 404 }),
        )
        const hide: Change = (client) =>
          HttpClient.transformResponse(HttpClient.filterStatusOk(client), (sending) =>
            sending.pipe(
              Effect.catchCause(() => sending),
              Effect.catchCause((): typeof sending => Effect.succeed(made)),
            ),
          )
        const hiding = around(hide, http)
        const { claims } = yield* sendTwice(hiding, server.baseUrl)
        assert.deepStrictEqual(claims, ["unknown: RequestRepeated", "unknown: RequestRepeated"])
      }),
    )
  },
)

describe.each(clients)("a client that follows redirects, over %s", (_, http) => {
  it.live.each(
    Object.entries(following).flatMap(([name, change]) =>
      [301, 302, 303, 307, 308].map((code) => [name, code, change] as const),
    ),
  )("%s: a %i is unknown, and the key does not travel", ([, code, change]) =>
    Effect.gen(function* () {
      const other = yield* wire(status(404))
      const server = yield* wire(status(code, `location: ${other.baseUrl}/elsewhere\r\n`))
      const { claims, warnings } = yield* sendTwice(around(change, http), server.baseUrl)
      assert.deepStrictEqual(claims, ["unknown: RequestRepeated", "unknown: RequestRepeated"])
      assert.strictEqual(server.requests.length, 2)
      assert.notInclude(other.requests.join(""), credentials.apiKey)
      assertWarning(warnings)
    }),
  )
})

/** Answers each request as if it had been sent to another URL. */
const elsewhere: Change = HttpClient.transform((_, request) =>
  Effect.succeed(
    HttpClientResponse.fromWeb(
      HttpClientRequest.setUrl(request, "https://elsewhere.example"),
      new Response(null, { status: 204 }),
    ),
  ),
)

const willful: typeof globalThis.fetch = (input, init) =>
  fetch(input, { ...init, redirect: "follow" })

describe("a response", () => {
  it.effect("that came from another URL is unknown, and says so", () =>
    Effect.gen(function* () {
      const { claims, warnings } = yield* sendTwice(
        around(elsewhere, FetchHttpClient.layer),
        "https://sent.example",
      )
      assert.deepStrictEqual(claims, ["unknown: RequestRepeated", "unknown: RequestRepeated"])
      assertWarning(warnings)
    }),
  )

  it.effect("of a request for a token, before the message is sent, accepts no message", () =>
    Effect.gen(function* () {
      const tokens = yield* wire(bytes("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{"))
      const server = yield* wire(status(204))
      // It fails with an error that has the response of the other server.
      const withToken = around(
        (client) =>
          HttpClient.mapRequestEffect(client, (request) =>
            Effect.as(
              Effect.flatMap(client.get(tokens.baseUrl), ({ json }) => json),
              request,
            ),
          ),
        FetchHttpClient.layer,
      )
      const { claims } = yield* sendTwice(withToken, server.baseUrl)
      assert.deepStrictEqual(server.requests, [])
      assert.notInclude(claims, "accepted")
    }),
  )

  it.effect("that fetch followed in spite of its options is unknown", () =>
    Effect.gen(function* () {
      const other = yield* wire(status(204))
      const server = yield* wire(status(303, `location: ${other.baseUrl}/\r\n`))
      const { claims } = yield* sendTwice(FetchHttpClient.layer, server.baseUrl).pipe(
        Effect.provideService(FetchHttpClient.Fetch, willful),
      )
      assert.deepStrictEqual(claims, ["unknown: RequestRepeated", "unknown: RequestRepeated"])
    }),
  )
})

describe.each(clients)("an application's own requests, over %s", (_, http) => {
  const own: Readonly<
    Record<string, (ask: (client: HttpClient.HttpClient) => Effect.Effect<unknown>) => Change>
  > = {
    "for a token, before each message": (ask) => (client) =>
      HttpClient.mapRequestEffect(client, (request) => Effect.as(ask(client), request)),
    "for a token, in a transform": (ask) => (client) =>
      HttpClient.transform(client, (sending) => Effect.andThen(ask(client), sending)),
    "that write a log, after each message": (ask) => (client) =>
      HttpClient.tap(client, () => ask(client)),
  }

  it.live.each(Object.entries(own))("%s, pass", ([, change]) =>
    Effect.gen(function* () {
      const aux = yield* wire(status(200))
      const server = yield* wire(status(204))
      const asking = change((client) => Effect.orDie(client.post(`${aux.baseUrl}/aux`)))
      const { claims, warnings } = yield* sendTwice(around(asking, http), server.baseUrl)
      assert.deepStrictEqual(claims, ["accepted", "accepted"])
      assert.deepStrictEqual(warnings, [])
      assert.deepStrictEqual([server.requests.length, aux.requests.length], [2, 2])
    }),
  )

  it.live("that fail after an acceptance do not make it not sent", () =>
    Effect.gen(function* () {
      const { baseUrl: closed } = yield* Effect.scoped(wire(status(204)))
      const server = yield* wire(status(204))
      const logging = around((client) => HttpClient.tap(client, () => client.post(closed)), http)
      const { claims } = yield* sendTwice(logging, server.baseUrl)
      assert.strictEqual(server.requests.length, 2)
      assert.deepStrictEqual(claims, ["unknown: RequestRepeated", "unknown: RequestRepeated"])
    }),
  )
})

describe("requests that a client repeats by itself", () => {
  it.live("421 over fetch: unknown, since the first response is not known", () =>
    Effect.gen(function* () {
      const server = yield* wire(status(421))
      const { claims, warnings } = yield* sendTwice(FetchHttpClient.layer, server.baseUrl)
      assert.strictEqual(server.requests.length, 4)
      assert.deepStrictEqual(claims, ["unknown: RequestRepeated", "unknown: RequestRepeated"])
      assertWarning(warnings)
    }),
  )
})
