/** The mock server for programs that do not use Effect. */
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

/**
 * What was sent, what is to go wrong, and the time: of everybody, or of one sender. As `MockServer.View`, with promises.
 */
export interface MockServerView {
  /** The messages that match, all of them without a match; oldest first. */
  readonly messages: (match?: Match) => Promise<ReadonlyArray<Message>>
  /** The newest message that matches; rejected with a `MessageNotFound` that says which one comes nearest. */
  readonly expectMessage: (match: Match) => Promise<Message>
  /** The newest message that matches, as soon as there is one; rejected after so long, a second unless told otherwise. */
  readonly awaitMessage: (match: Match, within?: Duration.Input) => Promise<Message>
  /** Forgets the messages, and sends no more updates of them. */
  readonly clearMessages: () => Promise<void>
  /** Puts a fault in force; rejected when it makes no sense. */
  readonly addFault: (fault: Fault) => Promise<PlacedFault>
  /** The faults in force. */
  readonly faults: () => Promise<ReadonlyArray<PlacedFault>>
  /** Takes one fault out of force; whether it was there. */
  readonly removeFault: (id: string) => Promise<boolean>
  /** Takes every fault out of force. */
  readonly clearFaults: () => Promise<void>
  /** The mock's clock. */
  readonly clock: {
    readonly now: () => Promise<Date>
    /** Moves it on, and waits until every update that was due by then has had its try. */
    readonly advance: (duration: Duration.Input) => Promise<void>
  }
}

/** A mock server that is listening. */
export interface StartedMockServer extends MockServerView, AsyncDisposable {
  /** What a client takes for the address of the API, e.g. `http://127.0.0.1:4010`. */
  readonly baseUrl: string
  /** The address it listens on. */
  readonly host: string
  /** The port it listens on. */
  readonly port: number
  /** The page that shows the messages as they arrive. */
  readonly inboxUrl: string
  /** What concerns one sender alone, in either letter case. */
  readonly forSender: (senderId: string) => MockServerView
  /** Stops it; after the promise is fulfilled nothing of it is left. May be called again. */
  readonly stop: () => Promise<void>
}

/**
 * Starts a mock server, by default on a free port. Stop it with `stop`, or declare it with `await using`. The promise
 * is rejected with a `MockServerError`.
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
  expectMessage: (match) => run(view.expectMessage(match)),
  awaitMessage: (match, within) => run(view.awaitMessage(match, within)),
  clearMessages: () => run(view.clearMessages),
  addFault: (fault) => run(view.addFault(fault)),
  faults: () => run(view.faults),
  removeFault: (id) => run(view.removeFault(id)),
  clearFaults: () => run(view.clearFaults),
  clock: {
    now: () => run(Effect.map(view.clock.now, DateTime.toDateUtc)),
    advance: (duration) => run(view.clock.advance(duration)),
  },
})

/** Rejects with the error itself and not with a fiber's failure around it. */
const run = async <A, E>(effect: Effect.Effect<A, E>): Promise<A> => {
  const result = await Effect.runPromise(Effect.result(effect))
  if (Result.isFailure(result)) throw result.failure
  return result.success
}
