/** Receivers of updates as developers have them: with a certificate that nobody trusts, and beside a proxy. */
import { certificate } from "@effect-sent/faults/certificates"
import { MockServer } from "@effect-sent/mock-server"
import { afterEach, assert, describe, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import { once } from "node:events"
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http"
import { createServer as createHttpsServer } from "node:https"
import { post, sample } from "./support/calls.ts"
import { makeReceiver, statusesOf } from "./support/receiver.ts"

/** Lets a server listen for the duration of a test. Returns its port. */
const listen = (server: Server) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        return server.address()
      }),
      () =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        }),
    ),
    (address) => (typeof address === "object" ? (address?.port ?? 0) : 0),
  )

/** What happened to the first update to a receiver. */
const firstUpdate = Effect.fnUntraced(function* (
  webhookUrl: string,
  options: MockServer.Options = {},
) {
  const mock = yield* MockServer.make({ clock: "manual", ...options })
  yield* post(mock, { ...sample, webhookUrl })
  yield* mock.clock.advance("1 second")
  return (yield* mock.expectMessage({})).updates[0]
})

const answer: RequestListener = (request, response) =>
  void request.resume().on("end", () => response.writeHead(204).end())

describe("a receiver with TLS", () => {
  it.effect.each(["127.0.0.1", "localhost"])("at %s may have a self-signed certificate", (host) =>
    Effect.gen(function* () {
      const port = yield* listen(createHttpsServer(certificate("selfSigned"), answer))
      const update = yield* firstUpdate(`https://${host}:${port}/updates`)
      assert.strictEqual(update?.state, "received", update?.attempts[0]?.problem)
    }),
  )

  // Windows does not connect to this address, which is this machine's and does not count as loopback.
  it.effect.skipIf(process.platform === "win32")(
    "elsewhere needs a certificate that is trusted, and the problem says how",
    () =>
      Effect.gen(function* () {
        const port = yield* listen(createHttpsServer(certificate("selfSigned"), answer))
        const update = yield* firstUpdate(`https://0.0.0.0:${port}/updates`, {
          allowedHosts: ["0.0.0.0"],
        })
        assert.strictEqual(update?.state, "retrying")
        assert.include(
          update?.attempts[0]?.problem,
          "start the mock with NODE_EXTRA_CA_CERTS to trust the certificate",
        )
      }),
  )
})

describe("with the variables of a proxy", () => {
  afterEach(() => void vi.unstubAllEnvs())

  const makeProxy = Effect.gen(function* () {
    const asked: Array<string> = []
    const server = createHttpServer((request, response) => {
      asked.push(request.url ?? "")
      answer(request, response)
    })
    server.on("connect", ({ url = "" }, socket) => {
      asked.push(url)
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n")
    })
    const proxy = `http://127.0.0.1:${yield* listen(server)}`
    vi.stubEnv("NODE_USE_ENV_PROXY", "1")
    for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]) {
      vi.stubEnv(name, proxy)
    }
    for (const name of ["NO_PROXY", "no_proxy"]) vi.stubEnv(name, "")
    return asked
  })

  it.effect("updates to this machine reach their receiver and not the proxy", () =>
    Effect.gen(function* () {
      const asked = yield* makeProxy
      const receiver = yield* makeReceiver()
      for (const url of [receiver.url, receiver.url.replace("127.0.0.1", "localhost")]) {
        assert.strictEqual((yield* firstUpdate(url))?.state, "received")
      }
      assert.isAtLeast(statusesOf(receiver).length, 2)
      assert.deepStrictEqual(asked, [])
    }),
  )

  it.effect("updates to an allowed host go through the proxy", () =>
    Effect.gen(function* () {
      const asked = yield* makeProxy
      yield* firstUpdate("http://app.example/updates", { allowedHosts: ["app.example"] })
      assert.isAbove(asked.length, 0)
      assert.match(asked[0] ?? "", /app\.example/)
    }),
  )
})
