/**
 * The service on loopback: every outcome has a listener of its own, so that no connection of one outcome serves another, and every
 * message that is accepted is counted.
 */
import { once } from "node:events"
import { createServer, type Server, type Socket } from "node:net"
import { createServer as createTlsServer } from "node:tls"
import { makeCertificate } from "./certificate.ts"
import { type Addresses, forOutcomes, opener, type Outcome } from "./outcome.ts"

export interface Service extends AsyncDisposable {
  readonly addresses: Addresses
  /** How often the message of each outcome was accepted, by now. */
  readonly accepted: () => Readonly<Record<Outcome, number>>
  /** Whether a connection brought a second message. */
  readonly hasReusedConnection: () => boolean
}

/** Starts the service on ports that are free. */
export const startService = async (): Promise<Service> => {
  const accepted = new Map<string, number>()
  const servers: Array<Server> = []
  const sockets = new Set<Socket>()
  let hasReused = false

  const listen = async (server: Server, scheme: "http" | "https"): Promise<string> => {
    servers.push(server)
    server.on("connection", (socket: Socket) => {
      sockets.add(socket)
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket))
    })
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    const bound = server.address()
    if (bound === null || typeof bound === "string") throw new Error("the service has no port")
    return `${scheme}://127.0.0.1:${bound.port}`
  }

  const serve = (treat: Treatment) => (socket: Socket) => {
    socket.on("error", () => undefined)
    let messages = 0
    readMessages(socket, (message) => {
      messages += 1
      if (messages > 1) hasReused = true
      treat({
        socket,
        message,
        accept: () => {
          const count = (accepted.get(message) ?? 0) + 1
          accepted.set(message, count)
          return count
        },
      })
    })
  }

  const http = (treat: Treatment) => listen(createServer(serve(treat)), "http")

  const https = (treat: Treatment) =>
    listen(
      createTlsServer(makeCertificate(), serve(treat)).on("tlsClientError", () => undefined),
      "https",
    )

  const closed = await listen(createServer(), "http")
  servers.pop()?.close()

  const addresses: Addresses = {
    "204": await http(acceptAndRespond),
    "400": await http(({ socket }) => respond(socket, 400, problem("Template not found"))),
    "401": await http(({ socket }) => respond(socket, 401, problem("Invalid x-api-key"))),
    "429 with Retry-After": await http(({ socket }) =>
      respond(socket, 429, { ...problem("Too many requests"), headers: { "retry-after": "1" } }),
    ),
    "500 after acceptance": await http(({ accept, socket }) => {
      accept()
      respond(socket, 500, problem("Internal error"))
    }),
    "connection refused": closed,
    "name not found": "https://no-such-name.invalid",
    "untrusted certificate": await https(acceptAndRespond),
    // A connection that is accepted, and no more.
    "handshake that is never answered": await listen(createServer(), "https"),
    "reset after acceptance": await http(({ accept, socket }) => {
      accept()
      socket.resetAndDestroy()
    }),
    "reused connection ends after acceptance": await http(({ accept, message, socket }) => {
      // Who repeats the message is served: it is counted twice.
      if (accept() === 1 && message !== opener) socket.destroy()
      else respond(socket, 204)
    }),
    "no response after acceptance": await http(({ accept }) => {
      accept()
    }),
    // Amanda's port, one of those that the Fetch standard blocks. Nothing listens there.
    "port that fetch blocks": "http://127.0.0.1:10080",
    "200 whose body never ends": await http(({ accept, socket }) => {
      accept()
      socket.write(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
      )
    }),
  }

  return {
    addresses,
    accepted: () => forOutcomes((outcome) => accepted.get(outcome) ?? 0),
    hasReusedConnection: () => hasReused,
    [Symbol.asyncDispose]: async () => {
      const closing = servers.map((server) => once(server, "close"))
      for (const server of servers) server.close()
      for (const socket of sockets) socket.destroy()
      await Promise.all(closing)
    },
  }
}

/** What the service does with a message that it has read to its end. */
type Treatment = (exchange: {
  readonly socket: Socket
  readonly message: string
  /** Accepts the message, and returns how often it has been accepted by now. */
  readonly accept: () => number
}) => void

const acceptAndRespond: Treatment = ({ accept, socket }) => {
  accept()
  respond(socket, 204)
}

interface Content {
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

const problem = (detail: string): Content => ({ body: JSON.stringify({ title: detail, detail }) })

const respond = (socket: Socket, status: number, content?: Content): void => {
  const headers: Readonly<Record<string, string>> =
    content === undefined
      ? {}
      : {
          "content-type": "application/problem+json",
          "content-length": String(Buffer.byteLength(content.body)),
          ...content.headers,
        }
  const lines = Object.entries(headers).map(([header, value]) => `${header}: ${value}\r\n`)
  socket.write(`HTTP/1.1 ${status} Status\r\n${lines.join("")}\r\n${content?.body ?? ""}`)
}

/** Reads the requests of a connection, whose bodies have a known length or are chunked, and reports the message of each. */
const readMessages = (socket: Socket, report: (message: string) => void): void => {
  let buffered = ""
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    buffered += chunk
    for (;;) {
      const head = /^.*?\r\n\r\n/s.exec(buffered)?.[0]
      if (head === undefined) return
      const end = /^transfer-encoding:.*chunked/im.test(head)
        ? buffered.indexOf("\r\n0\r\n\r\n", head.length) + 7
        : head.length + Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
      if (end < head.length || buffered.length < end) return
      const body = buffered.slice(head.length, end)
      buffered = buffered.slice(end)
      // The value that the probe sends: no other text has this form.
      report(/"message":"([^"]*)"/.exec(body)?.[1] ?? "")
    }
  })
}
