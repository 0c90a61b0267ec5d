/**
 * The mock server: answers as the contract says, on a port of its own, for as long as its scope is open.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import type { ServeError } from "effect/http/HttpServerError"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Contract from "./Contract.ts"
import type { Fault, PlacedFault } from "./Fault.ts"
import { adminPath } from "./internal/admin.ts"
import { makeControl } from "./internal/control.ts"
import { makeDeliveries } from "./internal/deliveries.ts"
import { makeFaults } from "./internal/faults.ts"
import { handle } from "./internal/handle.ts"
import { makeMessages } from "./internal/messages.ts"
import { closeNodeServer, makeNodeServer, sendTheRest } from "./internal/nodeServer.ts"
import { readOptions } from "./internal/options.ts"
import { makeDecide } from "./internal/play.ts"
import { makePrism } from "./internal/prism.ts"
import { defaultSecret } from "./internal/sign.ts"
import { makeTimeline } from "./internal/timeline.ts"
import { makeCheckUpdate, planUpdates } from "./internal/updates.ts"
import { makeView } from "./internal/view.ts"
import type { Message } from "./Message.ts"
import type { Match, MessageNotFound } from "./MessageMatch.ts"
import {
  AddressUnavailable,
  ContractInvalid,
  MockServerError,
  PortInUse,
} from "./MockServerError.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/**
 * The options of a mock server.
 *
 * @example
 * ```ts
 * import type { MockServer } from "@effect-sent/mock-server"
 *
 * const options: MockServer.Options = { port: 4010, host: "127.0.0.1" }
 * ```
 */
export interface Options {
  /** The port to listen on, 0 to 65535; 0 picks a free one. Default: 0. */
  readonly port?: number | undefined
  /** The address or name to listen on. Default: `127.0.0.1`, which nobody else can reach. */
  readonly host?: string | undefined
  /** The contract to serve, a YAML or JSON file. Default: the one that comes with this package. */
  readonly contract?: string | URL | undefined
  /** How long a request may take to arrive; then it is answered with 408. Default: 30 seconds. */
  readonly requestTimeout?: Duration.Input | undefined
  /** A path in front of the contract's own, e.g. `/sent`. Default: none. */
  readonly basePath?: string | undefined
  /**
   * Whether updates come after seconds, as from a real carrier, and are tried again after minutes. Default: no, a
   * hundred times as fast.
   */
  readonly realistic?: boolean | undefined
  /** `manual`: the mock's clock stands still until it is advanced. Default: `machine`, it runs. */
  readonly clock?: "machine" | "manual" | undefined
  /** What updates are signed with, `whsec_` and base64. Default: `defaultWebhookSecret`. */
  readonly webhookSecret?: Redacted.Redacted | string | undefined
  /** Hosts, besides loopback, that updates may be sent to: names or addresses without a port. Default: none. */
  readonly allowHosts?: ReadonlyArray<string> | undefined
  /** How long a receiver of an update has to answer. Default: 30 seconds of the machine's clock. */
  readonly webhookTimeout?: Duration.Input | undefined
  /** Names under which the inbox may be opened, besides `localhost` and addresses. Default: none but `host`. */
  readonly inboxHosts?: ReadonlyArray<string> | undefined
  /** How many messages are kept; the oldest go first. Default: 10,000. */
  readonly keep?: number | undefined
}

/**
 * What updates are signed with unless told otherwise. It is no secret.
 *
 * @example
 * ```ts
 * import { MockServer } from "@effect-sent/mock-server"
 *
 * console.assert(MockServer.defaultWebhookSecret.startsWith("whsec_"))
 * ```
 */
export const defaultWebhookSecret: string = defaultSecret

/**
 * What was sent, what is to go wrong, and the time: of everybody, or of one sender.
 *
 * @example
 * ```ts
 * import { MockServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const deliveredTo = (view: MockServer.View, phoneNumber: string) =>
 *   Effect.map(view.messages({ phoneNumber, status: "DELIVERED" }), (messages) => messages.length)
 * ```
 */
export interface View {
  /** The messages that match, all of them without a match; oldest first. */
  readonly messages: (match?: Match) => Effect.Effect<ReadonlyArray<Message>>
  /** The newest message that matches; fails with the one that comes nearest. */
  readonly expectMessage: (match: Match) => Effect.Effect<Message, MessageNotFound>
  /**
   * The newest message that matches, as soon as there is one. Fails after so long, a second unless told otherwise, by the
   * machine's clock: what it waits for comes over a real connection.
   */
  readonly awaitMessage: (
    match: Match,
    within?: Duration.Input,
  ) => Effect.Effect<Message, MessageNotFound>
  /** Forgets the messages, and sends no more updates of them. */
  readonly clearMessages: Effect.Effect<void>
  /** Puts a fault in force. Fails with `InvalidOption` when it makes no sense. */
  readonly addFault: (fault: Fault) => Effect.Effect<PlacedFault, MockServerError>
  /** The faults in force. */
  readonly faults: Effect.Effect<ReadonlyArray<PlacedFault>>
  /** Takes one fault out of force; whether it was there. */
  readonly removeFault: (id: string) => Effect.Effect<boolean>
  /** Takes every fault out of force. */
  readonly clearFaults: Effect.Effect<void>
  /** The mock's clock, by which updates are due and answers held back. */
  readonly clock: {
    readonly now: Effect.Effect<DateTime.Utc>
    /** Moves it on, and waits until every update that was due by then has had its try. */
    readonly advance: (duration: Duration.Input) => Effect.Effect<void>
  }
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * A mock server that is listening.
 *
 * @example
 * ```ts
 * import { MockServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const baseUrl = MockServer.MockServer.useSync((mock) => mock.baseUrl)
 *
 * console.log(await baseUrl.pipe(Effect.provide(MockServer.layer()), Effect.runPromise))
 * ```
 */
export class MockServer extends Context.Service<
  MockServer,
  {
    /** What a client takes for the address of the API, e.g. `http://127.0.0.1:4010`. */
    readonly baseUrl: string
    /** The address it listens on. */
    readonly host: string
    /** The port it listens on. */
    readonly port: number
    /** The contract it serves. */
    readonly contract: Contract.Contract
    /** The page that shows the messages as they arrive, e.g. `http://127.0.0.1:4010/__mock/`. */
    readonly inboxUrl: string
    /** What concerns one sender alone, in either letter case: tests with senders of their own do not see each other. */
    readonly forSender: (senderId: string) => View
  } & View
>()("@effect-sent/mock-server/MockServer") {}

// -----------------------------------------------------------------------------
// Construction
// -----------------------------------------------------------------------------

/**
 * Starts a mock server, which stops when the scope closes. Requests that it is answering then are given a second;
 * connections that are still open after it are cut.
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
  const contract = yield* Contract.load(options.contract)
  const prism = yield* Effect.mapError(
    makePrism(contract),
    (problem) =>
      new MockServerError({ reason: new ContractInvalid({ path: contract.path, problem }) }),
  )

  const timeline = makeTimeline(settings.runs)
  const messages = yield* makeMessages(settings.keep)
  const faults = makeFaults(contract)
  const deliveries = yield* makeDeliveries(messages, timeline, settings)
  const control = makeControl(messages, faults, timeline, deliveries)
  const closing = yield* Deferred.make<void>()

  const nodeServer = makeNodeServer(settings.requestTimeout)
  const server = yield* Effect.mapError(
    NodeHttpServer.make(() => nodeServer, { host, port, disablePreemptiveShutdown: true }),
    (error) => new MockServerError({ reason: notListening(error, host, port) }),
  )
  // `listen` was given a port, so that the address has one.
  const address = nodeServer.address()
  const bound = address !== null && typeof address === "object" ? address : { address: host, port }
  const origin = `http://${urlHost(bound.address)}:${bound.port}`
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
      Effect.all([closeNodeServer(nodeServer), sendTheRest(timeline)], {
        concurrency: "unbounded",
        discard: true,
      }),
    ),
  )

  return MockServer.of({
    baseUrl,
    host: bound.address,
    port: bound.port,
    contract,
    inboxUrl: `${origin}${adminPath}/`,
    ...makeView(control, undefined),
    forSender: (senderId) => makeView(control, senderId.toLowerCase()),
  })
})

const notListening = (
  { cause }: ServeError,
  host: string,
  port: number,
): PortInUse | AddressUnavailable => {
  const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : String(cause)
  return code === "EADDRINUSE"
    ? new PortInUse({ host, port })
    : new AddressUnavailable({ host, port, problem: code })
}

/** The host as a URL has it; the addresses that stand for every interface are none that a client can call. */
const urlHost = (address: string): string => {
  if (address === "0.0.0.0") return "127.0.0.1"
  if (address === "::") return "[::1]"
  return address.includes(":") ? `[${address}]` : address
}

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
