/** How a mock server starts, listens and stops. */
import { MockServer, MockServerError, startMockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Redacted, Scope } from "effect"
import { createServer } from "node:net"
import { credentials, post, sample } from "./support/calls.ts"
import { answersIn, bytesOf, open, received } from "@effect-sent/faults/rawClient"

const startFailure = (options: MockServer.Options) =>
  Effect.map(Effect.flip(MockServer.make(options)), ({ reason }) => reason)

/** Whether nothing listens on a port. */
const isClosed = (port: number) =>
  Effect.callback<boolean>((resume) => {
    const probe = createServer()
    probe.once("error", () => resume(Effect.succeed(false)))
    probe.listen(port, "127.0.0.1", () => probe.close(() => resume(Effect.succeed(true))))
  })

describe("a mock server", () => {
  it.effect("listens on a free port of loopback", () =>
    Effect.gen(function* () {
      const [one, other] = [yield* MockServer.make(), yield* MockServer.make()]
      assert.notStrictEqual(one.port, other.port)
      for (const mock of [one, other]) {
        assert.strictEqual(mock.host, "127.0.0.1")
        assert.strictEqual(mock.baseUrl, `http://127.0.0.1:${mock.port}`)
        assert.strictEqual(mock.contract.title, "Sent.dm v1, send to phone")
        assert.strictEqual((yield* post(mock)).status, 204)
      }
    }),
  )

  it.effect.each([
    ["127.0.0.1", /^http:\/\/127\.0\.0\.1:\d+$/],
    ["::1", /^http:\/\/\[::1\]:\d+$/],
    ["localhost", /^http:\/\/(?:127\.0\.0\.1|\[::1\]):\d+$/],
  ] as const)("on %s says where a client finds it", ([host, baseUrl]) =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ host })
      assert.match(mock.baseUrl, baseUrl)
      assert.strictEqual((yield* post(mock)).status, 204)
    }),
  )

  it.effect.each(["/sent", "/sent/", "/a/b.c-d_e~f"])("answers below %s only", (basePath) =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ basePath })
      assert.isTrue(mock.baseUrl.endsWith(`:${mock.port}${basePath.replace(/\/$/, "")}`))
      assert.strictEqual((yield* post(mock)).status, 204)
      const elsewhere = yield* post({ baseUrl: `http://127.0.0.1:${mock.port}` })
      assert.strictEqual(elsewhere.status, 404)
      assert.include(elsewhere.body, `POST ${basePath.replace(/\/$/, "")}/v1/messages/phone`)
      const beside = yield* post({ baseUrl: `http://127.0.0.1:${mock.port}/sentry` })
      assert.strictEqual(beside.status, 404)
    }),
  )

  it.effect("stops with its scope and closes idle connections", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { port } = yield* Scope.provide(MockServer.make(), scope)
      const socket = yield* open(port)
      const rest = yield* Effect.forkChild(received(socket))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(rest)).length, 0)
      assert.isTrue(yield* isClosed(port))
    }),
  )

  it.effect("completes requests in flight when it stops", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { port } = yield* Scope.provide(MockServer.make(), scope)
      const socket = yield* open(port)
      const body = JSON.stringify(sample)
      const bytes = bytesOf({
        headers: [
          ["host", "localhost"],
          ...Object.entries(credentials),
          ["content-type", "application/json"],
          ["content-length", String(body.length)],
          ["expect", "100-continue"],
        ],
      })
      // After `100 Continue`, the request is in flight.
      const goOn = Effect.callback<void>((resume) => {
        socket.once("data", () => resume(Effect.void))
      })
      socket.write(bytes)
      yield* goOn
      const answer = yield* Effect.forkChild(received(socket))
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* Effect.yieldNow
      socket.write(body)
      const [first] = answersIn(yield* Fiber.join(answer))
      assert.strictEqual(first?.status, 204)
      yield* Fiber.join(closing)
    }),
  )

  it.effect("does not start on a port that is in use, and says what to do", () =>
    Effect.gen(function* () {
      const { port } = yield* MockServer.make()
      const reason = yield* startFailure({ port })
      assert.instanceOf(reason, MockServerError.PortInUse)
      assert.strictEqual(
        reason.message,
        `port ${port} of 127.0.0.1 is in use; stop the process that listens on it or choose another port (0 picks a free one)`,
      )
    }),
  )

  // An address of TEST-NET-1 (RFC 5737), which no machine has.
  it.effect.each(["192.0.2.1", "no-such-host.invalid"])("does not start on %s", (host) =>
    Effect.gen(function* () {
      const reason = yield* startFailure({ host })
      assert.instanceOf(reason, MockServerError.AddressUnavailable)
      assert.include(reason.message, host)
    }),
  )

  it.effect.each<readonly [option: string, options: MockServer.Options]>([
    ["port", { port: -1 }],
    ["port", { port: 65_536 }],
    ["port", { port: 1.5 }],
    ["port", { port: Number.NaN }],
    ["host", { host: "" }],
    ["host", { host: "http://127.0.0.1" }],
    ["basePath", { basePath: "sent" }],
    ["basePath", { basePath: "/a b" }],
    ["basePath", { basePath: "/{id}" }],
    ["basePath", { basePath: "/__mock/sent" }],
    ["maxMessages", { maxMessages: 0 }],
    ["maxMessages", { maxMessages: 1.5 }],
    ["webhookSecret", { webhookSecret: "" }],
    ["webhookSecret", { webhookSecret: "whsec_" }],
    ["webhookSecret", { webhookSecret: Redacted.make("whsec_not base64") }],
    ["webhookTimeout", { webhookTimeout: 0 }],
    ["allowedHosts", { allowedHosts: ["http://app"] }],
    ["allowedHosts", { allowedHosts: ["app:80"] }],
    ["inboxHosts", { inboxHosts: ["*"] }],
    ["requestTimeout", { requestTimeout: 0 }],
    ["requestTimeout", { requestTimeout: "-1 seconds" }],
    ["requestTimeout", { requestTimeout: Number.POSITIVE_INFINITY }],
  ])("refuses the %s of %j", ([option, options]) =>
    Effect.gen(function* () {
      const reason = yield* startFailure(options)
      assert.instanceOf(reason, MockServerError.InvalidOption)
      assert.match(reason.message, new RegExp(`^option ${option}: must (?:be|hold|not be) `))
    }),
  )
})

describe("startMockServer", () => {
  it("starts a server without Effect, and may be stopped twice", async () => {
    const mock = await startMockServer()
    assert.strictEqual((await Effect.runPromise(post(mock))).status, 204)
    await Promise.all([mock.stop(), mock.stop()])
    await mock.stop()
    assert.isTrue(await Effect.runPromise(isClosed(mock.port)))
  })

  it("stops at the end of an `await using` block", async () => {
    let port = 0
    {
      await using mock = await startMockServer()
      ;({ port } = mock)
      assert.isFalse(await Effect.runPromise(isClosed(port)))
    }
    assert.isTrue(await Effect.runPromise(isClosed(port)))
  })

  it("rejects with the error that says why", async () => {
    await using mock = await startMockServer()
    const error: unknown = await startMockServer({ port: mock.port }).then(
      () => undefined,
      (cause: unknown) => cause,
    )
    assert.instanceOf(error, MockServerError.MockServerError)
    assert.strictEqual(error.reason._tag, "PortInUse")
  })
})
