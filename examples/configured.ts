/** Where the settings of a client come from: a `.env` file, variables with a prefix, and a vault. */
import { SentClient, SentCredentials } from "@effect-sent/core"
import { NodeFileSystem, NodeHttpClient } from "@effect/platform-node"
import { ConfigProvider, Effect, Layer, type Redacted } from "effect"

/** SENT_SENDER_ID, SENT_API_KEY and SENT_BASE_URL of a `.env` file; variables of the environment take precedence. */
export const fromDotEnv = (path: string) =>
  SentClient.layerEnv.pipe(
    Layer.provide(ConfigProvider.layerAdd(ConfigProvider.fromDotEnv({ path }))),
    Layer.provide(NodeFileSystem.layer),
  )

/** The same variables below a prefix: ACME_SENT_API_KEY, for one of several accounts. */
export const ofAccount = (prefix: string, env: Readonly<Record<string, string>>) =>
  SentClient.layerEnv.pipe(
    Layer.provide(
      ConfigProvider.layer(ConfigProvider.fromEnv({ env }).pipe(ConfigProvider.nested(prefix))),
    ),
  )

/** A vault: what your own client of it looks like. */
export interface Vault {
  readonly read: (
    path: string,
  ) => Effect.Effect<
    { readonly senderId: string; readonly apiKey: Redacted.Redacted<string> },
    Error
  >
}

/** Credentials of a vault: loaded when they are needed, again after ten minutes, and again when the service rejects them. */
export const fromVault = (vault: Vault, options?: SentClient.Options) =>
  SentClient.layer(options).pipe(
    Layer.provide(
      SentCredentials.layerEffect({
        load: Effect.timeout(vault.read("secret/sent"), "5 seconds"),
        timeToLive: "10 minutes",
      }),
    ),
    Layer.provide(NodeHttpClient.layerUndici),
  )
