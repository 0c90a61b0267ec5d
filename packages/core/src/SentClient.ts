/**
 * The client: `sendToPhone` puts one message on the wire, at most once, and says truthfully what is known
 * when it fails.
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import { attempt } from "./internal/attempt.ts"
import { endpointOf } from "./internal/baseUrl.ts"
import { decodeOrExplain } from "./internal/explain.ts"
import { type SendReceipt, type SendToPhoneInput, SendToPhoneRequest } from "./SendToPhone.ts"
import * as SentCredentials from "./SentCredentials.ts"
import { InvalidRequest, SentError } from "./SentError.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/**
 * The options of a client.
 *
 * @example
 * ```ts
 * import type { SentClient } from "@effect-sent/core"
 *
 * const options: SentClient.Options = { baseUrl: "http://localhost:4010", timeout: "10 seconds" }
 * ```
 */
export interface Options {
  /**
   * Where the API is. Must be https, but for loopback; may have a path. Default: `https://api.sent.dm`.
   */
  readonly baseUrl?: string | URL | undefined
  /** How long an answer may take. Default: 30 seconds. */
  readonly timeout?: Duration.Input | undefined
}

/**
 * The options of one send; they go before the client's.
 *
 * @example
 * ```ts
 * import type { SentClient } from "@effect-sent/core"
 *
 * const options: SentClient.SendOptions = { timeout: "5 seconds" }
 * ```
 */
export interface SendOptions {
  /** How long the answer may take. Default: the client's. */
  readonly timeout?: Duration.Input | undefined
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * Sends messages.
 *
 * @example
 * ```ts
 * import { SentClient } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const sent = yield* SentClient.SentClient
 *   return yield* sent.sendToPhone({
 *     phoneNumber: "+1234567890",
 *     templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 *     messageBody: { name: "John Doe", order_id: "12345" },
 *   })
 * })
 *
 * await program.pipe(Effect.provide(SentClient.layerEnv), Effect.runPromise)
 * ```
 */
export class SentClient extends Context.Service<
  SentClient,
  {
    /**
     * Sends one message to a phone number. It succeeds only when the service has accepted the message, and
     * fails with a `SentError` whose `delivery` says whether the service may have accepted it all the same.
     */
    readonly sendToPhone: (
      input: SendToPhoneInput,
      options?: SendOptions,
    ) => Effect.Effect<SendReceipt, SentError>
  }
>()("@effect-sent/core/SentClient") {}

/**
 * Sends one message with the client in the context: `SentClient.sendToPhone` without asking for the service
 * first.
 *
 * @example
 * ```ts
 * import { SentClient } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const receipt = await SentClient.sendToPhone({
 *   phoneNumber: "+1234567890",
 *   templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 * }).pipe(Effect.provide(SentClient.layerEnv), Effect.runPromise)
 * console.assert(receipt.status === 204)
 * ```
 */
export const sendToPhone = (
  input: SendToPhoneInput,
  options?: SendOptions,
): Effect.Effect<SendReceipt, SentError, SentClient> =>
  SentClient.use((client) => client.sendToPhone(input, options))

// -----------------------------------------------------------------------------
// Construction
// -----------------------------------------------------------------------------

/**
 * Makes a client from the `HttpClient` and the `SentCredentials` in the context. Fails with the reason
 * `InvalidRequest` when the base URL is not one that credentials may be sent to.
 *
 * @example
 * ```ts
 * import { SentClient, SentCredentials } from "@effect-sent/core"
 * import { Effect } from "effect"
 * import { FetchHttpClient } from "effect/http"
 *
 * const error = await SentClient.make({ baseUrl: "http://api.sent.dm" }).pipe(
 *   Effect.flip,
 *   Effect.provide([SentCredentials.layerConfig(), FetchHttpClient.layer]),
 *   Effect.runPromise,
 * )
 * console.assert(error._tag === "SentError")
 * ```
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {},
): Effect.fn.Return<
  SentClient["Service"],
  SentError,
  HttpClient.HttpClient | SentCredentials.SentCredentials
> {
  const client = yield* HttpClient.HttpClient
  const credentials = yield* SentCredentials.SentCredentials
  const endpoint = yield* endpointOf(options.baseUrl ?? defaultBaseUrl)

  return SentClient.of({
    sendToPhone: Effect.fn("SentClient.sendToPhone")(function* (input, sendOptions) {
      const request = yield* validate(input)
      const accepted = yield* attempt({
        client,
        endpoint,
        request,
        credentials: yield* credentials.get,
        timeout: Duration.fromInputUnsafe(
          sendOptions?.timeout ?? options.timeout ?? defaultTimeout,
        ),
      }).pipe(Effect.mapError((reason) => new SentError({ reason, attempts: 1 })))
      return { ...accepted, attempts: 1 }
    }),
  })
})

const defaultBaseUrl = "https://api.sent.dm"

const defaultTimeout: Duration.Input = "30 seconds"

const validate = (input: SendToPhoneInput): Effect.Effect<SendToPhoneRequest, SentError> =>
  Effect.mapError(
    decodeRequest(withoutUndefined(input)),
    (issues) => new SentError({ reason: new InvalidRequest({ issues }), attempts: 0 }),
  )

const decodeRequest = decodeOrExplain(SendToPhoneRequest)

// `{ webhookUrl: undefined }` means a field that is not there, as JSON has it. The input is unknown here: not
// every caller is checked by TypeScript.
const withoutUndefined = (input: unknown): unknown =>
  Predicate.isObject(input) && !Array.isArray(input)
    ? Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
    : input

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * A client, from the `HttpClient` and the `SentCredentials` of your choice.
 *
 * `FetchHttpClient.layer` runs anywhere; on Node, `NodeHttpClient.layerUndici` is fastest. To give `fetch`
 * options of your own, provide `FetchHttpClient.RequestInit` to the program that sends; `redirect` stays
 * `manual`, since a redirect would take the credentials along.
 *
 * @example
 * ```ts
 * import { SentClient, SentCredentials } from "@effect-sent/core"
 * import { NodeHttpClient } from "@effect/platform-node"
 * import { Layer } from "effect"
 *
 * const SentLive = SentClient.layer({ timeout: "10 seconds" }).pipe(
 *   Layer.provide(SentCredentials.layerConfig()),
 *   Layer.provide(NodeHttpClient.layerUndici),
 * )
 * ```
 */
export const layer = (
  options?: Options,
): Layer.Layer<SentClient, SentError, HttpClient.HttpClient | SentCredentials.SentCredentials> =>
  Layer.effect(SentClient, make(options))

/**
 * A client whose options come from the configuration: each may be a value or a `Config` of it. The base URL
 * is read from `SENT_BASE_URL`, where that is set, unless it is given.
 *
 * @example
 * ```ts
 * import { SentClient } from "@effect-sent/core"
 * import { Config } from "effect"
 *
 * const SentLive = SentClient.layerConfig({ timeout: Config.Duration("SENT_TIMEOUT") })
 * ```
 */
export const layerConfig = (
  options: { readonly [K in keyof Options]?: Options[K] | Config.Config<Options[K]> } = {},
): Layer.Layer<
  SentClient,
  Config.ConfigError | SentError,
  HttpClient.HttpClient | SentCredentials.SentCredentials
> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const baseUrl =
        options.baseUrl ?? Config.withDefault(Config.String("SENT_BASE_URL"), undefined)
      return layer({
        baseUrl: Config.isConfig(baseUrl) ? yield* baseUrl : baseUrl,
        timeout: Config.isConfig(options.timeout) ? yield* options.timeout : options.timeout,
      })
    }),
  )

/**
 * Everything from the environment, over `fetch`: `SENT_SENDER_ID`, `SENT_API_KEY` and, where the API is
 * elsewhere, `SENT_BASE_URL`.
 *
 * @example
 * ```ts
 * import { SentClient } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * await SentClient.sendToPhone({
 *   phoneNumber: "+1234567890",
 *   templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 * }).pipe(Effect.provide(SentClient.layerEnv), Effect.runPromise)
 * ```
 */
export const layerEnv: Layer.Layer<SentClient, Config.ConfigError | SentError> = layerConfig().pipe(
  Layer.provide(SentCredentials.layerConfig()),
  Layer.provide(FetchHttpClient.layer),
)
