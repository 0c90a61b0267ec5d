/** The client, with the credentials of the environment, through the proxy of the environment. */
import { RateLimit, SentClient, SentCredentials } from "@effect-sent/core"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import { Effect, Layer } from "effect"
import type * as Config from "effect/Config"
import type { SentError } from "@effect-sent/core"
import { type Ended, usage } from "./ended.ts"

/** Honours HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in upper or lower case. undici repeats requests over HTTP/2 by itself. */
const ProxyLive = Layer.effect(
  NodeHttpClient.Dispatcher,
  Effect.acquireRelease(
    Effect.sync(() => new Undici.EnvHttpProxyAgent({ allowH2: false })),
    (agent) => Effect.promise(() => agent.destroy()),
  ),
)

/** Makes the client. `perSecond` is the most requests that it begins in a second. */
export const clientLayer = (perSecond?: number): Layer.Layer<SentClient.SentClient, Ended> =>
  SentClient.layerConfig(
    perSecond === undefined
      ? {}
      : { rateLimit: RateLimit.make({ limit: perSecond, window: "1 second" }) },
  ).pipe(
    Layer.provide(SentCredentials.layerConfig()),
    Layer.provide(NodeHttpClient.layerUndiciNoDispatcher),
    Layer.provide(ProxyLive),
    Layer.catch((error) => Layer.effect(SentClient.SentClient, Effect.fail(usage(wordsOf(error))))),
  )

const wordsOf = (error: SentError.SentError | Config.ConfigError): string =>
  error._tag === "ConfigError"
    ? `set SENT_SENDER_ID and SENT_API_KEY in the environment: ${error.message}`
    : error.message
