/** The proxies of the environment, for plain HTTP and for TLS. */
import { RetryPolicy, SentClient } from "@effect-sent/core"
import { certificate, trustTestAuthority } from "@effect-sent/faults/certificates"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { once } from "node:events"
import * as http from "node:http"
import * as https from "node:https"
import { connect } from "node:net"
import { afterEach, vi } from "vitest"
import { clientLayer } from "../src/internal/client.ts"

const listening = (server: http.Server | https.Server) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      const address = server.address()
      return typeof address === "object" ? (address?.port ?? 0) : 0
    }),
    () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      }),
  )

/** A proxy, which forwards requests and opens targets. Returns its port, and where they went. */
const proxy = Effect.gen(function* () {
  const targets: Array<string> = []
  const server = http.createServer((request, response) => {
    const { headers, method, url = "" } = request
    targets.push(new URL(url).host)
    const forwarded = http.request(url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502)
      answer.pipe(response)
    })
    request.pipe(forwarded)
  })
  server.on("connect", ({ url = "" }, socket) => {
    targets.push(url)
    const [host = "", port = ""] = url.split(":")
    const target = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n")
      socket.pipe(target).pipe(socket)
    })
    target.on("error", () => socket.destroy())
    socket.on("error", () => target.destroy())
  })
  return { targets, port: yield* listening(server) }
})

const accept: http.RequestListener = (request, response) => {
  request.resume()
  response.writeHead(204).end()
}

/** The port of a service that accepts. */
const service = (scheme: "http" | "https") => {
  if (scheme === "http") return listening(http.createServer(accept))
  trustTestAuthority()
  return listening(https.createServer(certificate("loopback"), accept))
}

const send = (baseUrl: string) =>
  SentClient.sendToPhone(
    { phoneNumber: "+1234567890", templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8" },
    { retryPolicy: RetryPolicy.none },
  ).pipe(
    Effect.provide(clientLayer()),
    Effect.provideService(
      ConfigProvider.ConfigProvider,
      ConfigProvider.fromEnv({
        env: {
          SENT_BASE_URL: baseUrl,
          SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
          SENT_API_KEY: "sk_test_example",
        },
      }),
    ),
  )

afterEach(() => void vi.unstubAllEnvs())

describe("a message", () => {
  it.live.each([
    ["http", "HTTP_PROXY"],
    ["http", "http_proxy"],
    ["https", "HTTPS_PROXY"],
    ["https", "https_proxy"],
  ] as const)("goes over %s through the proxy of %s", ([scheme, name]) =>
    Effect.gen(function* () {
      const { port, targets } = yield* proxy
      const target = `127.0.0.1:${yield* service(scheme)}`
      vi.stubEnv(name, `http://127.0.0.1:${port}`)
      assert.strictEqual((yield* send(`${scheme}://${target}`)).status, 204)
      assert.deepStrictEqual(targets, [target])
    }),
  )

  it.live("goes past the proxy to what NO_PROXY names", () =>
    Effect.gen(function* () {
      const { port, targets } = yield* proxy
      const target = `127.0.0.1:${yield* service("http")}`
      vi.stubEnv("HTTP_PROXY", `http://127.0.0.1:${port}`)
      vi.stubEnv("NO_PROXY", "example.com,127.0.0.1")
      assert.strictEqual((yield* send(`http://${target}`)).status, 204)
      assert.deepStrictEqual(targets, [])
    }),
  )

  it.live("was not sent if the proxy cannot be reached", () =>
    Effect.gen(function* () {
      const port = yield* Effect.scoped(listening(http.createServer()))
      vi.stubEnv("HTTP_PROXY", `http://127.0.0.1:${port}`)
      const error = yield* Effect.flip(send(`http://127.0.0.1:${yield* service("http")}`))
      assert.strictEqual("delivery" in error ? error.delivery : undefined, "not-sent")
    }),
  )
})
