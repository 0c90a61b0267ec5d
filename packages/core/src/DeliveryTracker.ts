/**
 * Follows a message to its end. The API answers a send without an id, so each send gets a callback URL of its own, with a
 * secret in it: what comes to that URL is about that send, and nobody else can say anything about it.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import type * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Predicate from "effect/Predicate"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as DeliveryStatus from "./DeliveryStatus.ts"
import { checkCount, checkDuration, invalidOptions, rejectInvalid } from "./internal/options.ts"
import { receive } from "./internal/updates/receiver.ts"
import { makeTokens } from "./internal/updates/token.ts"
import { receiveWeb } from "./internal/updates/webHandler.ts"
import {
  type Entry,
  makeTracked,
  type Tracked as TrackedSends,
} from "./internal/updates/tracked.ts"
import { SendToPhoneRequest, type SendReceipt, type SendToPhoneInput } from "./SendToPhone.ts"
import * as SentClient from "./SentClient.ts"
import type { SentError } from "./SentError.ts"
import * as SentWebhook from "./SentWebhook.ts"
import type { WebhookError } from "./WebhookError.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/**
 * The options of a tracker.
 *
 * @example
 * ```ts
 * import type { DeliveryTracker } from "@effect-sent/core"
 * import { Redacted } from "effect"
 *
 * const options: DeliveryTracker.Options = {
 *   publicUrl: "https://app.example.com/webhooks/sent",
 *   secret: Redacted.make("a secret of your own, 32 characters or more"),
 * }
 * ```
 */
export interface Options {
  /** Where this tracker's route can be reached from outside; each send's URL is below it. */
  readonly publicUrl: string | URL
  /** What the URLs are signed with: at least 32 characters, the same after a restart, known to nobody else. */
  readonly secret: string | Redacted.Redacted<string>
  /** For how long updates of a send are taken, and it is remembered. Default: 3 days. */
  readonly timeToLive?: Duration.Input | undefined
  /** How many sends are held in memory; the oldest go first. Default: 100,000. */
  readonly capacity?: number | undefined
  /**
   * Where sends are stored, so that they are known after a restart, when memory is full, and to other processes with the
   * same store and secret. Default: nowhere. URLs are good after a restart in any case.
   */
  readonly store?: KeyValueStore.KeyValueStore | undefined
  /** The provider's secret, if it signs its calls: then an unsigned one is refused although its URL is good. */
  readonly webhookSecret?: SentWebhook.VerifyOptions["secret"] | undefined
  /** The longest body that is read. Default: 256 KiB. */
  readonly maxBodyBytes?: number | undefined
}

/**
 * What to send; the tracker itself adds the `webhookUrl`.
 *
 * @example
 * ```ts
 * import type { DeliveryTracker } from "@effect-sent/core"
 *
 * const input: DeliveryTracker.TrackedInput = {
 *   phoneNumber: "+1234567890",
 *   templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 * }
 * ```
 */
export type TrackedInput = Omit<SendToPhoneInput, "webhookUrl">

/**
 * A send that is followed.
 *
 * @example
 * ```ts
 * import type { DeliveryTracker } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const wasDelivered = (send: DeliveryTracker.Tracked) =>
 *   send.awaitFinal({ within: "5 minutes" }).pipe(
 *     Effect.map(({ status }) => status === "DELIVERED" || status === "READ"),
 *     Effect.catchTag("DeliveryTimedOut", () => Effect.succeed(false)),
 *   )
 * ```
 */
export interface Tracked {
  /** Names the send to `find`, e.g. after a restart. It is no secret: it does not open the callback URL. */
  readonly id: string
  /** What the updates so far say. That there is one at all says that the message went out. */
  readonly state: Effect.Effect<DeliveryStatus.State>
  /**
   * The state now, if an update has come, and each new one; a slow reader gets the newest. It ends when the send is
   * followed no longer: not with a final status, since `READ` and `FAILED` may follow `DELIVERED`.
   */
  readonly statuses: Stream.Stream<DeliveryStatus.State>
  /** The state as soon as its status is final, now or within this time. Default: 5 minutes. */
  readonly awaitFinal: (options?: {
    readonly within?: Duration.Input | undefined
  }) => Effect.Effect<DeliveryStatus.State, DeliveryTimedOut>
}

/**
 * A send of this process that is followed: the service has accepted it, or may have.
 *
 * @example
 * ```ts
 * import type { DeliveryTracker } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * // What an unknown send does not say, its updates do.
 * const wentOut = (send: DeliveryTracker.TrackedSend) =>
 *   send.receipt.pipe(
 *     Effect.as(true),
 *     Effect.catchTag("SentError", () =>
 *       send.awaitFinal({ within: "1 minute" }).pipe(
 *         Effect.as(true),
 *         Effect.catchTag("DeliveryTimedOut", ({ status }) => Effect.succeed(status !== undefined)),
 *       ),
 *     ),
 *   )
 * ```
 */
export interface TrackedSend extends Tracked {
  /** Whether the service said that it has accepted the message. When it is unknown, the updates tell. */
  readonly delivery: "accepted" | "unknown"
  /** The receipt; fails with the error of a send that may have been accepted: one whose `delivery` is unknown. */
  readonly receipt: Effect.Effect<SendReceipt, SentError>
}

/**
 * No final status came in time. `status` is the latest; without one, no update came at all: if the send's receipt is
 * unknown too, it still is.
 *
 * @example
 * ```ts
 * import { DeliveryTracker } from "@effect-sent/core"
 * import { Duration } from "effect"
 *
 * const error = new DeliveryTracker.DeliveryTimedOut({ status: "SENT", after: Duration.minutes(5) })
 * console.assert(error.message === "no final status within 5m; the latest is SENT")
 * ```
 */
export class DeliveryTimedOut extends Schema.TaggedError<DeliveryTimedOut>(
  "DeliveryTracker/DeliveryTimedOut",
)("DeliveryTimedOut", {
  /** The latest status; undefined when no update has come. */
  status: Schema.optionalKey(DeliveryStatus.MessageStatus),
  /** The time that it was given. */
  after: Schema.Duration,
}) {
  override get message(): string {
    const latest = this.status === undefined ? "no update has come" : `the latest is ${this.status}`
    return `no final status within ${Duration.format(this.after)}; ${latest}`
  }
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * Sends messages and follows them.
 *
 * @example
 * ```ts
 * import { DeliveryTracker, SentClient } from "@effect-sent/core"
 * import { Effect, Layer } from "effect"
 *
 * const TrackerLive = DeliveryTracker.layer({
 *   publicUrl: "https://app.example.com/webhooks/sent",
 *   secret: "a secret of your own, 32 characters or more",
 * }).pipe(Layer.provide(SentClient.layerEnv))
 *
 * const program = Effect.gen(function* () {
 *   const tracker = yield* DeliveryTracker.DeliveryTracker
 *   const send = yield* tracker.sendToPhone({
 *     phoneNumber: "+1234567890",
 *     templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 *   })
 *   return yield* send.state
 * })
 *
 * const state = await program.pipe(Effect.provide(TrackerLive), Effect.runPromise)
 * console.assert(state.status === undefined)
 * ```
 */
export class DeliveryTracker extends Context.Service<
  DeliveryTracker,
  {
    /**
     * Sends a message and follows it. Fails only when the message was certainly not sent; when it may have been, it is
     * followed like any other, and its updates tell.
     */
    readonly sendToPhone: (
      input: TrackedInput,
      options?: SentClient.SendOptions,
    ) => Effect.Effect<TrackedSend, SentError>
    /** A send by its id: of this process, or from the store. Undefined when it is unknown or over. */
    readonly find: (
      id: string,
    ) => Effect.Effect<Tracked | undefined, KeyValueStore.KeyValueStoreError>
    /** Answers a call of the provider, whose token is the last segment of the path; what `route` is made of. */
    readonly receive: (
      request: HttpServerRequest.HttpServerRequest,
    ) => Effect.Effect<HttpServerResponse.HttpServerResponse>
  }
>()("@effect-sent/core/DeliveryTracker") {}

/**
 * Sends a message and follows it, with the tracker in the context.
 *
 * @example
 * ```ts
 * import { DeliveryTracker, SentClient } from "@effect-sent/core"
 * import { Effect, Layer } from "effect"
 *
 * const id = await DeliveryTracker.sendToPhone({
 *   phoneNumber: "+1234567890",
 *   templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 * }).pipe(
 *   Effect.map((send) => send.id),
 *   Effect.provide(
 *     DeliveryTracker.layer({
 *       publicUrl: "https://app.example.com/webhooks/sent",
 *       secret: "a secret of your own, 32 characters or more",
 *     }).pipe(Layer.provide(SentClient.layerEnv)),
 *   ),
 *   Effect.runPromise,
 * )
 * console.assert(id.length > 0)
 * ```
 */
export const sendToPhone = (
  input: TrackedInput,
  options?: SentClient.SendOptions,
): Effect.Effect<TrackedSend, SentError, DeliveryTracker> =>
  DeliveryTracker.use((tracker) => tracker.sendToPhone(input, options))

// -----------------------------------------------------------------------------
// Construction
// -----------------------------------------------------------------------------

/**
 * Makes a tracker with the client in the context. Fails with the reason `InvalidRequest` when an option is malformed, and
 * with `InvalidSecret` when `webhookSecret` is.
 *
 * @example
 * ```ts
 * import { DeliveryTracker, SentClient } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const error = await DeliveryTracker.make({
 *   publicUrl: "https://app.example.com/webhooks/sent",
 *   secret: "too short",
 * }).pipe(Effect.flip, Effect.scoped, Effect.provide(SentClient.layerEnv), Effect.runPromise)
 * console.assert(error.message.includes("secret"))
 * ```
 */
export const make = Effect.fnUntraced(function* (
  options: Options,
): Effect.fn.Return<
  DeliveryTracker["Service"],
  SentError | WebhookError,
  SentClient.SentClient | Scope.Scope
> {
  const { capacity = defaultCapacity, maxBodyBytes, webhookSecret } = options
  const base = yield* baseOf(options.publicUrl)
  const timeToLive = options.timeToLive ?? defaultTimeToLive
  yield* rejectInvalid([
    ...checkDuration(timeToLive, "timeToLive"),
    ...checkCount(capacity, ["capacity"]),
  ])
  const tokens = yield* makeTokens(yield* secretBytes(options.secret))
  const verifier =
    webhookSecret === undefined
      ? undefined
      : yield* SentWebhook.makeVerifier({ secret: webhookSecret })
  const client = yield* SentClient.SentClient
  const tracked = yield* makeTracked(capacity, options.store)

  const send = Effect.fnUntraced(function* (
    input: TrackedInput,
    sendOptions?: SentClient.SendOptions,
  ) {
    if (Predicate.hasProperty(input, "webhookUrl") && input.webhookUrl !== undefined) {
      return yield* invalid("webhookUrl", "must be left out: the tracker gives each send its own")
    }
    const token = yield* tokens.make(Duration.toMillis(Duration.fromInputUnsafe(timeToLive)))
    // Before the message is sent: an update may come before the answer does.
    const entry = yield* tracked.open(token.id, token.expiresAt)
    const result = yield* Effect.result(
      client.sendToPhone({ ...input, webhookUrl: `${base}/${token.text}` }, sendOptions),
    )
    if (Result.isFailure(result) && result.failure.delivery === "not-sent") {
      yield* tracked.forget(token.id)
      return yield* result.failure
    }
    return {
      ...follow(tracked, entry),
      delivery: Result.isSuccess(result) ? ("accepted" as const) : ("unknown" as const),
      receipt: Effect.fromResult(result),
    }
  })

  return DeliveryTracker.of({
    sendToPhone: send,
    find: (id) =>
      Effect.map(tracked.find(id), (entry) =>
        entry === undefined ? undefined : follow(tracked, entry),
      ),
    receive: Effect.fnUntraced(function* (request) {
      const token = yield* tokens.read(lastSegment(request.url))
      if (token === "forged") {
        yield* Effect.logWarning("a delivery update was refused: its URL is none of ours")
        return HttpServerResponse.text("this URL is none of ours", { status: 401 })
      }
      if (token === "expired") {
        return HttpServerResponse.text("this message is followed no longer", { status: 410 })
      }
      return yield* receive(request, {
        maxBodyBytes,
        read: (body) =>
          verifier === undefined
            ? SentWebhook.decode(body)
            : verifier({ headers: request.headers, body }),
        handle: (event) => tracked.apply(token.id, token.expiresAt, event),
      })
    }),
  })
})

const defaultTimeToLive = Duration.days(3)
const defaultCapacity = 100_000
const minSecretLength = 32

const invalid = (path: string, message: string): SentError =>
  invalidOptions([{ path: [path], message }])

const secretBytes = (
  secret: Options["secret"],
): Effect.Effect<Uint8Array<ArrayBuffer>, SentError> => {
  const text = Redacted.isRedacted(secret) ? Redacted.value(secret) : secret
  return Predicate.isString(text) && text.length >= minSecretLength
    ? Effect.succeed(new TextEncoder().encode(text))
    : Effect.fail(invalid("secret", `must have ${minSecretLength} characters or more`))
}

const isWebhookUrl = Schema.is(SendToPhoneRequest.fields.webhookUrl)

const baseOf = (publicUrl: string | URL): Effect.Effect<string, SentError> => {
  const text = String(publicUrl).replace(/\/+$/, "")
  return isWebhookUrl(`${text}/${"x".repeat(80)}`) && !text.includes("?")
    ? Effect.succeed(text)
    : Effect.fail(
        invalid(
          "publicUrl",
          "must be an absolute http or https URL without query, fragment and user info, e.g. https://app.example.com/webhooks/sent",
        ),
      )
}

const lastSegment = (url: string): string => {
  const [path = ""] = url.split(/[?#]/)
  return path.slice(path.lastIndexOf("/") + 1)
}

/** A handle of a send. */
const follow = (tracked: TrackedSends, opened: Entry): Tracked => {
  const { id } = opened
  // Looked up each time: it may have left memory and come back since. A store that fails knows of nothing.
  const entry = Effect.orElseSucceed(tracked.find(id), () => undefined)
  // What is followed no longer keeps the state that it had.
  const state = Effect.map(entry, (found) => (found ?? opened).state)

  const statuses = Stream.unwrap(
    Effect.gen(function* () {
      const queue = yield* Queue.sliding<DeliveryStatus.State, Cause.Done>(1)
      const found = yield* entry
      if (found === undefined) {
        return opened.state.status === undefined ? Stream.empty : Stream.make(opened.state)
      }
      const listener = (next: DeliveryStatus.State | undefined): void => {
        if (next === undefined) Queue.endUnsafe(queue)
        else Queue.offerUnsafe(queue, next)
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => found.listeners.add(listener)),
        () => Effect.sync(() => found.listeners.delete(listener)),
      )
      if (found.state.status !== undefined) listener(found.state)
      return Stream.fromQueue(queue)
    }),
  )

  const awaitFinal: Tracked["awaitFinal"] = ({ within = defaultWithin } = {}) => {
    const after = Duration.fromInputUnsafe(within)
    const timedOut = Effect.flatMap(state, ({ status }) =>
      Effect.fail(new DeliveryTimedOut({ after, ...(status === undefined ? {} : { status }) })),
    )
    return statuses.pipe(
      Stream.filter(({ isFinal }) => isFinal),
      Stream.runHead,
      Effect.flatMap((head) => (head._tag === "Some" ? Effect.succeed(head.value) : Effect.never)),
      Effect.timeoutOrElse({ duration: after, orElse: () => timedOut }),
    )
  }

  return { id, state, statuses, awaitFinal }
}

const defaultWithin = Duration.minutes(5)

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * A tracker with the client of your choice.
 *
 * @example
 * ```ts
 * import { DeliveryTracker, SentClient } from "@effect-sent/core"
 * import { Layer } from "effect"
 *
 * const TrackerLive = DeliveryTracker.layer({
 *   publicUrl: "https://app.example.com/webhooks/sent",
 *   secret: "a secret of your own, 32 characters or more",
 * }).pipe(Layer.provide(SentClient.layerEnv))
 * ```
 */
export const layer = (
  options: Options,
): Layer.Layer<DeliveryTracker, SentError | WebhookError, SentClient.SentClient> =>
  Layer.effect(DeliveryTracker, make(options))

/**
 * The route of Effect's `HttpRouter` that receives the updates, below this path: the path of `publicUrl`, as this server
 * sees it. The server does not log these requests, since their URLs are secret; to keep them out of a tracer's spans too,
 * give it `HttpMiddleware.TracerDisabledWhen`.
 *
 * | answer | when |
 * | --- | --- |
 * | 204 | the update is taken into account, now or before |
 * | 400 | the body is not JSON |
 * | 401 | the URL is none of ours, or the signature is not good |
 * | 405, 413, 415 | it is no POST, too large, or no JSON by its content type |
 * | 410 | the send is followed no longer |
 * | 500 | the store failed; the provider calls again |
 *
 * @example
 * ```ts
 * import { DeliveryTracker } from "@effect-sent/core"
 *
 * const Updates = DeliveryTracker.route("/webhooks/sent")
 * ```
 */
export const route = (
  path: HttpRouter.PathInput,
): Layer.Layer<never, never, DeliveryTracker | HttpRouter.HttpRouter> =>
  Layer.unwrap(
    DeliveryTracker.useSync((tracker) =>
      HttpRouter.add("*", below(path), (request) =>
        // The server's own log line would hold the URL, and with it the secret.
        HttpMiddleware.withLoggerDisabled(tracker.receive(request)),
      ),
    ),
  )

const below = (path: HttpRouter.PathInput): HttpRouter.PathInput =>
  path.endsWith("/") ? `/${path.slice(1)}:token` : `/${path.slice(1)}/:token`

/**
 * The same for anything that speaks `Request` and `Response`, with a tracker that you have made.
 *
 * @example
 * ```ts
 * import { DeliveryTracker, SentClient } from "@effect-sent/core"
 * import { Effect, Layer, ManagedRuntime } from "effect"
 *
 * const runtime = ManagedRuntime.make(
 *   DeliveryTracker.layer({
 *     publicUrl: "https://app.example.com/webhooks/sent",
 *     secret: "a secret of your own, 32 characters or more",
 *   }).pipe(Layer.provide(SentClient.layerEnv)),
 * )
 * const handler = DeliveryTracker.toWebHandler(await runtime.runPromise(DeliveryTracker.DeliveryTracker))
 *
 * const response = await handler(
 *   new Request("https://app.example.com/webhooks/sent/forged", { method: "POST", body: "{}" }),
 * )
 * console.assert(response.status === 401)
 * await runtime.dispose()
 * ```
 */
export const toWebHandler =
  (tracker: DeliveryTracker["Service"]): ((request: Request) => Promise<Response>) =>
  (request) =>
    receiveWeb(tracker.receive, request)
