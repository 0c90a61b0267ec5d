/**
 * Stands between an application and a service and says where either leaves the contract. It changes nothing of what they
 * say to each other: `prism proxy` answers some requests in the service's place.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import * as Contract from "./Contract.ts"
import type { Check, Report } from "./ContractReport.ts"
import * as ContractValidator from "./ContractValidator.ts"
import { forward } from "./internal/contract/forward.ts"
import { makeObserver } from "./internal/contract/observer.ts"
import { parseTarget } from "./internal/contract/target.ts"
import { closeNodeServer, makeNodeServer } from "./internal/nodeServer.ts"
import { millisOf, readOptions } from "./internal/options.ts"
import { AddressUnavailable, InvalidOption, MockServerError, PortInUse } from "./MockServerError.ts"

/**
 * Where a proxy listens and what it stands in front of.
 *
 * @example
 * ```ts
 * import type { ContractProxy } from "@effect-sent/mock-server"
 *
 * const options: ContractProxy.Options = { target: "https://api.sent.dm", port: 4020 }
 * ```
 */
export interface Options {
  /** The base URL of the service; https, unless it is on this machine. */
  readonly target: string
  /** The contract, a YAML or JSON file. Default: the bundled one. */
  readonly contract?: string | URL | undefined
  /** Default: `127.0.0.1`. Whoever reaches the proxy can read the credentials of the application. */
  readonly host?: string | undefined
  /** Default: a free one. */
  readonly port?: number | undefined
  /** How long the service may be silent; then the application gets a 504. Default: two minutes. */
  readonly timeout?: Duration.Input | undefined
  /** How many deviations are kept for the report; of older ones it has the number. Default: 1,000. */
  readonly keep?: number | undefined
  /** Told of every exchange that left the contract, once it is over. */
  readonly onDeviation?: ((deviation: Check) => void) | undefined
}

/**
 * A proxy that is listening.
 *
 * @example
 * ```ts
 * import { ContractProxy, ContractReport, MockServer } from "@effect-sent/mock-server"
 * import { Effect, Layer } from "effect"
 *
 * const ProxyLive = Layer.unwrap(
 *   MockServer.MockServer.useSync(({ baseUrl }) => ContractProxy.layer({ target: baseUrl })),
 * ).pipe(Layer.provide(MockServer.layer()))
 *
 * const program = Effect.gen(function* () {
 *   const proxy = yield* ContractProxy.ContractProxy
 *   yield* Effect.promise(() => fetch(`${proxy.baseUrl}/v1/messages/phone`, { method: "POST" }))
 *   return yield* proxy.report
 * })
 *
 * const report = await Effect.runPromise(Effect.provide(program, ProxyLive))
 * console.assert(!ContractReport.holds(report))
 * ```
 */
export class ContractProxy extends Context.Service<
  ContractProxy,
  {
    /** What an application takes for the address of the service. */
    readonly baseUrl: string
    /**
     * What went through until now: how many exchanges of each kind, and the newest that left the contract. What is still
     * under way is not waited for.
     */
    readonly report: Effect.Effect<Report>
  }
>()("@effect-sent/mock-server/ContractProxy") {}

/**
 * Starts a proxy, which stops when the scope closes. Every request is passed on once and byte for byte, and so is its
 * answer, whatever is wrong with them. A service that is not reached is a 502 and one that does not answer a 504; the
 * problem document says whether the request may have arrived.
 *
 * @example
 * ```ts
 * import { ContractProxy, MockServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const mock = yield* MockServer.make()
 *   const proxy = yield* ContractProxy.make({ target: mock.baseUrl })
 *   const response = yield* Effect.promise(() => fetch(`${proxy.baseUrl}/v1/messages/phone`))
 *   console.assert(response.status === 405)
 * })
 *
 * await Effect.runPromise(Effect.scoped(program))
 * ```
 */
export const make = Effect.fnUntraced(function* (
  options: Options,
): Effect.fn.Return<ContractProxy["Service"], MockServerError, Scope.Scope> {
  const { host, keep, port, requestTimeout } = yield* readOptions({
    host: options.host,
    port: options.port,
    keep: options.keep ?? 1000,
  })
  const silence = yield* millisOf("timeout", options.timeout ?? "2 minutes")
  const target = parseTarget(options.target)
  if (typeof target === "string") return yield* invalidTarget(target)
  const contract = yield* Contract.load(options.contract)
  const validator = yield* ContractValidator.make(contract)
  const observer = makeObserver(validator, keep, options.onDeviation)
  const observations = yield* FiberSet.make<void>()
  const run = yield* FiberSet.runtime(observations)()

  const base = new URL(target.url)
  const upstream = { base, timeoutMillis: Math.min(silence, maxTimeoutMillis) }
  const server = makeNodeServer(requestTimeout)
  const handle = (request: IncomingMessage, response: ServerResponse): void =>
    forward(upstream, request, response, (exchange) => run(observer.observe(exchange)))
  server.on("request", handle)
  // Whether it is to go on is for the target to say.
  server.on("checkContinue", handle)
  server.on("clientError", ({ code = "" }: NodeJS.ErrnoException) => {
    // Who hangs up in the middle of a request is told of as such.
    if (code.startsWith("HPE_") && code !== "HPE_INVALID_EOF_STATE") observer.misread(code)
  })
  const { address, port: bound } = yield* listen(server, host, port)
  // Each request would be passed on for ever. Of 80, a URL says nothing.
  if (target.isLocal && Number(base.port || 80) === bound) {
    return yield* invalidTarget("must not be its own address")
  }

  return ContractProxy.of({
    baseUrl: `http://${urlHost(address)}:${bound}`,
    report: Effect.andThen(
      Effect.suspend(() => Fiber.awaitAll(observations)),
      Effect.sync(() => observer.report(`proxy ${target.url}`)),
    ),
  })
})

/** What a timer of Node can be set to. */
const maxTimeoutMillis = 2 ** 31 - 1

const invalidTarget = (problem: string): MockServerError =>
  new MockServerError({ reason: new InvalidOption({ option: "target", problem }) })

/** The host as a URL has it; the addresses that stand for every interface are none that a client can call. */
const urlHost = (address: string): string => {
  if (address === "0.0.0.0") return "127.0.0.1"
  if (address === "::") return "[::1]"
  return address.includes(":") ? `[${address}]` : address
}

const listen = (
  server: Server,
  host: string,
  port: number,
): Effect.Effect<AddressInfo, MockServerError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<AddressInfo, MockServerError>((resume) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        const reason =
          error.code === "EADDRINUSE"
            ? new PortInUse({ host, port })
            : new AddressUnavailable({ host, port, problem: error.code ?? error.message })
        resume(Effect.fail(new MockServerError({ reason })))
      })
      server.listen(port, host, () => {
        const address = server.address()
        // It was given a port, so that the address is no path.
        if (address !== null && typeof address === "object") resume(Effect.succeed(address))
      })
    }),
    () => closeNodeServer(server),
  )

/**
 * A proxy for as long as the layer is in use.
 *
 * @example
 * ```ts
 * import { ContractProxy } from "@effect-sent/mock-server"
 *
 * const ProxyLive = ContractProxy.layer({ target: "https://api.sent.dm" })
 * ```
 */
export const layer = (options: Options): Layer.Layer<ContractProxy, MockServerError> =>
  Layer.effect(ContractProxy, make(options))
