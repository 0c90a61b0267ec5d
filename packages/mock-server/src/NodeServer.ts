/**
 * Node's HTTP server as the mock and the contract proxy use it: it answers with a problem document also what it cannot read
 * as a request, and it stops within a second.
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
import { type Answer, problem } from "./internal/http/answer.ts"
import { toRawResponse } from "./internal/http/response.ts"
import { AddressUnavailable, InvalidOption, PortInUse } from "./MockServerError.ts"

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/** Where a server listens. */
export interface Address {
  /** An IP address or a host name. */
  readonly host: string
  /** 0 picks a free port. */
  readonly port: number
}

/**
 * Checks an address. Fails with `InvalidOption` for a port or a host that cannot be one.
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
  // Node takes a host that is not a string for every interface.
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
 * A time-out in whole milliseconds, as Node's timers need it. Fails with `InvalidOption`, naming the option.
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
          problem: 'must be a duration of a millisecond or more, e.g. "30 seconds"',
        }),
      )
    : Effect.succeed(Math.min(Math.ceil(millis), Number.MAX_SAFE_INTEGER))
}

// -----------------------------------------------------------------------------
// The server
// -----------------------------------------------------------------------------

/**
 * A server that does not listen yet. Register a listener for `request`, and for `checkContinue` to handle
 * `Expect: 100-continue`.
 *
 * @example
 * ```ts
 * import { NodeServer } from "@effect-sent/mock-server"
 *
 * const server = NodeServer.make(30_000)
 * console.assert(server.requestTimeout === 30_000)
 * ```
 */
export const make = (requestTimeoutMillis: number): Server => {
  // The response that each connection is waiting for, so that no answer is taken for that of another request.
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
    // The error is in what follows a whole request, which is answered first.
    else if (current.req.complete) current.once("finish", refuse)
    // The request with the error has had its answer.
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

/** How long requests in flight may take once the server stops: a little less than the second that stopping takes at most. */
export const graceMillis = 800

/**
 * Stops listening, lets the requests in flight end, and cuts the connections that are still open after `graceMillis`.
 *
 * **Gotchas**
 *
 * The time is the machine's, as with all of Node's time-outs: under `TestClock` the server still stops.
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
 * Listens for as long as the scope is open, and then closes the server.
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

/** Where a server listens, once it does. */
export interface Bound extends Address {
  /** What a client calls, for example `http://127.0.0.1:4010`. */
  readonly origin: string
}

/**
 * Where a listening server listens.
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

/** The host as a URL has it. The addresses that stand for every interface cannot be called. */
const urlHost = (address: string): string => {
  if (address === "0.0.0.0") return "127.0.0.1"
  if (address === "::") return "[::1]"
  return address.includes(":") ? `[${address}]` : address
}

/**
 * Why an address cannot be listened on, from the error that Node reports.
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
