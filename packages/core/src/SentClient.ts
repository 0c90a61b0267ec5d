/**
 * The client of v1: sends a message, at most once, and reports what is known about it when a send fails.
 * `SentMessages.layerSentClient` provides the same service over v3.
 *
 * @example
 * ```ts
 * import { SentClient } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const client = yield* SentClient.SentClient
 *   return yield* client.sendToPhone({
 *     phoneNumber: "+1234567890",
 *     templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 *     messageBody: { name: "John Doe", order_id: "12345" },
 *   })
 * })
 *
 * const receipt = await program.pipe(Effect.provide(SentClient.layerEnv), Effect.runPromise)
 * console.assert(receipt.status === 204)
 * ```
 */
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Configured } from "./internal/environment.ts"
import * as Kind from "./internal/options.ts"
import { clientKinds, makeClient, type Options, readClientOptions } from "./internal/send/client.ts"
import { readInput } from "./internal/send/input.ts"
import * as Operation from "./internal/send/operation.ts"
import { Progress } from "./internal/send/progress.ts"
import type { SendOptions } from "./internal/send/sendOptions.ts"
import * as Telemetry from "./internal/send/telemetry.ts"
import * as RetryPolicy from "./RetryPolicy.ts"
import type { Input, SendReceipt } from "./SendToPhone.ts"
import * as SentCredentials from "./SentCredentials.ts"
import type { SentError } from "./SentError.ts"

export type { Options } from "./internal/send/client.ts"
export { readInput } from "./internal/send/input.ts"
export type { SendOptions, UsedKey } from "./internal/send/sendOptions.ts"

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/** The service that sends messages. */
export class SentClient extends Context.Service<
  SentClient,
  {
    /**
     * Sends one message to a phone number.
     *
     * Succeeds only if the service has accepted the message. Fails with a `SentError` otherwise, whose `delivery` says
     * whether the service may have accepted it nevertheless.
     */
    readonly sendToPhone: (
      input: Input,
      options?: SendOptions,
    ) => Effect.Effect<SendReceipt, SentError>
    /**
     * How long an idempotency key is relied upon, from its first use, to repeat a message that may have been sent. Absent over
     * v1, and if the retry policy of the layer repeats none.
     */
    readonly keyLifetime?: Duration.Duration | undefined
    /**
     * Where updates go: to the `webhookUrl` of the message (`message`, over v1 and by default), or to the webhooks of the account,
     * where they name the message by its id (`account`, over v3).
     */
    readonly updatesTo?: "message" | "account" | undefined
  }
>()("@effect-sent/core/SentClient") {}

/**
 * Sends one message with the client in the context.
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
  input: Input,
  options?: SendOptions,
): Effect.Effect<SendReceipt, SentError, SentClient> =>
  SentClient.use((client) => client.sendToPhone(input, options))

/**
 * Sets the retry policy of every send in an effect. It takes precedence over the client's; the policy of a single send
 * takes precedence over both.
 *
 * @example
 * ```ts
 * import { RetryPolicy, SentClient } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const message = { phoneNumber: "+1234567890", templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8" }
 * const both = Effect.all([SentClient.sendToPhone(message), SentClient.sendToPhone(message)])
 *
 * await both.pipe(
 *   SentClient.withRetryPolicy(RetryPolicy.none),
 *   Effect.provide(SentClient.layerEnv),
 *   Effect.runPromise,
 * )
 * ```
 */
export const withRetryPolicy =
  (policy: RetryPolicy.RetryPolicy) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.provideService(effect, RetryPolicy.CurrentRetryPolicy, policy)

// -----------------------------------------------------------------------------
// Construction
// -----------------------------------------------------------------------------

/**
 * Makes a client from the `HttpClient` and the `SentCredentials` in the context.
 *
 * Fails with the reason `InvalidOptions` if an option is invalid, or if credentials must not be sent to the base URL.
 *
 * @example
 * ```ts
 * import { SentClient, SentCredentials } from "@effect-sent/core"
 * import { Effect } from "effect"
 * import { FetchHttpClient } from "effect/http"
 *
 * const error = await SentClient.make({ baseUrl: "http://api.sent.dm" }).pipe(
 *   Effect.flip,
 *   Effect.scoped,
 *   Effect.provide([SentCredentials.layerConfig(), FetchHttpClient.layer]),
 *   Effect.runPromise,
 * )
 * console.assert(error._tag === "SentError" && error.reason._tag === "InvalidOptions")
 * ```
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {},
): Effect.fn.Return<
  SentClient["Service"],
  SentError,
  HttpClient.HttpClient | SentCredentials.SentCredentials | Scope.Scope
> {
  yield* Kind.checkOptions(clientOptions, options)
  const client = yield* makeClient(
    options,
    RetryPolicy.notSent,
    (credentials) => credentials.issuesForV1 ?? [],
  )
  const sendOne = client(Operation.sendToPhone)

  return SentClient.of({
    sendToPhone: Telemetry.inSpan("SentClient.sendToPhone", (input, sendOptions) =>
      Effect.suspend(() => {
        const progress = new Progress()
        return Telemetry.send(
          Effect.flatMap(readInput(input), (request) => sendOne(request, progress, sendOptions)),
          progress,
        )
      }),
    ),
  })
})

const clientOptions: Kind.Kind = Kind.struct<Options>(clientKinds)

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * Provides a client that sends with the `HttpClient` and the `SentCredentials` of your choice.
 *
 * **Details**
 *
 * `FetchHttpClient.layer` runs on every runtime with `fetch`. On Node, `NodeHttpClient.layerUndici` is the fastest. To
 * pass options to `fetch`, provide `FetchHttpClient.RequestInit` to the program that sends.
 *
 * The provider locks a key after ten failed authentications in a row. Until a response proves that a key is valid, and
 * again after a 401, the client sends three requests at a time with it, and other sends wait for their place. A wrong key
 * is sent three times; after that, sends fail with `CredentialsUnavailable` until the key changes.
 *
 * **Gotchas**
 *
 * Provide the layer once, not for each send. All sends of a layer share the count of rejected keys, the retry budget, the
 * rate limit and the circuit breaker; with a layer for each send, none of them has an effect.
 *
 * `redirect` in `RequestInit` is always `manual`, since a redirect would take the credentials to another server.
 *
 * Do not put `retry`, `retryTransient` or `followRedirects` on the `HttpClient`: a request that it repeats can be a second
 * message. The second request is refused where that is seen, and the send fails with `RequestRepeated`, `unknown`. Use a
 * `RetryPolicy`.
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
 * Provides a client whose options are values or `Config`s.
 *
 * **Details**
 *
 * Without a `baseUrl`, `SENT_BASE_URL` is read, and without `allowPlainHttp`, `SENT_ALLOW_PLAIN_HTTP` (`true` or `false`);
 * both may be absent.
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
  options: Configured<Options> = {},
): Layer.Layer<
  SentClient,
  Config.ConfigError | SentError,
  HttpClient.HttpClient | SentCredentials.SentCredentials
> =>
  Layer.unwrap(
    Effect.map(
      readClientOptions<Options>(options, (given) => Kind.checkOptions(clientOptions, given)),
      layer,
    ),
  )

/**
 * Provides a client that is configured by the environment and sends with `fetch`: `SENT_SENDER_ID`, `SENT_API_KEY` and,
 * optionally, `SENT_BASE_URL`.
 */
export const layerEnv: Layer.Layer<SentClient, Config.ConfigError | SentError> =
  /* @__PURE__ */ Layer.suspend(() =>
    layerConfig().pipe(
      Layer.provide(SentCredentials.layerConfig()),
      Layer.provide(FetchHttpClient.layer),
    ),
  )
