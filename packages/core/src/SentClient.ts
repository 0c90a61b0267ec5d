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
import type * as Scope from "effect/Scope"
import { endpointOf } from "./internal/send/baseUrl.ts"
import { makeBudget } from "./internal/send/budget.ts"
import { decodeOrExplain } from "./internal/send/explain.ts"
import {
  checkCircuitBreaker,
  type CircuitBreakerOptions,
} from "./internal/send/limits/circuitBreaker.ts"
import { makeLimits } from "./internal/send/limits/limits.ts"
import { checkRateLimit, type RateLimitOptions } from "./internal/send/limits/rateLimit.ts"
import { makeLockout } from "./internal/send/lockout.ts"
import { checkDuration, rejectInvalid } from "./internal/options.ts"
import { type Line, send } from "./internal/send/send.ts"
import * as Telemetry from "./internal/send/telemetry.ts"
import * as RetryPolicy from "./RetryPolicy.ts"
import { type SendReceipt, type SendToPhoneInput, SendToPhoneRequest } from "./SendToPhone.ts"
import * as SentCredentials from "./SentCredentials.ts"
import { InvalidRequest, SentError } from "./SentError.ts"

export type { CircuitBreakerOptions, RateLimitOptions }

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
  /** How long the answer to one request may take. Default: 30 seconds. */
  readonly timeout?: Duration.Input | undefined
  /**
   * How long a send may take in all, with its retries and every wait. Default: 2 minutes.
   */
  readonly deadline?: Duration.Input | undefined
  /** What is repeated. Default: `RetryPolicy.notSent`, which never repeats what may have been sent. */
  readonly retryPolicy?: RetryPolicy.RetryPolicy | undefined
  /**
   * How many requests may be sent in a time; the others wait their turn, in order. Default: no limit.
   *
   * It is counted in memory, or in the `RateLimiterStore` of `effect/persistence/RateLimiter` that the layer is
   * provided with: with `RateLimiter.layerStoreRedis`, machines share one limit.
   */
  readonly rateLimit?: RateLimitOptions | undefined
  /**
   * Stops sending for a while when the service fails again and again, and fails with `CircuitOpen` instead. Default:
   * no circuit breaker; `{}` is one with its defaults.
   *
   * Its state is in memory, or in the `CircuitBreakerStore` of `effect/persistence/CircuitBreaker` that the layer is
   * provided with.
   */
  readonly circuitBreaker?: CircuitBreakerOptions | undefined
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
  /** How long the answer to one request may take. Default: the client's. */
  readonly timeout?: Duration.Input | undefined
  /** How long the send may take in all. Default: the client's. */
  readonly deadline?: Duration.Input | undefined
  /** What is repeated. Default: that of the region, and then the client's. */
  readonly retryPolicy?: RetryPolicy.RetryPolicy | undefined
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
 * Sends everything in a region of code by this policy, whatever the client's is; the policy of a single send still
 * goes before it.
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

/**
 * Makes a client from the `HttpClient` and the `SentCredentials` in the context. Fails with the reason
 * `InvalidRequest` when an option is malformed, or the base URL is not one that credentials may be sent to.
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
 * console.assert(error._tag === "SentError")
 * ```
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {},
): Effect.fn.Return<
  SentClient["Service"],
  SentError,
  HttpClient.HttpClient | SentCredentials.SentCredentials | Scope.Scope
> {
  const endpoint = yield* endpointOf(options.baseUrl ?? defaultBaseUrl)
  const {
    circuitBreaker,
    deadline = defaultDeadline,
    rateLimit,
    timeout = defaultTimeout,
  } = options
  yield* rejectInvalid([
    ...checkDuration(timeout, "timeout"),
    ...checkDuration(deadline, "deadline"),
    ...checkRateLimit(rateLimit),
    ...checkCircuitBreaker(circuitBreaker),
  ])
  const line: Line = {
    client: yield* HttpClient.HttpClient,
    endpoint,
    credentials: yield* SentCredentials.SentCredentials,
    budget: makeBudget(),
    lockout: makeLockout(),
    limits: yield* makeLimits({ host: endpoint.host, rateLimit, circuitBreaker }),
  }

  const sendOnce = Effect.fnUntraced(function* (
    input: SendToPhoneInput,
    sendOptions: SendOptions = {},
  ) {
    const request = yield* validate(input)
    yield* rejectInvalid([
      ...checkDuration(sendOptions.timeout, "timeout"),
      ...checkDuration(sendOptions.deadline, "deadline"),
    ])
    return yield* send(line, {
      request,
      timeout: Duration.fromInputUnsafe(sendOptions.timeout ?? timeout),
      deadline: Duration.fromInputUnsafe(sendOptions.deadline ?? deadline),
      policy:
        sendOptions.retryPolicy ??
        (yield* RetryPolicy.CurrentRetryPolicy) ??
        options.retryPolicy ??
        RetryPolicy.notSent,
    })
  })

  return SentClient.of({
    sendToPhone: Effect.fn("SentClient.sendToPhone")((input, sendOptions) =>
      Telemetry.send(sendOnce(input, sendOptions)),
    ),
  })
})

const defaultBaseUrl = "https://api.sent.dm"

const defaultTimeout = Duration.seconds(30)

const defaultDeadline = Duration.minutes(2)

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
      return layer({
        baseUrl: yield* read(
          options.baseUrl ?? Config.withDefault(Config.String("SENT_BASE_URL"), undefined),
        ),
        timeout: yield* read(options.timeout),
        deadline: yield* read(options.deadline),
        retryPolicy: yield* read(options.retryPolicy),
        rateLimit: yield* read(options.rateLimit),
        circuitBreaker: yield* read(options.circuitBreaker),
      })
    }),
  )

const read = <A>(option: A | Config.Config<A>): Effect.Effect<A, Config.ConfigError> =>
  Config.isConfig(option) ? option : Effect.succeed(option)

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
