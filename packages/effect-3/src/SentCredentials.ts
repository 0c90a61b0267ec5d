/**
 * The credentials of the API, and where they come from: `x-sender-id` and `x-api-key`.
 *
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { SentClient, SentCredentials } from "@effect-sent/effect-3"
 * import { Layer } from "effect"
 *
 * // SENT_SENDER_ID and SENT_API_KEY
 * const SentLive = SentClient.layer().pipe(
 *   Layer.provide(SentCredentials.layerConfig()),
 *   Layer.provide(FetchHttpClient.layer),
 * )
 * ```
 */
import * as Facade from "@effect-sent/facade/CredentialSources"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { call } from "./internal/bridge/calls.ts"
import { isConfig, readVariables } from "./internal/config.ts"
import { fromFacade, plainInput, redactedOf } from "./internal/bridge/credentials.ts"
import type { Credentials, CredentialsService } from "./internal/credentials.ts"
import { runTask } from "./internal/bridge/run.ts"
import { plainFields } from "./internal/bridge/values.ts"
import type { SentError } from "./SentError.ts"

export type { Credentials, CredentialsService } from "./internal/credentials.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/** Credentials before validation: plain strings, or already `Redacted`. */
export interface CredentialsInput {
  readonly senderId?: string | Redacted.Redacted | undefined
  readonly apiKey: string | Redacted.Redacted
  readonly profileId?: string | Redacted.Redacted | undefined
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/** The service that the client gets its credentials from, once for every attempt, so that they can rotate. */
export class SentCredentials extends Context.Tag("@effect-sent/effect-3/SentCredentials")<
  SentCredentials,
  CredentialsService
>() {}

// -----------------------------------------------------------------------------
// Construction
// -----------------------------------------------------------------------------

/**
 * Validates credentials. Fails with the reason `CredentialsUnavailable`, which says what is malformed without showing
 * its value. Use it where credentials are loaded.
 *
 * @example
 * ```ts
 * import { SentCredentials } from "@effect-sent/effect-3"
 * import { Effect } from "effect"
 *
 * const error = await SentCredentials.make({ senderId: "me", apiKey: "sk_live_1234" }).pipe(
 *   Effect.flip,
 *   Effect.runPromise,
 * )
 * console.assert(error.message.includes("senderId must be a GUID"))
 * ```
 */
export const make = (input: CredentialsInput): Effect.Effect<Credentials, SentError> =>
  Effect.map(
    call((host) => Facade.validate(plainInput(input), host)),
    redactedOf,
  )

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * Provides fixed credentials. The layer fails with the reason `InvalidOptions` if they are malformed.
 *
 * @example
 * ```ts
 * import { SentCredentials } from "@effect-sent/effect-3"
 * import { Redacted } from "effect"
 *
 * const CredentialsLive = SentCredentials.layer({
 *   senderId: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
 *   apiKey: Redacted.make("sk_live_1234"),
 * })
 * ```
 */
export const layer = (input: CredentialsInput): Layer.Layer<SentCredentials, SentError> =>
  Layer.effect(
    SentCredentials,
    Effect.map(
      call((host) => Facade.fixed(plainInput(input), host)),
      fromFacade,
    ),
  )

/** The `Config`s of {@link layerConfig}. */
export interface ConfigOptions {
  /** Default: the variable `SENT_SENDER_ID`. */
  readonly senderId?: Config.Config<string | Redacted.Redacted> | undefined
  /** Default: the variable `SENT_API_KEY`. */
  readonly apiKey?: Config.Config<string | Redacted.Redacted> | undefined
  /** Default: the variable `SENT_PROFILE_ID`, if it is set. Only for v3, which this package does not send to. */
  readonly profileId?: Config.Config<string | Redacted.Redacted> | undefined
}

/**
 * Provides credentials from the configuration: by default `SENT_SENDER_ID` and `SENT_API_KEY`.
 *
 * The layer fails with the reason `InvalidOptions` if `SENT_API_KEY` is missing, or if a value is malformed. A missing
 * `SENT_SENDER_ID` fails the layer of `SentClient`. If a `Config` of your own is missing, it fails with a `ConfigError`.
 *
 * @example
 * ```ts
 * import { SentCredentials } from "@effect-sent/effect-3"
 * import { Config } from "effect"
 *
 * const FromEnvironment = SentCredentials.layerConfig()
 * const ForMarketing = SentCredentials.layerConfig({
 *   senderId: Config.redacted("MARKETING_SENDER_ID"),
 *   apiKey: Config.redacted("MARKETING_API_KEY"),
 * })
 * ```
 */
export const layerConfig = (
  options: ConfigOptions = {},
): Layer.Layer<SentCredentials, ConfigError.ConfigError | SentError> =>
  Layer.effect(
    SentCredentials,
    Effect.gen(function* () {
      const given: Record<string, string> = {}
      const wrong: Record<string, unknown> = {}
      for (const [name, option] of Object.entries(options)) {
        if (isConfig(option)) given[name] = reveal(yield* option)
        else wrong[name] = option
      }
      const variables = yield* readVariables("SENT_SENDER_ID", "SENT_API_KEY", "SENT_PROFILE_ID")
      const made = yield* call((host) => Facade.configured({ given, wrong, variables }, host))
      return fromFacade(made)
    }),
  )

const reveal = (value: unknown): string =>
  String(Redacted.isRedacted(value) ? Redacted.value(value) : value)

/** The options of credentials that rotate. */
export interface RotatingOptions<E = never, R = never> {
  /** Loads the credentials. The deadline of the send ends it too; give it its own time-out if it can hang. */
  readonly load: Effect.Effect<CredentialsInput, E, R>
  /** How long loaded credentials are used; it may be infinite. Default: 5 minutes. */
  readonly timeToLive?: Duration.DurationInput | undefined
}

/**
 * Provides credentials that rotate, loaded by an effect.
 *
 * **Details**
 *
 * The credentials are loaded for the first send, and again once they are older than `timeToLive` or the service has
 * rejected them (401). Sends that need them at the same time share one load. After three rejections in a row, nothing is
 * sent with them, and sends load them again at a bounded rate.
 *
 * **Gotchas**
 *
 * If `load` fails or returns malformed credentials, the sends that wait for it fail with the reason
 * `CredentialsUnavailable`, and the next send loads again. Of the error of `load`, only the tag is shown, since it may
 * contain a secret.
 *
 * @example
 * ```ts
 * import { SentCredentials } from "@effect-sent/effect-3"
 * import { Effect, Redacted } from "effect"
 *
 * const fromVault = Effect.sync(() => ({
 *   senderId: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
 *   apiKey: Redacted.make("sk_live_1234"),
 * }))
 *
 * const CredentialsLive = SentCredentials.layerEffect({
 *   load: fromVault,
 *   timeToLive: "10 minutes",
 * })
 * ```
 */
export const layerEffect = <E, R>(
  options: RotatingOptions<E, R>,
): Layer.Layer<SentCredentials, SentError, R> =>
  Layer.effect(
    SentCredentials,
    Effect.flatMap(Effect.runtime<R>(), (runtime) => {
      const { load: given, ...rest }: RotatingOptions<E, R> = { ...options }
      const load = Effect.isEffect(given)
        ? () => runTask(runtime, Effect.map(given, plainInput))
        : { wrong: given as unknown }
      return Effect.map(
        call((host) => Facade.rotating({ ...plainFields(rest), load }, host)),
        fromFacade,
      )
    }),
  )
