/** A runtime without `node:diagnostics_channel`: nothing is seen, so only what an error says can prove anything. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { clients } from "@effect-sent/faults/clients"
import { answer, wire } from "./support/wire.ts"

const program = fileURLToPath(new URL("support/unseenProgram.ts", import.meta.url))

const claimsOf = (...baseUrls: ReadonlyArray<string>) =>
  Effect.callback<unknown>((resume) => {
    execFile(process.execPath, [program, ...baseUrls], (error, out) => {
      resume(error === null ? Effect.succeed(JSON.parse(out)) : Effect.die(error))
    })
  })

describe("without channels", () => {
  it.live("only an error proves anything, and a second request over fetch is refused", () =>
    Effect.gen(function* () {
      const quick = yield* wire(answer(204))
      const { baseUrl: closed } = yield* Effect.scoped(wire(answer(204)))
      // It waits for more than the first bytes of a handshake.
      const mute = yield* wire(() => undefined)
      const resetting = yield* wire((socket) => void socket.resetAndDestroy())
      const claims = yield* claimsOf(
        quick.baseUrl,
        closed,
        mute.baseUrl.replace("http:", "https:"),
        resetting.baseUrl,
      )
      assert.deepStrictEqual(claims, [
        ...clients.map(([name]) => [
          name,
          "accepted",
          "not-sent: ConnectionFailed",
          "unknown: TimedOut",
          "unknown: ConnectionLost",
        ]),
        [
          "repeating",
          "accepted",
          "unknown: RequestRepeated",
          "unknown: TimedOut",
          "unknown: RequestRepeated",
        ],
      ])
      assert.strictEqual(resetting.requests.length, clients.length + 1)
    }),
  )
})
