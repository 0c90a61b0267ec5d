/**
 * Sends a message, at most once, and reports what is known about it when a send fails.
 *
 * @example
 * ```ts
 * import { SentClient } from "@effect-sent/effect-3"
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
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Facade from "@effect-sent/facade/Sending"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { call } from "./internal/bridge/calls.ts"
import { type Configured, readOptions, readVariables } from "./internal/config.ts"
import { toFacade } from "./internal/bridge/credentials.ts"
import { errorOf } from "./internal/bridge/errors.ts"
import { SendingHost } from "./internal/bridge/host.ts"
import { corePolicy, plainOptions } from "./internal/bridge/options.ts"
import { fromTask } from "./internal/bridge/run.ts"
import * as RetryPolicy from "./RetryPolicy.ts"
import type { Input, SendReceipt } from "./SendToPhone.ts"
import * as SentCredentials from "./SentCredentials.ts"
import type { SentError } from "./SentError.ts"

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/** The options of one send. They take precedence over the options of the client. */
export interface SendOptions {
  /** How long the response to one request may take. Default: the client's. */
  readonly timeout?: Duration.DurationInput | undefined
  /** How long the send may take in total. Default: the client's. */
  readonly deadline?: Duration.DurationInput | undefined
  /** Which failures are retried. Default: the policy of {@link withRetryPolicy}, and then the client's. */
  readonly retryPolicy?: RetryPolicy.RetryPolicy | undefined
}

/** The options of a client. */
export interface Options {
  /**
   * The base URL of the API, without `/v1`; it may have a path. Plain http is allowed for loopback addresses only, unless
   * `allowPlainHttp` is set. Default: `https://api.sent.dm`.
   */
  readonly baseUrl?: string | URL | undefined
  /**
   * Allows plain http to other hosts than this machine, for example to a mock in a container. Default: false, and the layer
   * fails.
   *
   * Everyone on the network can then read the API key and the messages, and a warning is logged when the layer is built.
   */
  readonly allowPlainHttp?: boolean | undefined
  /** How long the response to one request may take. Default: 30 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * How long a send may take in total, retries and waits included. Default: 2 minutes.
   *
   * A `Retry-After` beyond it fails the send at once. Unlike an `Effect.timeout` around the send, it keeps what is known of the
   * message.
   */
  readonly deadline?: Duration.DurationInput | undefined
  /**
   * Which failures are retried. Default: `RetryPolicy.notSent`, which never retries a message that may have been sent.
   */
  readonly retryPolicy?: RetryPolicy.RetryPolicy | undefined
  /**
   * Allows a client where there is a global `document`. Default: false, and the layer fails there.
   *
   * On a page, everyone can read the API key, and browsers repeat requests by themselves: a message may be sent twice.
   */
  readonly dangerouslyAllowBrowser?: boolean | undefined
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/** What sends messages. */
export interface SentClientService {
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
}

/** The service that sends messages. */
export class SentClient extends Context.Tag("@effect-sent/effect-3/SentClient")<
  SentClient,
  SentClientService
>() {}

/**
 * Sends one message with the client in the context.
 *
 * @example
 * ```ts
 * import { SentClient } from "@effect-sent/effect-3"
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
  Effect.flatMap(SentClient, (client) => client.sendToPhone(input, options))

/**
 * Sets the retry policy of every send in an effect. It takes precedence over the client's; the policy of a single send
 * takes precedence over both.
 *
 * @example
 * ```ts
 * import { RetryPolicy, SentClient } from "@effect-sent/effect-3"
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
 * import { FetchHttpClient } from "@effect/platform"
 * import { SentClient, SentCredentials } from "@effect-sent/effect-3"
 * import { Effect } from "effect"
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
export const make = (
  options: Options = {},
): Effect.Effect<
  SentClientService,
  SentError,
  HttpClient.HttpClient | SentCredentials.SentCredentials | Scope.Scope
> => makeWith(options)

const makeWith = Effect.fnUntraced(function* (
  options: unknown,
  variables?: Readonly<Record<string, string | undefined>>,
) {
  const httpClient = yield* HttpClient.HttpClient
  const credentials = toFacade(yield* SentCredentials.SentCredentials)
  const client = yield* Effect.acquireRelease(
    call((host) =>
      Facade.makeClient({ options: plainOptions(options), credentials, variables }, host),
    ),
    ({ close }) => fromTask(close, (never) => never),
  )
  return SentClient.of({
    sendToPhone: (input, sendOptions) =>
      Effect.withFiberRuntime((fiber) => {
        const policy = Context.get(fiber.currentContext, RetryPolicy.CurrentRetryPolicy)
        return Effect.map(
          fromTask(
            client.send(
              input,
              sendOptions === undefined ? undefined : plainOptions(sendOptions),
              policy === undefined ? undefined : corePolicy(policy),
              new SendingHost(fiber, httpClient),
            ),
            errorOf,
          ),
          ({ acceptedAt, attempts, status }) => ({
            acceptedAt: DateTime.unsafeMake(acceptedAt),
            status,
            attempts,
          }),
        )
      }),
  })
})

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
 * **Gotchas**
 *
 * Provide the layer once, not for each send. All sends of a layer share the count of rejected keys and the retry budget; with a
 * layer for each send, neither has an effect.
 *
 * `redirect` in `RequestInit` is always `manual`, since a redirect would take the credentials to another server.
 *
 * Do not put `retry`, `retryTransient` or `followRedirects` on the `HttpClient`: a request that it repeats can be a second
 * message. The second request is refused where that is seen, and the send fails with `RequestRepeated`, `unknown`. Use a
 * `RetryPolicy`.
 *
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { SentClient, SentCredentials } from "@effect-sent/effect-3"
 * import { Layer } from "effect"
 *
 * const SentLive = SentClient.layer({ timeout: "10 seconds" }).pipe(
 *   Layer.provide(SentCredentials.layerConfig()),
 *   Layer.provide(FetchHttpClient.layer),
 * )
 * ```
 */
export const layer = (
  options?: Options,
): Layer.Layer<SentClient, SentError, HttpClient.HttpClient | SentCredentials.SentCredentials> =>
  Layer.scoped(SentClient, make(options))

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
 * import { SentClient } from "@effect-sent/effect-3"
 * import { Config } from "effect"
 *
 * const SentLive = SentClient.layerConfig({ timeout: Config.duration("SENT_TIMEOUT") })
 * ```
 */
export const layerConfig = (
  options: Configured<Options> = {},
): Layer.Layer<
  SentClient,
  ConfigError.ConfigError | SentError,
  HttpClient.HttpClient | SentCredentials.SentCredentials
> =>
  Layer.scoped(
    SentClient,
    Effect.gen(function* () {
      const given = yield* readOptions(options)
      const variables = yield* readVariables("SENT_BASE_URL", "SENT_ALLOW_PLAIN_HTTP")
      return yield* makeWith(given, variables)
    }),
  )

/**
 * Provides a client that is configured by the environment and sends with `fetch`: `SENT_SENDER_ID`, `SENT_API_KEY` and,
 * optionally, `SENT_BASE_URL`.
 */
export const layerEnv: Layer.Layer<SentClient, ConfigError.ConfigError | SentError> =
  /* @__PURE__ */ Layer.suspend(() =>
    layerConfig().pipe(
      Layer.provide(SentCredentials.layerConfig()),
      Layer.provide(FetchHttpClient.layer),
    ),
  )
