/**
 * A mock of the API: it answers as the contract says, on a port of its own, for as long as its scope is open.
 *
 * @example
 * ```ts
 * import { MockServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const mock = yield* MockServer.MockServer
 *   // The program under test sends to `mock.baseUrl`. Then:
 *   const messages = yield* mock.messages({ status: "DELIVERED" })
 *   return messages.length
 * })
 *
 * console.log(await program.pipe(Effect.provide(MockServer.layer()), Effect.runPromise))
 * ```
 */
import * as Contract from "@effect-sent/contract/Contract"
import type { ContractError } from "@effect-sent/contract/ContractError"
import * as Prism from "@effect-sent/contract/Prism"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { handle } from "./internal/http/handle.ts"
import { adminPath } from "./internal/inbox/admin.ts"
import { type Options, readOptions } from "./internal/options.ts"
import { makeControl } from "./internal/play/control.ts"
import { makeFaults } from "./internal/play/faults.ts"
import { makeMessages } from "./internal/play/messages.ts"
import { makeDecide } from "./internal/play/play.ts"
import { finish, makeTimeline } from "./internal/play/timeline.ts"
import { makeView, type View } from "./internal/play/view.ts"
import { makeDeliveries } from "./internal/updates/deliveries.ts"
import { defaultSecret } from "./internal/updates/sign.ts"
import { makeCheckUpdate, planUpdates } from "./internal/updates/updates.ts"
import { MockServerError } from "./MockServerError.ts"
import * as NodeServer from "./NodeServer.ts"

export type { Options } from "./internal/options.ts"
export type { View } from "./internal/play/view.ts"

/** The secret that signs updates by default. It is public: anyone may know it. */
export const defaultWebhookSecret: string = defaultSecret

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/** A mock server that is listening. */
export class MockServer extends Context.Service<
  MockServer,
  {
    /** The base URL for a client, for example `http://127.0.0.1:4010`. */
    readonly baseUrl: string
    /** The address it listens on. */
    readonly host: string
    /** The port it listens on. */
    readonly port: number
    /** The contract it serves. */
    readonly contract: Contract.Contract
    /** The page that shows the messages as they arrive, for example `http://127.0.0.1:4010/__mock/`. */
    readonly inboxUrl: string
    /** The view of one sender, in either letter case. Tests that each use their own sender do not see each other. */
    readonly forSender: (senderId: string) => View
  } & View
>()("@effect-sent/mock-server/MockServer") {}

// -----------------------------------------------------------------------------
// Construction
// -----------------------------------------------------------------------------

/**
 * Starts a mock server, which stops when the scope closes. Requests in flight then have a second to end; connections that are
 * still open after it are cut.
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
  const contract = yield* asMockServerError(Contract.load(options.contract))
  const prism = yield* asMockServerError(Prism.make(contract))

  const timeline = makeTimeline(settings.runs)
  const messages = yield* makeMessages(settings.maxMessages)
  const faults = makeFaults(contract)
  const deliveries = yield* makeDeliveries(messages, timeline, settings)
  const control = makeControl(messages, faults, timeline, deliveries)
  const closing = yield* Deferred.make<void>()

  const nodeServer = NodeServer.make(settings.requestTimeout)
  const server = yield* Effect.mapError(
    NodeHttpServer.make(() => nodeServer, { host, port, disablePreemptiveShutdown: true }),
    ({ cause }) => new MockServerError({ reason: NodeServer.listenError(cause, { host, port }) }),
  )
  const bound = NodeServer.boundTo(nodeServer, { host, port })
  const { origin } = bound
  const baseUrl = `${origin}${basePath}`

  const checks = new Map(
    contract.operations.map((operation) => [operation, makeCheckUpdate(operation)]),
  )
  const plans = new Map(
    contract.operations.flatMap((operation) =>
      operation.scenarios.map((scenario) => [
        scenario,
        planUpdates(scenario, operation, settings.pace),
      ]),
    ),
  )
  const app = handle(
    {
      contract,
      prism,
      basePath,
      decide: makeDecide(faults),
      messages,
      deliveries,
      checkUpdate: (operation) => checks.get(operation) ?? makeCheckUpdate(operation),
      timeline,
      plansOf: (scenario) => plans.get(scenario) ?? [],
    },
    {
      contract,
      control,
      baseUrl,
      receiverUrl: `${origin}${adminPath}/receiver`,
      realistic: options.realistic ?? false,
      hosts: settings.inboxHosts,
      closing: Deferred.await(closing),
    },
  )
  yield* server.serve(app).pipe(
    // A span of the server would show the request's headers.
    Effect.provideService(HttpMiddleware.TracerDisabledWhen, () => true),
  )
  // Added last, so that it runs first: the server's own end waits for every request, however long its body takes.
  yield* Effect.addFinalizer(() =>
    Effect.andThen(
      Deferred.succeed(closing, undefined),
      Effect.all([NodeServer.close(nodeServer), finish(timeline, NodeServer.graceMillis)], {
        concurrency: "unbounded",
        discard: true,
      }),
    ),
  )

  return MockServer.of({
    baseUrl,
    host: bound.host,
    port: bound.port,
    contract,
    inboxUrl: `${origin}${adminPath}/`,
    ...makeView(control, undefined),
    forSender: (senderId) => makeView(control, senderId.toLowerCase()),
  })
})

const asMockServerError = <A>(
  effect: Effect.Effect<A, ContractError>,
): Effect.Effect<A, MockServerError> =>
  Effect.mapError(effect, ({ reason }) => new MockServerError({ reason }))

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * A mock server for as long as the layer is in use; for tests, one on a free port of its own.
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
