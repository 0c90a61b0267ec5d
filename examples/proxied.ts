/**
 * Clients behind the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name.
 *
 * `fetch`, and so `SentClient.layerEnv`, needs no code: Node.js 24 goes through the proxy if NODE_USE_ENV_PROXY=1 is set.
 */
import { NodeHttpClient } from "@effect/platform-node"
import * as Undici from "@effect/platform-node/Undici"
import { Effect, Layer } from "effect"
import type { HttpClient } from "effect/http"
import * as Http from "node:http"
import * as Https from "node:https"

/** Over undici, the fastest on Node.js. It repeats requests over HTTP/2 by itself, so that is off. */
export const undici: Layer.Layer<HttpClient.HttpClient> =
  NodeHttpClient.layerUndiciNoDispatcher.pipe(
    Layer.provide(
      Layer.effect(
        NodeHttpClient.Dispatcher,
        Effect.acquireRelease(
          Effect.sync(() => new Undici.EnvHttpProxyAgent({ allowH2: false })),
          (agent) => Effect.promise(() => agent.destroy()),
        ),
      ),
    ),
  )

/** Over `node:http`, of Node.js 24.5 or newer. */
export const nodeHttp: Layer.Layer<HttpClient.HttpClient> =
  NodeHttpClient.layerNodeHttpNoAgent.pipe(
    Layer.provide(
      Layer.effect(
        NodeHttpClient.HttpAgent,
        Effect.acquireRelease(
          Effect.sync(() => ({
            http: new Http.Agent({ proxyEnv: process.env }),
            https: new Https.Agent({ proxyEnv: process.env }),
          })),
          (agents) =>
            Effect.sync(() => {
              agents.http.destroy()
              agents.https.destroy()
            }),
        ),
      ),
    ),
  )
