/** Node's HTTP server, with a problem document also for what it cannot read as a request. */
import * as Effect from "effect/Effect"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import { type Answer, problem } from "./answer.ts"
import { pause } from "./pause.ts"
import { toRawResponse } from "./response.ts"
import type { Timeline } from "./timeline.ts"

export const makeNodeServer = (requestTimeoutMillis: number): Server => {
  // What each connection is answering, so that an answer is for the request that it seems to be for.
  const answering = new WeakMap<Duplex, ServerResponse>()
  const server = createServer({
    requestTimeout: requestTimeoutMillis,
    headersTimeout: requestTimeoutMillis,
    connectionsCheckingInterval: Math.min(requestTimeoutMillis, 1000),
    // Node's own answers to these have no body, and it leaves the body of an upgrade request unread.
    requireHostHeader: false,
    shouldUpgradeCallback: () => false,
  })
  const remember = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    answering.set(socket, response)
  }
  server.on("request", remember)
  server.on("checkContinue", remember)
  server.on("checkExpectation", (request, response) => server.emit("request", request, response))
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    const refuse = (): void => {
      if (socket.writable) socket.end(toRawResponse(answerTo(error)))
      else socket.destroy()
    }
    const current = answering.get(socket)
    if (current === undefined || (current.req.complete && current.writableFinished)) refuse()
    // It is in what follows a whole request, which is answered first.
    else if (current.req.complete) current.once("finish", refuse)
    // The request that it is in has had its answer.
    else if (current.headersSent) socket.destroy()
    else refuse()
  })
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    // Node has let go of this connection and would not close it with the server.
    socket.end(toRawResponse(problem(405, "This is no proxy", { Allow: "" })), () =>
      socket.destroy(),
    )
  })
  return server
}

/** How long may take what is being done when the server stops: a little less than the second that it has in all. */
const patienceMillis = 800

/**
 * Stops listening, waits for what is being answered and then cuts what is still open. By the machine's own clock, as
 * all of Node's time-outs: a test that stops the time must not keep the server from stopping.
 */
export const closeNodeServer = (server: Server): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const cut = setTimeout(() => server.closeAllConnections(), patienceMillis)
    server.close(() => {
      clearTimeout(cut)
      resume(Effect.void)
    })
  })

/**
 * Sends the updates that are still to come, each at once: what was accepted is not dropped. A clock that stands still is
 * somebody's to move, and with it what waits for it.
 */
export const sendTheRest = (timeline: Timeline): Effect.Effect<void> =>
  timeline.runs ? Effect.race(timeline.runOut, pause(patienceMillis)) : Effect.void

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
