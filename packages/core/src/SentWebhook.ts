/**
 * Receives the provider's calls: checks that they are its own, reads what they say, and answers so that nothing is lost
 * and nothing is handled twice.
 *
 * The scheme is that of Standard Webhooks under other header names; sources: the provider's pages on webhooks and
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
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
import { type HeadersInput, readHeaders, toHeaders } from "./internal/updates/headers.ts"
import { receive } from "./internal/updates/receiver.ts"
import { makeSeen } from "./internal/updates/seen.ts"
import { importSecret, matchesAny, type Secret, signatureOf } from "./internal/updates/signature.ts"
import { type Receive, receiveWeb } from "./internal/updates/webHandler.ts"
import {
  BadSignature,
  MalformedPayload,
  TimestampOutOfTolerance,
  WebhookError,
} from "./WebhookError.ts"

export type { HeadersInput, Secret }

// -----------------------------------------------------------------------------
// Verifying
// -----------------------------------------------------------------------------

/**
 * What is to be verified: the headers as a record or as pairs, such as a `Headers`, and the body's very bytes.
 *
 * @example
 * ```ts
 * import type { SentWebhook } from "@effect-sent/core"
 *
 * const toSigned = async (request: Request): Promise<SentWebhook.SignedRequest> => ({
 *   headers: request.headers,
 *   body: new Uint8Array(await request.arrayBuffer()),
 * })
 * ```
 */
export interface SignedRequest {
  readonly headers: HeadersInput
  readonly body: Uint8Array | string
}

/**
 * How a call is verified.
 *
 * @example
 * ```ts
 * import type { SentWebhook } from "@effect-sent/core"
 *
 * const options: SentWebhook.VerifyOptions = {
 *   // While a secret is rotated, both are good.
 *   secret: ["whsec_bmV3IHNlY3JldCBvZiAyNCBieXRlcw==", "whsec_b2xkIHNlY3JldCBvZiAyNCBieXRlcw=="],
 * }
 * ```
 */
export interface VerifyOptions {
  /** The secret, or several while it is rotated. */
  readonly secret: Secret | ReadonlyArray<Secret>
  /** How far the time of signing may be from now, either way. Default: 300 seconds. */
  readonly tolerance?: Duration.Input | undefined
}

const defaultTolerance = Duration.seconds(300)

/**
 * Verifies a call and reads what it says. The signature is checked over the raw bytes, in constant time, by Web Crypto or
 * by what the runtime has for at once (`node:crypto`; with `WebCrypto.layer` of Effect, it is always Web Crypto); one good
 * signature by one of the secrets is enough. The time is that of `Clock`.
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
  Effect.flatMap(makeVerifier(options), (check) => check(request))

/**
 * Verifies calls with the options that it was made of.
 *
 * @example
 * ```ts
 * import type { SentWebhook } from "@effect-sent/core"
 *
 * const isGenuine = (verifier: SentWebhook.Verifier, request: SentWebhook.SignedRequest) =>
 *   verifier(request)
 * ```
 */
export type Verifier = (
  request: SignedRequest,
) => Effect.Effect<DeliveryStatus.DeliveryEvent, WebhookError>

/**
 * {@link verify} for those who verify many calls: the secrets are read once. Fails with `InvalidSecret`.
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
export const makeVerifier = Effect.fnUntraced(function* ({
  secret,
  tolerance = defaultTolerance,
}: VerifyOptions): Effect.fn.Return<Verifier, WebhookError> {
  const keys = yield* Effect.mapError(Effect.forEach(secretsOf(secret), importSecret), failure)
  const toleranceSeconds = Duration.toSeconds(Duration.fromInputUnsafe(tolerance))

  return Effect.fnUntraced(function* ({ body, headers }) {
    const { id, signatures, timestamp } = yield* Effect.mapError(
      Effect.fromResult(readHeaders(headers)),
      failure,
    )
    const age = (yield* Clock.currentTimeMillis) / 1000 - Number(timestamp)
    // Digits alone: `parseInt` would take `1700000000abc`, which was signed as something else.
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
 * Reads the body of a call that needs no signature, e.g. because a secret in the URL has been checked.
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
    // What the parser says quotes the body.
    catch: (cause) =>
      failure(
        new MalformedPayload({
          problem: cause instanceof SyntaxError ? "it is not JSON" : "it is not UTF-8",
        }),
      ),
  })

const strict = new TextDecoder("utf-8", { fatal: true })

/**
 * How a body is signed.
 *
 * @example
 * ```ts
 * import type { SentWebhook } from "@effect-sent/core"
 *
 * const options: SentWebhook.SignOptions = {
 *   secret: "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=",
 * }
 * ```
 */
export interface SignOptions {
  readonly secret: Secret
  /** The endpoint's id. Default: a GUID that stands for none. */
  readonly id?: string | undefined
  /** Unix seconds. Default: now, by `Clock`. */
  readonly timestamp?: number | undefined
}

/**
 * Signs a body as the provider does, for tests of a receiver: the three headers. Fails with `InvalidSecret`.
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
  { id = "00000000-0000-4000-8000-000000000000", secret, timestamp }: SignOptions,
): Effect.fn.Return<Readonly<Record<string, string>>, WebhookError> {
  const key = yield* Effect.mapError(importSecret(secret), failure)
  const seconds = String(timestamp ?? Math.floor((yield* Clock.currentTimeMillis) / 1000))
  const signed = { id, timestamp: seconds, body: toBytes(body) }
  return toHeaders({ ...signed, signatures: yield* signatureOf(key, signed) })
})

// -----------------------------------------------------------------------------
// Receiving
// -----------------------------------------------------------------------------

/**
 * What receives calls.
 *
 * @example
 * ```ts
 * import type { SentWebhook } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const options: SentWebhook.ReceiverOptions = {
 *   secret: "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=",
 *   handle: (event) => Effect.log(event._tag),
 * }
 * ```
 */
export interface ReceiverOptions<E = never, R = never> extends VerifyOptions {
  /**
   * What is done with an event. The call is answered with 2xx only when this has succeeded; when it fails or dies the
   * answer is 500, and the provider calls again.
   */
  readonly handle: (event: DeliveryStatus.DeliveryEvent) => Effect.Effect<void, E, R>
  /** The longest body that is read. Default: 256 KiB. */
  readonly maxBodyBytes?: number | undefined
  /** How many events are remembered, so that one that comes again is not handled again. Default: 10,000. */
  readonly remembered?: number | undefined
  /** Where they are remembered. Default: in memory, for as long as the receiver is there. */
  readonly store?: KeyValueStore.KeyValueStore | undefined
}

const makeReceiver = Effect.fnUntraced(function* <E, R>(
  options: ReceiverOptions<E, R>,
): Effect.fn.Return<Receive, WebhookError, R> {
  const check = yield* makeVerifier(options)
  const seen = yield* makeSeen(options)
  const services = yield* Effect.context<R>()
  const handle = (event: DeliveryStatus.DeliveryEvent): Effect.Effect<void, E> =>
    // The context has all that it needs; that `Exclude<R, R>` is never, TypeScript does not see.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    Effect.suspend(() => options.handle(event)).pipe(
      Effect.provideContext(services),
    ) as Effect.Effect<void, E>
  return (request) =>
    receive(request, {
      maxBodyBytes: options.maxBodyBytes,
      read: (body) => check({ headers: request.headers, body }),
      handle: (event) => seen.once(event, handle(event)),
    })
})

/**
 * A route of Effect's `HttpRouter` that receives calls.
 *
 * | answer | when |
 * | --- | --- |
 * | 204 | the event was handled, now or before |
 * | 400 | the signature is good and the body is not JSON |
 * | 401 | the signature, or its time, is not good |
 * | 405, 413, 415 | it is no POST, too large, or no JSON by its content type |
 * | 500 | the handler failed; the provider calls again |
 *
 * The layer fails with `InvalidSecret`.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const Webhook = SentWebhook.route("/webhooks/sent", {
 *   secret: "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=",
 *   handle: (event) =>
 *     event._tag === "MessageStatus" ? Effect.log(`${event.messageId}: ${event.status}`) : Effect.void,
 * })
 * ```
 */
export const route = <E, R>(
  path: HttpRouter.PathInput,
  options: ReceiverOptions<E, R>,
): Layer.Layer<never, WebhookError, HttpRouter.HttpRouter | Exclude<R, Scope.Scope>> =>
  Layer.unwrap(
    Effect.map(makeReceiver(options), (answer) =>
      HttpRouter.add("*", path, (request) => answer(request)),
    ),
  )

/**
 * The same for anything that speaks `Request` and `Response`: Next.js, Hono, Deno, workers. The promise is rejected with
 * `InvalidSecret` only; it is a good idea to make the handler once.
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
  // It is reported by the first call; until then nobody may be there to hear of it.
  receiver.catch(() => undefined)
  return async (request) => receiveWeb(await receiver, request)
}
