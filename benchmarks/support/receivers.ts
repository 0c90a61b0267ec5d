/** Receivers of delivery updates on loopback: one that answers, one that hangs, one that fails, and one that resets the connection. */
import { Effect, type Scope } from "effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"

export interface Receivers {
  readonly healthy: string
  /** Receivers that never answer 2xx. */
  readonly broken: ReadonlyArray<string>
  /** The statuses that the healthy receiver got, by phone number, in the order of their arrival. */
  readonly received: ReadonlyMap<string, ReadonlyArray<string>>
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const listen = (answer: Answer): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((request, response) => {
          request.on("error", () => undefined)
          answer(request, response)
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        }),
    ),
    (server) => {
      const address = server.address()
      return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/updates`
    },
  )

export const makeReceivers: Effect.Effect<Receivers, never, Scope.Scope> = Effect.gen(function* () {
  const received = new Map<string, Array<string>>()
  const healthy = yield* listen((request, response) => {
    let text = ""
    request.setEncoding("utf8")
    request.on("data", (chunk: string) => (text += chunk))
    request.on("end", () => {
      const { inbound_number: number, message_status: status } = JSON.parse(text).payload
      const statuses = received.get(number)
      if (statuses === undefined) received.set(number, [status])
      else statuses.push(status)
      response.writeHead(204).end()
    })
  })
  const hanging = yield* listen((request) => void request.resume())
  const failing = yield* listen((request, response) => {
    request.resume().on("end", () => response.writeHead(500).end())
  })
  const resetting = yield* listen((request) => void request.socket.resetAndDestroy())
  return { healthy, broken: [hanging, failing, resetting], received }
})
