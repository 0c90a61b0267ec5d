/** Node's HTTP server, with a problem document also for what it cannot read as a request. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import { type Answer, problem } from "./answer.ts"
import { toRawResponse } from "./response.ts"

export const makeNodeServer = (requestTimeoutMillis: number): Server => {
  // What each connection is answering, so that nothing is written into the middle of an answer.
  const answering = new WeakMap<Duplex, ServerResponse>()
  const server = createServer({
    requestTimeout: requestTimeoutMillis,
    headersTimeout: requestTimeoutMillis,
    connectionsCheckingInterval: Math.min(requestTimeoutMillis, 1000),
  })
  const remember = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    answering.set(socket, response)
  }
  server.on("request", remember)
  server.on("checkContinue", remember)
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    const current = answering.get(socket)
    const inAnswer = current !== undefined && current.headersSent && !current.writableEnded
    if (socket.writable && !inAnswer) socket.end(toRawResponse(answerTo(error)))
    else socket.destroy()
  })
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    socket.end(toRawResponse(problem(405, "This is no proxy")))
  })
  return server
}

const answerTo = ({ code }: NodeJS.ErrnoException): Answer => {
  switch (code) {
    case "HPE_HEADER_OVERFLOW": {
      return problem(431, "The headers are too large")
    }
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW": {
      return problem(413, "The chunk extensions are too large")
    }
    case "ERR_HTTP_REQUEST_TIMEOUT": {
      return problem(408, "The request did not arrive in time")
    }
    default: {
      return problem(400, "This is not an HTTP/1.1 request")
    }
  }
}
