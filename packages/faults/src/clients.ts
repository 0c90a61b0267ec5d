import { NodeHttpClient } from "@effect/platform-node"
import type { Layer } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"

/** The HTTP clients that Effect offers on Node.js. The guarantees of a send are tested over all of them. */
export const clients: ReadonlyArray<
  readonly [name: string, layer: Layer.Layer<HttpClient.HttpClient>]
> = [
  ["FetchHttpClient", FetchHttpClient.layer],
  ["NodeHttpClient.layerUndici", NodeHttpClient.layerUndici],
  ["NodeHttpClient.layerNodeHttp", NodeHttpClient.layerNodeHttp],
]
