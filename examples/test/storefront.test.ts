/** The application, called over HTTP by its users and by the mock. */
import { freePort } from "@effect-sent/faults/freePort"
import { MockServer } from "@effect-sent/mock-server"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Context, Effect, Fiber, Layer, Logger } from "effect"
import { FetchHttpClient, HttpServer } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { words } from "../failures.ts"
import { Api, App } from "../storefront.ts"

const settings = {
  SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
  SENT_API_KEY: "any",
  TRACKER_SECRET: "a secret of the tests, long enough to sign with",
}

/** Starts the mock and the application, on a free port, and makes a client of its API. All stop when the scope closes. */
const setUp = Effect.gen(function* () {
  const mock = yield* MockServer.make({ clock: "manual" })
  const AppLive = Layer.unwrap(
    HttpServer.HttpServer.useSync(({ address }) => {
      const env = {
        ...settings,
        SENT_BASE_URL: mock.baseUrl,
        PUBLIC_URL: HttpServer.formatAddress(address),
      }
      return Layer.provide(App, ConfigProvider.layer(ConfigProvider.fromEnv({ env })))
    }),
  )
  const Server = NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })
  const context = yield* Layer.build(Layer.provideMerge(AppLive, Server))
  const url = HttpServer.formatAddress(Context.get(context, HttpServer.HttpServer).address)
  const client = yield* Effect.provide(
    HttpApiClient.make(Api, { baseUrl: url }),
    FetchHttpClient.layer,
  )
  const { find, notify } = client.notifications
  return {
    mock,
    url,
    notify: (phoneNumber: string) =>
      notify({ params: { orderId: "12345" }, payload: { phoneNumber } }),
    find: (id: string) => find({ params: { id } }),
  }
})

describe("signing up", () => {
  it.effect.each([
    ["is welcomed", "+15005552040", 202, words.accepted],
    ["whose answer is lost waits", "+15005552052", 202, words.unknown],
    ["enters another number", "+15005554004", 422, words.recipient],
    ["tries again at a busy time", "+15005554290", 503, words.time],
    ["hears that we were told", "+15005554006", 503, words.operator],
  ] as const)("a person %s", ([, phoneNumber, status, said]) =>
    Effect.gen(function* () {
      const { mock, url } = yield* setUp
      const response = yield* Effect.promise(() =>
        fetch(`${url}/signups`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ name: "John", phoneNumber }),
        }),
      )
      const body: unknown = yield* Effect.promise(() => response.json())
      assert.deepStrictEqual([response.status, Object(body).words], [status, said])
      assert.lengthOf(yield* mock.messages(), 1, "nothing is sent twice")
    }),
  )
})

describe("an order's notification", () => {
  it.effect("is tracked until it is read", () =>
    Effect.gen(function* () {
      const { find, mock, notify, url } = yield* setUp
      const { delivery, id } = yield* notify("+15005552041")
      assert.strictEqual(delivery, "accepted")
      const { webhookUrl } = yield* mock.expectMessage({ variables: { order_id: "12345" } })
      assert.isTrue(webhookUrl?.startsWith(`${url}/webhooks/sent?sig=`))
      assert.deepStrictEqual(yield* find(id), {
        status: undefined,
        channel: undefined,
        isFinal: false,
        steps: [],
      })

      // QUEUED, ROUTED and SENT, a hundred times as fast as in reality.
      yield* mock.clock.advance(20)
      const onItsWay = yield* find(id)
      assert.strictEqual(onItsWay.status, "SENT")
      assert.isFalse(onItsWay.isFinal)

      yield* mock.clock.advance("1 minute")
      const state = yield* find(id)
      assert.strictEqual(state.status, "READ")
      assert.strictEqual(state.channel, "whatsapp")
      assert.isTrue(state.isFinal)
      assert.deepStrictEqual(
        state.steps.map(({ status }) => status),
        ["QUEUED", "ROUTED", "SENT", "DELIVERED", "READ"],
      )
    }),
  )

  it.effect("has the status FAILED after it failed", () =>
    Effect.gen(function* () {
      const { find, mock, notify } = yield* setUp
      const { id } = yield* notify("+15005552042")
      yield* mock.clock.advance("1 minute")
      const { isFinal, status } = yield* find(id)
      assert.deepStrictEqual({ isFinal, status }, { isFinal: true, status: "FAILED" })
    }),
  )

  it.effect("is unknown while its answer is lost, until updates arrive", () =>
    Effect.gen(function* () {
      const { find, mock, notify } = yield* setUp
      const { delivery, id } = yield* notify("+15005552052")
      assert.strictEqual(delivery, "unknown")
      assert.isUndefined((yield* find(id)).status)
      yield* mock.clock.advance("1 minute")
      assert.strictEqual((yield* find(id)).status, "DELIVERED")
      assert.lengthOf(yield* mock.messages(), 1, "it was not sent again")
    }),
  )

  it.effect.each([
    ["by the library", "call me", "phoneNumber must be an E.164 phone number", 0],
    ["by the service", "+15005554004", "the service cannot send to it", 1],
    ["field by field", "+15005554002", "validation failed", 1],
  ] as const)("is refused %s when its number is invalid", ([, number, message, messages]) =>
    Effect.gen(function* () {
      const { mock, notify } = yield* setUp
      const error = yield* Effect.flip(notify(number))
      assert.strictEqual(error._tag, "NotNotifiable")
      assert.include(error.message, message)
      assert.lengthOf(yield* mock.messages(), messages)
      yield* mock.clock.advance("1 minute")
    }),
  )

  it.effect.each([
    ["the balance is insufficient", "+15005554006", undefined],
    ["the credentials are refused", "+15005554011", undefined],
    ["the rate limit is reached", "+15005554290", 60],
  ] as const)("can be requested again later when %s", ([, number, retryAfterSeconds]) =>
    Effect.gen(function* () {
      const { notify, url } = yield* setUp
      const error = yield* Effect.flip(notify(number))
      assert.isTrue(error._tag === "NotifyLater" && error.retryAfterSeconds === retryAfterSeconds)
      // The answer contains nothing about the account.
      const response = yield* post(url, number)
      assert.strictEqual(response.status, 503)
      assert.deepStrictEqual(JSON.parse(response.body), {
        _tag: "NotifyLater",
        retryAfterSeconds: retryAfterSeconds ?? null,
        words: retryAfterSeconds === undefined ? words.operator : words.time,
      })
    }),
  )

  it.effect("leaves its callback URL out of the log", () => {
    const lines: Array<string> = []
    const keep = Logger.map(Logger.formatJson, (line) => void lines.push(line))
    return Effect.gen(function* () {
      const { mock, notify } = yield* setUp
      yield* notify("+15005552040")
      yield* notify("+15005554006").pipe(Effect.ignore)
      yield* mock.clock.advance("1 minute")
      const { webhookUrl = "" } = yield* mock.expectMessage({ status: "DELIVERED" })
      const log = lines.join("\n")
      assert.include(log, "a notification was not sent")
      assert.notInclude(log, webhookUrl.slice(webhookUrl.lastIndexOf("=") + 1))
      assert.notInclude(log, "+1500555")
    }).pipe(Effect.provide(Logger.layer([keep])))
  })

  it.effect("is answered with the right HTTP status", () =>
    Effect.gen(function* () {
      const { find, url } = yield* setUp
      assert.strictEqual((yield* post(url, "+15005552040")).status, 202)
      assert.strictEqual((yield* post(url, "+15005552052")).status, 202)
      assert.strictEqual((yield* post(url, "call me")).status, 422)
      assert.strictEqual((yield* Effect.flip(find("none")))._tag, "NotFound")
      const missing = yield* Effect.promise(() => fetch(`${url}/notifications/none`))
      assert.strictEqual(missing.status, 404)
      const forged = yield* Effect.promise(() =>
        fetch(`${url}/webhooks/sent?sig=forged`, { method: "POST", body: "{}" }),
      )
      assert.strictEqual(forged.status, 401)
    }),
  )
})

const post = (url: string, phoneNumber: string) =>
  Effect.promise(async () => {
    const response = await fetch(`${url}/orders/12345/notify`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ phoneNumber }),
    })
    return { status: response.status, body: await response.text() }
  })

/** Starts the program as a process. Kills it when the scope closes, if it is still running. */
const run = (env: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const program = fileURLToPath(new URL("../storefront.ts", import.meta.url))
      const child = spawn(process.execPath, [program], {
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "inherit"],
      })
      const lines = createInterface({ input: child.stdout })
      return { child, exited: once(child, "exit"), lines }
    }),
    ({ child, exited }) =>
      Effect.promise(async () => {
        child.kill("SIGKILL")
        await exited
      }),
  )

/** Waits for a line that contains a text. */
const lineWith = (lines: AsyncIterable<string>, text: string) =>
  Effect.promise(async () => {
    const seen: Array<string> = []
    for await (const line of lines) {
      if (line.includes(text)) return
      seen.push(line)
    }
    assert.fail(`the program ended without a line with "${text}":\n${seen.join("\n")}`)
  })

/** The mock, and the program that sends to it, once it listens. */
const running = Effect.gen(function* () {
  const mock = yield* MockServer.make({ clock: "manual" })
  const port = yield* Effect.promise(freePort)
  const url = `http://127.0.0.1:${port}`
  const { child, exited, lines } = yield* run({
    ...settings,
    SENT_BASE_URL: mock.baseUrl,
    PUBLIC_URL: url,
    PORT: String(port),
  })
  yield* lineWith(lines, "Listening on")
  return { child, exited, mock, url }
})

describe("storefront.ts", () => {
  it.live(
    "serves until it is stopped",
    () =>
      Effect.gen(function* () {
        const { child, exited, mock, url } = yield* running
        assert.strictEqual((yield* post(url, "+15005552040")).status, 202)
        yield* mock.clock.advance("1 minute")
        const { updates } = yield* mock.expectMessage({ status: "DELIVERED" })
        assert.isTrue(updates.every(({ state }) => state === "received"))
        child.kill("SIGTERM")
        yield* Effect.promise(() => exited)
      }),
    30_000,
  )

  it.live(
    "lets what is on the wire end when it is stopped",
    () =>
      Effect.gen(function* () {
        const { child, exited, mock, url } = yield* running
        // Its answer takes five seconds of the mock's clock.
        const slow = yield* Effect.forkChild(post(url, "+15005552051"))
        yield* mock.awaitMessage({ phoneNumber: "+15005552051" }, "10 seconds")
        child.kill("SIGTERM")
        yield* mock.clock.advance("5 seconds")
        assert.strictEqual((yield* Fiber.join(slow)).status, 202)
        yield* Effect.promise(() => exited)
      }),
    30_000,
  )

  it.live(
    "prints which setting is missing",
    () =>
      Effect.gen(function* () {
        const { TRACKER_SECRET: _, ...others } = settings
        const { exited, lines } = yield* run({ ...others, PUBLIC_URL: "http://127.0.0.1:1" })
        yield* lineWith(lines, "TRACKER_SECRET")
        assert.deepStrictEqual(yield* Effect.promise(() => exited), [1, null])
      }),
    30_000,
  )
})
