/**
 * A server on a raw socket: it keeps the bytes that arrive and answers with the bytes it is told, so that
 * nothing between the client and the wire is taken on trust.
 */
import { Effect, type Scope } from "effect"
import { createServer, type Socket } from "node:net"

/** What the server does once a whole request has arrived. */
export type Play = (socket: Socket, request: string) => void

/** A raw server that runs. */
export interface Wire {
  readonly baseUrl: string
  readonly port: number
  /** The requests that arrived whole, byte for byte, in Latin-1. */
  readonly requests: ReadonlyArray<string>
  /** The connections that are open now. */
  readonly open: ReadonlySet<Socket>
}

/** Answers with these bytes and closes the connection. */
export const bytes =
  (answer: string | Uint8Array): Play =>
  (socket) => {
    socket.end(answer)
  }

/** Answers with a status, headers and a body of the right length. */
export const answer = (
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: string | Uint8Array = "",
): Play => {
  const content = Buffer.from(body)
  const lines = Object.entries({
    ...headers,
    ...(status === 204 ? {} : { "content-length": String(content.length) }),
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `HTTP/1.1 ${status} Status\r\n${lines.join("")}connection: close\r\n\r\n`
  return bytes(Buffer.concat([Buffer.from(head, "latin1"), content]))
}

/** Answers with a JSON body. */
export const json = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Play =>
  answer(status, { "content-type": "application/problem+json", ...headers }, JSON.stringify(body))

/** Starts a server on a free port of the loopback interface; it stops with the scope. */
export const wire = (
  play: Play,
  /** When to play: by default once a whole HTTP request has arrived. */
  isReady: (received: string) => boolean = isWhole,
): Effect.Effect<Wire, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Wire & { readonly stop: Effect.Effect<void> }>((resume) => {
      const requests: Array<string> = []
      const open = new Set<Socket>()
      const server = createServer((socket) => {
        open.add(socket)
        socket.once("close", () => open.delete(socket))
        socket.on("error", () => socket.destroy())
        let received = ""
        socket.on("data", (chunk) => {
          received += chunk.toString("latin1")
          if (!isReady(received)) return
          const request = received
          received = ""
          requests.push(request)
          play(socket, request)
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(
          Effect.succeed({
            baseUrl: `http://127.0.0.1:${port}`,
            port,
            requests,
            open,
            stop: Effect.callback<void>((done) => {
              for (const socket of open) socket.destroy()
              server.close(() => done(Effect.void))
            }),
          }),
        )
      })
    }),
    ({ stop }) => stop,
  )

const isWhole = (received: string): boolean => {
  const end = received.indexOf("\r\n\r\n")
  const length = Number(/^content-length: *(\d+)/im.exec(received)?.[1] ?? 0)
  return end !== -1 && received.length >= end + 4 + length
}
