/**
 * The exchange itself, over each HTTP client: what is put on the wire, to whom, and how it ends when the answer
 * is late, huge, broken, or nobody waits for it any more.
 */
import { SentClient, type SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer, Stream } from "effect"
import { HttpClient, type HttpClientError, type HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { clients } from "@effect-sent/faults/clients"
import { clientLayer, send } from "@effect-sent/faults/program"
import { assertReason } from "./support/reason.ts"
import { credentials, sample } from "@effect-sent/faults/sample"
import { answer, bytes, json, type Play, wire } from "./support/wire.ts"

const reasonOf = <A>(sending: Effect.Effect<A, SentError.SentError>) =>
  Effect.map(Effect.flip(sending), (error) => error.reason)

// -----------------------------------------------------------------------------
// What is put on the wire
// -----------------------------------------------------------------------------

const body =
  '{"phoneNumber":"+1234567890","templateId":"7ba7b820-9dad-11d1-80b4-00c04fd430c8",' +
  '"messageBody":{"name":"John Doe","order_id":"12345"},' +
  '"webhookUrl":"https://example.com/webhook/message-status"}'

// The request line, the three headers and the body are those of the API page's curl sample; beside them stands
// what HTTP asks for and what each client adds on its own.
const head = [
  "POST /v1/messages/phone HTTP/1.1",
  "accept: application/problem+json, application/json",
  `content-length: ${body.length}`,
  "content-type: application/json",
  `x-api-key: ${credentials.apiKey}`,
  `x-sender-id: ${credentials.senderId}`,
]

const added: Readonly<Record<string, ReadonlyArray<string>>> = {
  FetchHttpClient: [
    "accept-encoding: gzip, deflate",
    "accept-language: *",
    "connection: keep-alive",
    "sec-fetch-mode: cors",
    "user-agent: node",
  ],
  "NodeHttpClient.layerUndici": ["connection: keep-alive"],
  "NodeHttpClient.layerNodeHttp": ["connection: close"],
}

describe.each(clients)("the wire, over %s", (name, http) => {
  it.effect("carries the request of the API page's sample, and nothing about the program", () =>
    Effect.gen(function* () {
      const server = yield* wire(answer(204))
      // Inside a span: the ids of the program's traces are not sent to the provider.
      yield* send(http, server.baseUrl).pipe(Effect.withSpan("checkout"))
      const [sent, ...others] = server.requests
      assert.deepStrictEqual(others, [])
      const [lines, content] = (sent ?? "").split("\r\n\r\n")
      const [requestLine, ...headers] = (lines ?? "").split("\r\n")
      const sorted = headers
        .map((line) => line.replace(/^[^:]+/, (header) => header.toLowerCase()))
        .filter((line) => line !== `host: 127.0.0.1:${server.port}`)
        .toSorted()
      assert.deepStrictEqual(
        [requestLine, ...sorted],
        [head[0], ...[...head.slice(1), ...(added[name] ?? [])].toSorted()],
      )
      assert.strictEqual(content, body)
    }),
  )

  it.effect("omits absent fields", () =>
    Effect.gen(function* () {
      const server = yield* wire(answer(204))
      const { phoneNumber, templateId } = sample
      yield* send(http, server.baseUrl, { phoneNumber, templateId, webhookUrl: undefined })
      assert.strictEqual(
        server.requests[0]?.split("\r\n\r\n")[1],
        JSON.stringify({ phoneNumber, templateId }),
      )
    }),
  )

  it.effect("carries any text of a template variable unchanged", () =>
    Effect.gen(function* () {
      const server = yield* wire(answer(204))
      const messageBody = { naïve: 'Zoë — 你好 🙂 \u0000 "\\', __proto__x: "", "": "x" }
      yield* send(http, server.baseUrl, { ...sample, messageBody })
      const sent = Buffer.from(server.requests[0]?.split("\r\n\r\n")[1] ?? "", "latin1")
      assert.deepStrictEqual(JSON.parse(sent.toString("utf8")).messageBody, messageBody)
    }),
  )

  it.effect("goes to the path below the path of the base URL", () =>
    Effect.gen(function* () {
      const server = yield* wire(answer(204))
      yield* send(http, `${server.baseUrl}/proxy/sent/`)
      assert.match(
        server.requests[0] ?? "",
        /^POST \/proxy\/sent\/v1\/messages\/phone HTTP\/1.1\r\n/,
      )
    }),
  )

  it.effect.each([301, 302, 303, 307, 308])("does not follow a redirect (%i)", (status) =>
    Effect.gen(function* () {
      const other = yield* wire(answer(204))
      const server = yield* wire(answer(status, { location: `${other.baseUrl}/v1/messages/phone` }))
      const error = yield* Effect.flip(send(http, server.baseUrl))
      assertReason(error.reason, { _tag: "UnexpectedResponse", status })
      assert.strictEqual(error.delivery, "unknown")
      assert.strictEqual(server.requests.length, 1)
      assert.deepStrictEqual(other.requests, [])
    }),
  )

  it.effect("classifies the response of a client that fails on statuses", () =>
    Effect.gen(function* () {
      const server = yield* wire(json(400, { status: 400, detail: "Template not found" }))
      const failing = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(HttpClient.HttpClient, HttpClient.filterStatusOk),
      ).pipe(Layer.provide(http))
      const reason = yield* reasonOf(send(failing, server.baseUrl))
      assert.strictEqual(reason._tag, "TemplateNotFound")
    }),
  )
})

// -----------------------------------------------------------------------------
// Connections that do not come about
// -----------------------------------------------------------------------------

const failedAt = (reason: SentError.Reason, stage: SentError.ConnectionFailed["stage"]): boolean =>
  reason._tag === "ConnectionFailed" && reason.stage === stage

describe.each(clients)("without a connection, over %s", (_, http) => {
  it.effect("a refused connection means not sent", () =>
    Effect.gen(function* () {
      const { baseUrl, port } = yield* Effect.scoped(wire(answer(204)))
      for (const url of [baseUrl, `http://localhost:${port}`]) {
        const error = yield* Effect.flip(send(http, url))
        assertReason(error.reason, {
          _tag: "ConnectionFailed",
          stage: "connect",
          code: "ECONNREFUSED",
          host: new URL(url).hostname,
          port,
        })
        assert.strictEqual(error.delivery, "not-sent")
        assert.isTrue(error.isRetryable)
      }
    }),
  )

  it.effect("a name that does not resolve means not sent", () =>
    Effect.gen(function* () {
      // RFC 6761, section 6.4: `invalid` never resolves. What the resolver says for it depends on the network.
      const { delivery, reason } = yield* Effect.flip(send(http, "https://sent.invalid"))
      assert.isTrue(failedAt(reason, "resolve"))
      assert.strictEqual(delivery, "not-sent")
    }),
  )

  it.effect("a server without TLS means not sent", () =>
    Effect.gen(function* () {
      // As an HTTP server does, it answers whatever comes, here the first bytes of a TLS handshake.
      const server = yield* wire(answer(400), () => true)
      const error = yield* Effect.flip(send(http, server.baseUrl.replace("http:", "https:")))
      assert.isTrue(failedAt(error.reason, "tls"))
      assert.isFalse(error.isRetryable)
      assert.notInclude(server.requests.join(""), "POST")
    }),
  )
})

// -----------------------------------------------------------------------------
// Answers that are late, huge or broken
// -----------------------------------------------------------------------------

/** A server that tells when the request has arrived, and then does what it is told. */
const arriving = (play: Play) =>
  Effect.gen(function* () {
    const arrived = yield* Deferred.make<void>()
    const server = yield* wire((socket, request) => {
      Deferred.doneUnsafe(arrived, Effect.void)
      play(socket, request)
    })
    return { ...server, arrived: Deferred.await(arrived) }
  })

/** A client with the responses of another one, changed. */
const changed = (
  http: Layer.Layer<HttpClient.HttpClient>,
  change: (
    response: Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>,
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>,
): Layer.Layer<HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, HttpClient.transformResponse(change)),
  ).pipe(Layer.provide(http))

const silent: Play = () => {
  // never answers
}

const closed = (server: { readonly open: ReadonlySet<unknown> }) =>
  Effect.callback<void>((resume) => {
    const look = () => (server.open.size === 0 ? resume(Effect.void) : setImmediate(look))
    look()
  })

describe.each(clients)("late and broken answers, over %s", (_, http) => {
  it.effect("no response within 30 seconds is a time-out, unknown", () =>
    Effect.gen(function* () {
      const server = yield* arriving(silent)
      const sending = yield* Effect.forkChild(Effect.flip(send(http, server.baseUrl)))
      yield* server.arrived
      yield* TestClock.adjust("29999 millis")
      assert.isUndefined(sending.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(sending)
      assertReason(error.reason, {
        _tag: "TimedOut",
        stage: "in-flight",
        after: Duration.seconds(30),
      })
      assert.strictEqual(error.delivery, "unknown")
      assert.isTrue(error.isTransient)
      assert.isFalse(error.isRetryable)
      yield* closed(server)
    }),
  )

  it.effect.each([
    ["of the layer", { timeout: "2 seconds" }, {}],
    ["of the send, before the layer's", { timeout: "1 minute" }, { timeout: "2 seconds" }],
  ] as const)("the time-out %s counts", ([, layerOptions, sendOptions]) =>
    Effect.gen(function* () {
      const server = yield* arriving(silent)
      const sending = yield* SentClient.sendToPhone(sample, sendOptions).pipe(
        Effect.provide(clientLayer(http, { baseUrl: server.baseUrl, ...layerOptions })),
        Effect.flip,
        Effect.forkChild,
      )
      yield* server.arrived
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(sending)
      assert.strictEqual(error.reason._tag, "TimedOut")
    }),
  )

  it.effect("interruption closes the connection at once", () =>
    Effect.gen(function* () {
      const server = yield* arriving(silent)
      const sending = yield* Effect.forkChild(send(http, server.baseUrl))
      yield* server.arrived
      assert.strictEqual(server.open.size, 1)
      yield* Fiber.interrupt(sending)
      yield* closed(server)
    }),
  )

  it.effect("interruption while the body arrives closes the connection too", () =>
    Effect.gen(function* () {
      const server = yield* arriving((socket) => {
        socket.write("HTTP/1.1 500 Oops\r\ncontent-length: 100\r\n\r\nhalf")
      })
      const sending = yield* Effect.forkChild(send(http, server.baseUrl))
      yield* server.arrived
      yield* Fiber.interrupt(sending)
      yield* closed(server)
    }),
  )

  it.effect("a truncated body does not change what the status means", () =>
    Effect.gen(function* () {
      const server = yield* wire(
        bytes('HTTP/1.1 400 Bad\r\ncontent-length: 100\r\n\r\n{"status":400,"detail":"Inv'),
      )
      const { delivery, reason } = yield* Effect.flip(send(http, server.baseUrl))
      assertReason(reason, { _tag: "RequestRejected", status: 400 })
      assert.strictEqual(delivery, "not-sent")
    }),
  )

  it.effect("a 200 with a truncated body is an acceptance", () =>
    Effect.gen(function* () {
      const server = yield* wire(bytes("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"))
      const receipt = yield* send(http, server.baseUrl)
      assert.strictEqual(receipt.status, 200)
    }),
  )

  it.effect("a body that never ends is read for at most a second", () =>
    Effect.gen(function* () {
      const server = yield* wire((socket) => {
        socket.write("HTTP/1.1 403 Forbidden\r\ncontent-length: 100\r\n\r\n{")
      })
      const responded = yield* Deferred.make<void>()
      const own = changed(
        http,
        Effect.tap(() => Deferred.succeed(responded, undefined)),
      )
      const sending = yield* Effect.forkChild(Effect.flip(send(own, server.baseUrl)))
      yield* Deferred.await(responded)
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(sending.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const { reason } = yield* Fiber.join(sending)
      assert.strictEqual(reason._tag, "AccessDenied")
      yield* closed(server)
    }),
  )

  it.effect("a body that the application's own client never gives does not hang a send", () =>
    Effect.gen(function* () {
      const server = yield* wire(json(400, { status: 400, detail: "Template not found" }))
      const asked = yield* Deferred.make<void>()
      const never = Effect.andThen(Deferred.succeed(asked, undefined), Effect.never)
      const withoutBody: ProxyHandler<HttpClientResponse.HttpClientResponse> = {
        get: (response, name): unknown => {
          if (name === "arrayBuffer") return never
          return name === "stream" ? Stream.fromEffect(never) : Reflect.get(response, name)
        },
      }
      const own = changed(
        http,
        Effect.map((response) => new Proxy(response, withoutBody)),
      )
      const sending = yield* Effect.forkChild(Effect.flip(send(own, server.baseUrl)))
      yield* Deferred.await(asked)
      yield* TestClock.adjust("30 seconds")
      const { delivery, reason } = yield* Fiber.join(sending)
      assertReason(reason, { _tag: "RequestRejected", status: 400 })
      assert.strictEqual(delivery, "not-sent")
    }),
  )

  it.effect("at most 64 KiB of a huge body are read", () =>
    Effect.gen(function* () {
      let written = 0
      const server = yield* wire((socket) => {
        socket.write("HTTP/1.1 500 Oops\r\ncontent-type: text/plain\r\n\r\n")
        const chunk = "x".repeat(16 * 1024)
        const push = () => {
          while (!socket.destroyed && written < 1e9 && socket.write(chunk)) written += chunk.length
        }
        socket.on("drain", push)
        push()
      })
      const reason = yield* reasonOf(send(http, server.baseUrl))
      assertReason(reason, { _tag: "ServerFailed", status: 500 })
      yield* closed(server)
      // What the sockets' buffers of both sides hold is on top.
      assert.isBelow(written, 32 * 1024 * 1024)
    }),
  )

  it.effect("a problem document after 64 KiB of padding is not read", () =>
    Effect.gen(function* () {
      const padded = `${" ".repeat(64 * 1024)}{"detail":"Template not found"}`
      const within = `${" ".repeat(63 * 1024)}{"detail":"Template not found"}`
      const far = yield* wire(answer(400, {}, padded))
      const near = yield* wire(answer(400, {}, within))
      assert.strictEqual((yield* reasonOf(send(http, far.baseUrl)))._tag, "RequestRejected")
      assert.strictEqual((yield* reasonOf(send(http, near.baseUrl)))._tag, "TemplateNotFound")
    }),
  )

  it.effect.each([
    { title: "HTML", contentType: "text/html", content: "<h1>Template not found</h1>" },
    { title: "plain text", contentType: "text/plain", content: "Template not found" },
    {
      title: "broken JSON",
      contentType: "application/json",
      content: '{"detail":"Template not found"',
    },
    {
      title: "a JSON text that is not an object",
      contentType: "application/json",
      content: '"Template not found"',
    },
    {
      title: "a JSON list",
      contentType: "application/json",
      content: '[{"detail":"Template not found"}]',
    },
    {
      title: "fields of other types",
      contentType: "application/json",
      content: '{"detail":1,"title":null,"errors":"none"}',
    },
    { title: "an empty list of errors", contentType: "application/json", content: '{"errors":{}}' },
    {
      title: "bytes",
      contentType: "application/octet-stream",
      content: Uint8Array.of(0xff, 0x00, 0xc3, 0x28),
    },
  ])("a 400 with $title is a rejection without details", ({ content, contentType }) =>
    Effect.gen(function* () {
      const server = yield* wire(answer(400, { "content-type": contentType }, content))
      const reason = yield* reasonOf(send(http, server.baseUrl))
      assertReason(reason, { _tag: "RequestRejected", status: 400 })
    }),
  )

  const text = '{"detail":"Invalid channel: é"}'
  it.effect.each([
    {
      title: "UTF-8 without saying so",
      contentType: "application/json",
      content: Buffer.from(text),
    },
    {
      title: "UTF-8 with a byte order mark",
      contentType: "application/json",
      content: Buffer.from(`\ufeff${text}`),
    },
    {
      title: "ISO-8859-1",
      contentType: "application/json; charset=ISO-8859-1",
      content: Buffer.from(text, "latin1"),
    },
    {
      title: "windows-1252, quoted",
      contentType: 'application/json;charset="windows-1252"',
      content: Buffer.from(text, "latin1"),
    },
    {
      title: "UTF-16",
      contentType: "application/json; charset=utf-16le",
      content: Buffer.from(text, "utf16le"),
    },
    {
      title: "UTF-16 by its byte order mark",
      contentType: "application/json",
      content: Buffer.from(`\ufeff${text}`, "utf16le"),
    },
    {
      title: "an unknown charset, read as UTF-8",
      contentType: "application/json; charset=klingon",
      content: Buffer.from(text),
    },
  ])("a body in $title is read", ({ content, contentType }) =>
    Effect.gen(function* () {
      const server = yield* wire(answer(400, { "content-type": contentType }, content))
      const reason = yield* reasonOf(send(http, server.baseUrl))
      assertReason(reason, { _tag: "RequestRejected", status: 400, detail: "Invalid channel: é" })
    }),
  )
})
