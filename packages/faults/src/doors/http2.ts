/** A real HTTP/2 server over TLS, which speaks HTTP/1.1 to clients that do not offer HTTP/2. */
import { createSecureServer, type Http2Session, type ServerHttp2Stream } from "node:http2"
import type { IncomingHttpHeaders } from "node:http"
import type { Readable } from "node:stream"
import type { Socket } from "node:net"
import { certificate } from "../certificates.ts"
import type { Http2Exchange } from "../Fault.ts"
import { idOf, idOfPath } from "./requests.ts"

export interface Http2Handlers {
  /** A request over HTTP/2: its head, or the whole of it where the path does not name the message. */
  readonly onStream: (id: string, exchange: Http2Exchange) => void
  /** A whole request over HTTP/1.1. It is answered with a 204. */
  readonly onHttp1: (id: string) => void
}

export interface Http2Server {
  /** Speaks HTTP/2 on a connection. */
  readonly connect: (socket: Socket) => void
  /** Closes the sessions that faults have left to the client, which may have forgotten them. */
  readonly closeLeft: () => void
}

export const http2Server = ({ onHttp1, onStream }: Http2Handlers): Http2Server => {
  const left = new Set<Http2Session>()
  const sockets = new Map<number, Socket>()
  const server = createSecureServer({ ...certificate("loopback"), allowHTTP1: true })
  server.on("sessionError", () => undefined)
  server.on("session", (session) => {
    session.on("error", () => undefined)
  })
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => undefined)
    const { session } = stream
    const socket = sockets.get(session?.socket.remotePort ?? 0)
    if (session === undefined || socket === undefined)
      throw new Error("a stream of an unknown connection")
    const exchange: Http2Exchange = {
      stream,
      session,
      socket,
      leaveToClient: () => void left.add(session),
      afterRead: (next) => {
        let isRead = false
        const once = (): void => {
          if (!isRead) next()
          isRead = true
        }
        // Frames are answered in order. A client that has closed the stream may answer no more.
        stream.once("close", once)
        if (!session.ping(once)) once()
      },
    }
    const early = idOfPath(headers[":path"] ?? "")
    if (early === undefined) whole(stream, headers, (body) => onStream(idOf(body), exchange))
    else onStream(early, exchange)
  })
  server.on("request", (request, response) => {
    if (request.httpVersion === "2.0") return
    const early = idOfPath(request.url)
    whole(request, request.headers, (body) => {
      onHttp1(early ?? idOf(body))
      response.writeHead(204)
      response.end()
    })
  })
  return {
    connect: (socket) => {
      const port = socket.remotePort ?? 0
      sockets.set(port, socket)
      socket.once("close", () => sockets.delete(port))
      server.emit("connection", socket)
    },
    closeLeft: () => {
      for (const session of left) session.destroy()
      left.clear()
    },
  }
}

/** Calls `onBody` if the body arrives as a whole: a stream that the client aborts has an end, too. */
const whole = (
  stream: Readable,
  headers: IncomingHttpHeaders,
  onBody: (body: string) => void,
): void => {
  let body = ""
  stream.on("data", (chunk: Buffer) => (body += chunk.toString("latin1")))
  stream.on("end", () => {
    if (body.length === Number(headers["content-length"])) onBody(body)
  })
}
