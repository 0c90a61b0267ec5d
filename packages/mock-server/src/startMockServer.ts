/** The mock server for programs that do not use Effect. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as MockServer from "./MockServer.ts"

/**
 * A mock server that is listening.
 *
 * @example
 * ```ts
 * import { startMockServer, type StartedMockServer } from "@effect-sent/mock-server"
 *
 * const mock: StartedMockServer = await startMockServer()
 * console.log(mock.baseUrl)
 * await mock.stop()
 * ```
 */
export interface StartedMockServer extends AsyncDisposable {
  /** What a client takes for the address of the API, e.g. `http://127.0.0.1:4010`. */
  readonly baseUrl: string
  /** The address it listens on. */
  readonly host: string
  /** The port it listens on. */
  readonly port: number
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
  const scope = Scope.makeUnsafe()
  const exit = await Effect.runPromiseExit(Scope.provide(MockServer.make(options), scope))
  const close = (): Promise<void> => Effect.runPromise(Scope.close(scope, Exit.void))
  if (Exit.isFailure(exit)) {
    await close()
    throw Cause.squash(exit.cause)
  }
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => (stopped ??= close())
  const { baseUrl, host, port } = exit.value
  return { baseUrl, host, port, stop, [Symbol.asyncDispose]: stop }
}
