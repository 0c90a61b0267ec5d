/**
 * The HTTP server of the mock and of the contract proxy: Node's server, which also answers malformed requests with a problem
 * document, and which stops within a second.
 *
 * @example
 * ```ts
 * import { NodeServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const server = NodeServer.make(30_000)
 *   server.on("request", (_request, response) => response.end("hello"))
 *   const { origin } = yield* NodeServer.listen(server, { host: "127.0.0.1", port: 0 })
 *   return yield* Effect.promise(async () => (await fetch(origin)).text())
 * })
 *
 * console.assert((await Effect.runPromise(Effect.scoped(program))) === "hello")
 * ```
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import { problem } from "./internal/http/answer.ts"
import { toRawResponse } from "./internal/http/response.ts"
import { AddressUnavailable, InvalidOption, PortInUse } from "./MockServerError.ts"

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/** The address that a server listens on. */
export interface Address {
  /** An IP address or a host name. */
  readonly host: string
  /** The port. 0 picks a free one. */
  readonly port: number
}

/**
 * Checks an address. Fails with `InvalidOption` for an invalid port or host.
 *
 * @example
 * ```ts
 * import { NodeServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const wrong = NodeServer.checkAddress({ host: "127.0.0.1", port: 70_000 })
 * console.assert((await Effect.runPromise(Effect.flip(wrong))).option === "port")
 * ```
 */
export const checkAddress = ({ host, port }: Address): Effect.Effect<void, InvalidOption> => {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    return Effect.fail(
      new InvalidOption({ option: "port", problem: "must be a whole number from 0 to 65535" }),
    )
  }
  // Node listens on every interface when the host is not a string.
  return Predicate.isString(host) && /^[\w.:-]+$/.test(host)
    ? Effect.void
    : Effect.fail(
        new InvalidOption({
          option: "host",
          problem: "must be an IP address or a host name, e.g. 127.0.0.1",
        }),
      )
}

/**
 * Converts a time-out to whole milliseconds, which Node's timers require. Fails with an `InvalidOption` that names the option.
 *
 * @example
 * ```ts
 * import { NodeServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * console.assert((await Effect.runPromise(NodeServer.readTimeout("timeout", "2 seconds"))) === 2000)
 * ```
 */
export const readTimeout = (
  option: string,
  input: Duration.Input,
): Effect.Effect<number, InvalidOption> => {
  const duration = Duration.fromInput(input)
  const millis = duration._tag === "None" ? Number.NaN : Duration.toMillis(duration.value)
  return !Number.isFinite(millis) || millis < 1
    ? Effect.fail(
        new InvalidOption({
          option,
          problem: 'must be a duration of at least a millisecond, e.g. "30 seconds"',
        }),
      )
    : Effect.succeed(Math.min(Math.ceil(millis), Number.MAX_SAFE_INTEGER))
}

// -----------------------------------------------------------------------------
// The server
// -----------------------------------------------------------------------------

/** A request that the server itself refused. */
export interface Refused {
  readonly status: number
  /** The reason in words, without a value of the request. */
  readonly detail: string
  /** The method. Empty when the request line is malformed or was not received with the error. */
  readonly method: string
  /** Path and query. Empty when the method is. */
  readonly target: string
}

/** Node's error for a request that it refuses. */
interface ClientError extends NodeJS.ErrnoException {
  /** What the parser expected. */
  readonly reason?: string
  /** The bytes in which the error is. Absent for a time-out. */
  readonly rawPacket?: Buffer
}

const requestLineOf = (bytes: Buffer): Pick<Refused, "method" | "target"> => {
  const [, method = "", target = ""] =
    /^([A-Z]{1,20}) ([!-~]{1,2000}) HTTP\/\d/.exec(bytes.toString("latin1", 0, 3000)) ?? []
  return { method, target }
}

/**
 * Makes a server that does not listen yet.
 *
 * **Details**
 *
 * Register a listener for `request`, and one for `checkContinue` to handle `Expect: 100-continue`. The server itself answers
 * malformed requests, `CONNECT`, and requests that do not arrive within the time-out. `refused` is called with those that never
 * reach a listener.
 *
 * @example
 * ```ts
 * import { NodeServer } from "@effect-sent/mock-server"
 *
 * const server = NodeServer.make(30_000)
 * console.assert(server.requestTimeout === 30_000)
 * ```
 */
export const make = (
  requestTimeoutMillis: number,
  refused: (refused: Refused) => void = () => undefined,
): Server => {
  // The pending response of each connection, so that an error answer is not mistaken for the answer to another request.
  const answering = new WeakMap<Duplex, ServerResponse>()
  const server = createServer({
    requestTimeout: requestTimeoutMillis,
    headersTimeout: requestTimeoutMillis,
    connectionsCheckingInterval: Math.min(requestTimeoutMillis, 1000),
    // Node's own answers have no body, and Node does not read the body of an upgrade request.
    requireHostHeader: false,
    shouldUpgradeCallback: () => false,
  })
  const remember = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    answering.set(socket, response)
  }
  server.on("request", remember)
  server.on("checkContinue", remember)
  server.on("checkExpectation", (request, response) => server.emit("request", request, response))
  server.on("clientError", (error: ClientError, socket: Duplex) => {
    const refuse = (): void => {
      if (!socket.writable) {
        socket.destroy()
        return
      }
      const { detail, status } = answerTo(error)
      socket.end(toRawResponse(problem(status, detail)))
      // A request whose body is malformed has reached the listener.
      if (error.rawPacket !== undefined && answering.get(socket)?.req.complete !== false) {
        refused({ status, detail, ...requestLineOf(error.rawPacket) })
      }
    }
    const current = answering.get(socket)
    if (current === undefined || (current.req.complete && current.writableFinished)) refuse()
    // The error is in the bytes after a complete request, which is answered first.
    else if (current.req.complete) current.once("finish", refuse)
    // The malformed request has already been answered.
    else if (current.headersSent) socket.destroy()
    else refuse()
  })
  server.on("connect", ({ url = "" }: IncomingMessage, socket: Duplex) => {
    const detail = "CONNECT is not supported: this server is not a proxy"
    // Node no longer manages this connection and would not close it with the server.
    socket.end(toRawResponse(problem(405, detail, { Allow: "" })), () => socket.destroy())
    refused({ status: 405, detail, method: "CONNECT", target: url })
  })
  return server
}

/** How long requests in flight may take after the server stops, in milliseconds: on a busy machine, the stop still takes less than a second. */
export const graceMillis = 500

/**
 * Stops listening, waits for the requests in flight, and closes the connections that are still open after `graceMillis`.
 *
 * **Gotchas**
 *
 * The wait uses the machine's clock, like all of Node's time-outs: under `TestClock`, the server still stops.
 *
 * @example
 * ```ts
 * import { NodeServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const server = NodeServer.make(30_000).listen(0, "127.0.0.1")
 * await Effect.runPromise(NodeServer.close(server))
 * console.assert(!server.listening)
 * ```
 */
export const close = (server: Server): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMillis)
    server.close(() => {
      clearTimeout(cut)
      resume(Effect.void)
    })
  })

/**
 * Listens on an address. Closes the server when the scope closes.
 *
 * @example
 * ```ts
 * import { NodeServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const program = NodeServer.listen(NodeServer.make(30_000), { host: "127.0.0.1", port: 0 })
 * const { port } = await Effect.runPromise(Effect.scoped(program))
 * console.assert(port > 0)
 * ```
 */
export const listen = (
  server: Server,
  { host, port }: Address,
): Effect.Effect<Bound, PortInUse | AddressUnavailable, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Bound, PortInUse | AddressUnavailable>((resume) => {
      const failed = (cause: unknown): void =>
        resume(Effect.fail(listenError(cause, { host, port })))
      server.once("error", failed)
      server.listen({ host, port }, () => {
        server.off("error", failed)
        resume(Effect.succeed(boundTo(server, { host, port })))
      })
    }),
    () => close(server),
  )

/** The address of a listening server. */
export interface Bound extends Address {
  /** The origin for clients, for example `http://127.0.0.1:4010`. */
  readonly origin: string
}

/**
 * Returns the address that a server listens on, or the given one when it does not listen yet.
 *
 * @example
 * ```ts
 * import { NodeServer } from "@effect-sent/mock-server"
 *
 * const server = NodeServer.make(30_000)
 * const { origin } = NodeServer.boundTo(server, { host: "::1", port: 4010 })
 * console.assert(origin === "http://[::1]:4010")
 * ```
 */
export const boundTo = (server: Server, asked: Address): Bound => {
  const address = server.address()
  const { host, port } =
    address !== null && typeof address === "object"
      ? { host: address.address, port: address.port }
      : asked
  return { host, port, origin: `http://${urlHost(host)}:${port}` }
}

/** Formats a host for a URL. Wildcard addresses become loopback addresses, since clients cannot connect to a wildcard. */
const urlHost = (address: string): string => {
  if (address === "0.0.0.0") return "127.0.0.1"
  if (address === "::") return "[::1]"
  return address.includes(":") ? `[${address}]` : address
}

/**
 * Converts Node's error to the reason why the server cannot listen.
 *
 * @example
 * ```ts
 * import { NodeServer } from "@effect-sent/mock-server"
 *
 * const address = { host: "127.0.0.1", port: 4010 }
 * console.assert(NodeServer.listenError({ code: "EADDRINUSE" }, address)._tag === "PortInUse")
 * ```
 */
export const listenError = (cause: unknown, address: Address): PortInUse | AddressUnavailable => {
  const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : String(cause)
  return code === "EADDRINUSE"
    ? new PortInUse(address)
    : new AddressUnavailable({ ...address, problem: code })
}

const answerTo = ({ code, reason }: ClientError): Pick<Refused, "status" | "detail"> => {
  switch (code) {
    case "HPE_HEADER_OVERFLOW": {
      return { status: 431, detail: "The headers are too large" }
    }
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW": {
      return { status: 413, detail: "The chunk extensions are too large" }
    }
    case "ERR_HTTP_REQUEST_TIMEOUT": {
      return { status: 408, detail: "The request did not arrive in time" }
    }
    default: {
      const what = "The request is not valid HTTP/1.1"
      return { status: 400, detail: reason === undefined ? what : `${what}: ${reason}` }
    }
  }
}
