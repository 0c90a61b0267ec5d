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
import * as Base64 from "effect/encoding/Base64"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import type * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as DeliveryStatus from "./DeliveryStatus.ts"
import * as Hmac from "./internal/hmac.ts"
import { receive } from "./internal/receive.ts"
import { makeSeen } from "./internal/seen.ts"

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/**
 * A header that a signed request has is not there, or is empty.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 *
 * const reason = new SentWebhook.MissingHeader({ header: "x-webhook-signature" })
 * console.assert(reason.message === "the header x-webhook-signature is missing")
 * ```
 */
export class MissingHeader extends Schema.TaggedError<MissingHeader>("SentWebhook/MissingHeader")(
  "MissingHeader",
  { header: Schema.String },
) {
  override get message(): string {
    return `the header ${this.header} is missing`
  }
}

/**
 * A header is there more than once, so that it is not clear what was signed.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 *
 * const reason = new SentWebhook.RepeatedHeader({ header: "x-webhook-id" })
 * console.assert(reason.message === "the header x-webhook-id is there more than once")
 * ```
 */
export class RepeatedHeader extends Schema.TaggedError<RepeatedHeader>(
  "SentWebhook/RepeatedHeader",
)("RepeatedHeader", { header: Schema.String }) {
  override get message(): string {
    return `the header ${this.header} is there more than once`
  }
}

/**
 * None of the signatures was made with one of the secrets over these very bytes.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 *
 * console.assert(new SentWebhook.BadSignature().message.startsWith("no signature fits"))
 * ```
 */
export class BadSignature extends Schema.TaggedError<BadSignature>("SentWebhook/BadSignature")(
  "BadSignature",
  {},
) {
  override get message(): string {
    return "no signature fits; the secret is another, or the body was changed on its way, e.g. parsed and printed again"
  }
}

/**
 * The request was signed too long ago, or in the future, or its timestamp is no number.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 *
 * console.assert(new SentWebhook.TimestampOutOfTolerance().message.includes("timestamp"))
 * ```
 */
export class TimestampOutOfTolerance extends Schema.TaggedError<TimestampOutOfTolerance>(
  "SentWebhook/TimestampOutOfTolerance",
)("TimestampOutOfTolerance", {}) {
  override get message(): string {
    return "the timestamp is no Unix time of about now; check this machine's clock"
  }
}

/**
 * The signature is good and the body is not JSON in UTF-8.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 *
 * const reason = new SentWebhook.MalformedPayload({ problem: "it is not UTF-8" })
 * console.assert(reason.message === "the body cannot be read: it is not UTF-8")
 * ```
 */
export class MalformedPayload extends Schema.TaggedError<MalformedPayload>(
  "SentWebhook/MalformedPayload",
)("MalformedPayload", { problem: Schema.String }) {
  override get message(): string {
    return `the body cannot be read: ${this.problem}`
  }
}

/**
 * A secret of your own is not one: the options are wrong, and not the request.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 *
 * console.assert(new SentWebhook.InvalidSecret().message.includes("whsec_"))
 * ```
 */
export class InvalidSecret extends Schema.TaggedError<InvalidSecret>("SentWebhook/InvalidSecret")(
  "InvalidSecret",
  {},
) {
  override get message(): string {
    return "a webhook secret must be `whsec_` and the base64 of the key, as the provider shows it"
  }
}

/**
 * Why a call is not taken. `reason` says which; it never holds the body, a signature or the secret.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const verified = SentWebhook.verify(
 *   { headers: {}, body: new Uint8Array() },
 *   { secret: "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=" },
 * ).pipe(
 *   Effect.as("verified"),
 *   Effect.catchReason("WebhookError", "MissingHeader", ({ header }) =>
 *     Effect.succeed(`no ${header}`),
 *   ),
 * )
 *
 * console.assert((await Effect.runPromise(verified)) === "no x-webhook-id")
 * ```
 */
export class WebhookError extends Schema.TaggedError<WebhookError>("SentWebhook/WebhookError")(
  "WebhookError",
  {
    reason: Schema.Union([
      MissingHeader,
      RepeatedHeader,
      BadSignature,
      TimestampOutOfTolerance,
      MalformedPayload,
      InvalidSecret,
    ]),
  },
) {
  override get message(): string {
    return this.reason.message
  }
}

// -----------------------------------------------------------------------------
// Verifying
// -----------------------------------------------------------------------------

/**
 * A webhook secret as the provider shows it, `whsec_` and base64.
 *
 * @example
 * ```ts
 * import type { SentWebhook } from "@effect-sent/core"
 * import { Redacted } from "effect"
 *
 * const secret: SentWebhook.Secret = Redacted.make("whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=")
 * ```
 */
export type Secret = string | Redacted.Redacted<string>

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
  readonly headers:
    | Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
    | Iterable<readonly [name: string, value: string]>
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

const idHeader = "x-webhook-id"
const timestampHeader = "x-webhook-timestamp"
const signatureHeader = "x-webhook-signature"

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
  const keys = yield* Effect.forEach(secretsOf(secret), keyOf)
  const toleranceSeconds = Duration.toSeconds(Duration.fromInputUnsafe(tolerance))

  return ({ body, headers }) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const values = valuesOf(headers)
      const problem = names.map((name) => problemOf(values, name)).find(Predicate.isNotUndefined)
      if (problem !== undefined) return Effect.fail(failure(problem))
      const [id = "", timestamp = "", signatures = ""] = names.map((name) => values.get(name)?.[0])
      const age = now / 1000 - Number(timestamp)
      // Digits alone: `parseInt` would take `1700000000abc`, which was signed as something else.
      if (!/^\d{1,15}$/.test(timestamp) || Math.abs(age) > toleranceSeconds) {
        return Effect.fail(failure(new TimestampOutOfTolerance()))
      }
      const bytes = Predicate.isString(body) ? encoder.encode(body) : body
      return Effect.flatMap(fitsAny(keys, signatures, signedBytes(id, timestamp, bytes)), (fits) =>
        fits ? decode(bytes) : Effect.fail(failure(new BadSignature())),
      )
    })
})

const failure = (reason: WebhookError["reason"]): WebhookError => new WebhookError({ reason })

const encoder = new TextEncoder()

const secretsOf = (secret: VerifyOptions["secret"]): ReadonlyArray<Secret> =>
  Predicate.isString(secret) || Redacted.isRedacted(secret) ? [secret] : secret

const keyOf = (secret: Secret): Effect.Effect<Hmac.Key, WebhookError> => {
  const text = Redacted.isRedacted(secret) ? Redacted.value(secret) : secret
  const bytes = Base64.decode(text.replace(/^whsec_/, ""))
  return Result.isFailure(bytes) || bytes.success.length === 0
    ? Effect.fail(failure(new InvalidSecret()))
    : Hmac.importKey(new Uint8Array(bytes.success))
}

type Values = ReadonlyMap<string, ReadonlyArray<string>>

const names = [idHeader, timestampHeader, signatureHeader]

const valuesOf = (headers: SignedRequest["headers"]): Values => {
  const pairs = Predicate.isIterable(headers) ? headers : Object.entries(headers)
  const values = new Map<string, Array<string>>()
  for (const [key, value] of pairs) {
    const name = key.toLowerCase()
    if (value === undefined || !names.includes(name)) continue
    const all = values.get(name) ?? []
    all.push(...(Predicate.isString(value) ? [value] : value))
    values.set(name, all)
  }
  return values
}

const problemOf = (values: Values, name: string): WebhookError["reason"] | undefined => {
  const [value = "", ...others] = values.get(name) ?? []
  if (value === "") return new MissingHeader({ header: name })
  // HTTP joins what is repeated with a comma and a space; none of the three has that of its own.
  return others.length > 0 || value.includes(", ")
    ? new RepeatedHeader({ header: name })
    : undefined
}

const signedBytes = (id: string, timestamp: string, body: Uint8Array): Uint8Array<ArrayBuffer> => {
  const head = `${id}.${timestamp}.`
  // UTF-8 has three bytes at most for what is one in a string.
  const bytes = new Uint8Array(head.length * 3 + body.length)
  const { written } = encoder.encodeInto(head, bytes)
  bytes.set(body, written)
  return bytes.subarray(0, written + body.length)
}

/** More than this many signatures, no sender has secrets for. */
const maxSignatures = 10

const fitsAny = (
  keys: ReadonlyArray<Hmac.Key>,
  signatures: string,
  signed: Uint8Array<ArrayBuffer>,
): Effect.Effect<boolean> =>
  signatures
    .split(" ")
    .slice(0, maxSignatures)
    .flatMap((signature) => tagOf(signature) ?? [])
    .flatMap((tag) => keys.map((key) => key.verify(tag, signed)))
    .reduce(
      (earlier, next) => Effect.flatMap(earlier, (fits) => (fits ? Effect.succeed(true) : next)),
      Effect.succeed(false),
    )

const tagOf = (signature: string): Uint8Array<ArrayBuffer> | undefined => {
  // 43 characters and one of padding are 32 bytes; other versions are for other receivers.
  const [, text] = /^v1,([A-Za-z0-9+/]{43}=)$/.exec(signature) ?? []
  const tag = text === undefined ? undefined : Base64.decode(text)
  return tag === undefined || Result.isFailure(tag) ? undefined : new Uint8Array(tag.success)
}

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
  const key = yield* keyOf(secret)
  const seconds = timestamp ?? Math.floor((yield* Clock.currentTimeMillis) / 1000)
  const bytes = Predicate.isString(body) ? encoder.encode(body) : body
  const tag = yield* key.sign(signedBytes(id, String(seconds), bytes))
  return {
    [idHeader]: id,
    [timestampHeader]: String(seconds),
    [signatureHeader]: `v1,${Base64.encode(tag)}`,
  }
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

type Answering = (
  request: HttpServerRequest.HttpServerRequest,
) => Effect.Effect<HttpServerResponse.HttpServerResponse>

const makeReceiver = Effect.fnUntraced(function* <E, R>(
  options: ReceiverOptions<E, R>,
): Effect.fn.Return<Answering, WebhookError, R> {
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
      maxBodyBytes: options.maxBodyBytes ?? defaultMaxBodyBytes,
      read: (body) => check({ headers: request.headers, body }),
      handle: (event) => seen.once(event, handle(event)),
    })
})

const defaultMaxBodyBytes = 256 * 1024

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
  return async (request) => {
    const answer = await receiver
    const response = await Effect.runPromise(answer(HttpServerRequest.fromWeb(request)))
    return HttpServerResponse.toWeb(response)
  }
}
