/**
 * The client: sends a message, at most once, and reports what is known about it when a send fails.
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
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import { checkDuration, rejectInvalid } from "./internal/options.ts"
import { parseBaseUrl } from "./internal/send/baseUrl.ts"
import { makeBudget } from "./internal/send/budget.ts"
import { decodeOrExplain } from "./internal/send/explain.ts"
import {
  checkCircuitBreaker,
  type CircuitBreakerOptions,
} from "./internal/send/limits/circuitBreaker.ts"
import { makeLimits } from "./internal/send/limits/limits.ts"
import { checkRateLimit, type RateLimitOptions } from "./internal/send/limits/rateLimit.ts"
import { makeLockout } from "./internal/send/lockout.ts"
import * as Operation from "./internal/send/operation.ts"
import { makeProgress, type Progress } from "./internal/send/progress.ts"
import { checkBrowser, makeFetchOptions } from "./internal/send/runtime.ts"
import { type Line, send, type Sending } from "./internal/send/send.ts"
import * as Telemetry from "./internal/send/telemetry.ts"
import * as RetryPolicy from "./RetryPolicy.ts"
import type { Input, SendReceipt, SendToPhoneRequest } from "./SendToPhone.ts"
import * as SentCredentials from "./SentCredentials.ts"
import { InvalidRequest, SentError } from "./SentError.ts"

export type { CircuitBreakerOptions } from "./internal/send/limits/circuitBreaker.ts"
export type { RateLimitOptions } from "./internal/send/limits/rateLimit.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/** The options of a client. */
export interface Options {
  /**
   * The base URL of the API; it may have a path. Plain http is allowed for loopback addresses only. Default:
   * `https://api.sent.dm`.
   */
  readonly baseUrl?: string | URL | undefined
  /** How long the response to one request may take. Default: 30 seconds. */
  readonly timeout?: Duration.Input | undefined
  /**
   * How long a send may take in total, retries and waits included. Default: 2 minutes.
   *
   * A `Retry-After` beyond it fails the send at once. A request is not begun in the
   * last tenth of it (the last second, if that is shorter), since its message would be `unknown`. Unlike an `Effect.timeout` around the send, it keeps what is known of the message.
   */
  readonly deadline?: Duration.Input | undefined
  /**
   * Which failures are retried. Default: `RetryPolicy.notSent`, which never retries a message that may have been sent.
   */
  readonly retryPolicy?: RetryPolicy.RetryPolicy | undefined
  /**
   * How many requests may be sent in a period of time; other requests wait their turn, in order. Default: no limit.
   *
   * The count is kept in memory, or in the `RateLimiterStore` of `effect/persistence/RateLimiter` if the layer is
   * provided with one: with `RateLimiter.layerStoreRedis`, several machines share one limit.
   */
  readonly rateLimit?: RateLimitOptions | undefined
  /**
   * Stops sending for a while after repeated failures of the service, and fails with `CircuitOpen` instead. Default: no
   * circuit breaker; `{}` is one with default options.
   *
   * The state is kept in memory, or in the `CircuitBreakerStore` of `effect/persistence/CircuitBreaker` if the layer is
   * provided with one.
   */
  readonly circuitBreaker?: CircuitBreakerOptions | undefined
  /**
   * Allows a client where there is a global `document`. Default: false, and the layer fails there.
   *
   * On a page, everyone can read the API key, and browsers repeat requests by themselves: a message may be sent twice.
   * Set it only for tests in an environment with a DOM, such as jsdom.
   */
  readonly dangerouslyAllowBrowser?: boolean | undefined
}

/** The options of one send. They take precedence over the options of the client. */
export interface SendOptions {
  /** How long the response to one request may take. Default: the client's. */
  readonly timeout?: Duration.Input | undefined
  /** How long the send may take in total. Default: the client's. */
  readonly deadline?: Duration.Input | undefined
  /** Which failures are retried. Default: the policy of {@link withRetryPolicy}, and then the client's. */
  readonly retryPolicy?: RetryPolicy.RetryPolicy | undefined
}

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
  const {
    circuitBreaker,
    deadline = defaultDeadline,
    rateLimit,
    timeout = defaultTimeout,
  } = options
  const baseUrl = yield* parseBaseUrl(options.baseUrl ?? defaultBaseUrl)
  yield* rejectInvalid([
    ...checkDuration(timeout, "timeout"),
    ...checkDuration(deadline, "deadline"),
    ...checkRateLimit(rateLimit),
    ...checkCircuitBreaker(circuitBreaker),
    ...checkBrowser(options.dangerouslyAllowBrowser),
  ])
  const line: Line = {
    client: yield* HttpClient.HttpClient,
    fetchOptions: yield* makeFetchOptions,
    baseUrl,
    credentials: yield* SentCredentials.SentCredentials,
    budget: makeBudget(),
    lockout: makeLockout(),
    limits: yield* makeLimits({ host: baseUrl.host, rateLimit, circuitBreaker }),
    warnOfRepeats: Telemetry.makeWarnOfRepeats(),
  }

  const sendOnce = Effect.fnUntraced(function* (
    progress: Progress,
    input: Input,
    sendOptions: SendOptions = {},
  ) {
    const request = yield* decodeInput(input)
    yield* rejectInvalid([
      ...checkDuration(sendOptions.timeout, "timeout"),
      ...checkDuration(sendOptions.deadline, "deadline"),
    ])
    const policy =
      sendOptions.retryPolicy ??
      (yield* RetryPolicy.CurrentRetryPolicy) ??
      options.retryPolicy ??
      RetryPolicy.notSent
    const sending: Sending<SendToPhoneRequest> = {
      operation: Operation.sendToPhone,
      request,
      timeout: Duration.fromInputUnsafe(sendOptions.timeout ?? timeout),
      deadline: Duration.fromInputUnsafe(sendOptions.deadline ?? deadline),
      policy,
    }
    return yield* send(line, sending, progress)
  })

  return SentClient.of({
    sendToPhone: Effect.fn("SentClient.sendToPhone")((input, sendOptions) => {
      const progress = makeProgress()
      return Telemetry.send(sendOnce(progress, input, sendOptions), progress)
    }),
  })
})

const defaultBaseUrl = "https://api.sent.dm"

const defaultTimeout = Duration.seconds(30)

const defaultDeadline = Duration.minutes(2)

const decodeInput = (input: Input): Effect.Effect<SendToPhoneRequest, SentError> =>
  Effect.mapError(
    decodeRequest(withoutUndefined(input)),
    (issues) => new SentError({ reason: new InvalidRequest({ issues }), attempts: 0 }),
  )

const decodeRequest = decodeOrExplain(Operation.sendToPhone.request)

// `{ webhookUrl: undefined }` means an absent field, as it does in JSON. The input is unknown here: not every caller is
// checked by TypeScript.
const withoutUndefined = (input: unknown): unknown =>
  Predicate.isObject(input) && !Array.isArray(input)
    ? Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
    : input

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
 * Provides a client whose options are values or `Config`s. Without a `baseUrl`, `SENT_BASE_URL` is read, if it is set.
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
      return layer({
        baseUrl: yield* read(
          options.baseUrl ?? Config.withDefault(Config.String("SENT_BASE_URL"), undefined),
        ),
        timeout: yield* read(options.timeout),
        deadline: yield* read(options.deadline),
        retryPolicy: yield* read(options.retryPolicy),
        rateLimit: yield* read(options.rateLimit),
        circuitBreaker: yield* read(options.circuitBreaker),
        dangerouslyAllowBrowser: yield* read(options.dangerouslyAllowBrowser),
      })
    }),
  )

const read = <A>(option: A | Config.Config<A>): Effect.Effect<A, Config.ConfigError> =>
  Config.isConfig(option) ? option : Effect.succeed(option)

/**
 * Provides a client that is configured by the environment and sends with `fetch`: `SENT_SENDER_ID`, `SENT_API_KEY` and,
 * optionally, `SENT_BASE_URL`.
 */
export const layerEnv: Layer.Layer<SentClient, Config.ConfigError | SentError> = layerConfig().pipe(
  Layer.provide(SentCredentials.layerConfig()),
  Layer.provide(FetchHttpClient.layer),
)
