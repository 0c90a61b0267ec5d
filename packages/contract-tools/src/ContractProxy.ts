/**
 * A proxy between an application and a service that reports where either of them deviates from the contract. It forwards
 * everything unchanged. (`prism proxy` answers some requests in place of the service.)
 *
 * @example
 * ```ts
 * import { ContractProxy, ContractReport } from "@effect-sent/contract-tools"
 * import { MockServer } from "@effect-sent/mock-server"
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
 * console.assert(!ContractReport.passed(report))
 * ```
 */
import * as Contract from "@effect-sent/contract/Contract"
import type { ContractError } from "@effect-sent/contract/ContractError"
import * as ContractValidator from "@effect-sent/contract/ContractValidator"
import {
  AddressUnavailable,
  InvalidOption,
  PortInUse,
} from "@effect-sent/mock-server/MockServerError"
import * as NodeServer from "@effect-sent/mock-server/NodeServer"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Check, Report } from "./ContractReport.ts"
import { forward } from "./internal/proxy/forward.ts"
import { makeObserver } from "./internal/proxy/observer.ts"
import { parseTarget } from "./internal/target.ts"

/** Where a proxy listens, and the service behind it. */
export interface Options {
  /** The base URL of the service: https, or http on this machine. */
  readonly target: string
  /** The contract, a YAML or JSON file. Default: the contract of Sent.dm. */
  readonly contract?: string | URL | undefined
  /** Whether the contract, and what it refers to, may be read from other hosts. Default: false. */
  readonly allowNetwork?: boolean | undefined
  /** The address to listen on. Anyone who reaches the proxy can read the application's credentials. Default: `127.0.0.1`. */
  readonly host?: string | undefined
  /** The port to listen on. Default: a free one. */
  readonly port?: number | undefined
  /** How long the service may be silent before the application gets a 504. Default: two minutes. */
  readonly timeout?: Duration.Input | undefined
  /** How many deviations are kept for the report. Older ones are only counted. Default: 1,000. */
  readonly maxDeviations?: number | undefined
  /** Called with every exchange that deviates from the contract, once it is over. */
  readonly onDeviation?: ((deviation: Check) => void) | undefined
}

/** The proxy did not start. `reason` says why; catch one kind with `Effect.catchReason`. */
export class ProxyError extends Schema.TaggedError<ProxyError>("ContractProxy/ProxyError")(
  "ProxyError",
  { reason: Schema.Union([InvalidOption, PortInUse, AddressUnavailable]) },
) {
  override get message(): string {
    return this.reason.message
  }
}

/** A proxy that is listening. */
export class ContractProxy extends Context.Service<
  ContractProxy,
  {
    /** The base URL for the application. */
    readonly baseUrl: string
    /**
     * The exchanges so far: how many of each kind, and the newest deviations. Exchanges in progress are not waited for.
     */
    readonly report: Effect.Effect<Report>
  }
>()("@effect-sent/contract-tools/ContractProxy") {}

/**
 * Starts a proxy, which stops when the scope closes.
 *
 * **Details**
 *
 * Every request is forwarded once and byte for byte, and so is its response, valid or not. If the service cannot be
 * reached, the application gets a 502, and if it does not respond, a 504. The problem document says whether the request may
 * have arrived.
 *
 * @example
 * ```ts
 * import { ContractProxy } from "@effect-sent/contract-tools"
 * import { MockServer } from "@effect-sent/mock-server"
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
): Effect.fn.Return<ContractProxy["Service"], ProxyError | ContractError, Scope.Scope> {
  const { address, maxDeviations, silenceMillis, target } = yield* asProxyError(
    readOptions(options),
  )
  const contract = yield* Contract.load(options.contract, { allowNetwork: options.allowNetwork })
  const validator = yield* ContractValidator.make(contract)
  const observer = makeObserver(validator, maxDeviations, options.onDeviation)
  const observations = yield* FiberSet.make<void>()
  const run = yield* FiberSet.runtime(observations)()

  const base = new URL(target.url)
  const upstream = { base, timeoutMillis: Math.min(silenceMillis, maxTimeoutMillis) }
  const server = NodeServer.make(requestTimeoutMillis)
  const handle = (request: IncomingMessage, response: ServerResponse): void =>
    forward(upstream, request, response, (exchange) => run(observer.observe(exchange)))
  server.on("request", handle)
  // The target decides whether the request may continue.
  server.on("checkContinue", handle)
  server.on("clientError", ({ code = "" }: NodeJS.ErrnoException) => {
    // An application that closes the connection in the middle of a request is reported by the exchange.
    if (code.startsWith("HPE_") && code !== "HPE_INVALID_EOF_STATE") observer.misread(code)
  })
  const { origin, port } = yield* asProxyError(NodeServer.listen(server, address))
  // A request would be forwarded without end. A URL leaves out port 80.
  if (target.isLocal && Number(base.port || 80) === port) {
    return yield* asProxyError(Effect.fail(invalidOption("target", "must not be its own address")))
  }

  return ContractProxy.of({
    baseUrl: origin,
    report: Effect.andThen(
      Effect.suspend(() => Fiber.awaitAll(observations)),
      Effect.sync(() => ({
        ...observer.report(`proxy ${target.url}`),
        suite: `proxy ${contract.title}`,
        properties: { target: target.url, contract: contract.path, version: contract.version },
      })),
    ),
  })
})

/** How long a request may take to arrive: the same as for the mock. */
const requestTimeoutMillis = 30_000

/** The longest time-out of a timer in Node. */
const maxTimeoutMillis = 2 ** 31 - 1

const readOptions = Effect.fnUntraced(function* ({
  host = "127.0.0.1",
  maxDeviations = 1000,
  port = 0,
  target: url,
  timeout = "2 minutes",
}: Options) {
  const address = { host, port }
  yield* NodeServer.checkAddress(address)
  if (!Number.isInteger(maxDeviations) || maxDeviations < 1) {
    return yield* invalidOption("maxDeviations", "must be a whole number, 1 or more")
  }
  const silenceMillis = yield* NodeServer.readTimeout("timeout", timeout)
  const target = parseTarget(url)
  if (typeof target === "string") return yield* invalidOption("target", target)
  return { address, maxDeviations, silenceMillis, target }
})

const invalidOption = (option: string, problem: string): InvalidOption =>
  new InvalidOption({ option, problem })

const asProxyError = <A, R>(
  effect: Effect.Effect<A, InvalidOption | PortInUse | AddressUnavailable, R>,
): Effect.Effect<A, ProxyError, R> =>
  Effect.mapError(effect, (reason) => new ProxyError({ reason }))

/**
 * A proxy that runs for as long as the layer is in use.
 *
 * @example
 * ```ts
 * import { ContractProxy } from "@effect-sent/contract-tools"
 *
 * const ProxyLive = ContractProxy.layer({ target: "https://api.sent.dm" })
 * ```
 */
export const layer = (options: Options): Layer.Layer<ContractProxy, ProxyError | ContractError> =>
  Layer.effect(ContractProxy, make(options))
