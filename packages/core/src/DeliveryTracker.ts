/**
 * Sends messages and tracks each of them until it is delivered.
 *
 * **Details**
 *
 * The API responds to a send without an id, so each send gets its own callback URL, which contains a signed token. An
 * update that arrives at this URL is about this send, and only the provider knows the URL.
 *
 * @example
 * ```ts
 * import { DeliveryTracker, SentClient } from "@effect-sent/core"
 * import { Effect, Layer } from "effect"
 *
 * const TrackerLive = DeliveryTracker.layer({
 *   publicUrl: "https://app.example.com/webhooks/sent",
 *   secret: "a random secret of at least 32 characters",
 * }).pipe(Layer.provide(SentClient.layerEnv))
 *
 * const program = Effect.gen(function* () {
 *   const tracker = yield* DeliveryTracker.DeliveryTracker
 *   const send = yield* tracker.sendToPhone({
 *     phoneNumber: "+1234567890",
 *     templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 *   })
 *   return yield* send.awaitFinal({ within: "100 millis" }).pipe(
 *     Effect.map(({ status }) => status === "DELIVERED" || status === "READ"),
 *     Effect.catchTag("DeliveryTimedOut", () => Effect.succeed(false)),
 *   )
 * })
 *
 * const wasDelivered = await program.pipe(Effect.provide(TrackerLive), Effect.runPromise)
 * // No update can reach `app.example.com` here.
 * console.assert(!wasDelivered)
 * ```
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import type * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Predicate from "effect/Predicate"
import * as Queue from "effect/Queue"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as DeliveryStatus from "./DeliveryStatus.ts"
import { checkCount, checkDuration, rejectInvalid } from "./internal/options.ts"
import { makeCallbackUrls, withoutTrailingSlash } from "./internal/updates/callbackUrl.ts"
import { makeInFlight } from "./internal/updates/inFlight.ts"
import { makeNodeHandler, type NodeHandler } from "./internal/updates/nodeHandler.ts"
import {
  defaultTimeout,
  type Limits,
  type Receive,
  receive,
  reject,
} from "./internal/updates/receiver.ts"
import { makeRouteHandler } from "./internal/updates/routeHandler.ts"
import { makeWebHandler, type WebHandler } from "./internal/updates/webHandler.ts"
import {
  type Entry,
  makeTracked,
  type Tracked as TrackedSends,
} from "./internal/updates/tracked.ts"
import type { Input, SendReceipt } from "./SendToPhone.ts"
import * as SentClient from "./SentClient.ts"
import { InvalidRequest, SentError } from "./SentError.ts"
import * as SentWebhook from "./SentWebhook.ts"
import type { WebhookError } from "./WebhookError.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/** The options of a tracker. */
export interface Options extends Limits {
  /** The public URL of this tracker's route. The callback URL of each send is this URL with a token in its query. */
  readonly publicUrl: string | URL
  /** The secret that signs the callback URLs: at least 32 characters, and the same after a restart. */
  readonly secret: string | Redacted.Redacted<string>
  /** How long a send is tracked, and its callback URL is valid. Default: 3 days. */
  readonly timeToLive?: Duration.Input | undefined
  /** How many sends are kept in memory; the oldest are dropped first. Default: 100,000. */
  readonly capacity?: number | undefined
  /**
   * Where sends are stored, so that they survive a restart and a full memory, and are known to other processes with the
   * same store and secret. Default: nowhere. Callback URLs stay valid after a restart either way.
   */
  readonly store?: KeyValueStore.KeyValueStore | undefined
  /** The provider's webhook secret, if it signs its calls. Unsigned calls are then rejected, even with a valid URL. */
  readonly webhookSecret?: SentWebhook.VerifyOptions["secret"] | undefined
}

/** The input of a tracked send, without the `webhookUrl`, which the tracker adds. */
export type TrackedInput = Omit<Input, "webhookUrl">

/** A send that is tracked. */
export interface Tracked {
  /** Identifies the send for `find`, for example after a restart. It is not secret: it does not reveal the URL. */
  readonly id: string
  /** The state by the updates so far. Any update proves that the message was sent. */
  readonly state: Effect.Effect<DeliveryStatus.State>
  /**
   * The current state, if there was an update, and each new state; a slow consumer gets the latest. It ends when the
   * send is no longer tracked, and not with a final status, since `READ` and `FAILED` may follow `DELIVERED`.
   */
  readonly statuses: Stream.Stream<DeliveryStatus.State>
  /** Waits until the status is final, for at most `within`. Default: 5 minutes. */
  readonly awaitFinal: (options?: {
    readonly within?: Duration.Input | undefined
  }) => Effect.Effect<DeliveryStatus.State, DeliveryTimedOut>
}

/** A tracked send of this process: the service has accepted the message, or may have. */
export interface TrackedSend extends Tracked {
  /** Whether the service confirmed that it accepted the message. If it is `unknown`, an update proves that it did. */
  readonly delivery: "accepted" | "unknown"
  /** The receipt. Fails with the error of the send if `delivery` is `unknown`. */
  readonly receipt: Effect.Effect<SendReceipt, SentError>
}

/**
 * No final status arrived in time.
 *
 * **Gotchas**
 *
 * Without a `status`, there was no update at all. If the send itself is `unknown`, it still is.
 */
export class DeliveryTimedOut extends Schema.TaggedError<DeliveryTimedOut>(
  "DeliveryTracker/DeliveryTimedOut",
)("DeliveryTimedOut", {
  /** The latest status, if there was an update. */
  status: Schema.optionalKey(DeliveryStatus.MessageStatus),
  /** The time allowed. */
  after: Schema.Duration,
}) {
  override get message(): string {
    const latest =
      this.status === undefined ? "no update arrived" : `the latest status is ${this.status}`
    return `no final status within ${Duration.format(this.after)}; ${latest}`
  }
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/** The service that sends and tracks messages. */
export class DeliveryTracker extends Context.Service<
  DeliveryTracker,
  {
    /**
     * Sends a message and tracks it. Fails only if the message was certainly not sent. A message that may have been
     * sent is tracked like any other.
     */
    readonly sendToPhone: (
      input: TrackedInput,
      options?: SentClient.SendOptions,
    ) => Effect.Effect<TrackedSend, SentError>
    /** Finds a send by its id, in memory or in the store. Undefined if it is unknown or no longer tracked. */
    readonly find: (
      id: string,
    ) => Effect.Effect<Tracked | undefined, KeyValueStore.KeyValueStoreError>
    /**
     * Receives a call of the provider, on any server, and says what to respond: see {@link route}. The token is in the
     * query of the call's `url`.
     */
    readonly receive: Receive
  }
>()("@effect-sent/core/DeliveryTracker") {}

/**
 * Sends a message and tracks it, with the tracker in the context.
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
 *       secret: "a random secret of at least 32 characters",
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
 * Makes a tracker with the client in the context. Fails with the reason `InvalidOptions` if an option is invalid, and
 * with the reason `InvalidSecret` if `webhookSecret` is malformed.
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
  const { capacity = defaultCapacity, webhookSecret } = options
  const timeToLive = options.timeToLive ?? defaultTimeToLive
  yield* rejectInvalid([
    ...checkDuration(timeToLive, "timeToLive"),
    ...checkCount(capacity, ["capacity"]),
  ])
  const urls = yield* makeCallbackUrls(options.publicUrl, options.secret)
  const verifier =
    webhookSecret === undefined
      ? undefined
      : yield* SentWebhook.makeVerifier({ secret: webhookSecret })
  const client = yield* SentClient.SentClient
  const tracked = yield* makeTracked(capacity, options.store)
  const inFlight = makeInFlight<KeyValueStore.KeyValueStoreError>(
    Duration.fromInputUnsafe(options.timeout ?? defaultTimeout),
    yield* Effect.scope,
  )

  const tokenOf = Effect.fnUntraced(function* (url: string | undefined) {
    const token = yield* urls.read(url)
    if (token === "forged") return yield* reject(401, "unknown callback URL")
    return token === "expired" ? yield* reject(410, "this message is no longer tracked") : token
  })

  const send = Effect.fnUntraced(function* (
    input: TrackedInput,
    sendOptions?: SentClient.SendOptions,
  ) {
    if (Predicate.hasProperty(input, "webhookUrl") && input.webhookUrl !== undefined) {
      const issue = { path: ["webhookUrl"], message: "must be absent: the tracker sets it" }
      return yield* new SentError({ reason: new InvalidRequest({ issues: [issue] }), attempts: 0 })
    }
    const token = yield* urls.make(Duration.toMillis(Duration.fromInputUnsafe(timeToLive)))
    // Before the message is sent, since an update may arrive before the response.
    const entry = yield* tracked.open(token.id, token.expiresAt)
    const result = yield* Effect.result(
      client.sendToPhone({ ...input, webhookUrl: token.url }, sendOptions),
    )
    if (Result.isFailure(result) && result.failure.delivery === "not-sent") {
      yield* tracked.forget(token.id)
      return yield* result.failure
    }
    return {
      ...track(tracked, entry),
      delivery: Result.isSuccess(result) ? ("accepted" as const) : ("unknown" as const),
      receipt: Effect.fromResult(result),
    }
  })

  return DeliveryTracker.of({
    sendToPhone: send,
    find: (id) =>
      Effect.map(tracked.find(id), (entry) =>
        entry === undefined ? undefined : track(tracked, entry),
      ),
    receive: (call) =>
      tokenOf(call.url).pipe(
        Effect.flatMap((token) =>
          receive(call, {
            ...options,
            read: (body) =>
              verifier === undefined
                ? SentWebhook.decode(body)
                : verifier({ headers: call.headers, body }),
            handle: (event) =>
              event._tag === "MessageStatus"
                ? inFlight.run(
                    [token.id, event.messageId, event.status, event.at.epochMilliseconds].join(" "),
                    tracked.apply(token.id, token.expiresAt, event),
                  )
                : Effect.void,
          }),
        ),
        Effect.catch(Effect.succeed),
      ),
  })
})

const defaultTimeToLive = Duration.days(3)
const defaultCapacity = 100_000
/** The handle of a send. */
const track = (tracked: TrackedSends, opened: Entry): Tracked => {
  const { id } = opened
  // Looked up each time, since it may have left memory and come back. A store that fails counts as empty.
  const entry = Effect.orElseSucceed(tracked.find(id), () => undefined)
  // A send that is no longer tracked keeps its last state.
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
 * Provides a tracker that sends with the client of your choice.
 *
 * @example
 * ```ts
 * import { DeliveryTracker, SentClient } from "@effect-sent/core"
 * import { Layer } from "effect"
 *
 * const TrackerLive = DeliveryTracker.layer({
 *   publicUrl: "https://app.example.com/webhooks/sent",
 *   secret: "a random secret of at least 32 characters",
 * }).pipe(Layer.provide(SentClient.layerEnv))
 * ```
 */
export const layer = (
  options: Options,
): Layer.Layer<DeliveryTracker, SentError | WebhookError, SentClient.SentClient> =>
  Layer.effect(DeliveryTracker, make(options))

/**
 * Adds a route to Effect's `HttpRouter` that receives the updates: at the path of `publicUrl`, as this server sees it.
 *
 * **Details**
 *
 * | response | when |
 * | --- | --- |
 * | 204 | the update was applied, now or earlier |
 * | 400 | the body is not JSON, or it is missing or incomplete |
 * | 401 | the callback URL is unknown, or no signature matches |
 * | 405 | the method is not POST |
 * | 408, 413 | the body did not arrive within `timeout`, or is longer than `maxBodyBytes` |
 * | 410 | the send is no longer tracked |
 * | 500 | the store failed or did not respond within `timeout`; the provider calls again |
 *
 * **Gotchas**
 *
 * The token in the query of a callback URL is secret. Effect's request log leaves the query out, and its spans redact the
 * parameter `sig`; keep it in `UrlParams.CurrentRedactedNames` if you replace that list. A proxy in front of this server
 * may log whole URLs.
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
      HttpRouter.add(
        "*",
        `/${withoutTrailingSlash(path).slice(1)}`,
        makeRouteHandler(tracker.receive),
      ),
    ),
  )

/**
 * Makes a {@link route} for servers that use `Request` and `Response`: Next.js, Hono, Deno, Bun, workers. It runs with the
 * logger, the tracer and the clock of the context in which it is made: `await runtime.runPromise(toWebHandler)`.
 */
export const toWebHandler: Effect.Effect<WebHandler, never, DeliveryTracker> = DeliveryTracker.use(
  (tracker) => makeWebHandler(tracker.receive),
)

/**
 * Makes a {@link route} for `node:http` and for servers that are built on it, such as Express and Fastify. It runs as
 * {@link toWebHandler} does. Register it before `express.json()`.
 */
export const toNodeHandler: Effect.Effect<NodeHandler, never, DeliveryTracker> =
  DeliveryTracker.use((tracker) => makeNodeHandler(tracker.receive))
