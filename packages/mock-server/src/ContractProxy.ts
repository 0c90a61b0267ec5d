/**
 * Stands between an application and a service and says where either leaves the contract. It changes nothing of what they
 * say to each other: `prism proxy` answers some requests in the service's place.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { createServer, type Server } from "node:http"
import * as Contract from "./Contract.ts"
import type { Check, Report } from "./ContractReport.ts"
import * as ContractValidator from "./ContractValidator.ts"
import { forward } from "./internal/contract/forward.ts"
import { makeObserver } from "./internal/contract/observer.ts"
import { parseTarget } from "./internal/contract/target.ts"
import { closeNodeServer } from "./internal/nodeServer.ts"
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
  /** How long the service may take to answer; then the application gets a 504. Default: two minutes. */
  readonly timeout?: Duration.Input | undefined
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
    /** What went through until now: how many exchanges of each kind, and the newest thousand that left the contract. */
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
  const target = parseTarget(options.target)
  if (typeof target === "string") {
    return yield* new MockServerError({
      reason: new InvalidOption({ option: "target", problem: target }),
    })
  }
  const timeoutMillis = Duration.toMillis(Duration.fromInputUnsafe(options.timeout ?? "2 minutes"))
  const contract = yield* Contract.load(options.contract)
  const observer = makeObserver(yield* ContractValidator.make(contract), options.onDeviation)
  // A report waits for what is on its way to it.
  const pending = new Set<Promise<void>>()
  const server = createServer((request, response) => {
    const observed = forward(target.url, timeoutMillis, request, response)
      .then((exchange) => Effect.runPromise(observer.observe(exchange)))
      .finally(() => pending.delete(observed))
    pending.add(observed)
  })
  const port = yield* listen(server, options.host ?? "127.0.0.1", options.port ?? 0)

  return ContractProxy.of({
    baseUrl: `http://${hostIn(options.host ?? "127.0.0.1")}:${port}`,
    report: Effect.andThen(
      Effect.promise(() => Promise.allSettled(pending)),
      Effect.sync(() => observer.report(`proxy ${target.url}`)),
    ),
  })
})

/** A proxy of an IPv6 address has brackets around it. */
const hostIn = (host: string): string => (host.includes(":") ? `[${host}]` : host)

const listen = (
  server: Server,
  host: string,
  port: number,
): Effect.Effect<number, MockServerError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<number, MockServerError>((resume) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        const reason =
          error.code === "EADDRINUSE"
            ? new PortInUse({ host, port })
            : new AddressUnavailable({ host, port, problem: error.code ?? error.message })
        resume(Effect.fail(new MockServerError({ reason })))
      })
      server.listen(port, host, () => {
        const address = server.address()
        resume(
          Effect.succeed(address !== null && typeof address === "object" ? address.port : port),
        )
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
