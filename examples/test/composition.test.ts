/** The examples of composition, each against what is on the other side: a collector, a proxy, a file, a vault. */
import { SentClient, SentCredentials } from "@effect-sent/core"
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import {
  createServer,
  type IncomingMessage,
  request as forward,
  type ServerResponse,
} from "node:http"
import { connect, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { fromDotEnv, fromVault, ofAccount } from "../configured.ts"
import { nodeHttp, undici } from "../proxied.ts"
import { observed } from "../telemetry.ts"

const message = {
  phoneNumber: "+15005552040",
  templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  messageBody: { name: "Rumpelstilzchen" },
}

const credentials = {
  senderId: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
  apiKey: "the-key-of-these-tests",
}

const envOf = (baseUrl: string) => ({
  SENT_SENDER_ID: credentials.senderId,
  SENT_API_KEY: credentials.apiKey,
  SENT_BASE_URL: baseUrl,
})

const inEnv = (env: Readonly<Record<string, string>>) =>
  ConfigProvider.layer(ConfigProvider.fromEnv({ env }))

const send = SentClient.sendToPhone(message)

/** A server on a free port, which ends with the scope. */
const listening = (
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  onConnect?: (request: IncomingMessage, socket: Socket, head: Buffer) => void,
) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly close: () => void }>((resume) => {
      const server = createServer(handle)
      if (onConnect !== undefined) server.on("connect", onConnect)
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        const close = () => {
          server.close()
          server.closeAllConnections()
        }
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, close }))
      })
    }),
    ({ close }) => Effect.sync(close),
  )

describe("telemetry.ts", () => {
  it.live("exports what a send does, and nothing private", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const exported: Record<string, string> = {}
      const collector = yield* listening((request, response) => {
        const path = request.url ?? ""
        request
          .setEncoding("utf8")
          .on("data", (text: string) => (exported[path] = `${exported[path] ?? ""}${text}`))
          .on("end", () => response.end("{}"))
      })
      yield* Effect.gen(function* () {
        yield* send
        yield* Effect.flip(SentClient.sendToPhone({ ...message, phoneNumber: "+15005555000" }))
        yield* Effect.logInfo("sent")
      }).pipe(Effect.provide(observed(collector.url)), Effect.provide(inEnv(envOf(mock.baseUrl))))
      assert.sameMembers(Object.keys(exported), ["/v1/traces", "/v1/logs", "/v1/metrics"])
      const traces = exported["/v1/traces"] ?? ""
      for (const text of [
        `"SentClient.sendToPhone"`,
        `"POST /v1/messages/phone"`,
        `"http.response.status_code"`,
        `"sent.outcome"`,
        `"ServerFailed"`,
      ])
        assert.include(traces, text)
      assert.include(exported["/v1/metrics"] ?? "", "sent.sends")
      const everything = JSON.stringify(exported)
      for (const secret of [/1?500555\d/, /Rumpel/, /b7c1b8e4/, /the-key/])
        assert.notMatch(everything, secret)
    }),
  )
})

/** The variables of a process, until the scope closes. */
const withVariables = (env: Readonly<Record<string, string | undefined>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = Object.keys(env).map((name) => [name, process.env[name]] as const)
      Object.assign(process.env, env)
      return before
    }),
    (before) =>
      Effect.sync(() => {
        for (const [name, value] of before) {
          if (value === undefined) delete process.env[name]
          else process.env[name] = value
        }
      }),
  )

describe("proxied.ts", () => {
  /** A proxy that forwards plain requests, and tunnels. Counts both. */
  const makeProxy = Effect.gen(function* () {
    const seen = { forwarded: 0, tunnels: 0 }
    const proxy = yield* listening(
      (request, response) => {
        seen.forwarded += 1
        const { headers, method, url = "" } = request
        request.pipe(
          forward(url, { method, headers }, (answer) => {
            response.writeHead(answer.statusCode ?? 502, answer.headers)
            answer.pipe(response)
          }),
        )
      },
      ({ url = "" }, socket, head) => {
        seen.tunnels += 1
        const [host = "", port] = url.split(":")
        const target = connect(Number(port), host, () => {
          socket.write("HTTP/1.1 200 Connection established\r\n\r\n")
          target.write(head)
          target.pipe(socket).pipe(target)
        })
        target.on("error", () => socket.destroy())
        socket.on("error", () => target.destroy())
      },
    )
    return { url: proxy.url, seen }
  })

  it.live.each([
    ["undici", undici],
    ["node:http", nodeHttp],
  ] as const)("sends through the proxy over %s, and past it where NO_PROXY says so", ([, client]) =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const proxy = yield* makeProxy
      const sendOver = (noProxy: string) =>
        Effect.gen(function* () {
          yield* withVariables({
            HTTP_PROXY: proxy.url,
            http_proxy: proxy.url,
            NO_PROXY: noProxy,
            no_proxy: noProxy,
          })
          yield* send.pipe(
            Effect.provide(
              SentClient.layer({ baseUrl: mock.baseUrl }).pipe(
                Layer.provide(SentCredentials.layer(credentials)),
                Layer.provide(client),
              ),
            ),
          )
        }).pipe(Effect.scoped)
      yield* sendOver("")
      assert.strictEqual(proxy.seen.forwarded + proxy.seen.tunnels, 1)
      yield* sendOver("127.0.0.1")
      assert.strictEqual(proxy.seen.forwarded + proxy.seen.tunnels, 1)
      assert.lengthOf(yield* mock.messages(), 2)
    }),
  )

  it.live("needs no code over fetch", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const proxy = yield* makeProxy
      const program = `
        import { SentClient } from "@effect-sent/core"
        import { Effect } from "effect"
        await SentClient.sendToPhone(${JSON.stringify(message)}).pipe(
          Effect.provide(SentClient.layerEnv),
          Effect.runPromise,
        )`
      const cwd = fileURLToPath(new URL("..", import.meta.url))
      yield* Effect.promise(() =>
        promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], {
          cwd,
          env: {
            ...process.env,
            ...envOf(mock.baseUrl),
            NODE_USE_ENV_PROXY: "1",
            HTTP_PROXY: proxy.url,
            NO_PROXY: "",
          },
        }),
      )
      assert.strictEqual(proxy.seen.forwarded + proxy.seen.tunnels, 1)
      assert.lengthOf(yield* mock.messages(), 1)
    }),
  )
})

describe("configured.ts", () => {
  it.live("reads a .env file, and a variable of the environment takes precedence", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-sent-env-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true })),
      )
      const { SENT_BASE_URL, ...others } = envOf(mock.baseUrl)
      const file = Object.entries({ ...others, SENT_BASE_URL: "http://127.0.0.1:1" })
      writeFileSync(
        join(folder, ".env"),
        file.map(([name, value]) => `${name}="${value}"`).join("\n"),
      )
      yield* send.pipe(
        Effect.provide(fromDotEnv(join(folder, ".env"))),
        Effect.provide(inEnv({ SENT_BASE_URL })),
      )
      assert.lengthOf(yield* mock.messages(), 1)
    }),
  )

  it.live("reads variables below a prefix", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const env = Object.fromEntries(
        Object.entries(envOf(mock.baseUrl)).map(([name, value]) => [`ACME_${name}`, value]),
      )
      yield* Effect.provide(send, ofAccount("ACME", env))
      assert.lengthOf(yield* mock.messages(), 1)
    }),
  )

  it.live("takes the key of a vault, and another one when it was rotated", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const keys = ["an-old-key", credentials.apiKey]
      let reads = 0
      yield* mock.play("credentials-invalid", { times: 1 })
      const client = fromVault(
        {
          read: () =>
            Effect.sync(() => {
              const apiKey = Redacted.make(keys[reads++] ?? "")
              return { senderId: credentials.senderId, apiKey }
            }),
        },
        { baseUrl: mock.baseUrl },
      )
      yield* Effect.provide(send, client)
      assert.strictEqual(reads, 2)
    }),
  )
})
