/**
 * A mock of the API that answers from the contract. Each server listens on its own port until its scope closes.
 *
 * @example
 * ```ts
 * import { MockServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const mock = yield* MockServer.MockServer
 *   // After the program under test has sent to `mock.baseUrl`:
 *   const messages = yield* mock.messages({ status: "DELIVERED" })
 *   return messages.length
 * })
 *
 * console.log(await program.pipe(Effect.provide(MockServer.layer()), Effect.runPromise))
 * ```
 */
import type * as Contract from "@effect-sent/contract/Contract"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { handle, keepRefused } from "./internal/http/handle.ts"
import { adminPath } from "./internal/inbox/admin.ts"
import { accountOf } from "./internal/operations/ids.ts"
import { type Options, readOptions } from "./internal/options.ts"
import { makeControl } from "./internal/play/control.ts"
import { makeFaults } from "./internal/play/faults.ts"
import { makeKeys } from "./internal/play/keys.ts"
import { makeMessages } from "./internal/play/messages.ts"
import { makePlays } from "./internal/play/play.ts"
import { finish, makeTimeline } from "./internal/play/timeline.ts"
import { makeView, type View } from "./internal/play/view.ts"
import { makeServed } from "./internal/served.ts"
import { type Deliveries, makeDeliveries } from "./internal/updates/deliveries.ts"
import { defaultSecret } from "./internal/updates/sign.ts"
import { makeWebhooks } from "./internal/updates/webhooks.ts"
import { MockServerError } from "./MockServerError.ts"
import * as NodeServer from "./NodeServer.ts"

export type { Options } from "./internal/options.ts"
export type { PlayTarget, View } from "./internal/play/view.ts"
export type { Webhook } from "./internal/updates/webhooks.ts"

/** The default secret that updates are signed with. It is public. */
export const defaultWebhookSecret: string = defaultSecret

/**
 * The sender id of requests that have an `x-api-key` and no `x-sender-id`, as those of v3: a GUID that stands for the account of
 * the key.
 *
 * @example
 * ```ts
 * import { MockServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const mock = yield* MockServer.make()
 *   return yield* mock.forSender(MockServer.senderOfKey("the key of one test")).messages()
 * })
 * console.assert((await Effect.runPromise(Effect.scoped(program))).length === 0)
 * ```
 */
export const senderOfKey = (apiKey: string): string => accountOf(apiKey)

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/** A mock server that is listening. */
export class MockServer extends Context.Service<
  MockServer,
  {
    /** The base URL for clients, for example `http://127.0.0.1:4010`. */
    readonly baseUrl: string
    /** The address that the server listens on. */
    readonly host: string
    /** The port that the server listens on. */
    readonly port: number
    /** The first contract that the server answered from when it started. */
    readonly contract: Contract.Contract
    /** All contracts that the server answered from when it started. */
    readonly contracts: ReadonlyArray<Contract.Contract>
    /** The URL of the inbox page, for example `http://127.0.0.1:4010/__mock/`. */
    readonly inboxUrl: string
    /**
     * Returns the view of one sender. Letter case is ignored. Parallel tests that each use their own sender id do not see each
     * other's messages and faults.
     */
    readonly forSender: (senderId: string) => View
  } & View
>()("@effect-sent/mock-server/MockServer") {}

// -----------------------------------------------------------------------------
// Construction
// -----------------------------------------------------------------------------

/**
 * Starts a mock server. The server stops when the scope closes.
 *
 * **Details**
 *
 * When the server stops, it sends the updates that are still due, and requests in flight have a little less than a second to
 * complete. Connections that are still open after that are closed.
 *
 * @example
 * ```ts
 * import { MockServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const mock = yield* MockServer.make()
 *   const response = yield* Effect.promise(() => fetch(`${mock.baseUrl}/v1/messages/phone`))
 *   console.assert(response.status === 405)
 * })
 *
 * await Effect.runPromise(Effect.scoped(program))
 * ```
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {},
): Effect.fn.Return<MockServer["Service"], MockServerError, Scope.Scope> {
  const settings = yield* readOptions(options)
  const { basePath, host, port } = settings
  const served = yield* Effect.mapError(
    makeServed(options, settings.pace, settings.watches),
    ({ reason }) => new MockServerError({ reason }),
  )

  const timeline = makeTimeline(
    settings.runs,
    settings.seed === undefined ? undefined : seededStart,
  )
  const messages = yield* makeMessages(settings.maxMessages, settings.seed)
  const faults = makeFaults(() => served().operations)
  const deliveries = yield* makeDeliveries(messages, timeline, settings)
  const plays = makePlays(faults)
  const keys = makeKeys(timeline)
  const webhooks = makeWebhooks(settings.webhookUrl)
  const control = makeControl({ messages, faults, timeline, deliveries, plays, keys, webhooks })
  const closing = yield* Deferred.make<void>()

  const runFork = Effect.runForkWith(yield* Effect.context())
  const nodeServer = NodeServer.make(settings.requestTimeout, (refused) => {
    runFork(keepRefused({ messages, timeline }, refused))
  })
  const server = yield* Effect.mapError(
    NodeHttpServer.make(() => nodeServer, { host, port, disablePreemptiveShutdown: true }),
    ({ cause }) => new MockServerError({ reason: NodeServer.listenError(cause, { host, port }) }),
  )
  const bound = NodeServer.boundTo(nodeServer, { host, port })
  const { origin } = bound
  const baseUrl = `${origin}${basePath}`

  const app = handle(
    {
      served,
      basePath,
      decide: plays.decide,
      messages,
      deliveries,
      timeline,
      keys,
      webhooks,
    },
    {
      contracts: () => served().contracts,
      control,
      baseUrl,
      receiverUrl: `${origin}${adminPath}/receiver`,
      realistic: options.realistic ?? false,
      hosts: settings.inboxHosts,
      closing: Deferred.await(closing),
    },
  )
  yield* server.serve(app).pipe(
    // A server span would record the request's headers.
    Effect.provideService(HttpMiddleware.TracerDisabledWhen, () => true),
  )
  // Added last, so that it runs first: the server's own finalizer waits for every request, however long its body takes.
  yield* Effect.addFinalizer(() =>
    Effect.andThen(
      Deferred.succeed(closing, undefined),
      Effect.all([NodeServer.close(nodeServer), finish(timeline, NodeServer.graceMillis)], {
        concurrency: "unbounded",
        discard: true,
      }),
    ).pipe(Effect.andThen(settings.runs ? sayUndelivered(deliveries) : Effect.void)),
  )

  return MockServer.of({
    baseUrl,
    host: bound.host,
    port: bound.port,
    contract: served().contracts[0],
    contracts: served().contracts,
    inboxUrl: `${origin}${adminPath}/`,
    ...makeView(control, undefined),
    forSender: (senderId) => makeView(control, senderId.toLowerCase()),
  })
})

/** Says which updates were not delivered before the server stopped. */
const sayUndelivered = (deliveries: Deliveries): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { messages, updates } = deliveries.pending()
    return updates === 0
      ? Effect.void
      : Effect.logWarning(
          `stopped before ${updates} updates of ${messages} messages were delivered`,
        )
  })

/** When the clock of a server with a seed starts. */
const seededStart = Date.UTC(2026, 0, 1)

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * Provides a mock server, by default on a free port.
 *
 * @example
 * ```ts
 * import { SentClient, SentCredentials } from "@effect-sent/core"
 * import { MockServer } from "@effect-sent/mock-server"
 * import { Effect, Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 *
 * const SentMock = Layer.unwrap(
 *   MockServer.MockServer.useSync(({ baseUrl }) => SentClient.layer({ baseUrl })),
 * ).pipe(
 *   Layer.provide(MockServer.layer()),
 *   Layer.provide(
 *     SentCredentials.layer({ senderId: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11", apiKey: "any" }),
 *   ),
 *   Layer.provide(FetchHttpClient.layer),
 * )
 *
 * const receipt = await SentClient.sendToPhone({
 *   phoneNumber: "+1234567890",
 *   templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 * }).pipe(Effect.provide(SentMock), Effect.runPromise)
 * console.assert(receipt.status === 204)
 * ```
 */
export const layer = (options?: Options): Layer.Layer<MockServer, MockServerError> =>
  Layer.effect(MockServer, make(options))
