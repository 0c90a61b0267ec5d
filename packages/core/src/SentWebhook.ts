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
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import type * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as DeliveryStatus from "./DeliveryStatus.ts"
import * as Kind from "./internal/options.ts"
import { type HeadersInput, readHeaders, toHeaders } from "./internal/updates/headers.ts"
import { receive } from "./internal/updates/receiver.ts"
import { makeSeen } from "./internal/updates/seen.ts"
import {
  importSecret,
  matchesAny,
  type Secret,
  signatureOf,
  webhookSecret,
} from "./internal/updates/signature.ts"
import { type Receive, receiveWeb } from "./internal/updates/webHandler.ts"
import {
  BadSignature,
  InvalidOptions,
  MalformedPayload,
  TimestampOutOfTolerance,
  WebhookError,
} from "./WebhookError.ts"

export type { HeadersInput } from "./internal/updates/headers.ts"
export type { Secret } from "./internal/updates/signature.ts"

// -----------------------------------------------------------------------------
// Verifying
// -----------------------------------------------------------------------------

/** A webhook call: its headers and the raw bytes of its body. */
export interface SignedRequest {
  readonly headers: HeadersInput
  readonly body: Uint8Array | string
}

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
 * Makes a {@link verify} for many calls, which reads the secrets once. Fails with the reason `InvalidOptions`.
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
    const { id, signatures, timestamp } = yield* Effect.mapError(
      Effect.fromResult(readHeaders(headers)),
      failure,
    )
    const age = (yield* Clock.currentTimeMillis) / 1000 - Number(timestamp)
    // Digits only: `parseInt` would read `1700000000abc`, which was signed as something else.
    if (!/^\d{1,15}$/.test(timestamp) || Math.abs(age) > toleranceSeconds) {
      return yield* failure(new TimestampOutOfTolerance())
    }
    const bytes = toBytes(body)
    const matches = yield* matchesAny(keys, signatures, { id, timestamp, body: bytes })
    return matches ? yield* decode(bytes) : yield* failure(new BadSignature())
  })
})

const failure = (reason: WebhookError["reason"]): WebhookError => new WebhookError({ reason })

const secretsOf = (secret: VerifyOptions["secret"]): ReadonlyArray<Secret> =>
  Predicate.isString(secret) || Redacted.isRedacted(secret) ? [secret] : secret

const encoder = new TextEncoder()

const toBytes = (body: Uint8Array | string): Uint8Array =>
  Predicate.isString(body) ? encoder.encode(body) : body

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
export const decode = (
  body: Uint8Array | string,
): Effect.Effect<DeliveryStatus.DeliveryEvent, WebhookError> =>
  Effect.try({
    try: () => {
      const text = Predicate.isString(body) ? body : strict.decode(body)
      return DeliveryStatus.decode(JSON.parse(text))
    },
    // The parser's own message quotes the body.
    catch: (cause) =>
      failure(
        new MalformedPayload({ problem: cause instanceof SyntaxError ? "not JSON" : "not UTF-8" }),
      ),
  })

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
 * `InvalidOptions`.
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
  body: Uint8Array | string,
  options: SignOptions,
): Effect.fn.Return<Readonly<Record<string, string>>, WebhookError> {
  yield* checkOptions(signOptions, options)
  const { id = "00000000-0000-4000-8000-000000000000", secret, timestamp } = options
  const key = yield* importSecret(secret)
  const seconds = String(timestamp ?? Math.floor((yield* Clock.currentTimeMillis) / 1000))
  const signed = { id, timestamp: seconds, body: toBytes(body) }
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
export interface ReceiverOptions<E = never, R = never> extends VerifyOptions {
  /**
   * Handles an event. The response is 2xx only after the handler succeeded. If it fails or dies, the response is 500, and
   * the provider calls again.
   */
  readonly handle: (event: DeliveryStatus.DeliveryEvent) => Effect.Effect<void, E, R>
  /** The longest body to read, in bytes. Default: 256 KiB. */
  readonly maxBodyBytes?: number | undefined
  /** How many handled events are kept, to recognise duplicates. Default: 10,000. */
  readonly dedupeSize?: number | undefined
  /** Where handled events are kept. Default: in memory, for the lifetime of the receiver. */
  readonly store?: KeyValueStore.KeyValueStore | undefined
}

const receiverOptions: Kind.Kind = Kind.struct<ReceiverOptions>({
  ...verifyKinds,
  handle: Kind.required(Kind.fn),
  maxBodyBytes: Kind.whole(1),
  dedupeSize: Kind.whole(1),
  store: Kind.having("a KeyValueStore", "get", "set", "remove"),
})

const makeReceiver = Effect.fnUntraced(function* <E, R>(
  options: ReceiverOptions<E, R>,
): Effect.fn.Return<Receive, WebhookError, R> {
  yield* checkOptions(receiverOptions, options)
  const verifier = yield* verifierOf(options)
  const seen = yield* makeSeen(options)
  const services = yield* Effect.context<R>()
  const handle = (event: DeliveryStatus.DeliveryEvent): Effect.Effect<void, E> =>
    // The context has every service that the handler needs, but TypeScript does not reduce `Exclude<R, R>` to never.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    Effect.suspend(() => options.handle(event)).pipe(
      Effect.provideContext(services),
    ) as Effect.Effect<void, E>
  return (request) =>
    receive(request, {
      maxBodyBytes: options.maxBodyBytes,
      read: (body) => verifier({ headers: request.headers, body }),
      handle: (event) => seen.once(event, handle(event)),
    })
})

/**
 * Adds a route to Effect's `HttpRouter` that receives webhook calls. The layer fails with the reason
 * `InvalidOptions` if an option is invalid.
 *
 * **Details**
 *
 * | response | when |
 * | --- | --- |
 * | 204 | the event was handled, now or earlier |
 * | 400 | the signature is valid, but the body is not JSON |
 * | 401 | no signature matches, or the timestamp is outside the tolerance |
 * | 405, 413, 415 | the method is not POST, the body is too large, or the content type is not JSON |
 * | 500 | the handler failed; the provider calls again |
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
    Effect.map(makeReceiver(options), (receiver) =>
      HttpRouter.add("*", path, (request) => receiver(request)),
    ),
  )

/**
 * Makes a {@link route} for servers that use `Request` and `Response`: Next.js, Hono, Deno, workers.
 *
 * **Gotchas**
 *
 * Make the handler once and not for every request: it keeps the events that it has handled. The promise is rejected only
 * if an option is invalid.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const handler = SentWebhook.toWebHandler({
 *   secret: "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=",
 *   handle: (event) => Effect.log(event._tag),
 * })
 *
 * const response = await handler(new Request("https://example.com/webhooks/sent"))
 * console.assert(response.status === 405)
 * ```
 */
export const toWebHandler = <E>(
  options: ReceiverOptions<E>,
): ((request: Request) => Promise<Response>) => {
  const receiver = Effect.runPromise(makeReceiver(options))
  // The first call reports the error. Until then, nothing may be there to handle the rejection.
  receiver.catch(() => undefined)
  return async (request) => receiveWeb(await receiver, request)
}
