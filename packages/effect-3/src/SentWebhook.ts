/**
 * Receives the provider's webhook calls: verifies them, decodes them, and responds so that no update is lost and none
 * is handled twice.
 *
 * **Details**
 *
 * The signature scheme is the one of Standard Webhooks, with other header names.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/effect-3"
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
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Facade from "@effect-sent/facade/Updates"
import type * as ConfigError from "effect/ConfigError"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { DeliveryEvent } from "./DeliveryStatus.ts"
import { eventOf } from "./internal/bridge/events.ts"
import { revealed } from "./internal/bridge/options.ts"
import { makeReceive } from "./internal/bridge/receiver.ts"
import { callWebhook } from "./internal/bridge/webhookCalls.ts"
import type { Body, Receive, SignedRequest } from "./internal/call.ts"
import { type Configured, readOptions } from "./internal/config.ts"
import type { WebhookError } from "./WebhookError.ts"

export type { Answer, Body, Call, HeadersInput, Receive, SignedRequest } from "./internal/call.ts"

/** A webhook secret as the provider shows it: `whsec_` and the base64 of the key. */
export type Secret = string | Redacted.Redacted

// -----------------------------------------------------------------------------
// Verifying
// -----------------------------------------------------------------------------

/** The options of a verification. */
export interface VerifyOptions {
  /** The webhook secret, or several while it is rotated. */
  readonly secret: Secret | ReadonlyArray<Secret>
  /** How far the time of the signature may be from now, in either direction. Default: 300 seconds. */
  readonly tolerance?: Duration.DurationInput | undefined
}

/**
 * Verifies the signature of a call and decodes its body.
 *
 * **Details**
 *
 * The signature is checked over the raw bytes, in constant time. One valid signature by one of the secrets is enough.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/effect-3"
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
): Effect.Effect<DeliveryEvent, WebhookError> =>
  Effect.map(
    callWebhook((host) => Facade.verify(request, revealed(options), host)),
    eventOf,
  )

/**
 * Decodes the body of a call whose signature need not be checked, for example because a secret in its URL was.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/effect-3"
 * import { Effect } from "effect"
 *
 * const event = await Effect.runPromise(SentWebhook.decode('{"field":"weather"}'))
 * console.assert(event._tag === "Unknown")
 * ```
 */
export const decode = (body: Body): Effect.Effect<DeliveryEvent, WebhookError> =>
  Effect.map(
    callWebhook((host) => Facade.decodeBody(body, host)),
    eventOf,
  )

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
 * import { SentWebhook } from "@effect-sent/effect-3"
 * import { Effect } from "effect"
 *
 * const headers = await Effect.runPromise(
 *   SentWebhook.sign("{}", { secret: "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=" }),
 * )
 * console.assert(headers["x-webhook-signature"]?.startsWith("v1,"))
 * ```
 */
export const sign = (
  body: Body,
  options: SignOptions,
): Effect.Effect<Readonly<Record<string, string>>, WebhookError> =>
  callWebhook((host) => Facade.sign(body, revealed(options), host))

// -----------------------------------------------------------------------------
// Receiving
// -----------------------------------------------------------------------------

/** The options of a receiver. */
export interface ReceiverOptions<E = never, R = never> extends VerifyOptions {
  /** The longest body to read, in bytes. Default: 256 KiB. */
  readonly maxBodyBytes?: number | undefined
  /**
   * How long a handler may take until it is interrupted and the response is 500, and how long a body may take to arrive.
   * Default: 20 seconds, since the provider waits for 30 by default.
   */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * Handles an event, in a scope that closes after it. The response is 2xx only after the handler succeeded. If it fails,
   * dies or takes longer than `timeout`, the response is 500, and the provider calls again.
   *
   * A caller that hangs up does not interrupt the handler, and while it runs, no second one is started for the same
   * event.
   */
  readonly handle: (event: DeliveryEvent) => Effect.Effect<void, E, R>
  /**
   * How many handled events are kept in memory to recognise duplicates, for the lifetime of the receiver. Default: 10,000.
   */
  readonly dedupeSize?: number | undefined
}

/**
 * Makes a receiver for any server: it takes the headers and the raw bytes of a call, and says what to respond.
 *
 * **Details**
 *
 * The forms for servers, {@link route}, {@link toHttpApp} and {@link toWebHandler}, are this receiver and a conversion. The
 * handler runs with the services of the context in which the receiver is made. Fails with the reason `InvalidOptions` if an
 * option is invalid.
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
 * import { SentWebhook } from "@effect-sent/effect-3"
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
  makeReceive(options, options.handle)

/**
 * Makes an app for any `HttpRouter`, which receives webhook calls as {@link makeReceiver} does.
 *
 * @example
 * ```ts
 * import { HttpRouter } from "@effect/platform"
 * import { SentWebhook } from "@effect-sent/effect-3"
 * import { Effect } from "effect"
 *
 * const router = Effect.map(
 *   SentWebhook.toHttpApp({
 *     secret: "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=",
 *     handle: (event) => Effect.log(event._tag),
 *   }),
 *   (webhook) => HttpRouter.empty.pipe(HttpRouter.all("/webhooks/sent", webhook)),
 * )
 * ```
 */
export const toHttpApp = <E, R>(
  options: ReceiverOptions<E, R>,
): Effect.Effect<HttpApp.Default, WebhookError, Exclude<R, Scope.Scope>> =>
  Effect.map(makeReceiver(options), appOf)

const appOf = (receive: Receive): HttpApp.Default =>
  Effect.gen(function* () {
    const { headers, method, stream, url } = yield* HttpServerRequest.HttpServerRequest
    const { body, ...answer } = yield* receive({ method, url, headers, body: stream })
    return body === "" ? HttpServerResponse.empty(answer) : HttpServerResponse.text(body, answer)
  })

/**
 * Adds a route to `HttpRouter.Default` that receives webhook calls, as {@link makeReceiver} does. When the server stops,
 * handlers that are running are interrupted, and the provider calls again.
 *
 * @example
 * ```ts
 * import { HttpRouter } from "@effect/platform"
 * import { SentWebhook } from "@effect-sent/effect-3"
 * import { Effect, Layer } from "effect"
 *
 * const Webhook = SentWebhook.route("/webhooks/sent", {
 *   secret: "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=",
 *   handle: (event) => Effect.log(event._tag),
 * })
 *
 * // Provide an HttpServer of your runtime.
 * const ServerLive = HttpRouter.Default.serve().pipe(Layer.provide(Webhook))
 * ```
 */
export const route = <E, R>(
  path: HttpRouter.PathInput,
  options: ReceiverOptions<E, R>,
): Layer.Layer<never, WebhookError, Exclude<R, Scope.Scope>> =>
  HttpRouter.Default.use((router) =>
    Effect.gen(function* () {
      const stopped = yield* Deferred.make<never>()
      yield* Effect.addFinalizer(() => Deferred.interrupt(stopped))
      const receive = yield* makeReceive(options, (event: DeliveryEvent) =>
        Effect.raceFirst(options.handle(event), Deferred.await(stopped)),
      )
      yield* router.all(path, appOf(receive))
    }),
  )

/**
 * Adds a {@link route} whose options are values or `Config`s.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/effect-3"
 * import { Config, Effect } from "effect"
 *
 * const Webhook = SentWebhook.routeConfig("/webhooks/sent", {
 *   secret: Config.redacted("SENT_WEBHOOK_SECRET"),
 *   handle: (event) => Effect.log(event._tag),
 * })
 * ```
 */
export const routeConfig = <E, R>(
  path: HttpRouter.PathInput,
  options: Configured<ReceiverOptions<E, R>>,
): Layer.Layer<never, ConfigError.ConfigError | WebhookError, Exclude<R, Scope.Scope>> =>
  Layer.unwrapEffect(
    Effect.map(readOptions(options), (read) =>
      // Each option has its own name again, with the value of its type.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      route(path, read as ReceiverOptions<E, R>),
    ),
  )

/** Handles a `Request`. The promise is never rejected. */
export type WebHandler = (request: Request) => Promise<Response>

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
 * import { SentWebhook } from "@effect-sent/effect-3"
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
  Effect.gen(function* () {
    const receive = yield* makeReceiver(options)
    const runtime = yield* Effect.runtime()
    return async (request) => {
      const { body, headers, status } = await Runtime.runPromise(
        runtime,
        receive({
          method: request.method,
          url: request.url,
          headers: request.headers,
          body: bodyOf(request),
        }),
      )
      return new Response(body === "" ? null : body, { status, headers })
    }
  })

/** The body of a request; undefined if it was read before. */
const bodyOf = (request: Request): Uint8Array | Stream.Stream<Uint8Array, unknown> | undefined => {
  const { body } = request
  if (request.bodyUsed || body?.locked === true) return undefined
  return body === null
    ? new Uint8Array()
    : Stream.fromReadableStream(
        () => body,
        (cause) => cause,
      )
}
