/** The proxy: it changes nothing of what two parties say, says where either leaves the contract, and sends nothing twice. */
import { ContractProxy, ContractReport } from "@effect-sent/contract-tools"
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, type Scope } from "effect"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer, request as send, type RequestListener, type Server } from "node:http"
import { connect, createServer as createRawServer, type Server as RawServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { buffer } from "node:stream/consumers"
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib"
import { bytesOf, open, received } from "@effect-sent/faults/rawClient"

const credentials = {
  "x-sender-id": "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
  "x-api-key": "a-key-that-nobody-may-see",
}

const number = "+14155552671"

const valid = JSON.stringify({
  phoneNumber: number,
  templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
})

const path = "/v1/messages/phone"

const listening = async (server: Server | RawServer): Promise<string> => {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  return `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`
}

/** A server that answers as it is told to. */
const upstream = (listener: RequestListener): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const server = createServer(listener)
      return { server, url: await listening(server) }
    }),
    ({ server }) =>
      Effect.promise(async () => {
        server.closeAllConnections()
        server.close()
        await once(server, "close")
      }),
  ).pipe(Effect.map(({ url }) => url))

/** A server that gives these bytes to whoever has sent it what ends in `end`, and keeps what it was sent. */
const rawUpstream = (
  answer: string | Uint8Array,
  end = "\r\n\r\n",
): Effect.Effect<{ readonly url: string; readonly seen: () => string }, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const all: Array<string> = []
      const server = createRawServer((socket) => {
        let text = ""
        socket.setEncoding("latin1").on("error", () => socket.destroy())
        socket.on("data", (chunk) => {
          text += String(chunk)
          if (!text.endsWith(end)) return
          all.push(text)
          socket.end(answer)
        })
      })
      return { server, url: await listening(server), seen: () => all.join("") }
    }),
    ({ server }) => Effect.promise(() => new Promise((resolve) => server.close(resolve))),
  )

const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1")

/** What comes back for these bytes, until the proxy closes the connection. */
const exchange = (baseUrl: string, bytes: string | Uint8Array) =>
  Effect.scoped(
    Effect.gen(function* () {
      const socket = yield* open(Number(new URL(baseUrl).port))
      socket.write(bytes)
      return (yield* received(socket)).toString("latin1")
    }),
  )

const noContent = "HTTP/1.1 204 No Content\r\n\r\n"

const close = ["Connection", "close"] as const

interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly target?: string
}

/** With raw headers and bytes, which `fetch` would put in order. */
const call = (
  baseUrl: string,
  { body = valid, headers = {}, method = "POST", target = path }: Sent = {},
) =>
  Effect.promise(async () => {
    const request = send(baseUrl, {
      path: target,
      method,
      headers: { "content-type": "application/json", ...credentials, ...headers },
      agent: false,
    })
    request.end(body)
    const [response] = await once(request, "response")
    const bytes = await buffer(response)
    return {
      status: Number(response.statusCode),
      rawHeaders: response.rawHeaders.map(String),
      text: bytes.toString("utf8"),
      bytes,
    }
  })

const rules = ({ checks }: ContractReport.Report): ReadonlyArray<string> =>
  checks.flatMap(({ findings, group }) => findings.map(({ rule }) => `${group}: ${rule}`))

/** What the proxy says after one call to a service that answers with this. */
const afterOne = (
  sent: Sent,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  text = "",
) =>
  Effect.gen(function* () {
    const target = yield* upstream((request, response) => {
      request.resume().on("end", () => response.writeHead(status, headers).end(text))
    })
    const proxy = yield* ContractProxy.make({ target })
    const answer = yield* call(proxy.baseUrl, sent)
    assert.strictEqual(answer.status, status)
    assert.strictEqual(answer.text, text)
    return rules(yield* proxy.report)
  }).pipe(Effect.scoped)

const problem = { "content-type": "application/problem+json" }

describe("an exchange", () => {
  it.live("is forwarded byte for byte in both directions", () =>
    Effect.gen(function* () {
      const seen: Array<{
        rawHeaders: ReadonlyArray<string>
        url: string
        body: Buffer
        method: string
      }> = []
      const answerBody = Buffer.from([0x7b, 0xff, 0x00, 0x7d])
      const target = yield* upstream(async (request, response) => {
        const body = await buffer(request)
        seen.push({
          rawHeaders: request.rawHeaders,
          url: request.url ?? "",
          method: request.method ?? "",
          body,
        })
        response.sendDate = false
        response.writeHead(207, "Odd", [
          ["Set-Cookie", "a=1"],
          ["Set-Cookie", "b=2"],
          ["X-Odd", "  spaces  kept  "],
          ["Connection", "X-Hop"],
          ["X-Hop", "1"],
          ["Content-Length", String(answerBody.length)],
        ])
        response.end(answerBody)
      })
      const proxy = yield* ContractProxy.make({ target: `${target}/below/` })
      const body = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d, 0x0a])
      const answer = yield* call(proxy.baseUrl, {
        method: "PUT",
        target: "//odd/../path?q=%2F&q=2",
        headers: {
          "X-Mixed-Case": "Yes",
          "content-type": "json",
          connection: "x-drop",
          "x-drop": "1",
        },
        body,
      })
      const [request] = seen
      assert.strictEqual(request?.method, "PUT")
      assert.strictEqual(request?.url, "/below//odd/../path?q=%2F&q=2")
      assert.deepStrictEqual(request?.body, body)
      const names = request?.rawHeaders.filter((_, index) => index % 2 === 0) ?? []
      assert.includeMembers(names, ["X-Mixed-Case", "content-type", "x-api-key"])
      assert.notInclude(names, "x-drop")
      assert.strictEqual(
        request?.rawHeaders[request.rawHeaders.indexOf("Host") + 1],
        new URL(target).host,
      )
      assert.strictEqual(answer.status, 207)
      assert.deepStrictEqual(answer.bytes, answerBody)
      const pairs = answer.rawHeaders.join("|")
      assert.include(pairs, "Set-Cookie|a=1|Set-Cookie|b=2|X-Odd|spaces  kept")
      assert.notInclude(pairs, "X-Hop")
      assert.notInclude(pairs, "Date")
    }).pipe(Effect.scoped),
  )

  it.live("is forwarded at once, and many run at a time without mixing", () =>
    Effect.gen(function* () {
      const target = yield* upstream(async (request, response) => {
        response.end((await buffer(request)).toString().toUpperCase())
      })
      const proxy = yield* ContractProxy.make({ target })
      const answers = yield* Effect.forEach(
        Array.from({ length: 256 }, (_, index) => `"body ${index}"`),
        (body) =>
          Effect.map(call(proxy.baseUrl, { body }), ({ text }) => text === body.toUpperCase()),
        { concurrency: 64 },
      )
      assert.isTrue(answers.every(Boolean))
      assert.include((yield* proxy.report).summary, "256 exchanges")
    }).pipe(Effect.scoped),
  )

  it.live.each<
    readonly [
      what: string,
      request: string,
      upstream: string,
      end?: string | undefined,
      base?: string,
    ]
  >([
    [
      "a GET with a chunked body",
      "GET /a HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      "GET /a HTTP/1.1\r\nHost: target\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      "0\r\n\r\n",
    ],
    [
      "no body, and no header that describes one",
      "POST /a HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n",
      "POST /a HTTP/1.1\r\nHost: target\r\nConnection: close\r\n\r\n",
    ],
    [
      "a Content-Length that Connection names",
      "PUT /a HTTP/1.1\r\nHost: p\r\nConnection: close, content-length\r\nContent-Length: 2\r\n\r\n{}",
      "PUT /a HTTP/1.1\r\nHost: target\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
      "{}",
    ],
    [
      "trailers",
      "POST /a HTTP/1.1\r\nHost: p\r\nConnection: close\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-T: 1\r\n\r\n",
      "POST /a HTTP/1.1\r\nHost: target\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\nX-T: 1\r\n\r\n",
      "1\r\n\r\n",
    ],
    [
      "the path of an absolute URL",
      "GET http://p/a/../b?q=//#x HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n",
      "GET /below/a/../b?q=//#x HTTP/1.1\r\nHost: target\r\nConnection: close\r\n\r\n",
      undefined,
      "/below",
    ],
    [
      "an asterisk in place of a path",
      "OPTIONS * HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: target\r\nConnection: close\r\n\r\n",
      undefined,
      "/below",
    ],
    [
      "an Expect header for the target to reject",
      "GET /a HTTP/1.1\r\nHost: p\r\nExpect: tea\r\nConnection: close\r\n\r\n",
      "GET /a HTTP/1.1\r\nHost: target\r\nExpect: tea\r\nConnection: close\r\n\r\n",
    ],
    [
      "headers in Latin-1, repeated, in any letter case",
      "GET /a HTTP/1.1\r\nX-a: \u00e4\r\nHost: p\r\nx-A: b\r\nConnection: close\r\n\r\n",
      "GET /a HTTP/1.1\r\nHost: target\r\nX-a: \u00e4\r\nx-A: b\r\nConnection: close\r\n\r\n",
    ],
    [
      "no hop-by-hop headers",
      "GET /a HTTP/1.1\r\nHost: p\r\nUpgrade: h2c\r\nTE: trailers\r\nKeep-Alive: 1\r\nProxy-Connection: close\r\nConnection: close\r\n\r\n",
      "GET /a HTTP/1.1\r\nHost: target\r\nConnection: close\r\n\r\n",
    ],
  ])("forwards %s", ([, sent, expected, end, base = ""]) =>
    Effect.gen(function* () {
      const { seen, url } = yield* rawUpstream(noContent, end)
      const proxy = yield* ContractProxy.make({ target: `${url}${base}` })
      assert.match(yield* exchange(proxy.baseUrl, latin1(sent)), /^HTTP\/1\.1 204 /)
      assert.strictEqual(seen(), expected.replace("target", new URL(url).host))
    }).pipe(Effect.scoped),
  )

  it.live.each<readonly [what: string, method: string, answer: string, expected: string]>([
    [
      "a header in Latin-1 and another reason phrase",
      "GET",
      "HTTP/1.1 299 Wei\u00df nicht\r\nX-A: \u00e4\r\nContent-Length: 1\r\n\r\na",
      "HTTP/1.1 299 Wei\u00df nicht\r\nX-A: \u00e4\r\nContent-Length: 1\r\nConnection: close\r\n\r\na",
    ],
    [
      "trailers of a chunked body",
      "GET",
      "HTTP/1.1 200 OK\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n",
    ],
    [
      "no Trailer header without a chunked body",
      "GET",
      "HTTP/1.1 200 OK\r\nTrailer: X-T\r\nContent-Length: 1\r\n\r\na",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na",
    ],
    [
      "the Content-Length of a response to HEAD",
      "HEAD",
      "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\n",
    ],
    [
      "the Transfer-Encoding of a response to HEAD",
      "HEAD",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
    ],
    [
      "the Content-Length of a 304",
      "GET",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: x\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: x\r\nConnection: close\r\n\r\n",
    ],
    [
      "a body that ends with the connection",
      "GET",
      "HTTP/1.0 200 OK\r\n\r\na",
      "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    ],
    [
      "the final response after informational ones",
      "GET",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
    ],
  ])("returns %s", ([, method, answer, expected]) =>
    Effect.gen(function* () {
      const { url } = yield* rawUpstream(latin1(answer))
      const proxy = yield* ContractProxy.make({ target: url })
      const sent = bytesOf({ method, target: "/a", headers: [["Host", "p"], close] })
      assert.strictEqual(yield* exchange(proxy.baseUrl, sent), expected)
    }).pipe(Effect.scoped),
  )

  it.live("has no chunked response for an HTTP/1.0 client", () =>
    Effect.gen(function* () {
      const { url } = yield* rawUpstream(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
      )
      const proxy = yield* ContractProxy.make({ target: url })
      assert.strictEqual(
        yield* exchange(proxy.baseUrl, "GET /a HTTP/1.0\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\na",
      )
    }).pipe(Effect.scoped),
  )

  it.live("is streamed in both directions", () =>
    Effect.gen(function* () {
      const target = yield* upstream((request, response) => {
        // Each word is said when the last one was heard, the heads before all.
        response.flushHeaders()
        request.once("data", (first) => {
          response.write(first)
          request.once("data", (second) => response.end(second))
        })
      })
      const proxy = yield* ContractProxy.make({ target })
      const heard = yield* Effect.promise(async () => {
        const request = send(proxy.baseUrl, { method: "POST", agent: false })
        request.flushHeaders()
        const [response] = await once(request, "response")
        request.write("one")
        const [first] = await once(response, "data")
        request.end("two")
        const [second] = await once(response, "data")
        return `${first} ${second}`
      })
      assert.strictEqual(heard, "one two")
    }).pipe(Effect.scoped),
  )

  it.live.each<readonly [goesOn: boolean]>([[true], [false]])(
    "lets the service decide whether a request continues: %s",
    ([goesOn]) =>
      Effect.gen(function* () {
        const bodies: Array<string> = []
        const target = yield* Effect.acquireRelease(
          Effect.promise(async () => {
            const server = createServer()
            server.on("checkContinue", async (request, response) => {
              if (goesOn) {
                response.writeContinue()
                bodies.push((await buffer(request)).toString())
              }
              response.writeHead(goesOn ? 204 : 413).end()
            })
            return { server, url: await listening(server) }
          }),
          ({ server }) => Effect.sync(() => server.close().closeAllConnections()),
        )
        const proxy = yield* ContractProxy.make({ target: target.url })
        const status = yield* Effect.promise(async () => {
          const request = send(proxy.baseUrl, {
            method: "POST",
            headers: { expect: "100-continue" },
            agent: false,
          })
          request.once("continue", () => request.end("the body"))
          request.flushHeaders()
          const [response] = await once(request, "response")
          response.resume()
          request.destroy()
          return Number(response.statusCode)
        })
        assert.strictEqual(status, goesOn ? 204 : 413)
        assert.deepStrictEqual(bodies, goesOn ? ["the body"] : [])
      }).pipe(Effect.scoped),
  )

  it.live(
    "may have a body that is chunked, empty, absent by its method, or too large to validate",
    () =>
      Effect.gen(function* () {
        const sizes: Array<number> = []
        const target = yield* upstream(async (request, response) => {
          sizes.push((await buffer(request)).length)
          response.end(request.method === "HEAD" ? undefined : "x".repeat(11 * 1024 * 1024))
        })
        const proxy = yield* ContractProxy.make({ target })
        const large = Buffer.alloc(11 * 1024 * 1024, 0x20)
        const answer = yield* call(proxy.baseUrl, {
          body: large,
          headers: { "transfer-encoding": "chunked" },
        })
        assert.strictEqual(answer.bytes.length, 11 * 1024 * 1024)
        assert.strictEqual(
          (yield* call(proxy.baseUrl, { method: "HEAD", body: "" })).bytes.length,
          0,
        )
        assert.deepStrictEqual(sizes, [large.length, 0])
        assert.include(rules(yield* proxy.report), "requests: not-validated")
        assert.include(rules(yield* proxy.report), "responses: not-validated")
      }).pipe(Effect.scoped),
  )
})

describe("a deviation from the contract", () => {
  it.live("is not reported between a correct application and the mock", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const proxy = yield* ContractProxy.make({ target: mock.baseUrl })
      yield* call(proxy.baseUrl)
      yield* call(proxy.baseUrl, { body: valid.replace(number, "+15005554290") })
      const report = yield* proxy.report
      assert.deepStrictEqual(rules(report), [])
      assert.deepStrictEqual(
        report.checks.map(({ name }) => name),
        ["POST /v1/messages/phone: 204, 1 times", "POST /v1/messages/phone: 429, 1 times"],
      )
      assert.isTrue(ContractReport.passed(report))
    }).pipe(Effect.scoped),
  )

  it.live.each<
    readonly [
      what: string,
      sent: Sent,
      answer: readonly [number, Readonly<Record<string, string>>?, string?],
      rules: ReadonlyArray<string>,
    ]
  >([
    [
      "a body that is not JSON",
      { body: "{" },
      [400, problem, '{"status":400,"title":"Bad Request"}'],
      ["requests: malformed-json"],
    ],
    [
      "a missing field",
      { body: `{"phoneNumber":"${number}"}` },
      [400, problem, '{"status":400,"title":"Bad Request"}'],
      ["requests: required"],
    ],
    ["an empty credential", { headers: { "x-api-key": "" } }, [401], ["requests: credentials"]],
    [
      "a malformed content type",
      { headers: { "content-type": "json" } },
      [415, problem, '{"status":415,"title":"x"}'],
      ["requests: undeclared-media-type"],
    ],
    ["another path", { target: "/v2/messages" }, [404], ["requests: undeclared-operation"]],
    [
      "a path that only the service has",
      { target: "/v2/messages" },
      [204],
      ["requests: undeclared-operation"],
    ],
    [
      "an invalid request that was accepted",
      { body: "{}" },
      [204],
      ["requests: required", "requests: required", "responses: accepted-invalid"],
    ],
    [
      "a valid request that was rejected",
      {},
      [400, problem, '{"status":400,"title":"Bad Request","detail":"Template not found"}'],
      ["responses: refused-valid"],
    ],
    [
      "a body that cannot be decoded",
      { headers: { "content-encoding": "rot13" } },
      [400, problem, '{"status":400,"title":"Bad Request"}'],
      ["requests: not-validated"],
    ],
    ["an undeclared 500-like status", {}, [502], ["responses: undeclared-status"]],
    ["a 501", {}, [501], ["responses: undeclared-status"]],
    [
      "a redirect",
      {},
      [302, { location: "http://127.0.0.1:1/" }],
      ["responses: undeclared-status"],
    ],
    [
      "a 429 without Retry-After",
      {},
      [429, problem, '{"status":429,"title":"Too Many Requests"}'],
      ["responses: required"],
    ],
    [
      "a problem document in HTML",
      {},
      [500, { "content-type": "text/html" }, "<p>"],
      ["responses: undeclared-media-type", "responses: malformed-json"],
    ],
  ])("is %s", ([, sent, answer, expected]) =>
    Effect.map(afterOne(sent, ...answer), (found) => {
      assert.deepStrictEqual(found, expected)
    }),
  )

  const refusal = '{"status":400,"title":"Bad Request"}'

  it.live.each<readonly [encoding: string, bytes: Uint8Array, rules: ReadonlyArray<string>]>([
    ["gzip", gzipSync(refusal), []],
    ["deflate", deflateSync(refusal), []],
    ["br", brotliCompressSync(refusal), []],
    ["zstd", zstdCompressSync(refusal), []],
    ["gzip, br", brotliCompressSync(gzipSync(refusal)), []],
    ["gzip", gzipSync("{"), ["responses: malformed-json"]],
    ["gzip", Buffer.from(refusal), ["responses: not-validated"]],
    ["gzip", gzipSync(Buffer.alloc(11 * 1024 * 1024)), ["responses: not-validated"]],
    ["rot13", Buffer.from(refusal), ["responses: not-validated"]],
  ])("is found in a body with the encoding %s", ([encoding, bytes, expected]) =>
    Effect.gen(function* () {
      const target = yield* upstream((request, response) => {
        const headers = { ...problem, "content-encoding": encoding }
        request.resume().on("end", () => response.writeHead(400, headers).end(bytes))
      })
      const proxy = yield* ContractProxy.make({ target })
      const answer = yield* call(proxy.baseUrl, {
        body: gzipSync(valid),
        headers: { "content-encoding": "gzip" },
      })
      assert.deepStrictEqual(answer.bytes, Buffer.from(bytes))
      assert.deepStrictEqual(rules(yield* proxy.report), ["responses: refused-valid", ...expected])
    }).pipe(Effect.scoped),
  )

  it.live.each<readonly [type: string, found: ReadonlyArray<string>]>([
    ["a/b/c", ["responses: undeclared-media-type", "responses: required"]],
    ["", ["responses: undeclared-media-type", "responses: required"]],
    ["application/problem+json; ;;=", ["responses: required"]],
  ])("is found in a response with the content type %j", ([type, expected]) =>
    Effect.map(
      afterOne({}, 429, { "content-type": type }, '{"status":429,"title":"Too Many Requests"}'),
      (found) => {
        assert.deepStrictEqual(found, expected)
      },
    ),
  )

  /** The beginning of a request, to a service that does not wait for the rest. */
  const begun = bytesOf({
    headers: [
      ["Host", "p"],
      ["Content-Type", "application/json"],
      ...Object.entries(credentials),
      ["Content-Length", String(valid.length)],
    ],
    body: valid.slice(0, 9),
  })
  const hasty = upstream((request, response) => {
    if (request.url === path) response.writeHead(401).end()
    else response.end("of the other request")
  })

  it.live("is found in the whole request, even if the service responds before its end", () =>
    Effect.gen(function* () {
      const proxy = yield* ContractProxy.make({ target: yield* hasty })
      const socket = yield* open(Number(new URL(proxy.baseUrl).port))
      socket.write(begun)
      yield* Effect.promise(() => once(socket, "data"))
      const next = bytesOf({ method: "GET", target: "/next", headers: [["Host", "p"], close] })
      // The rest, and then one more request over the same connection.
      socket.write(Buffer.concat([Buffer.from(valid.slice(9)), next]))
      assert.include((yield* received(socket)).toString(), "of the other request")
      assert.deepStrictEqual(rules(yield* proxy.report), ["requests: undeclared-operation"])
    }).pipe(Effect.scoped),
  )

  it.live("is not reported for a request that the application did not finish", () =>
    Effect.gen(function* () {
      const told = yield* Deferred.make<void>()
      const proxy = yield* ContractProxy.make({
        target: yield* hasty,
        onDeviation: () => Deferred.doneUnsafe(told, Effect.void),
      })
      const socket = yield* open(Number(new URL(proxy.baseUrl).port))
      socket.write(begun)
      yield* Effect.promise(() => once(socket, "data"))
      socket.destroy()
      yield* Deferred.await(told)
      assert.deepStrictEqual(rules(yield* proxy.report), ["requests: not-validated"])
    }).pipe(Effect.scoped),
  )

  it.live("includes bytes that are not a request", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* rawUpstream(noContent)
      const proxy = yield* ContractProxy.make({ target: url })
      const text = yield* exchange(proxy.baseUrl, "garbage\r\n\r\n")
      assert.include(text, "application/problem+json")
      const withoutHost = yield* exchange(proxy.baseUrl, bytesOf({ headers: [close] }))
      assert.include(withoutHost, "the header host is missing")
      assert.strictEqual(seen(), "")
      assert.deepStrictEqual(rules(yield* proxy.report), ["requests: malformed-http"])
    }).pipe(Effect.scoped),
  )

  it.live(
    "is unknown where the validation itself fails, and the exchange is forwarded anyway",
    () =>
      Effect.gen(function* () {
        const directory = yield* Effect.acquireRelease(
          Effect.promise(() => mkdtemp(join(tmpdir(), "effect-sent-"))),
          (made) => Effect.promise(() => rm(made, { recursive: true })),
        )
        const contract = join(directory, "contract.json")
        const id = { name: "id", in: "path", required: true, schema: { type: "string" } }
        const get = { parameters: [id], responses: { 204: { description: "It is there." } } }
        const document = {
          openapi: "3.1.1",
          info: { title: "Things", version: "1.0.0" },
          paths: { "/things/{id}": { get } },
        }
        yield* Effect.promise(() => writeFile(contract, JSON.stringify(document)))
        const { url } = yield* rawUpstream(noContent)
        const proxy = yield* ContractProxy.make({ target: url, contract })
        for (const target of ["/things/%25", "/things/%zz"]) {
          const { status } = yield* call(proxy.baseUrl, { method: "GET", target, body: "" })
          assert.strictEqual(status, 204)
        }
        const report = yield* proxy.report
        assert.deepStrictEqual(rules(report), ["requests: not-validated"])
        assert.strictEqual(report.checks[0]?.name, "GET /things/{id}: 204, 2 times")
      }).pipe(Effect.scoped),
  )

  it.live("counts even after it was dropped", () =>
    Effect.gen(function* () {
      const target = yield* upstream((request, response) => {
        const headers = { ...problem, "content-length": refusal.length }
        request.resume().on("end", () => response.writeHead(400, headers).end(refusal))
      })
      const proxy = yield* ContractProxy.make({ target, maxDeviations: 1 })
      yield* call(proxy.baseUrl, { body: "{" })
      yield* call(proxy.baseUrl)
      const report = yield* proxy.report
      assert.deepStrictEqual(rules(report), ["exchanges: not-kept", "responses: refused-valid"])
      assert.isFalse(ContractReport.passed(report))
    }).pipe(Effect.scoped),
  )

  it.live("is in a report that does not wait for exchanges in progress", () =>
    Effect.gen(function* () {
      const arrived = yield* Deferred.make<() => void>()
      const target = yield* upstream((request, response) => {
        if (request.url === "/slow")
          Deferred.doneUnsafe(
            arrived,
            Effect.succeed(() => response.end()),
          )
        else response.writeHead(501).end()
      })
      const proxy = yield* ContractProxy.make({ target })
      const slow = yield* Effect.forkChild(call(proxy.baseUrl, { target: "/slow" }))
      const answerIt = yield* Deferred.await(arrived)
      yield* call(proxy.baseUrl)
      assert.deepStrictEqual(rules(yield* proxy.report), ["responses: undeclared-status"])
      answerIt()
      yield* Fiber.join(slow)
    }).pipe(Effect.scoped),
  )

  it.live("is reported as it happens, without credentials, phone numbers and unknown paths", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const target = yield* upstream((request, response) => {
        request.resume().on("end", () => response.writeHead(418).end(number))
      })
      const proxy = yield* ContractProxy.make({
        target,
        onDeviation: ({ group, name }) => told.push(`${group}: ${name}`),
      })
      yield* call(proxy.baseUrl, {
        body: valid.replace("}", `,"x":"${number}","${number}":1,"messageBody":{"${number}":1}}`),
      })
      yield* call(proxy.baseUrl, { target: `/secret/${number}?key=${credentials["x-api-key"]}` })
      const report = yield* proxy.report
      assert.deepStrictEqual(told, [
        "requests: exchange 1, POST /v1/messages/phone: 418",
        "responses: exchange 1, POST /v1/messages/phone: 418",
        "requests: exchange 2, unknown operation: 418",
      ])
      const shown = ContractReport.format(report, "json")
      for (const hidden of [
        number,
        credentials["x-api-key"],
        credentials["x-sender-id"],
        "secret",
      ]) {
        assert.notInclude(shown, hidden)
      }
    }).pipe(Effect.scoped),
  )
})

describe("a service that fails", () => {
  it.live.each([
    "http://127.0.0.1:1",
    // Tried by either version of IP.
    "http://localhost:1",
  ])("becomes a 502 that says that nothing was sent when %s cannot be reached", (target) =>
    Effect.gen(function* () {
      const proxy = yield* ContractProxy.make({ target })
      const { status, text } = yield* call(proxy.baseUrl)
      assert.strictEqual(status, 502)
      assert.include(text, "was not sent")
      assert.deepStrictEqual(rules(yield* proxy.report), ["responses: no-response"])
    }).pipe(Effect.scoped),
  )

  it.live(
    "gets a request once, and becomes a 502 that says that it may have arrived when the connection breaks",
    () =>
      Effect.gen(function* () {
        let requests = 0
        const target = yield* upstream((request) => {
          requests += 1
          request.resume().on("end", () => request.socket.resetAndDestroy())
        })
        const proxy = yield* ContractProxy.make({ target })
        const { status, text } = yield* call(proxy.baseUrl)
        assert.strictEqual(status, 502)
        assert.include(text, "may have arrived")
        assert.deepStrictEqual(rules(yield* proxy.report), ["responses: no-response"])
        assert.strictEqual(requests, 1)
      }).pipe(Effect.scoped),
  )

  it.live("becomes a 502 that says that nothing was sent when the target does not speak TLS", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* rawUpstream(noContent, "")
      const proxy = yield* ContractProxy.make({ target: url.replace("http:", "https:") })
      const { status, text } = yield* call(proxy.baseUrl)
      assert.strictEqual(status, 502)
      assert.include(text, "was not sent")
      assert.notInclude(seen(), "x-api-key")
    }).pipe(Effect.scoped),
  )

  it.live.each<readonly [what: string, answer: string]>([
    ["no HTTP", "hello\r\n\r\n"],
    ["an impossible status", "HTTP/1.1 099 Odd\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["a reason that cannot be passed on", "HTTP/1.1 200 \u0001\r\nContent-Length: 0\r\n\r\n"],
    ["another protocol", "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"],
    ["nothing", ""],
  ])("becomes a 502 when it responds with %s, and the next request is forwarded", ([, answer]) =>
    Effect.gen(function* () {
      const { url } = yield* rawUpstream(answer, "}")
      const proxy = yield* ContractProxy.make({ target: url })
      for (const nth of [1, 2]) {
        const { status, text } = yield* call(proxy.baseUrl)
        assert.strictEqual(status, 502, `${nth}`)
        assert.include(text, "may have arrived")
        assert.strictEqual(Object(JSON.parse(text)).status, 502)
      }
      assert.deepStrictEqual(rules(yield* proxy.report), [
        "responses: no-response",
        "responses: no-response",
      ])
    }).pipe(Effect.scoped),
  )

  it.live("is not reported as silent while the application is", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const target = yield* upstream((request, response) => {
        request.once("data", () => Deferred.doneUnsafe(begun, Effect.void))
        if (request.url === path) request.on("end", () => response.writeHead(204).end())
      })
      const proxy = yield* ContractProxy.make({ target, timeout: "20 millis" })
      const slow = send(`${proxy.baseUrl}${path}`, { method: "POST", agent: false })
      slow.write("{")
      yield* Deferred.await(begun)
      // When this one has had its time, so has the other, which began earlier.
      assert.strictEqual((yield* call(proxy.baseUrl, { target: "/silent" })).status, 504)
      slow.end("}")
      const [response] = yield* Effect.promise(() => once(slow, "response"))
      assert.strictEqual(response.resume().statusCode, 204)
    }).pipe(Effect.scoped),
  )

  it.live("closes the connection to the application when it falls silent in the middle", () =>
    Effect.gen(function* () {
      const target = yield* upstream((request, response) => {
        request.resume().on("end", () => response.writeHead(400, problem).write('{"status"'))
      })
      const proxy = yield* ContractProxy.make({ target, timeout: "20 millis" })
      const sent = bytesOf({
        headers: [
          ["Host", "p"],
          ["Content-Length", "2"],
        ],
        body: "{}",
      })
      const text = yield* exchange(proxy.baseUrl, sent)
      assert.include(text, '{"status"')
      assert.notInclude(text, "504")
      assert.include(rules(yield* proxy.report), "responses: no-response")
    }).pipe(Effect.scoped),
  )

  it.live("becomes a 504 when it does not respond in time, and its request is aborted", () =>
    Effect.gen(function* () {
      const givenUp = yield* Deferred.make<void>()
      const target = yield* upstream((request) => {
        request.on("close", () => Deferred.doneUnsafe(givenUp, Effect.void))
      })
      const proxy = yield* ContractProxy.make({ target, timeout: "20 millis" })
      const { status, text } = yield* call(proxy.baseUrl)
      assert.strictEqual(status, 504)
      assert.include(text, "may have arrived")
      yield* Deferred.await(givenUp)
    }).pipe(Effect.scoped),
  )

  it.live.each(["resetAndDestroy", "destroy"] as const)(
    "closes the connection to the application when it ends by %s",
    (breakOff) =>
      Effect.gen(function* () {
        const target = yield* upstream((request, response) => {
          request.resume().on("end", () => {
            response.writeHead(400, { "content-length": "100", ...problem })
            response.write('{"status"', () => response.socket?.[breakOff]())
          })
        })
        const proxy = yield* ContractProxy.make({ target })
        const broken = yield* Effect.exit(
          Effect.tryPromise(async () =>
            (await fetch(`${proxy.baseUrl}${path}`, { method: "POST", body: valid })).text(),
          ),
        )
        assert.strictEqual(broken._tag, "Failure")
        assert.include(rules(yield* proxy.report), "responses: no-response")
      }).pipe(Effect.scoped),
  )

  it.live("is not kept waiting for an application that closed its connection", () =>
    Effect.gen(function* () {
      const arrived = yield* Deferred.make<void>()
      const gone = yield* Deferred.make<void>()
      const target = yield* upstream((request) => {
        Deferred.doneUnsafe(arrived, Effect.void)
        request.on("close", () => Deferred.doneUnsafe(gone, Effect.void))
      })
      const proxy = yield* ContractProxy.make({ target })
      const { port } = new URL(proxy.baseUrl)
      const socket = connect(Number(port), "127.0.0.1")
      socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}`)
      yield* Deferred.await(arrived)
      socket.destroy()
      yield* Deferred.await(gone)
      assert.isTrue(
        (yield* proxy.report).checks.some(({ name }) => name.includes("closed by the application")),
      )
    }).pipe(Effect.scoped),
  )
})

describe("a proxy", () => {
  it.effect.each<readonly [target: string, words: string]>([
    ["sent", "must be an http or https URL"],
    ["http://staging.example.com", "must be https"],
    ["https://user@staging.example.com", "without user information"],
    ["https://:secret@staging.example.com", "without user information"],
    ["https://staging.example.com?x", "query"],
  ])("rejects the target %s", ([target, words]) =>
    Effect.map(Effect.flip(Effect.scoped(ContractProxy.make({ target }))), ({ message }) => {
      assert.include(message, words)
    }),
  )

  it.effect.each<readonly [option: string, value: unknown]>([
    ["port", 70_000],
    ["host", null],
    ["timeout", "soon"],
    ["maxDeviations", 0],
  ])("rejects the option %s with the value %j", ([option, value]) =>
    Effect.gen(function* () {
      // A caller whom TypeScript does not check.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const options = { target: "https://example.com", [option]: value } as ContractProxy.Options
      const { message } = yield* Effect.flip(Effect.scoped(ContractProxy.make(options)))
      assert.include(message, `option ${option}: `)
    }),
  )

  it.live("accepts a time-out longer than a timer of Node", () =>
    Effect.gen(function* () {
      const target = yield* upstream((request, response) => {
        setImmediate(() => request.resume().on("end", () => response.writeHead(204).end()))
      })
      const proxy = yield* ContractProxy.make({ target, timeout: "60 days" })
      assert.strictEqual((yield* call(proxy.baseUrl)).status, 204)
    }).pipe(Effect.scoped),
  )

  it.live("rejects itself as the target", () =>
    Effect.gen(function* () {
      const free = yield* Effect.scoped(upstream(() => undefined))
      const port = Number(new URL(free).port)
      const { message } = yield* Effect.flip(ContractProxy.make({ target: free, port }))
      assert.include(message, "its own address")
    }).pipe(Effect.scoped),
  )

  it.live("fails when its port is in use", () =>
    Effect.gen(function* () {
      const taken = yield* upstream(() => undefined)
      const port = Number(new URL(taken).port)
      const error = yield* Effect.flip(ContractProxy.make({ target: taken, port }))
      assert.strictEqual(error.reason._tag, "PortInUse")
    }).pipe(Effect.scoped),
  )

  it.live("stops with its scope, even while an application waits", () =>
    Effect.gen(function* () {
      const arrived = yield* Deferred.make<void>()
      const target = yield* upstream(() => Deferred.doneUnsafe(arrived, Effect.void))
      const answer = yield* Effect.scoped(
        Effect.gen(function* () {
          const proxy = yield* ContractProxy.make({ target })
          const waiting = fetch(`${proxy.baseUrl}${path}`, { method: "POST", body: valid })
          yield* Deferred.await(arrived)
          return waiting.catch(() => "cut")
        }),
      )
      assert.strictEqual(yield* Effect.promise(() => Promise.resolve(answer)), "cut")
    }).pipe(Effect.scoped),
  )
})
