import { NodeHttpClient } from "@effect/platform-node"
import * as Undici from "@effect/platform-node/Undici"
import { Effect, Layer } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"

/** A name, and an HTTP client. */
export type NamedClient = readonly [name: string, layer: Layer.Layer<HttpClient.HttpClient>]

/** The HTTP clients that Effect offers on Node.js. The guarantees of a send are tested over all of them. */
export const clients: ReadonlyArray<NamedClient> = [
  ["FetchHttpClient", FetchHttpClient.layer],
  ["NodeHttpClient.layerUndici", NodeHttpClient.layerUndici],
  ["NodeHttpClient.layerNodeHttp", NodeHttpClient.layerNodeHttp],
]

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
        ),
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
