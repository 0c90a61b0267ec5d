/**
 * A client of the API: its options, which all of its operations share, and how it sends one request of an operation.
 */
import type * as Config from "effect/Config"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type * as Scope from "effect/Scope"
import type { CircuitBreak } from "../../CircuitBreak.ts"
import type { RateLimit } from "../../RateLimit.ts"
import { CurrentRetryPolicy } from "../../RetryPolicy.ts"
import * as SentCredentials from "../../SentCredentials.ts"
import type { Issue, SentError } from "../../SentError.ts"
import { type Configured, readOptions, readVariable } from "../environment.ts"
import * as Kind from "../options.ts"
import { baseUrl as baseUrlKind, isPlainHttp, urlOf } from "./baseUrl.ts"
import { makeBudget } from "./budget.ts"
import { guardClient } from "./guard.ts"
import { circuitBreakKind, makeLimits, rateLimitKind } from "./limits/limits.ts"
import { Lockout } from "./lockout.ts"
import type { Operation } from "./operation.ts"
import type { Progress } from "./progress.ts"
import { type RetryPolicy, retryPolicy } from "./retryPolicy.ts"
import { checkBrowser, makeFetchOptions } from "./runtime.ts"
import { type Line, send, type Sending, type Sent } from "./send.ts"
import { commonKinds, type SendOptions, sendOptions as sendOptionsKind } from "./sendOptions.ts"
import * as Telemetry from "./telemetry.ts"

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/** The options of a client. */
export interface Options {
  /**
   * The base URL of the API, without `/v1` or `/v3`; it may have a path. Plain http is allowed for loopback addresses only, unless
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
   * Which failures are retried. Default over v1: `RetryPolicy.notSent`, which never retries a message that may have been
   * sent. Default over v3: `RetryPolicy.sameKey`, which retries it with the same idempotency key.
   */
  readonly retryPolicy?: RetryPolicy | undefined
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

/** The kinds of the options of a client. */
export const clientKinds: Kind.Kinds<Options> = {
  ...commonKinds,
  baseUrl: baseUrlKind,
  allowPlainHttp: Kind.boolean,
  rateLimit: rateLimitKind,
  circuitBreak: circuitBreakKind,
  dangerouslyAllowBrowser: Kind.boolean,
}

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
// Construction
// -----------------------------------------------------------------------------

/** An idempotency key of one send. */
export interface Key {
  readonly value: string
  /** When the service may forget it, with a margin, in milliseconds since the epoch. */
  readonly endsAt: number
}

/** Sends one request of an operation, and repeats it as far as its policy allows. */
export type Sender<Request> = (
  request: Request,
  progress: Progress,
  options: SendOptions | undefined,
  key?: Key,
) => Effect.Effect<Sent, SentError>

/** A client, which sends the requests of any operation. */
export type Client = <Request extends object>(operation: Operation<Request>) => Sender<Request>

/** Makes a client from options that were checked. `issuesOf` says what is wrong with credentials for its operations. */
export const makeClient = Effect.fnUntraced(function* (
  options: Options,
  defaultPolicy: RetryPolicy,
  issuesOf: (credentials: SentCredentials.SentCredentials["Service"]) => ReadonlyArray<Issue>,
): Effect.fn.Return<
  Client,
  SentError,
  HttpClient.HttpClient | SentCredentials.SentCredentials | Scope.Scope
> {
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
  const credentials = yield* SentCredentials.SentCredentials
  yield* Kind.rejectInvalid(issuesOf(credentials))
  const line: Line = {
    client: guardClient(yield* HttpClient.HttpClient, yield* makeFetchOptions),
    credentials,
    budget: makeBudget(),
    lockout: new Lockout(),
    limits: yield* makeLimits(options),
    warnOfRepeats: Telemetry.makeWarnOfRepeats(),
  }

  return <Request extends object>(operation: Operation<Request>): Sender<Request> => {
    const defaults = {
      operation,
      timeout: Duration.fromInputUnsafe(timeout),
      deadline: Duration.fromInputUnsafe(deadline),
      policy: options.retryPolicy ?? defaultPolicy,
    }
    const fixed = operation.path.includes("{") ? undefined : urlOf(url, operation.path)
    const addressOf = (request: Request) => fixed ?? urlOf(url, pathOf(operation, request))
    const withOptions = Effect.fnUntraced(function* (
      request: Request,
      progress: Progress,
      ofRegion: RetryPolicy | undefined,
      sendOptions: SendOptions | undefined,
      key: Key | undefined,
    ) {
      if (sendOptions !== undefined) yield* Kind.checkOptions(sendOptionsKind, sendOptions)
      if (sendOptions?.idempotencyKey !== undefined && !operation.isKeyed)
        yield* Kind.rejectInvalid(Kind.at("idempotencyKey", keepsNoKeys))
      if (ofRegion !== undefined)
        yield* Kind.rejectInvalid(Kind.at("retryPolicy", retryPolicy(ofRegion)))
      const until = Duration.fromInputUnsafe(sendOptions?.deadline ?? deadline)
      const sending: Sending<Request> = {
        ...defaults,
        url: addressOf(request),
        request,
        timeout: Duration.fromInputUnsafe(sendOptions?.timeout ?? timeout),
        deadline: key === undefined ? until : Duration.min(until, yield* leftOf(key)),
        policy: sendOptions?.retryPolicy ?? ofRegion ?? defaults.policy,
        idempotencyKey: key?.value,
      }
      return yield* send(line, sending, progress)
    })
    return (request, progress, sendOptions, key) =>
      Effect.withFiber((fiber) => {
        const ofRegion = fiber.getRef(CurrentRetryPolicy)
        return sendOptions === undefined && ofRegion === undefined && key === undefined
          ? send(line, { ...defaults, url: addressOf(request), request }, progress)
          : withOptions(request, progress, ofRegion, sendOptions, key)
      })
  }
})

const leftOf = ({ endsAt }: Key): Effect.Effect<Duration.Duration> =>
  Effect.map(Clock.currentTimeMillis, (now) => Duration.millis(Math.max(0, endsAt - now)))

const keepsNoKeys: ReadonlyArray<Issue> = [
  {
    path: [],
    message:
      "is for messages over v3: v1 keeps no keys, and neither does a look-up " +
      "(SentMessages.layerSentClient provides SentClient over v3)",
  },
]

/** The path of an operation, with the fields of a request that stand in it. */
const pathOf = <Request extends object>({ path }: Operation<Request>, request: Request): string => {
  const fields = new Map<string, unknown>(Object.entries(request))
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(fields.get(name))),
  )
}

// -----------------------------------------------------------------------------
// Configuration
// -----------------------------------------------------------------------------

/** Reads options that are values or `Config`s, and those that are absent from the environment. */
export const readClientOptions = /* @__PURE__ */ Effect.fnUntraced(function* <O extends Options>(
  options: Configured<O>,
  check: (given: unknown) => Effect.Effect<void, SentError>,
): Effect.fn.Return<O, Config.ConfigError | SentError> {
  const given = yield* readOptions<O>(options)
  yield* check(given)
  const allowPlainHttp = given.allowPlainHttp ?? (yield* readAllowPlainHttp)
  const baseUrl = given.baseUrl ?? (yield* readBaseUrl(allowPlainHttp))
  return { ...given, allowPlainHttp, baseUrl }
})

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
