/** The requirements of HTTP itself: answers that Node would send without a body, or to the wrong request. */
import { MockServer } from "@effect-sent/mock-server"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { METHODS } from "node:http"
import { assertProblem, credentials, post, sample } from "./support/calls.ts"
import {
  answersIn,
  bytesOf,
  open,
  type Received,
  received,
  talk,
} from "@effect-sent/faults/rawClient"

type Headers = ReadonlyArray<readonly [name: string, value: string]>

const host = ["host", "mock"] as const
const close = ["connection", "close"] as const
const json = ["content-type", "application/json"] as const
const chunked = ["transfer-encoding", "chunked"] as const
const allowed: Headers = Object.entries(credentials)
const body = JSON.stringify(sample)
const length = ["content-length", String(body.length)] as const
const inChunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

const say = (...parts: ReadonlyArray<string | Uint8Array>) =>
  Effect.flatMap(MockServer.MockServer, ({ port }) => talk(port, ...parts))

/** Asserts that a single answer arrived and that it closes the connection. */
const only = (answers: ReadonlyArray<Received>): Received => {
  const [answer, ...others] = answers
  assert.deepStrictEqual(others, [])
  assert.isDefined(answer)
  return answer ?? { status: 0, headers: {}, body: "" }
}

layer(MockServer.layer())("a request", (it) => {
  it.effect("in HTTP/1.1 without Host is refused", () =>
    Effect.gen(function* () {
      const answers = yield* say(bytesOf({ headers: [close, ...allowed, json, length], body }))
      assert.strictEqual(assertProblem(only(answers), 400), "Header host not found")
    }),
  )

  it.effect("in HTTP/1.0 does not require Host", () =>
    Effect.gen(function* () {
      const bytes = bytesOf({ headers: [...allowed, json, length], body }).toString()
      const answer = only(yield* say(bytes.replace("HTTP/1.1", "HTTP/1.0")))
      assert.strictEqual(answer.status, 204)
    }),
  )

  it.effect("with an expectation other than 100-continue is refused", () =>
    Effect.gen(function* () {
      const headers = [host, close, ...allowed, json, length, ["expect", "tea"]] as const
      const answer = only(yield* say(bytesOf({ headers, body })))
      assert.include(assertProblem(answer, 417), "100-continue")
    }),
  )

  it.effect("that expects 100-continue gets it, unless it is refused at once", () =>
    Effect.gen(function* () {
      const waiting = ["Expect", "100-Continue"] as const
      const good = bytesOf({ headers: [host, close, ...allowed, json, length, waiting], body })
      assert.deepStrictEqual(
        (yield* say(good)).map(({ status }) => status),
        [100, 204],
      )
      // The body of this request is never sent.
      const bad = bytesOf({ headers: [host, json, length, waiting] })
      assertProblem(only(yield* say(bad)), 401)
    }),
  )

  // `curl --http2` offers the first upgrade, browsers the second. A server may ignore both (RFC 9110, section 7.8).
  it.effect.each<readonly [protocol: string, how: Headers, content: string]>([
    ["h2c", [length], body],
    ["h2c", [chunked], inChunks],
    ["websocket", [length], body],
  ])("that offers an upgrade to %s is answered like any other: %j", ([protocol, how, content]) =>
    Effect.gen(function* () {
      const upgrade = [
        ["connection", "upgrade, close"],
        ["upgrade", protocol],
      ] as const
      const headers = [host, ...upgrade, ...allowed, json, ...how]
      assert.strictEqual(only(yield* say(bytesOf({ headers, body: content }))).status, 204)
    }),
  )

  it.effect.each(["http://mock/v1/messages/phone", "https://api.sent.dm/v1/messages/phone?a=b"])(
    "may have an absolute target: %s",
    (target) =>
      Effect.gen(function* () {
        const headers = [host, close, ...allowed, json, length]
        assert.strictEqual(only(yield* say(bytesOf({ target, headers, body }))).status, 204)
      }),
  )

  it.effect("with any other method that Node knows is answered with the allowed one", () =>
    Effect.gen(function* () {
      for (const method of METHODS.filter((name) => !["POST", "HEAD", "CONNECT"].includes(name))) {
        const answer = only(yield* say(bytesOf({ method, headers: [host, close] })))
        assertProblem(answer, 405)
        assert.strictEqual(answer.headers["allow"], "POST", method)
      }
    }),
  )

  it.effect("with CONNECT is answered with an empty Allow header", () =>
    Effect.gen(function* () {
      const target = "example.com:443"
      const answer = only(yield* say(bytesOf({ method: "CONNECT", target, headers: [host] })))
      assertProblem(answer, 405)
      assert.strictEqual(answer.headers["allow"], "")
    }),
  )

  it.effect("that is refused while its 11 MB are still being sent receives the answer", () =>
    Effect.gen(function* () {
      const huge = " ".repeat(11 * 1024 * 1024)
      const mock = yield* MockServer.MockServer
      assertProblem(yield* post(mock, huge, { "x-api-key": "" }), 401)
    }),
  )

  it.effect.each<readonly [title: string, headers: Headers, content: string, status: number]>([
    ["both a length and chunks", [length, chunked], inChunks, 400],
    ["two lengths", [length, ["content-length", "1"]], body, 400],
    ["a length that is not a number", [["content-length", "many"]], body, 400],
    ["a transfer coding that is unknown", [["transfer-encoding", "gzip"]], body, 400],
    ["two transfer codings", [["transfer-encoding", "gzip, chunked"]], "0\r\n\r\n", 501],
    ["two hosts", [["host", "other"], length], body, 400],
    ["a malformed chunk length", [chunked], "zz\r\nhello", 400],
    ["a NUL in a header", [length, ["x", "a\u0000b"]], body, 400],
    ["headers of 20 KiB", [length, ["x", "y".repeat(20_480)]], body, 431],
    ["a chunk extension of 20 KiB", [chunked], `1;${"y".repeat(20_480)}\r\nx`, 413],
  ])("with %s is refused", ([, headers, content, status]) =>
    Effect.gen(function* () {
      const bytes = bytesOf({ headers: [host, ...allowed, json, ...headers], body: content })
      assertProblem(only(yield* say(bytes)), status)
    }),
  )

  it.effect.each<readonly [title: string, bytes: string, status: number, method: string]>([
    ["an unknown method", "SEND / HTTP/1.1\r\nhost: mock\r\n\r\n", 400, "SEND"],
    ["a method in lower case", "post /v1/messages/phone HTTP/1.1\r\nhost: mock\r\n\r\n", 400, ""],
    ["another version", "POST /?token=secret-7 HTTP/3.7\r\nhost: mock\r\n\r\n", 400, "POST"],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "PRI"],
    ["a header without a colon", "GET /a HTTP/1.1\r\nhost\r\n\r\n", 400, "GET"],
    ["headers that are too large", `GET /b HTTP/1.1\r\nx: ${"y".repeat(20_480)}`, 431, "GET"],
    ["CONNECT", "CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n", 405, "CONNECT"],
  ])("with %s is refused in words, logged and kept", ([, bytes, status, method]) =>
    Effect.gen(function* () {
      const mock = yield* MockServer.MockServer
      yield* mock.clearMessages
      const detail = assertProblem(only(yield* say(bytes)), status)
      if (status === 400) assert.match(detail, /^The request is not valid HTTP\/1\.1: ./)
      const [refused, ...others] = yield* mock.refused
      assert.lengthOf(others, 0)
      assert.strictEqual(refused?.refusal?.reason, detail)
      assert.strictEqual(refused?.answer?.status, status)
      assert.strictEqual(refused?.request.method, method)
      assert.notInclude(JSON.stringify(refused), "secret-7")
    }),
  )
})

layer(MockServer.layer())("a request on a persistent connection", (it) => {
  it.effect.each<readonly [title: string, behind: string, status: number]>([
    ["garbage", "garbage\r\n\r\n", 400],
    ["headers that are too large", `GET / HTTP/1.1\r\nx: ${"y".repeat(20_480)}`, 431],
  ])("is answered before the bytes that follow it are refused: %s", ([, behind, status]) =>
    Effect.gen(function* () {
      const whole = bytesOf({ headers: [host, ...allowed, json, length], body })
      const answers = yield* say(Buffer.concat([whole, whole, Buffer.from(behind)]))
      assert.deepStrictEqual(
        answers.slice(0, 2).map((answer) => answer.status),
        [204, 204],
      )
      assertProblem(only(answers.slice(2)), status)
    }),
  )

  it.effect("that is refused by its head is not answered again for its body", () =>
    Effect.gen(function* () {
      const { port } = yield* MockServer.MockServer
      const socket = yield* open(port)
      const all = yield* Effect.forkChild(received(socket), { startImmediately: true })
      const answered = Effect.callback<void>((resume) => {
        socket.once("data", () => resume(Effect.void))
      })
      socket.write(bytesOf({ headers: [host, json, chunked] }))
      yield* answered
      socket.write("zz\r\n")
      assertProblem(only(answersIn(yield* Fiber.join(all))), 401)
    }),
  )

  it.effect("that is incomplete is answered if the caller still reads", () =>
    Effect.gen(function* () {
      const { port } = yield* MockServer.MockServer
      const socket = yield* open(port)
      socket.end(bytesOf({ headers: [host, ...allowed, json, length], body: "{" }))
      assertProblem(only(answersIn(yield* received(socket))), 400)
    }),
  )
})
