/** A connection whose exchange has ended is used again, whether its answer was read or not. */
import { RetryPolicy, SentClient } from "@effect-sent/core"
import { clients } from "@effect-sent/faults/clients"
import { clientLayer } from "@effect-sent/faults/program"
import { sample } from "@effect-sent/faults/sample"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { createServer } from "node:http"
import type { Socket } from "node:net"

/** A server that answers so and keeps its connections, of which it counts all that there were. */
const serve = (status: number, body: string) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly baseUrl: string; readonly sockets: Set<Socket> }>((resume) => {
      const sockets = new Set<Socket>()
      const server = createServer((request, response) => {
        request.resume().once("end", () => {
          response.writeHead(status, { "content-type": "application/problem+json" }).end(body)
        })
      })
      server.on("connection", (socket) => sockets.add(socket))
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = address !== null && typeof address === "object" ? address.port : 0
        resume(Effect.succeed({ baseUrl: `http://127.0.0.1:${port}`, sockets, server }))
      })
    }),
    ({ sockets }) =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
      }),
  )

const keepingAlive = NodeHttpClient.layerNodeHttpNoAgent.pipe(
  Layer.provide(NodeHttpClient.layerAgentOptions({ keepAlive: true })),
)

const kept = [
  ...clients.filter(([name]) => name !== "NodeHttpClient.layerNodeHttp"),
  ["node:http with keep-alive", keepingAlive] as const,
]

describe.each(kept)("over %s", (_, http) => {
  it.effect.each([
    [204, ""],
    [200, ""],
    [200, "{}"],
    [400, '{"status":400,"title":"Bad Request","detail":"Template not found"}'],
    [400, JSON.stringify({ status: 400, detail: "x".repeat(200_000) }).slice(0, 60_000)],
  ] as const)("sends one after the other share connections: %i %#", ([status, body]) =>
    Effect.gen(function* () {
      const server = yield* serve(status, body)
      const options = { baseUrl: server.baseUrl, retryPolicy: RetryPolicy.none }
      const context = yield* Layer.build(clientLayer(http, options))
      for (let sent = 0; sent < 10; sent++) {
        yield* SentClient.sendToPhone(sample).pipe(Effect.ignore, Effect.provide(context))
      }
      // undici still holds the first one when the next send begins in the same turn of the event loop.
      assert.isAtMost(server.sockets.size, 2)
    }),
  )
})
