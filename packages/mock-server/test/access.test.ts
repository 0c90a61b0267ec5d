/** Access to the routes below `/__mock`, and the headers of these routes and of the page. */
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { post } from "./support/calls.ts"
import { bytesOf, talk } from "@effect-sent/faults/rawClient"

type Headers = Readonly<Record<string, string>>

/** Sends a request below `/__mock` with exactly these headers. */
const call = (
  port: number,
  target: string,
  headers: Headers,
  { body = "", method = "GET" }: { readonly body?: string; readonly method?: string } = {},
) =>
  Effect.map(
    talk(
      port,
      bytesOf({
        method,
        target,
        headers: [
          ...Object.entries(headers),
          ["connection", "close"],
          ["content-length", String(body.length)],
        ],
        body,
      }),
    ),
    ([answer]) => answer,
  )

const json = { "content-type": "application/json" }

describe("the mock's own routes", () => {
  it.effect.each<readonly [host: string, status: number]>([
    ["127.0.0.1:4010", 200],
    ["localhost", 200],
    ["LOCALHOST:4010", 200],
    ["[::1]:4010", 200],
    ["192.168.1.7:4010", 200],
    ["example.com", 403],
    ["localhost.example.com:4010", 403],
    ["127.0.0.1.example.com", 403],
    ["", 403],
  ])("requested with the host %j answer %i", ([host, status]) =>
    Effect.gen(function* () {
      const { port } = yield* MockServer.make()
      assert.strictEqual((yield* call(port, "/__mock/messages", { host }))?.status, status)
    }),
  )

  it.effect("may be requested under a name in `inboxHosts`", () =>
    Effect.gen(function* () {
      const { port } = yield* MockServer.make({ inboxHosts: ["Mock"] })
      const answer = yield* call(port, "/__mock/messages", { host: "mock:4010" })
      assert.strictEqual(answer?.status, 200)
    }),
  )

  it.effect.each<readonly [headers: Headers, status: number]>([
    [{ "sec-fetch-site": "same-origin", origin: "http://localhost:4010" }, 200],
    [{ "sec-fetch-site": "none" }, 200],
    [{ "sec-fetch-site": "cross-site" }, 403],
    [{ "sec-fetch-site": "same-site" }, 403],
    [{ origin: "http://localhost:4011" }, 403],
    [{ origin: "https://localhost:4010" }, 200],
    [{ "sec-fetch-site": "same-origin", origin: "https://mock.example" }, 200],
    [{ origin: "https://example.com" }, 403],
    [{ origin: "null" }, 403],
  ])("requested by a page with %j answer %i", ([headers, status]) =>
    Effect.gen(function* () {
      const { port } = yield* MockServer.make()
      const answer = yield* call(port, "/__mock/messages", { host: "localhost:4010", ...headers })
      assert.strictEqual(answer?.status, status)
    }),
  )

  it.effect.each<readonly [host: string, status: number]>([
    ["mock:4010", 200],
    ["mock.localhost:4010", 200],
    ["mock.example:4010", 403],
    ["localhost.example:4010", 403],
  ])("requested as %s answer %i", ([host, status]) =>
    Effect.gen(function* () {
      const { port } = yield* MockServer.make()
      assert.strictEqual((yield* call(port, "/__mock/messages", { host }))?.status, status)
    }),
  )

  it.effect("let a link of another page lead to the inbox, and to nothing else", () =>
    Effect.gen(function* () {
      const { port } = yield* MockServer.make()
      const link = {
        host: "localhost",
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
      }
      assert.strictEqual((yield* call(port, "/__mock/", link))?.status, 200)
      assert.strictEqual((yield* call(port, "/__mock/messages", link))?.status, 403)
      const redirected = yield* call(port, "/", link)
      assert.strictEqual(redirected?.headers["location"], "__mock/")
    }),
  )

  it.effect("take DELETE, and POST without a body, without a content type", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* post(mock)
      yield* mock.addFault({ latencyMillis: 1 })
      const headers = { host: "localhost" }
      const cleared = yield* call(mock.port, "/__mock/faults", headers, { method: "DELETE" })
      assert.strictEqual(cleared?.status, 204)
      const reset = yield* call(mock.port, "/__mock/reset", headers, { method: "POST" })
      assert.strictEqual(reset?.status, 204)
      assert.lengthOf(yield* mock.messages(), 0)
      const body = '{"latencyMillis":1}'
      const placed = yield* call(mock.port, "/__mock/faults", headers, { body, method: "POST" })
      assert.strictEqual(placed?.status, 415)
    }),
  )

  it.effect("reject every content type that a form can send", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* post(mock)
      for (const type of [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
      ]) {
        const headers = { host: "localhost", "content-type": type }
        const body = '{"answer":{"status":500}}'
        const placed = yield* call(mock.port, "/__mock/faults", headers, { body, method: "POST" })
        assert.strictEqual(placed?.status, 415)
        const cleared = yield* call(mock.port, "/__mock/messages", headers, { method: "DELETE" })
        assert.strictEqual(cleared?.status, 415)
      }
      assert.lengthOf(yield* mock.messages(), 1)
      assert.lengthOf(yield* mock.faults, 0)
    }),
  )

  it.effect.each<readonly [target: string, method: string, status: number]>([
    ["/__mock", "GET", 307],
    ["/", "GET", 307],
    ["/__mock/health", "GET", 200],
    ["/__mock/messages", "DELETE", 204],
    ["/__mock/", "POST", 405],
    ["/__mock/nothing", "GET", 404],
    ["/__mock/../etc/passwd", "GET", 404],
    ["/__mock/page.ts", "GET", 404],
    ["/__mock/faults", "PUT", 405],
    ["/__mockery", "GET", 404],
    ["/__mock/toString", "GET", 404],
  ])("answer %s %s with %i", ([target, method, status]) =>
    Effect.gen(function* () {
      const { port } = yield* MockServer.make()
      const answer = yield* call(port, target, { host: "localhost", ...json }, { method })
      assert.strictEqual(answer?.status, status)
    }),
  )

  it.effect.each(["{", "", "[1", "null", '"text"', `{"x":"${"y".repeat(100_000)}"}`])(
    "reject a body such as %.12s",
    (body) =>
      Effect.gen(function* () {
        const { port } = yield* MockServer.make()
        for (const target of ["/__mock/faults", "/__mock/clock"]) {
          const headers = { host: "localhost", ...json }
          const answer = yield* call(port, target, headers, { body, method: "POST" })
          assert.strictEqual(answer?.status, body.length > 65_536 ? 413 : 400)
        }
      }),
  )

  it.effect("advance the clock", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      const before = (yield* mock.clock.now).epochMilliseconds
      const answer = yield* call(
        mock.port,
        "/__mock/clock",
        { host: "localhost", ...json },
        { body: '{"advanceMillis":60000}', method: "POST" },
      )
      const now = new Date(before + 60_000).toISOString()
      assert.deepStrictEqual(JSON.parse(answer?.body ?? ""), { now, realistic: false, runs: false })
    }),
  )

  it.effect.each(["1e300", "1e15", "-1", "null"])("do not advance the clock by %s", (millis) =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const body = `{"advanceMillis":${millis}}`
      const headers = { host: "localhost", ...json }
      const answer = yield* call(mock.port, "/__mock/clock", headers, { body, method: "POST" })
      assert.strictEqual(answer?.status, 400)
      assert.strictEqual((yield* post(mock)).status, 204)
    }),
  )
})

describe("the page", () => {
  it.effect("is served with a policy that allows only this server", () =>
    Effect.gen(function* () {
      const { port } = yield* MockServer.make()
      for (const [target, type] of [
        ["/__mock/", "text/html"],
        ["/__mock/inbox.js", "text/javascript"],
        ["/__mock/inbox.css", "text/css"],
        ["/__mock/icon.svg", "image/svg+xml"],
      ] as const) {
        const answer = yield* call(port, target, { host: "localhost" })
        assert.strictEqual(answer?.status, 200)
        assert.include(answer?.headers["content-type"], type)
        const policy = answer?.headers["content-security-policy"] ?? ""
        assert.include(policy, "default-src 'none'")
        assert.include(policy, "require-trusted-types-for 'script'")
        assert.notInclude(policy, "unsafe")
        assert.strictEqual(answer?.headers["x-content-type-options"], "nosniff")
      }
    }),
  )
})

describe("GET /__mock/events", () => {
  it.effect("streams new messages, their changes, and their removal", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      const controller = new AbortController()
      yield* Effect.addFinalizer(() => Effect.sync(() => controller.abort()))
      const response = yield* Effect.promise(() =>
        fetch(`${mock.inboxUrl}events`, { signal: controller.signal }),
      )
      assert.strictEqual(response.headers.get("content-type"), "text/event-stream")
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
      let text = ""
      const until = (wanted: string) =>
        Effect.promise(async () => {
          while (!text.includes(wanted)) {
            // The next chunk depends on this one.
            // oxlint-disable-next-line no-await-in-loop
            text += (await reader?.read())?.value ?? ""
          }
          const seen = text
          text = ""
          return seen
        })
      yield* until("retry: ")
      yield* post(mock)
      const [message] = yield* mock.messages()
      assert.include(yield* until("\n\n"), `event: messages\ndata: [{"id":"${message?.id}"`)
      yield* mock.clock.advance("1 minute")
      yield* until('"state":"not-allowed"')
      yield* mock.clearMessages
      yield* until("event: cleared\n")
    }),
  )

  it.effect("does not delay the stop of the server", () =>
    Effect.gen(function* () {
      const reading = yield* Effect.scoped(
        Effect.gen(function* () {
          const mock = yield* MockServer.make({ clock: "manual" })
          const response = yield* Effect.promise(() => fetch(`${mock.inboxUrl}events`))
          return response.text()
        }),
      )
      // It ends by itself: a response that is cut off after the grace period would fail instead.
      assert.strictEqual(yield* Effect.promise(() => reading), "retry: 1000\n\n")
    }),
  )
})
