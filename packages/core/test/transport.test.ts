/**
 * What a failure without an answer says about the message, by what runtimes report: some of it takes a network that
 * breaks in ways no loopback does, so the reports are written down here. The real ones are in `faults.test.ts`.
 */
import { SentClient, SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { failing } from "./support/failing.ts"
import { FetchHttpClient } from "effect/http"
import { clientLayer, send } from "@effect-sent/faults/program"
import { sample } from "@effect-sent/faults/sample"
import { answer, wire } from "./support/wire.ts"

/** An error as Node's are: a message with a code, and perhaps a system call. */
const nodeError = (code: string, syscall?: string, cause?: unknown): Error =>
  Object.assign(new Error(`${syscall ?? ""} ${code}`, { cause }), { code, syscall })

const failed = (message: string, fields: object): Error => Object.assign(new Error(message), fields)

/** What fetch wraps it in. */
const fetchFailed = (cause: unknown): Error => new TypeError("fetch failed", { cause })

const several = (...errors: ReadonlyArray<Error>): Error =>
  Object.assign(new AggregateError(errors), { code: "ECONNREFUSED" })

const notSent: ReadonlyArray<readonly [title: string, cause: unknown, stage: string]> = [
  ["a name that is not known", nodeError("ENOTFOUND", "getaddrinfo"), "resolve"],
  ["a name server that is away", fetchFailed(nodeError("EAI_AGAIN", "getaddrinfo")), "resolve"],
  ["a refused connection", fetchFailed(nodeError("ECONNREFUSED", "connect")), "connect"],
  ["a connect time-out of the system", nodeError("ETIMEDOUT", "connect"), "connect"],
  ["a connect time-out of undici", fetchFailed(nodeError("UND_ERR_CONNECT_TIMEOUT")), "connect"],
  ["no way to the host", nodeError("EHOSTUNREACH", "connect"), "connect"],
  ["no network", nodeError("ENETUNREACH", "connect"), "connect"],
  [
    "every address refused",
    fetchFailed(several(nodeError("ECONNREFUSED", "connect"), nodeError("ETIMEDOUT", "connect"))),
    "connect",
  ],
  ["a certificate that has expired", fetchFailed(nodeError("CERT_HAS_EXPIRED")), "tls"],
  ["a certificate of another host", nodeError("ERR_TLS_CERT_ALTNAME_INVALID"), "tls"],
  ["a self-signed certificate", nodeError("DEPTH_ZERO_SELF_SIGNED_CERT"), "tls"],
  [
    "a connection that ends in its handshake",
    fetchFailed(
      Object.assign(
        new Error(
          "Client network socket disconnected before secure TLS connection was established",
        ),
        { code: "ECONNRESET" },
      ),
    ),
    "tls",
  ],
  [
    "an alert of OpenSSL 3.5 in the handshake of node:http",
    failed(
      "write EPROTO 00:error:0A000410:SSL routines:ssl3_read_bytes:ssl/tls alert handshake failure",
      { code: "EPROTO", syscall: "write" },
    ),
    "tls",
  ],
  ["a port that fetch blocks, in Node", fetchFailed(new Error("bad port")), "connect"],
  [
    "a port that fetch blocks, in Deno",
    new TypeError("Fetch failed: Requests to port 6000 are blocked"),
    "connect",
  ],
  [
    "a proxy that refuses CONNECT to undici",
    fetchFailed(
      failed("Proxy response (407) !== 200 when HTTP Tunneling", { code: "UND_ERR_ABORTED" }),
    ),
    "connect",
  ],
  [
    "a proxy that refuses CONNECT to node:http",
    failed("Failed to establish tunnel to api.sent.dm:443 via http://proxy: HTTP/1.1 407 No", {
      code: "ERR_PROXY_TUNNEL",
    }),
    "connect",
  ],
]

const unknown: ReadonlyArray<readonly [title: string, cause: unknown]> = [
  ["a time-out while reading", nodeError("ETIMEDOUT", "read")],
  ["a reset", fetchFailed(nodeError("ECONNRESET", "read"))],
  ["a pipe that is broken while writing", nodeError("EPIPE", "write")],
  ["no headers in time", fetchFailed(nodeError("UND_ERR_HEADERS_TIMEOUT"))],
  ["no body in time", fetchFailed(nodeError("UND_ERR_BODY_TIMEOUT"))],
  ["the other side's end", fetchFailed(nodeError("UND_ERR_SOCKET"))],
  ["TLS that broke later on", nodeError("ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC")],
  // As undici reports of a handshake, so does node:http of an established connection.
  ["a record of another version", nodeError("ERR_SSL_WRONG_VERSION_NUMBER")],
  ["an alert", nodeError("ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE")],
  [
    "Bun's words for TLS that broke later on",
    failed("The TLS handshake failed. Does the server speak TLS on this port?", { code: "EPROTO" }),
  ],
  [
    "Deno's words for a second connection, after the first one was read",
    new TypeError("error sending request", {
      cause: new Error(
        "client error (Connect): tcp connect error: Connection refused (os error 111)",
      ),
    }),
  ],
  ["a refusal without a system call, on another runtime than Bun", nodeError("ECONNREFUSED")],
  ["a request that undici aborted for another reason", nodeError("UND_ERR_ABORTED")],
  [
    "one address connected",
    several(nodeError("ECONNREFUSED", "connect"), nodeError("ECONNRESET", "read")),
  ],
  ["what a browser says", new TypeError("Failed to fetch")],
  ["what Safari says", new TypeError("Load failed")],
  ["what Deno says", new TypeError("error sending request for url (https://api.sent.dm/)")],
  ["a text", "broken"],
  ["nothing at all", undefined],
]

const failWith = (cause: unknown) =>
  Effect.flip(SentClient.sendToPhone(sample).pipe(Effect.provide(clientLayer(failing(cause), {}))))

describe("was certainly not sent", () => {
  it.effect.each(notSent)("%s", ([, cause, stage]) =>
    Effect.gen(function* () {
      const error = yield* failWith(cause)
      assert.instanceOf(error.reason, SentError.ConnectionFailed)
      assert.strictEqual(error.reason.stage, stage)
      assert.strictEqual(error.delivery, "not-sent")
    }),
  )
})

describe("may have been sent", () => {
  it.effect.each(unknown)("%s", ([, cause]) =>
    Effect.gen(function* () {
      const error = yield* failWith(cause)
      assert.instanceOf(error.reason, SentError.ConnectionLost)
      assert.strictEqual(error.delivery, "unknown")
    }),
  )
})

describe("on Bun", () => {
  it.effect("a refused connection, which is reported without a system call, was not sent", () =>
    Effect.gen(function* () {
      yield* Effect.acquireRelease(
        Effect.sync(() => Reflect.set(globalThis, "Bun", {})),
        () => Effect.sync(() => Reflect.deleteProperty(globalThis, "Bun")),
      )
      const { delivery } = yield* failWith(nodeError("ECONNREFUSED"))
      assert.strictEqual(delivery, "not-sent")
    }),
  )
})

describe("an error says where the request went", () => {
  it.effect("to which host and port no connection was made", () =>
    Effect.gen(function* () {
      const { port } = yield* Effect.scoped(wire(answer(204)))
      const error = yield* Effect.flip(send(FetchHttpClient.layer, `http://127.0.0.1:${port}`))
      assert.strictEqual(
        error.message,
        `connection to 127.0.0.1:${port} failed (connect: ECONNREFUSED) [not sent]`,
      )
    }),
  )

  it.effect("which URL there is no endpoint at", () =>
    Effect.gen(function* () {
      const { baseUrl } = yield* wire(answer(404))
      const error = yield* Effect.flip(send(FetchHttpClient.layer, `${baseUrl}/sent`))
      assert.strictEqual(
        error.message,
        `endpoint not found (404) at ${baseUrl}/sent/v1/messages/phone: is the base URL right? [not sent]`,
      )
    }),
  )
})

describe("a port that fetch blocks", () => {
  it.effect("was not sent, and is not retried", () =>
    Effect.gen(function* () {
      const error = yield* send(FetchHttpClient.layer, "http://127.0.0.1:6001").pipe(
        // A layer with this port in its base URL is refused; a proxy of the application may still lead to it.
        Effect.provideService(FetchHttpClient.Fetch, (_, init) =>
          fetch("http://127.0.0.1:6000", init),
        ),
        Effect.flip,
      )
      assert.strictEqual(
        error.message,
        "connection to 127.0.0.1:6001 failed (connect: bad port) [not sent]",
      )
      assert.isFalse(error.isRetryable)
    }),
  )
})
