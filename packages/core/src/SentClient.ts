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
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { CircuitBreak } from "./CircuitBreak.ts"
import { type Configured, readOptions, readVariable } from "./internal/environment.ts"
import * as Kind from "./internal/options.ts"
import { baseUrl as baseUrlKind, isPlainHttp, urlOf } from "./internal/send/baseUrl.ts"
import { makeBudget } from "./internal/send/budget.ts"
import { readInput } from "./internal/send/input.ts"
import { circuitBreakKind, makeLimits, rateLimitKind } from "./internal/send/limits/limits.ts"
import { makeLockout } from "./internal/send/lockout.ts"
import * as Operation from "./internal/send/operation.ts"
import { makeProgress, type Progress } from "./internal/send/progress.ts"
import { retryPolicy } from "./internal/send/retryPolicy.ts"
import { checkBrowser, makeFetchOptions } from "./internal/send/runtime.ts"
import { type Line, send, type Sending } from "./internal/send/send.ts"
import {
  sendKinds,
  type SendOptions,
  sendOptions as sendOptionsKind,
} from "./internal/send/sendOptions.ts"
import * as Telemetry from "./internal/send/telemetry.ts"
import type { RateLimit } from "./RateLimit.ts"
import * as RetryPolicy from "./RetryPolicy.ts"
import type { Input, SendReceipt, SendToPhoneRequest } from "./SendToPhone.ts"
import * as SentCredentials from "./SentCredentials.ts"
import type { Issue, SentError } from "./SentError.ts"

export { readInput } from "./internal/send/input.ts"
export type { SendOptions } from "./internal/send/sendOptions.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

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
   * Use it only with a key that is worth nothing, such as the mock's.
   */
  readonly allowPlainHttp?: boolean | undefined
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
   * Made by `RateLimit.make`, or by `RateLimit.makeShared` for several processes.
   */
  readonly rateLimit?: RateLimit | undefined
  /**
   * Stops sending for a while after repeated failures of the service, and fails with `CircuitOpen` instead. Default: no
   * circuit breaker.
   *
   * Made by `CircuitBreak.make`, or by `CircuitBreak.makeShared` for several processes.
   */
  readonly circuitBreak?: CircuitBreak | undefined
  /**
   * Allows a client where there is a global `document`. Default: false, and the layer fails there.
   *
   * On a page, everyone can read the API key, and browsers repeat requests by themselves: a message may be sent twice.
   * Set it only for tests in an environment with a DOM, such as jsdom.
   */
  readonly dangerouslyAllowBrowser?: boolean | undefined
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
  yield* Kind.checkOptions(clientOptions, options)
  yield* Kind.rejectInvalid(checkBrowser(options.dangerouslyAllowBrowser))
  const { deadline = defaultDeadline, timeout = defaultTimeout } = options
  const url = new URL(options.baseUrl ?? defaultBaseUrl)
  yield* Kind.rejectInvalid(
    Kind.at("baseUrl", plainHttpIssues(url, options.allowPlainHttp === true)),
  )
  if (isPlainHttp(url)) {
    yield* Effect.logWarning(
      `Plain http to ${url.host} is allowed: everyone on the network can read the API key and the messages`,
    )
  }
  const line: Line = {
    client: yield* HttpClient.HttpClient,
    fetchOptions: yield* makeFetchOptions,
    credentials: yield* SentCredentials.SentCredentials,
    budget: makeBudget(),
    lockout: makeLockout(),
    limits: yield* makeLimits(options),
    warnOfRepeats: Telemetry.makeWarnOfRepeats(),
  }

  const defaults = {
    operation: Operation.sendToPhone,
    url: urlOf(url, Operation.sendToPhone.path),
    timeout: Duration.fromInputUnsafe(timeout),
    deadline: Duration.fromInputUnsafe(deadline),
    policy: options.retryPolicy ?? RetryPolicy.notSent,
  }

  const sendOnce = Effect.fnUntraced(function* (
    progress: Progress,
    input: Input,
    sendOptions: SendOptions | undefined,
  ) {
    const request = yield* readInput(input)
    const ofRegion = yield* RetryPolicy.CurrentRetryPolicy
    if (sendOptions === undefined && ofRegion === undefined) {
      return yield* send(line, { ...defaults, request }, progress)
    }
    if (sendOptions !== undefined) yield* Kind.checkOptions(sendOptionsKind, sendOptions)
    if (ofRegion !== undefined)
      yield* Kind.rejectInvalid(Kind.at("retryPolicy", retryPolicy(ofRegion)))
    const sending: Sending<SendToPhoneRequest> = {
      ...defaults,
      request,
      timeout: Duration.fromInputUnsafe(sendOptions?.timeout ?? timeout),
      deadline: Duration.fromInputUnsafe(sendOptions?.deadline ?? deadline),
      policy: sendOptions?.retryPolicy ?? ofRegion ?? defaults.policy,
    }
    return yield* send(line, sending, progress)
  })

  return SentClient.of({
    sendToPhone: Telemetry.inSpan("SentClient.sendToPhone", (input, sendOptions) =>
      Effect.suspend(() => {
        const progress = makeProgress()
        return Telemetry.send(sendOnce(progress, input, sendOptions), progress)
      }),
    ),
  })
})

const clientOptions: Kind.Kind = Kind.struct<Options>({
  ...sendKinds,
  baseUrl: baseUrlKind,
  allowPlainHttp: Kind.boolean,
  rateLimit: rateLimitKind,
  circuitBreak: circuitBreakKind,
  dangerouslyAllowBrowser: Kind.boolean,
})

const plainHttpIssues = (url: URL, isAllowed: boolean): ReadonlyArray<Issue> =>
  isAllowed || !isPlainHttp(url)
    ? []
    : [
        {
          path: [],
          message:
            "must be an https URL: plain http would expose the credentials on the network (to reach a mock in a " +
            "container, set allowPlainHttp or SENT_ALLOW_PLAIN_HTTP to true)",
        },
      ]

const defaultBaseUrl = "https://api.sent.dm"

const defaultTimeout = Duration.seconds(30)

const defaultDeadline = Duration.minutes(2)

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
    Effect.gen(function* () {
      const given = yield* readOptions<Options>(options)
      yield* Kind.checkOptions(clientOptions, given)
      const allowPlainHttp = given.allowPlainHttp ?? (yield* readAllowPlainHttp)
      const baseUrl = given.baseUrl ?? (yield* readBaseUrl(allowPlainHttp))
      return layer({ ...given, allowPlainHttp, baseUrl })
    }),
  )

const readBaseUrl = /* @__PURE__ */ Effect.fnUntraced(function* (mayBePlain: boolean) {
  const value = yield* readVariable("SENT_BASE_URL")
  if (value === undefined) return undefined
  yield* Kind.rejectInvalid(Kind.at("SENT_BASE_URL", baseUrlKind(value)))
  yield* Kind.rejectInvalid(Kind.at("SENT_BASE_URL", plainHttpIssues(new URL(value), mayBePlain)))
  return value
})

const readAllowPlainHttp = /* @__PURE__ */ Effect.gen(function* () {
  const value = yield* readVariable("SENT_ALLOW_PLAIN_HTTP")
  if (value === undefined || value === "false") return false
  yield* Kind.rejectInvalid(
    Kind.at("SENT_ALLOW_PLAIN_HTTP", Kind.boolean(value === "true" ? true : value)),
  )
  return true
})

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
