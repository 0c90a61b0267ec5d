/** The proxy: it changes nothing of what two parties say, says where either leaves the contract, and sends nothing twice. */
import { ContractProxy, ContractReport, MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, type Scope } from "effect"
import { once } from "node:events"
import { createServer, request as send, type RequestListener, type Server } from "node:http"
import { connect } from "node:net"
import { buffer } from "node:stream/consumers"

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

const listening = async (server: Server): Promise<string> => {
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

describe("what passes", () => {
  it.live("is the same on both sides, byte for byte", () =>
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

  it.live("is passed on at once, and to each its own, many at a time", () =>
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

  it.live("may be chunked, empty, without a body by its method, or too large to be looked at", () =>
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
      assert.strictEqual((yield* call(proxy.baseUrl, { method: "HEAD", body: "" })).bytes.length, 0)
      assert.deepStrictEqual(sizes, [large.length, 0])
      assert.include(rules(yield* proxy.report), "requests: not-validated")
      assert.include(rules(yield* proxy.report), "answers: not-validated")
    }).pipe(Effect.scoped),
  )
})

describe("what leaves the contract", () => {
  it.live("is nothing between a good application and the mock", () =>
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
      assert.isTrue(ContractReport.holds(report))
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
      "what is invalid and accepted",
      { body: "{}" },
      [204],
      ["requests: required", "requests: required", "answers: accepted-invalid"],
    ],
    [
      "what is valid and refused",
      {},
      [400, problem, '{"status":400,"title":"Bad Request","detail":"Template not found"}'],
      ["answers: refused-valid"],
    ],
    ["an undeclared 500-like status", {}, [502], ["answers: undeclared-status"]],
    ["a 501", {}, [501], ["answers: undeclared-status"]],
    ["a redirect", {}, [302, { location: "http://127.0.0.1:1/" }], ["answers: undeclared-status"]],
    [
      "a 429 without Retry-After",
      {},
      [429, problem, '{"status":429,"title":"Too Many Requests"}'],
      ["answers: required"],
    ],
    [
      "a problem that is HTML",
      {},
      [500, { "content-type": "text/html" }, "<p>"],
      ["answers: undeclared-media-type", "answers: malformed-json"],
    ],
  ])("is %s", ([, sent, answer, expected]) =>
    Effect.map(afterOne(sent, ...answer), (found) => {
      assert.deepStrictEqual(found, expected)
    }),
  )

  it.live(
    "is told as it happens, and holds neither a key nor a number nor a path that is not the contract's",
    () =>
      Effect.gen(function* () {
        const told: Array<string> = []
        const target = yield* upstream((request, response) => {
          request.resume().on("end", () => response.writeHead(418).end(number))
        })
        const proxy = yield* ContractProxy.make({
          target,
          onDeviation: ({ group, name }) => told.push(`${group}: ${name}`),
        })
        yield* call(proxy.baseUrl, { body: valid.replace("}", `,"x":"${number}"}`) })
        yield* call(proxy.baseUrl, { target: `/secret/${number}?key=${credentials["x-api-key"]}` })
        const report = yield* proxy.report
        assert.deepStrictEqual(told, [
          "requests: exchange 1, POST /v1/messages/phone: 418",
          "answers: exchange 1, POST /v1/messages/phone: 418",
          "requests: exchange 2, elsewhere: 418",
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
  it.live("is a 502 that says that nothing was sent when it cannot be reached", () =>
    Effect.gen(function* () {
      const proxy = yield* ContractProxy.make({ target: "http://127.0.0.1:1" })
      const { status, text } = yield* call(proxy.baseUrl)
      assert.strictEqual(status, 502)
      assert.include(text, "was not sent")
      assert.deepStrictEqual(rules(yield* proxy.report), ["answers: no-answer"])
    }).pipe(Effect.scoped),
  )

  it.live(
    "is a 502 that says that the request may have arrived when the connection breaks, and gets it once",
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
        assert.deepStrictEqual(rules(yield* proxy.report), ["answers: no-answer"])
        assert.strictEqual(requests, 1)
      }).pipe(Effect.scoped),
  )

  it.live("is a 504 when it does not answer in time, and its request is given up", () =>
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

  it.live("breaks off at the application, too, when it breaks off", () =>
    Effect.gen(function* () {
      const target = yield* upstream((request, response) => {
        request.resume().on("end", () => {
          response.writeHead(400, { "content-length": "100", ...problem })
          response.write('{"status"', () => response.socket?.resetAndDestroy())
        })
      })
      const proxy = yield* ContractProxy.make({ target })
      const broken = yield* Effect.exit(
        Effect.tryPromise(async () =>
          (await fetch(`${proxy.baseUrl}${path}`, { method: "POST", body: valid })).text(),
        ),
      )
      assert.strictEqual(broken._tag, "Failure")
      assert.include(rules(yield* proxy.report), "answers: no-answer")
    }).pipe(Effect.scoped),
  )

  it.live("is not kept waiting for an application that has gone", () =>
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
        (yield* proxy.report).checks.some(({ name }) => name.includes("not waited for")),
      )
    }).pipe(Effect.scoped),
  )
})

describe("a proxy", () => {
  it.effect.each<readonly [target: string, words: string]>([
    ["sent", "must be an http or https URL"],
    ["http://staging.example.com", "must be https"],
    ["https://user@staging.example.com", "without user information"],
    ["https://staging.example.com?x", "query"],
  ])("does not stand in front of %s", ([target, words]) =>
    Effect.map(Effect.flip(Effect.scoped(ContractProxy.make({ target }))), ({ message }) => {
      assert.include(message, words)
    }),
  )

  it.live("says when its port is taken", () =>
    Effect.gen(function* () {
      const taken = yield* upstream(() => undefined)
      const port = Number(new URL(taken).port)
      const error = yield* Effect.flip(ContractProxy.make({ target: taken, port }))
      assert.strictEqual(error.reason._tag, "PortInUse")
    }).pipe(Effect.scoped),
  )

  it.live("stops with its scope, though an application waits", () =>
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
