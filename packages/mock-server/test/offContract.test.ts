/** Requests that the contract does not cover: the mock never hangs and always answers with a problem document. */
import { MockServer } from "@effect-sent/mock-server"
import { assert, layer } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { assertProblem, credentials, path, post, sample } from "./support/calls.ts"
import { answersIn, bytesOf, open, received, talk } from "@effect-sent/faults/rawClient"

const common: ReadonlyArray<readonly [string, string]> = [
  ["host", "localhost"],
  ["connection", "close"],
  ["x-sender-id", credentials["x-sender-id"]],
  ["x-api-key", credentials["x-api-key"]],
]

/** Sends a request with the given body and body headers. */
const sendRaw = (
  headers: ReadonlyArray<readonly [string, string]>,
  body: string | Uint8Array = "",
  method = "POST",
  target = path,
) =>
  Effect.gen(function* () {
    const { port } = yield* MockServer.MockServer
    const [answer, ...more] = yield* talk(
      port,
      bytesOf({ method, target, headers: [...common, ...headers], body }),
    )
    assert.deepStrictEqual(more, [])
    assert.isDefined(answer)
    return answer ?? { status: 0, headers: {}, body: "" }
  })

const json = ["content-type", "application/json"] as const

const lengthOf = (body: string | Uint8Array) =>
  ["content-length", String(Buffer.byteLength(body))] as const

layer(MockServer.layer())("bodies", (it) => {
  const invalid = "The request body is not valid JSON"
  it.effect.each([
    ["cut off", '{"phoneNumber":"+1234567890"', invalid],
    ["a single brace", "{", `${invalid}: line 1, column 2`],
    ["wrong on its third line", '{\n"a": 1,\nb\n}', `${invalid}: line 3, column 1`],
    ["not JSON", "phoneNumber=+1234567890", invalid],
    ["two documents", "{}{}", invalid],
    ["not UTF-8", Uint8Array.of(0x22, 0xff, 0xfe, 0x22), `${invalid}: it is not UTF-8`],
    ["only spaces", "  ", `${invalid}: unexpected end`],
  ] as const)("that are %s are refused", ([, body, detail]) =>
    Effect.gen(function* () {
      const answer = yield* sendRaw([json, lengthOf(body)], body)
      assert.include(assertProblem(answer, 400), detail)
      assert.notInclude(answer.body, "1234567890")
    }),
  )

  it.effect("that are missing are refused", () =>
    Effect.gen(function* () {
      const answer = yield* sendRaw([json, ["content-length", "0"]])
      assert.strictEqual(answer.status, 400)
      assert.include(answer.body, '"errors":{"$":["Must be an object"]}')
    }),
  )

  it.effect.each([
    ["text/plain", "The request body must be application/json"],
    ["application/x-www-form-urlencoded", "must be application/json"],
    [";;;", "malformed"],
    ["application/", "malformed"],
    ["application/json, text/html", "application/json"],
    ["application/json; charset=utf-16", "in UTF-8"],
    ["", "application/json"],
  ] as const)("declared as %j are refused", ([type, detail]) =>
    Effect.gen(function* () {
      const body = JSON.stringify(sample)
      const answer = yield* sendRaw([["content-type", type], lengthOf(body)], body)
      assert.include(assertProblem(answer, 415), detail)
    }),
  )

  it.effect.each([
    "APPLICATION/JSON",
    'application/json; charset="UTF-8"',
    "application/json ;x=y",
  ])("declared as %j are read", (type) =>
    Effect.gen(function* () {
      const body = JSON.stringify(sample)
      const answer = yield* sendRaw([["content-type", type], lengthOf(body)], body)
      assert.strictEqual(answer.status, 204)
    }),
  )

  it.effect("without a content type are refused", () =>
    Effect.gen(function* () {
      const answer = yield* sendRaw([lengthOf("{}")], "{}")
      assert.include(assertProblem(answer, 415), "the content-type header is missing")
    }),
  )

  it.effect("that are compressed are refused", () =>
    Effect.gen(function* () {
      const answer = yield* sendRaw([json, ["content-encoding", "gzip"], lengthOf("{}")], "{}")
      assert.include(assertProblem(answer, 415), "must not be compressed")
    }),
  )

  it.effect("in chunks are read", () =>
    Effect.gen(function* () {
      const body = JSON.stringify(sample)
      const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
      const answer = yield* sendRaw([json, ["transfer-encoding", "chunked"]], chunks)
      assert.strictEqual(answer.status, 204)
    }),
  )

  const elevenMebibytes = 11 * 1024 * 1024
  it.effect("of 11 MB are refused, with a length", () =>
    Effect.gen(function* () {
      const body = Buffer.alloc(elevenMebibytes, 0x20)
      const answer = yield* sendRaw([json, lengthOf(body)], body)
      assert.include(assertProblem(answer, 413), "larger than 10485760 bytes")
    }),
  )

  it.effect("of 11 MB are refused, in chunks", () =>
    Effect.gen(function* () {
      const chunk = Buffer.alloc(elevenMebibytes, 0x20)
      const body = Buffer.concat([
        Buffer.from(`${chunk.length.toString(16)}\r\n`),
        chunk,
        Buffer.from("\r\n0\r\n\r\n"),
      ])
      const answer = yield* sendRaw([json, ["transfer-encoding", "chunked"]], body)
      assertProblem(answer, 413)
    }),
  )

  it.effect(
    "of 11 MB are refused before they are sent when the caller waits for 100 Continue",
    () =>
      Effect.gen(function* () {
        const answer = yield* sendRaw([
          json,
          ["content-length", String(elevenMebibytes)],
          ["expect", "100-continue"],
        ])
        assertProblem(answer, 413)
      }),
  )

  it.effect("of exactly 10 MiB are read", () =>
    Effect.gen(function* () {
      const text = JSON.stringify(sample)
      const body = text + " ".repeat(10 * 1024 * 1024 - text.length)
      const answer = yield* post(yield* MockServer.MockServer, body)
      assert.strictEqual(answer.status, 204)
    }),
  )
})

layer(MockServer.layer())("targets and methods", (it) => {
  it.effect.each([
    "/",
    "/v1/messages",
    "/v1/messages/phone/",
    "//v1/messages/phone",
    "/V1/messages/phone",
    "/v1/messages/phone/1",
    "/%2e%2e/etc/passwd",
    "*",
  ])("no path is %s, and the answer lists the available ones", (target) =>
    Effect.gen(function* () {
      const answer = yield* sendRaw([], "", target === "*" ? "OPTIONS" : "POST", target)
      assert.include(assertProblem(answer, 404), "POST /v1/messages/phone")
    }),
  )

  it.effect.each(["?", "?a=1&a=2", "#fragment", "?x=%zz"])("%s after the path is ignored", (rest) =>
    Effect.gen(function* () {
      const body = JSON.stringify(sample)
      const answer = yield* sendRaw([json, lengthOf(body)], body, "POST", `${path}${rest}`)
      assert.strictEqual(answer.status, 204)
    }),
  )

  it.effect.each(["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])(
    "%s is not allowed, and the answer lists the allowed methods",
    (method) =>
      Effect.gen(function* () {
        const answer = yield* sendRaw([], "", method)
        assert.include(assertProblem(answer, 405), "this path supports POST")
        assert.strictEqual(answer.headers["allow"], "POST")
      }),
  )

  it.effect("HEAD is not allowed, without a body", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { port } = yield* MockServer.MockServer
        const socket = yield* open(port)
        socket.write(bytesOf({ method: "HEAD", headers: common }))
        const [answer] = answersIn(yield* received(socket), true)
        assert.strictEqual(answer?.status, 405)
        assert.strictEqual(answer?.body, "")
      }),
    ),
  )

  it.effect("CONNECT is not supported", () =>
    Effect.gen(function* () {
      const answer = yield* sendRaw([], "", "CONNECT", "example.com:443")
      assert.include(assertProblem(answer, 405), "this server is not a proxy")
    }),
  )
})

layer(MockServer.layer({ requestTimeout: "200 millis" }))("connections", (it) => {
  it.effect.each([
    ["garbage", "\u0000\u0001garbage\r\n\r\n", 400],
    ["TLS", Buffer.from("16030100c6010000c20303", "hex"), 400],
    ["a header without a name", `POST ${path} HTTP/1.1\r\n: x\r\n\r\n`, 400],
    ["headers of 20 KiB", `POST ${path} HTTP/1.1\r\nx: ${"y".repeat(20_480)}\r\n\r\n`, 431],
    ["a request that never ends", `POST ${path} HTTP/1.1\r\nhost: x\r\n`, 408],
  ] as const)("with %s are answered with a problem document and closed", ([, bytes, status]) =>
    Effect.gen(function* () {
      const { port } = yield* MockServer.MockServer
      const [answer] = yield* talk(port, bytes)
      assert.isDefined(answer)
      assertProblem(answer ?? { status: 0, headers: {}, body: "" }, status)
    }),
  )

  it.effect("with a body that never ends are answered and closed", () =>
    Effect.gen(function* () {
      const answer = yield* sendRaw([json, ["content-length", "10"]], "{")
      assert.strictEqual(answer.status, 408)
    }),
  )

  it.effect("may pipeline two requests", () =>
    Effect.gen(function* () {
      const { port } = yield* MockServer.MockServer
      const body = JSON.stringify(sample)
      const [, connection, ...rest] = common
      const first = bytesOf({ headers: [["host", "x"], ...rest, json, lengthOf(body)], body })
      const last = bytesOf({
        headers: [["host", "x"], connection ?? json, ...rest, json, lengthOf("{")],
        body: "{",
      })
      const answers = yield* talk(port, first, last)
      assert.deepStrictEqual(
        answers.map(({ status }) => status),
        [204, 400],
      )
    }),
  )
})

// With the default time-out: on a busy machine, one of 200 concurrent requests may take longer than 200 ms.
layer(MockServer.layer())("connections without a short time-out", (it) => {
  it.effect("are served concurrently", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.MockServer
      const statuses = yield* Stream.range(1, 200).pipe(
        Stream.mapEffect((n) => post(mock, n % 2 === 0 ? sample : {}), { concurrency: 50 }),
        Stream.map(({ status }) => status),
        Stream.runCollect,
      )
      assert.deepStrictEqual(
        statuses,
        Array.from({ length: 200 }, (_, index) => (index % 2 === 1 ? 204 : 400)),
      )
    }),
  )
})
