/**
 * A server that plays faults and counts the messages that it accepted: the truth that a client's claims are checked against. It
 * uses raw sockets, because an HTTP server could not fail in these ways.
 */
import { Effect, Layer, type Scope } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { createServer, type Server, type Socket } from "node:net"
import { credentials } from "./sample.ts"

// -----------------------------------------------------------------------------
// Faults
// -----------------------------------------------------------------------------

/** The final claim of a client about a message. */
export type Claim = "accepted" | "not-sent" | "unknown"

/** The connection on which a fault is played. */
export interface Exchange {
  readonly socket: Socket
  /** Notifies the test that no more bytes follow, so that only a clock can end the wait. */
  readonly fallSilent: () => void
  /** Calls `next` instead of reading when more bytes arrive on the same connection. */
  readonly ambush: (next: () => void) => void
  /** The origin that redirects lead to. */
  readonly elsewhere: string
}

/** What the server does with a request. */
export interface Fault {
  readonly name: string
  /** When the fault is played: after the whole request was read, after its head was, before any byte, or before connecting. */
  readonly at: "request" | "head" | "connection" | "connect"
  /** Whether the server accepts the message. It does so before it writes. */
  readonly accepts: boolean
  /** The correct claim about the message. */
  readonly says: Claim
  readonly play: (exchange: Exchange) => void
}

type Play = Fault["play"]

const fault = (
  name: string,
  says: Claim,
  play: Play,
  { accepts = says === "accepted", at = "request" }: Partial<Pick<Fault, "accepts" | "at">> = {},
): Fault => ({ name, at, accepts, says, play })

/** A fault that does not reveal whether the message was accepted, in two variants: not accepted and accepted. */
const either = (name: string, play: Play): ReadonlyArray<Fault> => [
  fault(name, "unknown", play),
  fault(`accepts; ${name}`, "unknown", play, { accepts: true }),
]

const write =
  (text: string): Play =>
  ({ socket }) => {
    socket.write(text, "latin1")
  }

const writeAndClose =
  (text: string): Play =>
  ({ socket }) => {
    socket.end(text, "latin1")
  }

const reset: Play = ({ socket }) => {
  socket.resetAndDestroy()
}

/** An answer after which the connection stays open for the next request. */
const answer = (status: number, headers: Readonly<Record<string, string>> = {}, body = "") =>
  [
    `HTTP/1.1 ${status} Status`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(status === 204 ? [] : [`content-length: ${Buffer.byteLength(body)}`]),
    "",
    body,
  ].join("\r\n")

const problem = (status: number, headers: Readonly<Record<string, string>> = {}) =>
  answer(
    status,
    { "content-type": "application/problem+json", ...headers },
    JSON.stringify({ status, title: "Played", detail: "The test asked for it" }),
  )

/** The head of an answer, followed by only a part of the announced body. */
const half = (status: number): string =>
  `HTTP/1.1 ${status} Status\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"detail":"Inv`

const html =
  "<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1><p>nginx</p></body></html>"

const refuse = (status: number, headers?: Readonly<Record<string, string>>): Fault =>
  fault(
    `${status}${headers === undefined ? "" : `, ${Object.entries(headers).flat().join(": ")}`}`,
    "not-sent",
    write(problem(status, headers)),
  )

/** The regular answer: the message is accepted. */
export const accepts: Fault = fault("204", "accepted", write(answer(204)))

/** Every fault, and {@link accepts}. */
export const faults: ReadonlyArray<Fault> = [
  accepts,

  // Failed connections.
  // A client that repeats a request on its own may connect to another address, where the connection is reset.
  fault("refuses the connection", "not-sent", reset, { at: "connect" }),
  fault("resets before it reads", "unknown", reset, { at: "connection" }),
  fault("resets after the head", "unknown", reset, { at: "head" }),
  ...either("resets after the request", reset),
  ...either("closes without an answer", writeAndClose("")),
  ...either("never answers", ({ fallSilent }) => fallSilent()),

  // Truncated and malformed answers.
  ...either("half a status line, then closes", writeAndClose("HTTP/1.1 204 No Con")),
  ...either("half a status line, then resets", ({ socket }) => {
    socket.write("HTTP/1.1 204 No Con", "latin1", () => socket.resetAndDestroy())
  }),
  ...either("half a head, then silence", ({ fallSilent, socket }) => {
    socket.write("HTTP/1.1 204 No Content\r\nserver: pl", "latin1", fallSilent)
  }),
  ...either("garbage", writeAndClose("\u0000\u0001\u00ffnot HTTP at all\r\n\r\n")),
  ...either("a status that is not a number", writeAndClose("HTTP/1.1 OK 204\r\n\r\n")),
  ...either("a head of 1 MiB", writeAndClose(answer(204, { "x-padding": "x".repeat(1 << 20) }))),
  ...either("only 100 Continue, then closes", writeAndClose("HTTP/1.1 100 Continue\r\n\r\n")),
  fault("half the body of a 200, then closes", "accepted", writeAndClose(half(200))),
  fault("half the body of a 204, then closes", "accepted", writeAndClose(half(204))),
  fault("half the body of a 400, then closes", "not-sent", writeAndClose(half(400))),
  ...either("half the body of a 500, then closes", writeAndClose(half(500))),
  fault(
    "200 with a body that is not gzip as declared",
    "accepted",
    write(answer(200, { "content-encoding": "gzip" }, "not gzip")),
  ),
  fault(
    "400 with a body that is not gzip as declared",
    "not-sent",
    write(answer(400, { "content-encoding": "gzip" }, "not gzip")),
  ),
  fault(
    "200 with a malformed chunk",
    "accepted",
    writeAndClose("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzzz\r\n"),
  ),

  // Unusual but valid answers.
  fault("204 before the body is read", "accepted", write(answer(204)), { at: "head" }),
  fault("204 after 100 Continue", "accepted", write(`HTTP/1.1 100 Continue\r\n\r\n${answer(204)}`)),
  fault(
    "204 after 103 Early Hints",
    "accepted",
    write(`HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n${answer(204)}`),
  ),
  fault("204, one byte at a time", "accepted", ({ socket }) => {
    const drip = ([byte, ...rest]: ReadonlyArray<string>): void => {
      if (byte === undefined || socket.destroyed) return
      socket.write(byte, "latin1", () => setImmediate(drip, rest))
    }
    drip(answer(204).split(""))
  }),
  fault("204, then closes", "accepted", writeAndClose(answer(204))),
  fault("204, then garbage", "accepted", writeAndClose(`${answer(204)}garbage`)),
  fault("202", "accepted", write(answer(202, {}, "{}"))),

  // Persistent connections that are closed early.
  fault("204, then drops the next request unread", "accepted", ({ ambush, socket }) => {
    socket.write(answer(204))
    ambush(() => socket.destroy())
  }),
  fault("204, then resets at the next request", "accepted", ({ ambush, socket }) => {
    socket.write(answer(204))
    ambush(() => socket.resetAndDestroy())
  }),
  fault("204, then 408 to the next request, unread", "accepted", ({ ambush, socket }) => {
    socket.write(answer(204))
    ambush(() => socket.end(answer(408, { connection: "close" })))
  }),

  // Refusals.
  refuse(400),
  refuse(401, { "www-authenticate": "Basic" }),
  refuse(403),
  refuse(404),
  refuse(407, { "proxy-authenticate": "Basic" }),
  refuse(413),
  refuse(421),
  refuse(425),
  refuse(429),
  refuse(429, { "retry-after": "0" }),
  // In the past on every clock, so that no clock has to be advanced.
  refuse(429, { "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" }),
  refuse(429, { "retry-after": "86400" }),
  refuse(503, { "retry-after": "0" }),

  // Answers that do not say whether the message was accepted.
  ...either("408", write(problem(408))),
  ...either("500", write(problem(500))),
  ...either("502 in HTML", write(answer(502, { "content-type": "text/html" }, html))),
  ...either("503", write(problem(503))),
  ...either("504", write(problem(504))),
  ...either("599", write(problem(599))),
  ...either("999", write(problem(999))),
  ...either("304", write("HTTP/1.1 304 Not Modified\r\n\r\n")),
  ...[301, 302, 303, 307, 308].flatMap((status) =>
    either(`${status} to another origin`, ({ elsewhere, socket }) => {
      socket.write(answer(status, { location: `${elsewhere}/v1/messages/phone` }))
    }),
  ),
]

// -----------------------------------------------------------------------------
// The server
// -----------------------------------------------------------------------------

/** The server's record of a message. */
interface Message {
  /** The number of requests, including those whose connection was refused. */
  requests: number
  accepted: number
  onSilence: () => void
}

/** A running fault server. */
export interface FaultServer {
  readonly baseUrl: string
  /**
   * Wraps an HTTP client so that each request goes to the address that plays its fault, for example a closed port. Nothing else of
   * the request changes.
   */
  readonly route: (http: Layer.Layer<HttpClient.HttpClient>) => Layer.Layer<HttpClient.HttpClient>
  /** Returns the address that plays the fault of the message's next request. */
  readonly door: (id: string) => string
  /** Returns how many times a message was accepted. */
  readonly accepted: (id: string) => number
  /** Returns the number of requests of a message. */
  readonly requests: (id: string) => number
  /** Registers a callback for requests of this message that will not be answered. */
  readonly onSilence: (id: string, callback: () => void) => void
  /** The number of requests to the other origin, to which redirects lead, and how many of them contained a credential. */
  readonly elsewhere: { readonly requests: number; readonly credentials: number }
  /** Waits until every byte in transit has been read. After that, the counts are final. */
  readonly settle: Effect.Effect<void>
}

/**
 * Starts a fault server, which stops when the scope closes.
 *
 * **Details**
 *
 * `plan` returns the fault for a message and the number of its request, counted from 1. `messageBody.id` identifies the message.
 */
export const faultServer = Effect.fnUntraced(function* (
  plan: (id: string, request: number) => Fault,
): Effect.fn.Return<FaultServer, never, Scope.Scope> {
  const messages = new Map<string, Message>()
  const messageOf = (id: string): Message => {
    const known = messages.get(id)
    if (known !== undefined) return known
    const message: Message = { requests: 0, accepted: 0, onSilence: () => undefined }
    messages.set(id, message)
    return message
  }
  const faultOf = (id: string): Fault => plan(id, messageOf(id).requests + 1)

  const elsewhere = { requests: 0, credentials: 0 }
  const other = yield* listening((socket) => {
    elsewhere.requests += 1
    socket.on("data", (chunk) => {
      const text = chunk.toString("latin1")
      if (text.includes(credentials.apiKey) || text.includes(credentials.senderId)) {
        elsewhere.credentials += 1
      }
      socket.end(answer(204))
    })
  })

  const play = (id: string, socket: Socket, ambush: Exchange["ambush"]): void => {
    const message = messageOf(id)
    const next = faultOf(id)
    message.requests += 1
    if (next.accepts) message.accepted += 1
    next.play({
      socket,
      ambush,
      elsewhere: other.baseUrl,
      fallSilent: () => message.onSilence(),
    })
  }

  const main = yield* listening((socket) => {
    let received = ""
    // The number of bytes that remain of a body that is ignored.
    let unread = 0
    let ambushed: (() => void) | undefined
    const ambush: Exchange["ambush"] = (next) => {
      ambushed = next
    }
    socket.on("data", (chunk) => {
      if (ambushed !== undefined) {
        received = ""
        ambushed()
        return
      }
      if (unread > 0) {
        unread -= chunk.length
        return
      }
      received += chunk.toString("latin1")
      const head = /^POST (\S+) HTTP.*?\r\n\r\n/s.exec(received)
      if (head === null) return
      const length = Number(/^content-length: *(\d+)/im.exec(head[0])?.[1] ?? 0)
      const body = received.slice(head[0].length)
      const early = /^\/head\/([^/]+)\//.exec(head[1] ?? "")?.[1]
      if (early === undefined && body.length < length) return
      received = ""
      unread = length - body.length
      play(early ?? idOf(body), socket, ambush)
    })
  })

  const resetting = yield* listening((socket) => socket.resetAndDestroy())
  const closed = yield* Effect.scoped(listening(() => undefined))

  const doorOf = (id: string): string => {
    switch (faultOf(id).at) {
      case "request":
        return main.baseUrl
      case "head":
        return `${main.baseUrl}/head/${id}`
      case "connection":
        messageOf(id).requests += 1
        return resetting.baseUrl
      case "connect":
      default:
        messageOf(id).requests += 1
        return closed.baseUrl
    }
  }

  return {
    baseUrl: main.baseUrl,
    door: doorOf,
    route: (http) =>
      Layer.effect(
        HttpClient.HttpClient,
        Effect.map(
          HttpClient.HttpClient,
          HttpClient.mapRequestEffect((request) =>
            Effect.sync(() =>
              HttpClientRequest.setUrl(
                request,
                `${doorOf(idOf(textOf(request)))}${new URL(request.url).pathname}`,
              ),
            ),
          ),
        ),
      ).pipe(Layer.provide(http)),
    accepted: (id) => messageOf(id).accepted,
    requests: (id) => messageOf(id).requests,
    onSilence: (id, callback) => {
      messageOf(id).onSilence = callback
    },
    elsewhere,
    settle: Effect.andThen(main.settle, other.settle),
  }
})

const idOf = (body: string): string => {
  const id: unknown = JSON.parse(body)?.messageBody?.id
  if (typeof id !== "string") throw new Error(`a request without an id: ${body.slice(0, 200)}`)
  return id
}

const textOf = ({ body }: HttpClientRequest.HttpClientRequest): string => {
  if (body._tag !== "Uint8Array") throw new Error(`a body of another kind: ${body._tag}`)
  return new TextDecoder().decode(body.body)
}

interface Listening {
  readonly baseUrl: string
  /** Ends every connection and waits until the clients have ended them, too. */
  readonly settle: Effect.Effect<void>
}

/** Listens on a free port of the loopback interface. */
const listening = (
  onConnection: (socket: Socket) => void,
): Effect.Effect<Listening, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly server: Server; readonly open: Set<Socket> }>((resume) => {
        const open = new Set<Socket>()
        const server = createServer((socket) => {
          open.add(socket)
          socket.once("close", () => open.delete(socket))
          socket.on("error", () => socket.destroy())
          onConnection(socket)
        })
        server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, () =>
          resume(Effect.succeed({ server, open })),
        )
      }),
      ({ open, server }) =>
        Effect.callback<void>((resume) => {
          for (const socket of open) socket.destroy()
          server.close(() => resume(Effect.void))
        }),
    ),
    ({ open, server }) => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      return {
        baseUrl: `http://127.0.0.1:${port}`,
        settle: Effect.callback<void>((resume) => {
          const look = () => {
            if (open.size === 0) {
              resume(Effect.void)
              return
            }
            for (const socket of open) if (!socket.writableEnded) socket.end()
            setImmediate(look)
          }
          look()
        }),
      }
    },
  )
