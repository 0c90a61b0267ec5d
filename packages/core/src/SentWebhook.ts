/**
 * Receives the provider's webhook calls: verifies them, decodes them, and responds so that no update is lost and none
 * is handled twice.
 *
 * **Details**
 *
 * The signature scheme is the one of Standard Webhooks, with other header names. Sources: the provider's pages on
 * webhooks and https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const Webhook = SentWebhook.route("/webhooks/sent", {
 *   // While a secret is rotated, both are accepted.
 *   secret: ["whsec_bmV3IHNlY3JldCBvZiAyNCBieXRlcw==", "whsec_b2xkIHNlY3JldCBvZiAyNCBieXRlcw=="],
 *   handle: (event) =>
 *     event._tag === "MessageStatus" ? Effect.log(`${event.messageId}: ${event.status}`) : Effect.void,
 * })
 * ```
 */
import * as Clock from "effect/Clock"
import type * as Config from "effect/Config"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as DeliveryStatus from "./DeliveryStatus.ts"
import { type Configured, readOptions } from "./internal/environment.ts"
import * as Kind from "./internal/options.ts"
import { type Body, bytesOf, type SignedRequest } from "./internal/updates/call.ts"
import { makeHandler } from "./internal/updates/handler.ts"
import { readHeaders, toHeaders } from "./internal/updates/headers.ts"
import { makeInFlight } from "./internal/updates/inFlight.ts"
import { makeNodeHandler, type NodeHandler } from "./internal/updates/nodeHandler.ts"
import {
  defaultTimeout,
  limitKinds,
  type Limits,
  type Receive,
  receive,
} from "./internal/updates/receiver.ts"
import { makeRouteHandler } from "./internal/updates/routeHandler.ts"
import { makeSeen } from "./internal/updates/seen.ts"
import { DeliveryStore, deliveryStore } from "./internal/updates/store.ts"
import {
  importSecret,
  matchesAny,
  type Secret,
  signatureOf,
  webhookSecret,
} from "./internal/updates/signature.ts"
import { makeWebHandler, type WebHandler } from "./internal/updates/webHandler.ts"
import {
  BadSignature,
  InvalidOptions,
  MalformedPayload,
  MissingBody,
  TimestampOutOfTolerance,
  WebhookError,
} from "./WebhookError.ts"

export type { Answer, Body, Call, SignedRequest } from "./internal/updates/call.ts"
export type { HeadersInput } from "./internal/updates/headers.ts"
export type { NodeHandler, NodeRequest, NodeResponse } from "./internal/updates/nodeHandler.ts"
export type { Receive } from "./internal/updates/receiver.ts"
export type { Secret } from "./internal/updates/signature.ts"
export type { WebHandler } from "./internal/updates/webHandler.ts"

// -----------------------------------------------------------------------------
// Verifying
// -----------------------------------------------------------------------------

/** The options of a verification. */
export interface VerifyOptions {
  /** The webhook secret, or several while it is rotated. */
  readonly secret: Secret | ReadonlyArray<Secret>
  /** How far the time of the signature may be from now, in either direction. Default: 300 seconds. */
  readonly tolerance?: Duration.Input | undefined
}

const defaultTolerance = Duration.seconds(300)

/**
 * Verifies the signature of a call and decodes its body.
 *
 * **Details**
 *
 * The signature is checked over the raw bytes, in constant time. One valid signature by one of the secrets is enough.
 * HMAC is computed by `node:crypto` where the runtime has it, and by Web Crypto elsewhere; `WebCrypto.layer` of Effect
 * selects Web Crypto everywhere.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const secret = "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4="
 * const body = JSON.stringify({ field: "weather" })
 *
 * const program = Effect.gen(function* () {
 *   const headers = yield* SentWebhook.sign(body, { secret })
 *   return yield* SentWebhook.verify({ headers, body }, { secret })
 * })
 *
 * console.assert((await Effect.runPromise(program))._tag === "Unknown")
 * ```
 */
export const verify = (
  request: SignedRequest,
  options: VerifyOptions,
): Effect.Effect<DeliveryStatus.DeliveryEvent, WebhookError> =>
  Effect.flatMap(makeVerifier(options), (verifier) => verifier(request))

/** Verifies and decodes calls, with fixed options. */
export type Verifier = (
  request: SignedRequest,
) => Effect.Effect<DeliveryStatus.DeliveryEvent, WebhookError>

/**
 * Makes a {@link verify} for many calls, which reads the secrets once. Fails with the reason `InvalidOptions` if an option is
 * invalid.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const verifier = await Effect.runPromise(
 *   SentWebhook.makeVerifier({ secret: "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=" }),
 * )
 * const error = await Effect.runPromise(Effect.flip(verifier({ headers: {}, body: "{}" })))
 * console.assert(error.reason._tag === "MissingHeader")
 * ```
 */
export const makeVerifier = (options: VerifyOptions): Effect.Effect<Verifier, WebhookError> =>
  Effect.andThen(checkOptions(verifyOptions, options), verifierOf(options))

const verifyKinds = {
  secret: Kind.required(Kind.oneOrMore(webhookSecret)),
  tolerance: Kind.duration(),
}

const verifyOptions: Kind.Kind = Kind.struct<VerifyOptions>(verifyKinds)

const checkOptions = (kind: Kind.Kind, options: unknown): Effect.Effect<void, WebhookError> => {
  const issues = kind(options)
  return issues.length === 0 ? Effect.void : Effect.fail(failure(new InvalidOptions({ issues })))
}

/** The verifier of options that were checked. */
const verifierOf = Effect.fnUntraced(function* (
  options: VerifyOptions,
): Effect.fn.Return<Verifier> {
  const keys = yield* Effect.forEach(secretsOf(options.secret), importSecret)
  const toleranceSeconds = Duration.toSeconds(
    Duration.fromInputUnsafe(options.tolerance ?? defaultTolerance),
  )

  return Effect.fnUntraced(function* ({ body, headers }) {
    const read = readHeaders(headers)
    if (Result.isFailure(read)) return yield* failure(read.failure)
    const { id, signatures, timestamp } = read.success
    const age = (yield* Clock.currentTimeMillis) / 1000 - Number(timestamp)
    // Digits only: `parseInt` would read `1700000000abc`, which was signed as something else.
    if (!/^\d{1,15}$/.test(timestamp) || Math.abs(age) > toleranceSeconds) {
      return yield* failure(new TimestampOutOfTolerance())
    }
    const bytes = bytesOf(body)
    if (bytes === undefined) return yield* failure(new MissingBody())
    const matches = yield* matchesAny(keys, signatures, { id, timestamp, body: bytes })
    if (!matches) return yield* failure(new BadSignature())
    return yield* decodeAt(bytes, DateTime.makeUnsafe(Number(timestamp) * 1000))
  })
})

const failure = (reason: WebhookError["reason"]): WebhookError => new WebhookError({ reason })

const secretsOf = (secret: VerifyOptions["secret"]): ReadonlyArray<Secret> =>
  Predicate.isString(secret) || Redacted.isRedacted(secret) ? [secret] : secret

/**
 * Decodes the body of a call whose signature need not be checked, for example because a secret in its URL was.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const event = await Effect.runPromise(SentWebhook.decode('{"field":"weather"}'))
 * console.assert(event._tag === "Unknown")
 * ```
 */
export const decode = (body: Body): Effect.Effect<DeliveryStatus.DeliveryEvent, WebhookError> =>
  Effect.flatMap(DateTime.now, (now) => decodeAt(body, now))

const decodeAt = (
  body: Body,
  receivedAt: DateTime.Utc,
): Effect.Effect<DeliveryStatus.DeliveryEvent, WebhookError> =>
  Effect.suspend(() => {
    const bytes = bytesOf(body)
    if (bytes === undefined) return Effect.fail(failure(new MissingBody()))
    try {
      const parsed: unknown = JSON.parse(strict.decode(bytes))
      return Effect.succeed(DeliveryStatus.decode(parsed, { receivedAt }))
    } catch (cause) {
      // The parser's own message quotes the body.
      return Effect.fail(failure(new MalformedPayload({ problem: problemOf(cause) })))
    }
  })

const problemOf = (cause: unknown): string => {
  if (cause instanceof SyntaxError) return "not JSON"
  return cause instanceof RangeError ? "nested too deeply" : "not UTF-8"
}

const strict = new TextDecoder("utf-8", { fatal: true })

/** The options of a signature. */
export interface SignOptions {
  readonly secret: Secret
  /** The id of the webhook endpoint. Default: a placeholder GUID. */
  readonly id?: string | undefined
  /** Unix seconds. Default: now, by `Clock`. */
  readonly timestamp?: number | undefined
}

/**
 * Signs a body as the provider does, and returns the three headers. Use it to test a receiver. Fails with the reason
 * `InvalidOptions` if an option is invalid.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const headers = await Effect.runPromise(
 *   SentWebhook.sign("{}", { secret: "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=" }),
 * )
 * console.assert(headers["x-webhook-signature"]?.startsWith("v1,"))
 * ```
 */
export const sign = Effect.fnUntraced(function* (
  body: Body,
  options: SignOptions,
): Effect.fn.Return<Readonly<Record<string, string>>, WebhookError> {
  yield* checkOptions(signOptions, options)
  const { id = "00000000-0000-4000-8000-000000000000", secret, timestamp } = options
  const key = yield* importSecret(secret)
  const seconds = String(timestamp ?? Math.floor((yield* Clock.currentTimeMillis) / 1000))
  const bytes = bytesOf(body)
  if (bytes === undefined) return yield* failure(new MissingBody())
  const signed = { id, timestamp: seconds, body: bytes }
  return toHeaders({ ...signed, signatures: yield* signatureOf(key, signed) })
})

const signOptions: Kind.Kind = Kind.struct<SignOptions>({
  secret: Kind.required(webhookSecret),
  id: Kind.text,
  timestamp: Kind.number(0),
})

// -----------------------------------------------------------------------------
// Receiving
// -----------------------------------------------------------------------------

/** The options of a receiver. */
export interface ReceiverOptions<E = never, R = never> extends VerifyOptions, Limits {
  /**
   * Handles an event, in a scope that closes after it. The response is 2xx only after the handler succeeded. If it fails,
   * dies or takes longer than `timeout`, the response is 500, and the provider calls again.
   *
   * **Details**
   *
   * A caller that hangs up does not interrupt the handler, and while it runs, no second one is started for the same
   * event. In JavaScript, it may be an async function too; it cannot be interrupted, so it may run on after the time-out.
   */
  readonly handle: (event: DeliveryStatus.DeliveryEvent) => Effect.Effect<void, E, R>
  /** How many handled events are kept in memory, if they are, to recognise duplicates. Default: 10,000. */
  readonly dedupeSize?: number | undefined
  /**
   * Where handled events are kept, for 3 days. Default: the `DeliveryStore` in the context in which the receiver is made, and
   * without one, memory, for the lifetime of the receiver.
   */
  readonly store?: DeliveryStore["Service"] | undefined
}

const receiverOptions: Kind.Kind = Kind.struct<ReceiverOptions>({
  ...verifyKinds,
  ...limitKinds,
  handle: Kind.required(Kind.fn),
  dedupeSize: Kind.whole(1),
  store: deliveryStore,
})

/**
 * Makes a receiver for any server: it takes the headers and the raw bytes of a call, and says what to respond.
 *
 * **Details**
 *
 * The forms for servers, {@link route}, {@link toWebHandler} and {@link toNodeHandler}, are this receiver and a
 * conversion. The handler runs with the services of the context in which the receiver is made. Fails with the reason
 * `InvalidOptions` if an option is invalid.
 *
 * | status | when |
 * | --- | --- |
 * | 204 | the event was handled, now or earlier |
 * | 400 | the signature is valid, but the body is not JSON; or the body is missing or incomplete |
 * | 401 | no signature matches, or the timestamp is outside the tolerance |
 * | 405 | the method is not POST |
 * | 408, 413 | the body did not arrive within `timeout`, or is longer than `maxBodyBytes` |
 * | 500 | the handler failed or did not end within `timeout`; the provider calls again |
 *
 * **Gotchas**
 *
 * Make it once and not for every call: it keeps the events that it has handled.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const secret = "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4="
 *
 * const program = Effect.gen(function* () {
 *   const receive = yield* SentWebhook.makeReceiver({ secret, handle: ({ _tag }) => Effect.log(_tag) })
 *   const body = JSON.stringify({ field: "weather" })
 *   return yield* receive({ headers: yield* SentWebhook.sign(body, { secret }), body })
 * })
 *
 * const { status } = await Effect.runPromise(program)
 * console.assert(status === 204)
 * ```
 */
export const makeReceiver = <E, R>(
  options: ReceiverOptions<E, R>,
): Effect.Effect<Receive, WebhookError, Exclude<R, Scope.Scope>> =>
  Effect.suspend(() => makeReceiverIn(options, Scope.makeUnsafe()))

/** Makes a receiver whose handlers are interrupted when the scope closes. */
const makeReceiverIn = Effect.fnUntraced(function* <E, R>(
  options: ReceiverOptions<E, R>,
  scope: Scope.Scope,
): Effect.fn.Return<Receive, WebhookError, Exclude<R, Scope.Scope>> {
  yield* checkOptions(receiverOptions, options)
  const verifier = yield* verifierOf(options)
  const handle = yield* makeHandler(options.handle)
  const timeout = Duration.fromInputUnsafe(options.timeout ?? defaultTimeout)
  const stored = yield* Effect.serviceOption(DeliveryStore)
  const store = options.store ?? Option.getOrUndefined(stored)
  const seen = yield* makeSeen<E>({ ...options, store }, timeout, makeInFlight(timeout, scope))
  return (call) =>
    receive(call, {
      ...options,
      read: (body) => verifier({ headers: call.headers, body }),
      handle: (event, body) => seen.once("webhook", event, body, handle(event)),
    })
})

/**
 * Adds a route to Effect's `HttpRouter` that receives webhook calls, as {@link makeReceiver} does. When the server stops,
 * handlers that are running are interrupted, and the provider calls again.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const Webhook = SentWebhook.route("/webhooks/sent", {
 *   secret: "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=",
 *   handle: (event) => Effect.log(event._tag),
 * })
 * ```
 */
export const route = <E, R>(
  path: HttpRouter.PathInput,
  options: ReceiverOptions<E, R>,
): Layer.Layer<never, WebhookError, HttpRouter.HttpRouter | Exclude<R, Scope.Scope>> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const receiver = yield* makeReceiverIn(options, yield* Effect.scope)
      return HttpRouter.add("*", path, makeRouteHandler(receiver))
    }),
  )

/**
 * Adds a {@link route} whose options are values or `Config`s.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 * import { Config, Effect } from "effect"
 *
 * const Webhook = SentWebhook.routeConfig("/webhooks/sent", {
 *   secret: Config.Redacted("SENT_WEBHOOK_SECRET"),
 *   handle: (event) => Effect.log(event._tag),
 * })
 * ```
 */
export const routeConfig = <E, R>(
  path: HttpRouter.PathInput,
  options: Configured<ReceiverOptions<E, R>>,
): Layer.Layer<
  never,
  Config.ConfigError | WebhookError,
  HttpRouter.HttpRouter | Exclude<R, Scope.Scope>
> =>
  Layer.unwrap(Effect.map(readOptions<ReceiverOptions<E, R>>(options), (read) => route(path, read)))

/**
 * Makes a handler for servers that use `Request` and `Response`: Next.js, Hono, Deno, Bun, workers.
 *
 * **Details**
 *
 * It responds as {@link makeReceiver} does. It runs with the services, the logger, the tracer and the clock of the
 * context in which it is made, for example those of the application's `ManagedRuntime`.
 *
 * **Gotchas**
 *
 * Make it once and not for every request. Nothing may read the body of the request before it.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const handler = await SentWebhook.toWebHandler({
 *   secret: "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=",
 *   handle: (event) => Effect.log(event._tag),
 * }).pipe(Effect.runPromise)
 *
 * const response = await handler(new Request("https://example.com/webhooks/sent"))
 * console.assert(response.status === 405)
 * ```
 */
export const toWebHandler = <E, R>(
  options: ReceiverOptions<E, R>,
): Effect.Effect<WebHandler, WebhookError, Exclude<R, Scope.Scope>> =>
  Effect.flatMap(makeReceiver(options), makeWebHandler)

/**
 * Makes a handler for `node:http` and for servers that are built on it, such as Express and Fastify.
 *
 * **Details**
 *
 * It responds as {@link makeReceiver} does, and runs in the context in which it is made, as {@link toWebHandler} does.
 * The body is read from the request, or taken from `request.body` or `request.rawBody` if that has its bytes.
 *
 * **Gotchas**
 *
 * Make it once and not for every request. Register it before `express.json()`, which parses the body that was signed.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 * import { Effect } from "effect"
 * import { createServer } from "node:http"
 *
 * const handler = await SentWebhook.toNodeHandler({
 *   secret: "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=",
 *   handle: (event) => Effect.log(event._tag),
 * }).pipe(Effect.runPromise)
 *
 * const server = createServer(handler)
 * console.assert(!server.listening)
 * ```
 */
export const toNodeHandler = <E, R>(
  options: ReceiverOptions<E, R>,
): Effect.Effect<NodeHandler, WebhookError, Exclude<R, Scope.Scope>> =>
  Effect.flatMap(makeReceiver(options), makeNodeHandler)
