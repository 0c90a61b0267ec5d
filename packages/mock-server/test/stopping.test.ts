/** No caller can delay the stop of the mock. */
import { MockServer, MockServerError } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { connect } from "node:net"
import { credentials } from "./support/calls.ts"
import { bytesOf, open, received } from "@effect-sent/faults/rawClient"

const headers = [
  ["host", "mock"],
  ...Object.entries(credentials),
  ["content-type", "application/json"],
  ["content-length", "100"],
] as const

// `it.effect` stops the clock, as tests of programs that use the mock do.
describe("a mock server stops", { concurrent: true }, () => {
  it.effect.each<readonly [title: string, bytes: string | Uint8Array]>([
    ["has sent nothing", ""],
    ["has sent half a head", "POST /v1/mess"],
    ["has sent half a body", bytesOf({ headers, body: "{" })],
    ["waits to send a body", bytesOf({ headers: [...headers, ["expect", "100-continue"]] })],
  ])("while a caller %s", ([, bytes]) =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { port } = yield* Scope.provide(MockServer.make(), scope)
      const socket = yield* open(port)
      const cut = yield* Effect.forkChild(received(socket), { startImmediately: true })
      yield* Effect.callback<void>((resume) => {
        socket.write(bytes, () => resume(Effect.void))
      })
      // After an answer on a second connection, the bytes of the first one have been read.
      yield* Effect.promise(() => fetch(`http://127.0.0.1:${port}/`))
      yield* Scope.close(scope, Exit.void)
      const answer = yield* Fiber.join(cut)
      assert.notInclude(answer.toString("latin1"), "204")
    }),
  )

  it.effect("while a caller keeps a connection open on which CONNECT was refused", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { port } = yield* Scope.provide(MockServer.make(), scope)
      const socket = yield* Effect.acquireRelease(
        Effect.sync(() => connect({ port, host: "127.0.0.1", allowHalfOpen: true })),
        (opened) => Effect.sync(() => opened.destroy()),
      )
      const answer = Effect.callback<string>((resume) => {
        socket.once("data", (bytes: Buffer) => resume(Effect.succeed(bytes.toString("latin1"))))
      })
      socket.write(bytesOf({ method: "CONNECT", target: "a:1", headers: [["host", "a:1"]] }))
      assert.match(yield* answer, /^HTTP\/1\.1 405 /)
      yield* Scope.close(scope, Exit.void)
    }),
  )
})

describe("an option", () => {
  it.effect.each([0.4, 1.5, "1500 micros", 1e20, 1e300] as const)(
    "of %s for a time-out is valid or rejected",
    (requestTimeout) =>
      Effect.gen(function* () {
        const started = yield* Effect.exit(Effect.scoped(MockServer.make({ requestTimeout })))
        // A time-out below a millisecond is rejected.
        assert.strictEqual(Exit.isSuccess(started), requestTimeout !== 0.4)
      }),
  )

  it.effect(
    "with a host that is not a string is rejected, since Node would listen on every interface",
    () =>
      Effect.gen(function* () {
        // A caller that TypeScript does not check.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        const host = null as unknown as string
        const { reason } = yield* Effect.flip(MockServer.make({ host }))
        assert.instanceOf(reason, MockServerError.InvalidOption)
      }),
  )
})
