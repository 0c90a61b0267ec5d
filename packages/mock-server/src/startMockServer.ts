/**
 * The mock server for programs that do not use Effect.
 *
 * @example
 * ```ts
 * import { startMockServer } from "@effect-sent/mock-server"
 *
 * await using mock = await startMockServer()
 * await fetch(`${mock.baseUrl}/v1/messages/phone`, {
 *   method: "POST",
 *   headers: {
 *     "content-type": "application/json",
 *     "x-sender-id": "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
 *     "x-api-key": "anything",
 *   },
 *   body: JSON.stringify({
 *     phoneNumber: "+1234567890",
 *     templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 *   }),
 * })
 * const message = await mock.expectMessage({ phoneNumber: "+1234567890" })
 * console.assert(message.accepted)
 * ```
 */
import { problemOf } from "@effect-sent/contract/NodeVersion"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import type { Fault, PlacedFault } from "./Fault.ts"
import type { Message } from "./Message.ts"
import type { Match } from "./MessageMatch.ts"
import * as MockServer from "./MockServer.ts"
import { engines } from "./internal/packageJson.ts"

/** The messages, the faults and the clock of all senders or of one sender: `MockServer.View` with promises. */
export interface MockServerView {
  /** Returns the matching messages, oldest first. Without a match, returns all messages. */
  readonly messages: (match?: Match) => Promise<ReadonlyArray<Message>>
  /** Returns the requests that were refused as invalid, oldest first: each has a `refusal`. */
  readonly refused: () => Promise<ReadonlyArray<Message>>
  /** Returns the newest matching message. Rejects with a `MessageNotFound` that describes the closest one. */
  readonly expectMessage: (match: Match) => Promise<Message>
  /** Returns the only matching message. Rejects when none matches, or more than one. */
  readonly expectOne: (match: Match) => Promise<Message>
  /** Rejects when a message matches. */
  readonly expectNone: (match: Match) => Promise<void>
  /** Returns the newest matching request that was refused: as invalid, or by its scenario, a fault or `Prefer`. */
  readonly expectRefused: (match: Match) => Promise<Message>
  /** Waits for a matching message and returns it. Rejects with `MessageNotFound` after `within`. Default: a second. */
  readonly awaitMessage: (match: Match, within?: Duration.Input) => Promise<Message>
  /** Removes the messages, cancels their pending updates, forgets keys, and starts scenarios with several answers anew. */
  readonly clearMessages: () => Promise<void>
  /** Removes the messages and the faults, and brings scenarios and clock to their state at the start. */
  readonly reset: () => Promise<void>
  /** Adds a fault. Rejects with a `MockServerError` when the fault is invalid. */
  readonly addFault: (fault: Fault) => Promise<PlacedFault>
  /**
   * Plays a scenario to the next messages, whatever their number: to all, or to those of a number or a template. Without
   * `times`, until the returned fault is removed. Rejects when there is no such scenario.
   */
  readonly play: (scenario: string, to?: MockServer.PlayTarget) => Promise<PlacedFault>
  /** Returns the active faults. */
  readonly faults: () => Promise<ReadonlyArray<PlacedFault>>
  /** Removes a fault. Returns whether it was active. */
  readonly removeFault: (id: string) => Promise<boolean>
  /** Removes every fault. */
  readonly clearFaults: () => Promise<void>
  /** Forgets what was answered under idempotency keys. */
  readonly clearKeys: () => Promise<void>
  /** Registers the receiver of updates for operations whose requests name no URL. Undefined removes it. */
  readonly setWebhookUrl: (url: string | undefined) => Promise<void>
  /** The receiver that is registered. It is disabled after ten failed deliveries in a row. */
  readonly webhook: () => Promise<MockServer.Webhook | undefined>
  /** Enables a receiver that was disabled. */
  readonly enableWebhook: () => Promise<void>
  /** The mock's clock. */
  readonly clock: {
    readonly now: () => Promise<Date>
    /** Advances the clock, and waits until every update that became due has been attempted. */
    readonly advance: (duration: Duration.Input) => Promise<void>
  }
}

/** A mock server that is listening. */
export interface StartedMockServer extends MockServerView, AsyncDisposable {
  /** The base URL for clients, for example `http://127.0.0.1:4010`. */
  readonly baseUrl: string
  /** The address that the server listens on. */
  readonly host: string
  /** The port that the server listens on. */
  readonly port: number
  /** The URL of the inbox page. */
  readonly inboxUrl: string
  /** Returns the view of one sender. Letter case is ignored. */
  readonly forSender: (senderId: string) => MockServerView
  /** Stops the server and resolves when all of its resources are released. May be called more than once. */
  readonly stop: () => Promise<void>
}

/**
 * Starts a mock server, by default on a free port. Stop it with `stop`, or declare it with `await using`.
 *
 * **Details**
 *
 * Rejects with a `MockServerError` when the server cannot be started, and with an `Error` when Node.js is too old.
 *
 * @example
 * ```ts
 * import { startMockServer } from "@effect-sent/mock-server"
 *
 * await using mock = await startMockServer()
 * const response = await fetch(`${mock.baseUrl}/v1/messages/phone`, { method: "POST" })
 * console.assert(response.status === 401)
 * ```
 */
export const startMockServer = async (options?: MockServer.Options): Promise<StartedMockServer> => {
  const problem = problemOf(process.versions.node, engines.node)
  if (problem !== undefined) throw new Error(`@effect-sent/mock-server: ${problem}`)
  const scope = Scope.makeUnsafe()
  const exit = await Effect.runPromiseExit(Scope.provide(MockServer.make(options), scope))
  const close = (): Promise<void> => Effect.runPromise(Scope.close(scope, Exit.void))
  if (Exit.isFailure(exit)) {
    await close()
    throw Cause.squash(exit.cause)
  }
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => (stopped ??= close())
  const mock = exit.value
  const { baseUrl, host, inboxUrl, port } = mock
  return {
    baseUrl,
    host,
    port,
    inboxUrl,
    ...viewOf(mock),
    forSender: (senderId) => viewOf(mock.forSender(senderId)),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

const viewOf = (view: MockServer.View): MockServerView => ({
  messages: (match) => run(view.messages(match)),
  refused: () => run(view.refused),
  expectMessage: (match) => run(view.expectMessage(match)),
  expectOne: (match) => run(view.expectOne(match)),
  expectNone: (match) => run(view.expectNone(match)),
  expectRefused: (match) => run(view.expectRefused(match)),
  awaitMessage: (match, within) => run(view.awaitMessage(match, within)),
  clearMessages: () => run(view.clearMessages),
  reset: () => run(view.reset),
  addFault: (fault) => run(view.addFault(fault)),
  play: (scenario, to) => run(view.play(scenario, to)),
  faults: () => run(view.faults),
  removeFault: (id) => run(view.removeFault(id)),
  clearFaults: () => run(view.clearFaults),
  clearKeys: () => run(view.clearKeys),
  setWebhookUrl: (url) => run(view.setWebhookUrl(url)),
  webhook: () => run(view.webhook),
  enableWebhook: () => run(view.enableWebhook),
  clock: {
    now: () => run(Effect.map(view.clock.now, DateTime.toDateUtc)),
    advance: (duration) => run(view.clock.advance(duration)),
  },
})

/** Rejects with the error itself rather than with a fiber failure that wraps it. */
const run = async <A, E>(effect: Effect.Effect<A, E>): Promise<A> => {
  const result = await Effect.runPromise(Effect.result(effect))
  if (Result.isFailure(result)) throw result.failure
  return result.success
}
