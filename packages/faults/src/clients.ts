import diagnosticsChannel from "node:diagnostics_channel"
import { EventEmitter } from "node:events"
import { NodeHttpClient } from "@effect/platform-node"
import * as Undici from "@effect/platform-node/Undici"
import { Effect, Layer, Predicate, type Scope } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"

/** A name, and an HTTP client. */
export type NamedClient = readonly [name: string, layer: Layer.Layer<HttpClient.HttpClient>]

/** The HTTP clients that Effect offers on Node.js. The guarantees of a send are tested over all of them. */
export const clients: ReadonlyArray<NamedClient> = [
  ["FetchHttpClient", FetchHttpClient.layer],
  ["NodeHttpClient.layerUndici", NodeHttpClient.layerUndici],
  ["NodeHttpClient.layerNodeHttp", NodeHttpClient.layerNodeHttp],
]

const listenToErrors = (message: unknown): void => {
  if (Predicate.hasProperty(message, "stream") && message.stream instanceof EventEmitter)
    message.stream.on("error", () => undefined)
}

/**
 * Listens to the errors of the HTTP/2 streams that this process opens.
 *
 * A stream that undici has given up can be reset by the server before Node.js has freed it. Node.js then makes a second stream,
 * which undici doesn't know, and whose error ends the process. undici's own listeners say what happened to the request.
 */
const listeningToErrors: Effect.Effect<void, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => diagnosticsChannel.subscribe("http2.client.stream.created", listenToErrors)),
  () =>
    Effect.sync(() =>
      diagnosticsChannel.unsubscribe("http2.client.stream.created", listenToErrors),
    ),
)

/** The one that speaks HTTP/2: core cannot switch it off in a Pool. */
export const http2Client = "undici, Pool"
export const overHttp2: Layer.Layer<HttpClient.HttpClient> = overPools({})

/** The same clients with other settings that applications use. */
export const configuredClients: ReadonlyArray<NamedClient> = [
  ["undici, Agent with allowH2: true", NodeHttpClient.layerUndiciOptions({ allowH2: true })],
  ["undici, Agent with allowH2: false", NodeHttpClient.layerUndiciOptions({ allowH2: false })],
  [http2Client, overHttp2],
  ["undici, Pool with allowH2: false", overPools({ allowH2: false })],
  [
    "node:http, keep-alive",
    Layer.provide(
      NodeHttpClient.layerNodeHttpNoAgent,
      NodeHttpClient.layerAgentOptions({ keepAlive: true }),
    ),
  ],
]

/** A Pool for each origin. A Pool of an application's own is made for one origin, but the fault server has many. */
function overPools(options: Undici.Pool.Options): Layer.Layer<HttpClient.HttpClient> {
  return NodeHttpClient.layerUndiciNoDispatcher.pipe(
    Layer.provide(
      Layer.effect(
        NodeHttpClient.Dispatcher,
        Effect.acquireRelease(
          Effect.sync(() => new Pools(options)),
          (pools) => Effect.promise(() => pools.destroy()),
        ).pipe(Effect.tap(listeningToErrors)),
      ),
    ),
  )
}

class Pools extends Undici.Dispatcher {
  private readonly pools = new Map<string, Undici.Pool>()
  private readonly options: Undici.Pool.Options

  constructor(options: Undici.Pool.Options) {
    super()
    this.options = options
  }

  override dispatch(
    options: Undici.Dispatcher.DispatchOptions,
    handler: Undici.Dispatcher.DispatchHandler,
  ): boolean {
    const origin = String(options.origin)
    const pool = this.pools.get(origin) ?? new Undici.Pool(origin, this.options)
    this.pools.set(origin, pool)
    return pool.dispatch(options, handler)
  }

  override async destroy(): Promise<void> {
    await Promise.all([...this.pools.values()].map((pool) => pool.destroy()))
  }
}
