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
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as DeliveryStatus from "./DeliveryStatus.ts"
import { type Apply, makeAccountUpdates } from "./internal/updates/accountUpdates.ts"
import { type Configured, readOptions } from "./internal/environment.ts"
import * as Kind from "./internal/options.ts"
import {
  makeCallbackUrls,
  publicUrl,
  secret,
  withoutTrailingSlash,
} from "./internal/updates/callbackUrl.ts"
import { follow, type Tracked } from "./internal/updates/follow.ts"
import { makeHandler } from "./internal/updates/handler.ts"
import { makeInFlight } from "./internal/updates/inFlight.ts"
import { makeNodeHandler, type NodeHandler } from "./internal/updates/nodeHandler.ts"
import {
  defaultTimeout,
  limitKinds,
  type Limits,
  type Receive,
  receive,
  reject,
} from "./internal/updates/receiver.ts"
import { makeRouteHandler } from "./internal/updates/routeHandler.ts"
import { makeWebHandler, type WebHandler } from "./internal/updates/webHandler.ts"
import { makeMemoryStore } from "./internal/updates/memoryStore.ts"
import { DeliveryStore, type DeliveryStoreError, deliveryStore } from "./internal/updates/store.ts"
import { webhookSecret } from "./internal/updates/signature.ts"
import { makeUnsigned } from "./internal/updates/token.ts"
import { makeTracked } from "./internal/updates/tracked.ts"
import {
  makeTrackedSend,
  type TrackedInput,
  type TrackedOptions,
  type TrackedSend,
} from "./internal/updates/trackedSend.ts"
import { makeSeen } from "./internal/updates/seen.ts"
import { reportUnreadable, type UnreadableUpdate } from "./internal/updates/unreadable.ts"
import { isWaiting, makeWaiting } from "./internal/updates/waiting.ts"
import * as SentClient from "./SentClient.ts"
import type { SentError } from "./SentError.ts"
import * as SentWebhook from "./SentWebhook.ts"

export { DeliveryTimedOut, type Tracked } from "./internal/updates/follow.ts"
export type { TrackedInput, TrackedOptions, TrackedSend } from "./internal/updates/trackedSend.ts"
export type { UnreadableUpdate } from "./internal/updates/unreadable.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/** The options of a tracker. */
export interface Options<R = never> extends Limits {
  /**
   * The public URL of this tracker's route. The callback URL of each send is this URL with a token in its query. Required over v1;
   * over v3, register this URL as a webhook of the account.
   */
  readonly publicUrl?: string | URL | undefined
  /**
   * The secret that signs the callback URLs: at least 32 characters, and the same after a restart. Required over v1. Over v3, with
   * the secret of before, updates of messages that were sent over v1 are still taken.
   */
  readonly secret?: string | Redacted.Redacted<string> | undefined
  /** How long a send is tracked, and its callback URL is valid; forever if it is infinite. Default: 3 days. */
  readonly timeToLive?: Duration.Input | undefined
  /** How many sends are kept in memory, if they are; those that expire first are dropped first. Default: 100,000. */
  readonly capacity?: number | undefined
  /**
   * Where sends are kept, so that they survive a restart, and are known to other processes with the same store and secret.
   * Default: the `DeliveryStore` in the context of {@link make} or {@link layer}, and without one, memory. Callback URLs
   * stay valid after a restart either way.
   */
  readonly store?: DeliveryStore["Service"] | undefined
  /**
   * Called with each new update of a message's status, once the store has it. The response is 2xx only after it has
   * succeeded; if it fails, dies or takes longer than `timeout`, the response is 500, and the provider calls again. Default:
   * nothing.
   *
   * **Details**
   *
   * It runs in a scope that closes after it, and a caller that hangs up does not interrupt it. It is called once for an
   * update: in any number of processes if their store can claim, and once more at most if its process is killed in the middle.
   */
  readonly onUpdate?: ((update: TrackedUpdate) => Effect.Effect<void, unknown, R>) | undefined
  /**
   * Called with each update that says nothing of a message's status: what could not be read, or is about something else. It
   * is logged and counted (`sent.updates.unreadable`) either way. If the hook fails, the response is 500, and the provider
   * calls again. Default: nothing.
   */
  readonly onUnreadable?:
    ((update: UnreadableUpdate) => Effect.Effect<void, unknown, R>) | undefined
  /**
   * The provider's webhook secret, or several while it is rotated. Required over v3, where it proves that an update is the
   * provider's. Over v1, give it if the provider signs its calls: unsigned calls are then rejected, even with a valid URL.
   */
  readonly webhookSecret?: SentWebhook.VerifyOptions["secret"] | undefined
  /**
   * How long an update over v3 waits for a send with the id of its message. It may come before the answer to the send, or the
   * answer was lost and its idempotency key has yet to settle it. After that, or if more than `capacity` messages wait, it is
   * dropped, logged and counted (`sent.updates.unclaimed`). Default: 24 hours, as long as a key.
   */
  readonly keepUnclaimed?: Duration.Input | undefined
}

/** An update of a send. */
export interface TrackedUpdate {
  /** The id of the send. If several sends have the message, over v3 with one key, that of the latest. */
  readonly id: string
  /** The update. Of one that waited for its send over v3, what the store keeps: ids, status, times and channel; `body` is undefined. */
  readonly event: DeliveryStatus.MessageStatusEvent
  /** Reads the send from the store: its reference, and its state with this update. Undefined if it was never stored. */
  readonly send: Effect.Effect<Tracked | undefined, DeliveryStoreError>
}

/** Which sends `unknown` lists. */
export interface UnknownSends {
  /** Only those that were sent so long ago, so as to leave out those that are under way. Default: 5 minutes. */
  readonly olderThan?: Duration.Input | undefined
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
      options?: TrackedOptions,
    ) => Effect.Effect<TrackedSend, SentError>
    /** Finds a send by its id, in memory or in the store. Undefined if it is unknown or no longer tracked. */
    readonly find: (id: string) => Effect.Effect<Tracked | undefined, DeliveryStoreError>
    /** Finds the sends with the caller's reference, the latest first. Those that have expired are left out. */
    readonly findByReference: (
      reference: string,
    ) => Effect.Effect<ReadonlyArray<Tracked>, DeliveryStoreError>
    /**
     * Lists the sends of which it is still unknown whether they were sent: there was no response that says so, or the process
     * was killed in the middle, and there was no update. Do not send them again blindly.
     */
    readonly unknown: (options?: UnknownSends) => Stream.Stream<Tracked, DeliveryStoreError>
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
  options?: TrackedOptions,
): Effect.Effect<TrackedSend, SentError, DeliveryTracker> =>
  DeliveryTracker.use((tracker) => tracker.sendToPhone(input, options))

// -----------------------------------------------------------------------------
// Construction
// -----------------------------------------------------------------------------

/**
 * Makes a tracker with the client in the context. Fails with the reason `InvalidOptions` if an option is invalid.
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
export const make = Effect.fnUntraced(function* <R = never>(
  options: Options<R>,
): Effect.fn.Return<
  DeliveryTracker["Service"],
  SentError,
  SentClient.SentClient | Scope.Scope | Exclude<R, Scope.Scope>
> {
  const client = yield* SentClient.SentClient
  const isAccount = client.updatesTo === "account"
  yield* Kind.checkOptions(isAccount ? accountOptions : messageOptions, options)
  const { capacity = defaultCapacity, timeToLive = defaultTimeToLive } = options
  const { publicUrl: base = "", secret: signedWith } = options
  const urls = signedWith === undefined ? undefined : yield* makeCallbackUrls(base, signedWith)
  const verifier =
    options.webhookSecret === undefined
      ? undefined
      : // The secret was checked above.
        yield* Effect.orDie(SentWebhook.makeVerifier({ secret: options.webhookSecret }))
  const stored = yield* Effect.serviceOption(DeliveryStore)
  const store =
    options.store ??
    Option.getOrElse(stored, () => makeMemoryStore({ sends: capacity, claims: capacity }))
  const tracked = yield* makeTracked(store, capacity)
  const timeout = Duration.fromInputUnsafe(options.timeout ?? defaultTimeout)
  const scope = yield* Effect.scope
  const inFlight = makeInFlight<unknown>(timeout, scope)
  const seen = yield* makeSeen<unknown>({ store }, timeout, inFlight)
  const hook = options.onUpdate === undefined ? undefined : yield* makeHandler(options.onUpdate)
  const unreadableHook =
    options.onUnreadable === undefined ? undefined : yield* makeHandler(options.onUnreadable)

  const find = (id: string): Effect.Effect<Tracked | undefined, DeliveryStoreError> =>
    Effect.map(tracked.find({ id }), ([found]) =>
      found === undefined || isWaiting(found) ? undefined : follow(tracked, found),
    )

  /** Applies an update, and then calls the hook, unless it has succeeded under this key. */
  const apply: Apply = (key, send, event) =>
    hook === undefined
      ? inFlight.run(key, tracked.apply(send, event, store.append))
      : seen.onceFor(
          key,
          (lease) => tracked.apply(send, event, (all) => store.claim(lease, all)),
          hook({ id: send.id, event, send: find(send.id) }),
        )

  const account =
    isAccount && verifier !== undefined
      ? makeAccountUpdates(
          tracked,
          yield* makeWaiting(store, tracked, {
            capacity,
            timeToLive: Duration.fromInputUnsafe(options.keepUnclaimed ?? defaultKeepUnclaimed),
          }),
          apply,
          store.append,
          scope,
        )
      : undefined
  const millis = Duration.toMillis(Duration.fromInputUnsafe(timeToLive))

  return DeliveryTracker.of({
    sendToPhone: makeTrackedSend(client, tracked, {
      account,
      // The options require a secret over v1.
      open: Effect.suspend(() =>
        account === undefined && urls !== undefined ? urls.make(millis) : makeUnsigned(millis),
      ),
    }),
    find,
    findByReference: (reference) =>
      Effect.map(tracked.find({ reference }), (sends) =>
        sends.map((found) => follow(tracked, found)),
      ),
    unknown: ({ olderThan = defaultUnknownAge } = {}) =>
      Stream.unwrap(
        Effect.map(DateTime.now, (now) =>
          tracked.unknown(DateTime.subtractDuration(now, olderThan)),
        ),
      ).pipe(Stream.map((found) => follow(tracked, found))),
    receive: Effect.fnUntraced(function* (call) {
      const token = urls === undefined ? "forged" : yield* urls.read(call.url)
      if (token === "expired") return yield* refused(410, "this message is no longer tracked")
      const ofMessage = token === "forged" ? undefined : token
      if (ofMessage === undefined && account === undefined) {
        return yield* refused(401, "unknown callback URL")
      }
      const id = ofMessage?.id
      return yield* receive(call, {
        ...options,
        read: (body) =>
          // Over v3, a token is the proof of a message that was sent over v1.
          verifier === undefined || (account !== undefined && ofMessage !== undefined)
            ? SentWebhook.decode(body)
            : verifier({ headers: call.headers, body }),
        handle: (event, body) => {
          if (event._tag !== "MessageStatus") {
            const work = reportUnreadable({ id, event }, unreadableHook)
            return seen.once(id ?? "account", event, body, work)
          }
          if (ofMessage === undefined) return account?.receive(event) ?? Effect.void
          const key = `${ofMessage.id} ${DeliveryStatus.stepKey(DeliveryStatus.stepOf(event))}`
          const expiresAt = DateTime.makeUnsafe(ofMessage.expiresAt)
          return apply(key, { id: ofMessage.id, expiresAt }, event)
        },
      })
    }),
  })
})

const refused = (status: number, problem: string): Effect.Effect<SentWebhook.Answer> =>
  Effect.flip(reject(status, problem))

const defaultTimeToLive = Duration.days(3)
const defaultCapacity = 100_000
const defaultKeepUnclaimed = Duration.days(1)

const trackerKinds: Kind.Kinds<Options> = {
  ...limitKinds,
  publicUrl,
  secret,
  timeToLive: Kind.duration({ infinite: true }),
  capacity: Kind.whole(1),
  store: deliveryStore,
  onUpdate: Kind.fn,
  onUnreadable: Kind.fn,
  webhookSecret: Kind.oneOrMore(webhookSecret),
  keepUnclaimed: Kind.duration(),
}

/** Over v1. */
const messageOptions: Kind.Kind = Kind.struct<Options>({
  ...trackerKinds,
  publicUrl: Kind.required(publicUrl),
  secret: Kind.required(secret),
})

/** Over v3. */
const accountOptions: Kind.Kind = Kind.struct<Options>({
  ...trackerKinds,
  webhookSecret: Kind.required(trackerKinds.webhookSecret),
})

const defaultUnknownAge = Duration.minutes(5)

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
export const layer = <R = never>(
  options: Options<R>,
): Layer.Layer<DeliveryTracker, SentError, SentClient.SentClient | Exclude<R, Scope.Scope>> =>
  Layer.effect(DeliveryTracker, make(options))

/**
 * Provides a tracker whose options are values or `Config`s.
 *
 * @example
 * ```ts
 * import { DeliveryTracker, SentClient } from "@effect-sent/core"
 * import { Config, Layer } from "effect"
 *
 * const TrackerLive = DeliveryTracker.layerConfig({
 *   publicUrl: Config.URL("PUBLIC_URL"),
 *   secret: Config.Redacted("TRACKER_SECRET"),
 *   timeToLive: "7 days",
 * }).pipe(Layer.provide(SentClient.layerEnv))
 * ```
 */
export const layerConfig = <R = never>(
  options: Configured<Options<R>>,
): Layer.Layer<
  DeliveryTracker,
  Config.ConfigError | SentError,
  SentClient.SentClient | Exclude<R, Scope.Scope>
> => Layer.unwrap(Effect.map(readOptions<Options<R>>(options), layer))

/**
 * Adds a route to Effect's `HttpRouter` that receives the updates: at the path of `publicUrl`, as this server sees it.
 *
 * **Details**
 *
 * | response | when |
 * | --- | --- |
 * | 204 | the update was stored, and `onUpdate` has succeeded, now or earlier |
 * | 400 | the body is not JSON, or it is missing or incomplete |
 * | 401 | the callback URL is unknown, or no signature matches |
 * | 405 | the method is not POST |
 * | 408, 413 | the body did not arrive within `timeout`, or is longer than `maxBodyBytes` |
 * | 410 | the send is no longer tracked |
 * | 500 | `onUpdate` or the store failed, or did not end within `timeout`; the provider calls again |
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
