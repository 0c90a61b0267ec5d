/**
 * The mock server: answers as the contract says, on a port of its own, for as long as its scope is open.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import type { ServeError } from "effect/http/HttpServerError"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Contract from "./Contract.ts"
import { handle } from "./internal/handle.ts"
import { closeNodeServer, makeNodeServer } from "./internal/nodeServer.ts"
import { makePrism } from "./internal/prism.ts"
import {
  AddressUnavailable,
  ContractInvalid,
  InvalidOption,
  MockServerError,
  PortInUse,
} from "./MockServerError.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/**
 * The options of a mock server.
 *
 * @example
 * ```ts
 * import type { MockServer } from "@effect-sent/mock-server"
 *
 * const options: MockServer.Options = { port: 4010, host: "127.0.0.1" }
 * ```
 */
export interface Options {
  /** The port to listen on, 0 to 65535; 0 picks a free one. Default: 0. */
  readonly port?: number | undefined
  /** The address or name to listen on. Default: `127.0.0.1`, which nobody else can reach. */
  readonly host?: string | undefined
  /** The contract to serve, a YAML or JSON file. Default: the one that comes with this package. */
  readonly contract?: string | URL | undefined
  /** How long a request may take to arrive; then it is answered with 408. Default: 30 seconds. */
  readonly requestTimeout?: Duration.Input | undefined
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * A mock server that is listening.
 *
 * @example
 * ```ts
 * import { MockServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const baseUrl = MockServer.MockServer.useSync((mock) => mock.baseUrl)
 *
 * console.log(await baseUrl.pipe(Effect.provide(MockServer.layer()), Effect.runPromise))
 * ```
 */
export class MockServer extends Context.Service<
  MockServer,
  {
    /** What a client takes for the address of the API, e.g. `http://127.0.0.1:4010`. */
    readonly baseUrl: string
    /** The address it listens on. */
    readonly host: string
    /** The port it listens on. */
    readonly port: number
    /** The contract it serves. */
    readonly contract: Contract.Contract
  }
>()("@effect-sent/mock-server/MockServer") {}

// -----------------------------------------------------------------------------
// Construction
// -----------------------------------------------------------------------------

/**
 * Starts a mock server, which stops when the scope closes. Requests that it is answering then are given a second;
 * connections that are still open after it are cut.
 *
 * @example
 * ```ts
 * import { MockServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const mock = yield* MockServer.make()
 *   const response = yield* Effect.promise(() => fetch(`${mock.baseUrl}/v1/messages/phone`))
 *   console.assert(response.status === 405)
 * })
 *
 * await Effect.runPromise(Effect.scoped(program))
 * ```
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {},
): Effect.fn.Return<MockServer["Service"], MockServerError, Scope.Scope> {
  const { port, host, requestTimeoutMillis } = yield* validate(options)
  const contract = yield* Contract.load(options.contract)
  const prism = yield* Effect.mapError(
    makePrism(contract),
    (problem) =>
      new MockServerError({ reason: new ContractInvalid({ path: contract.path, problem }) }),
  )

  const nodeServer = makeNodeServer(requestTimeoutMillis)
  const server = yield* Effect.mapError(
    NodeHttpServer.make(() => nodeServer, { host, port, disablePreemptiveShutdown: true }),
    (error) => new MockServerError({ reason: notListening(error, host, port) }),
  )
  yield* server.serve(handle(contract, prism)).pipe(
    // A span of the server would show the request's headers.
    Effect.provideService(HttpMiddleware.TracerDisabledWhen, () => true),
  )
  // Added last, so that it runs first: the server's own end waits for every request, however long its body takes.
  yield* Effect.addFinalizer(() => closeNodeServer(nodeServer))

  // `listen` was given a port, so that the address has one.
  const address = nodeServer.address()
  const bound = address !== null && typeof address === "object" ? address : { address: host, port }
  return MockServer.of({
    baseUrl: `http://${urlHost(bound.address)}:${bound.port}`,
    host: bound.address,
    port: bound.port,
    contract,
  })
})

const validate = Effect.fnUntraced(function* ({
  port = 0,
  host = "127.0.0.1",
  requestTimeout = "30 seconds",
}: Options) {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    return yield* invalid("port", "must be a whole number from 0 to 65535")
  }
  // Node takes what is no string for every interface there is.
  if (!Predicate.isString(host) || !/^[\w.:-]+$/.test(host)) {
    return yield* invalid("host", "must be an IP address or a host name, e.g. 127.0.0.1")
  }
  const duration = Duration.fromInput(requestTimeout)
  if (
    duration._tag === "None" ||
    !Duration.isFinite(duration.value) ||
    Duration.toMillis(duration.value) < 1
  ) {
    return yield* invalid(
      "requestTimeout",
      'must be a duration of a millisecond or more, e.g. "30 seconds"',
    )
  }
  // Node takes whole milliseconds only.
  const requestTimeoutMillis = Math.min(
    Math.ceil(Duration.toMillis(duration.value)),
    Number.MAX_SAFE_INTEGER,
  )
  return { port, host, requestTimeoutMillis }
})

const invalid = (option: string, problem: string): MockServerError =>
  new MockServerError({ reason: new InvalidOption({ option, problem }) })

const notListening = (
  { cause }: ServeError,
  host: string,
  port: number,
): PortInUse | AddressUnavailable => {
  const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : String(cause)
  return code === "EADDRINUSE"
    ? new PortInUse({ host, port })
    : new AddressUnavailable({ host, port, problem: code })
}

/** The host as a URL has it; the addresses that stand for every interface are none that a client can call. */
const urlHost = (address: string): string => {
  if (address === "0.0.0.0") return "127.0.0.1"
  if (address === "::") return "[::1]"
  return address.includes(":") ? `[${address}]` : address
}

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * A mock server for as long as the layer is in use; for tests, one on a free port of its own.
 *
 * @example
 * ```ts
 * import { SentClient, SentCredentials } from "@effect-sent/core"
 * import { MockServer } from "@effect-sent/mock-server"
 * import { Effect, Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 *
 * const SentMock = Layer.unwrap(
 *   MockServer.MockServer.useSync(({ baseUrl }) => SentClient.layer({ baseUrl })),
 * ).pipe(
 *   Layer.provide(MockServer.layer()),
 *   Layer.provide(
 *     SentCredentials.layer({ senderId: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11", apiKey: "any" }),
 *   ),
 *   Layer.provide(FetchHttpClient.layer),
 * )
 *
 * const receipt = await SentClient.sendToPhone({
 *   phoneNumber: "+1234567890",
 *   templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 * }).pipe(Effect.provide(SentMock), Effect.runPromise)
 * console.assert(receipt.status === 204)
 * ```
 */
export const layer = (options?: Options): Layer.Layer<MockServer, MockServerError> =>
  Layer.effect(MockServer, make(options))
