/**
 * The two credentials of the API, `x-sender-id` and `x-api-key`, and where they come from.
 */
import type * as Brand from "effect/Brand"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { guid } from "./internal/guid.ts"
import { decodeOrExplain } from "./internal/send/explain.ts"
import { checkDuration, rejectInvalid } from "./internal/options.ts"
import { CredentialsUnavailable, SentError } from "./SentError.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/**
 * The GUID of the sender, the value of `x-sender-id`.
 *
 * Source: the API page's header parameter `x-sender-id` (format `guid`).
 *
 * @example
 * ```ts
 * import { SentCredentials } from "@effect-sent/core"
 *
 * const senderId = SentCredentials.SenderId.make("3f2504e0-4f89-41d3-9a0c-0305e82c3301")
 * ```
 */
export const SenderId: Schema.brand<Schema.String, "SenderId"> = Schema.String.check(
  Schema.isPattern(guid, { message: "must be a GUID, e.g. 3f2504e0-4f89-41d3-9a0c-0305e82c3301" }),
).pipe(Schema.brand("SenderId"))

/** A string that {@link SenderId} accepted. */
export type SenderId = string & Brand.Brand<"SenderId">

/**
 * The value of `x-api-key`: visible ASCII characters. A line break or a space, as a file or a copied line
 * often ends with, is refused: it cannot be in a header, and runtimes print the header when they say so.
 *
 * @example
 * ```ts
 * import { SentCredentials } from "@effect-sent/core"
 * import { Schema } from "effect"
 *
 * console.assert(!Schema.is(SentCredentials.ApiKey)("sk_live_1234\n"))
 * ```
 */
export const ApiKey: Schema.brand<Schema.String, "ApiKey"> = Schema.String.check(
  Schema.isPattern(/^[\x21-\x7E]+$/u, {
    message: "must be visible ASCII characters, without spaces or line breaks, and not be empty",
  }),
).pipe(Schema.brand("ApiKey"))

/** A string that {@link ApiKey} accepted. */
export type ApiKey = string & Brand.Brand<"ApiKey">

/**
 * What a request is authenticated with. Both are `Redacted`: they print as `<redacted>`.
 *
 * @example
 * ```ts
 * import { SentCredentials } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const credentials = await SentCredentials.make({
 *   senderId: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
 *   apiKey: "sk_live_1234",
 * }).pipe(Effect.runPromise)
 * console.assert(!JSON.stringify(credentials).includes("sk_live"))
 * ```
 */
export interface Credentials {
  readonly senderId: Redacted.Redacted<SenderId>
  readonly apiKey: Redacted.Redacted<ApiKey>
}

/**
 * Credentials as people hold them: plain, or already `Redacted`.
 *
 * @example
 * ```ts
 * import type { SentCredentials } from "@effect-sent/core"
 * import { Redacted } from "effect"
 *
 * const input: SentCredentials.CredentialsInput = {
 *   senderId: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
 *   apiKey: Redacted.make("sk_live_1234"),
 * }
 * ```
 */
export interface CredentialsInput {
  readonly senderId: string | Redacted.Redacted<string>
  readonly apiKey: string | Redacted.Redacted<string>
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * Where the client gets the credentials from. It asks for every send, so an implementation may rotate them.
 *
 * @example
 * ```ts
 * import { SentClient, SentCredentials } from "@effect-sent/core"
 * import { Effect, Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 *
 * const SentLive = SentClient.layer().pipe(
 *   Layer.provide(SentCredentials.layerConfig()),
 *   Layer.provide(FetchHttpClient.layer),
 * )
 * ```
 */
export class SentCredentials extends Context.Service<
  SentCredentials,
  {
    /** The credentials for the next request. Fails with the reason `CredentialsUnavailable`. */
    readonly get: Effect.Effect<Credentials, SentError>
    /**
     * Tells that the service refused these: what is remembered of them is forgotten, and the next `get` looks again.
     * Absent where there is nothing to look at again.
     */
    readonly invalidate?: ((refused: Credentials) => Effect.Effect<void>) | undefined
  }
>()("@effect-sent/core/SentCredentials") {}

// -----------------------------------------------------------------------------
// Construction
// -----------------------------------------------------------------------------

const decodeCredentials = decodeOrExplain(Schema.Struct({ senderId: SenderId, apiKey: ApiKey }))

const reveal = (value: unknown): unknown =>
  Redacted.isRedacted(value) ? Redacted.value(value) : value

/**
 * Checks credentials. Fails with the reason `CredentialsUnavailable`, which says what is malformed without
 * its value.
 *
 * @example
 * ```ts
 * import { SentCredentials } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const error = await SentCredentials.make({ senderId: "me", apiKey: "sk_live_1234" }).pipe(
 *   Effect.flip,
 *   Effect.runPromise,
 * )
 * console.assert(error.message.includes("senderId must be a GUID"))
 * ```
 */
export const make: (input: CredentialsInput) => Effect.Effect<Credentials, SentError> =
  Effect.fnUntraced(function* (input) {
    const plain = yield* Effect.mapError(
      decodeCredentials({ senderId: reveal(input.senderId), apiKey: reveal(input.apiKey) }),
      (issues) =>
        unavailable(issues.map(({ path, message }) => `${path.join(".")} ${message}`).join("; ")),
    )
    return {
      senderId: Redacted.make(plain.senderId, { label: "x-sender-id" }),
      apiKey: Redacted.make(plain.apiKey, { label: "x-api-key" }),
    }
  })

const unavailable = (description: string): SentError =>
  new SentError({ reason: new CredentialsUnavailable({ description }), attempts: 0 })

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * Credentials that stay the same. Malformed ones fail the layer, so that a program does not start with them.
 *
 * @example
 * ```ts
 * import { SentCredentials } from "@effect-sent/core"
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
    Effect.map(make(input), (credentials) => ({ get: Effect.succeed(credentials) })),
  )

/**
 * Credentials from the configuration: by default `SENT_SENDER_ID` and `SENT_API_KEY`. A missing one fails the
 * layer with a `ConfigError`, a malformed one with a `SentError`.
 *
 * @example
 * ```ts
 * import { SentCredentials } from "@effect-sent/core"
 * import { Config } from "effect"
 *
 * const FromEnvironment = SentCredentials.layerConfig()
 * const ForMarketing = SentCredentials.layerConfig({
 *   senderId: Config.Redacted("MARKETING_SENDER_ID"),
 *   apiKey: Config.Redacted("MARKETING_API_KEY"),
 * })
 * ```
 */
export const layerConfig = (options?: {
  /** Default: `Config.Redacted("SENT_SENDER_ID")`. */
  readonly senderId?: Config.Config<string | Redacted.Redacted<string>> | undefined
  /** Default: `Config.Redacted("SENT_API_KEY")`. */
  readonly apiKey?: Config.Config<string | Redacted.Redacted<string>> | undefined
}): Layer.Layer<SentCredentials, Config.ConfigError | SentError> =>
  Layer.unwrap(
    Effect.map(
      Config.all({
        senderId: options?.senderId ?? Config.Redacted("SENT_SENDER_ID"),
        apiKey: options?.apiKey ?? Config.Redacted("SENT_API_KEY"),
      }),
      layer,
    ),
  )

/**
 * Credentials that rotate, from wherever they are kept. They are loaded with the first send, once however many sends
 * wait for them, and again when they are older than `timeToLive` or when the service has refused them (401).
 *
 * A `load` that fails, or gives something malformed, is the reason `CredentialsUnavailable` for the sends that waited
 * for it and is not remembered. Its own error is not shown, but for its tag, since it may hold a secret.
 *
 * @example
 * ```ts
 * import { SentCredentials } from "@effect-sent/core"
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
export const layerEffect = <E, R>(options: {
  /** Gets the credentials. Give it a time-out of its own if it can hang; the deadline of a send ends it, too. */
  readonly load: Effect.Effect<CredentialsInput, E, R>
  /** How long they are good for. Default: 5 minutes. */
  readonly timeToLive?: Duration.Input | undefined
}): Layer.Layer<SentCredentials, SentError, R> =>
  Layer.effect(SentCredentials, makeRotating(options))

const makeRotating = Effect.fnUntraced(function* <E, R>({
  load,
  timeToLive = "5 minutes",
}: Parameters<typeof layerEffect<E, R>>[0]) {
  yield* rejectInvalid(checkDuration(timeToLive, "timeToLive"))
  const lifetime = Duration.fromInputUnsafe(timeToLive)
  const context = yield* Effect.context<R>()
  // Held weakly: only what a send still has in hand can be refused again.
  const refusedBefore = new WeakSet<Credentials>()
  const [get, forget] = yield* load.pipe(
    Effect.mapError((error) => unavailable(`they could not be loaded${tagOf(error)}`)),
    Effect.flatMap(make),
    Effect.provide(context),
    Effect.cachedInvalidateWithTTL((exit) => (Exit.isSuccess(exit) ? lifetime : Duration.zero)),
  )
  return SentCredentials.of({
    get,
    invalidate: (refused) =>
      Effect.suspend(() => {
        // Of many sends that were refused together, the first makes it look again.
        if (refusedBefore.has(refused)) return Effect.void
        refusedBefore.add(refused)
        return forget
      }),
  })
})

const tagOf = (error: unknown): string =>
  Predicate.hasProperty(error, "_tag") && Predicate.isString(error._tag) ? ` (${error._tag})` : ""
