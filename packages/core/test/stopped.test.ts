/** A process that is told to end while it sends many messages: every message on the wire has a result. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { bytes, type Play, wire } from "./support/wire.ts"

const program = fileURLToPath(new URL("support/stoppedProgram.ts", import.meta.url))

const accepted = bytes("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")

describe("a bulk that is stopped by SIGTERM", () => {
  it.live(
    "lets end what is under way",
    () =>
      Effect.gen(function* () {
        const held: Array<() => void> = []
        let arrived = 0
        const allHeld = Promise.withResolvers<void>()
        const stopping = Promise.withResolvers<void>()
        // The first twenty are answered, the next eight wait until the process was told to end.
        const play: Play = (socket, request) => {
          arrived += 1
          if (arrived <= 20) return accepted(socket, request)
          held.push(() => accepted(socket, request))
          if (held.length === 8) allHeld.resolve()
          return undefined
        }
        const server = yield* wire(play)
        const child = yield* Effect.acquireRelease(
          Effect.sync(() =>
            spawn(
              process.execPath,
              ["--conditions", "@effect-sent/source", program, server.baseUrl],
              {
                stdio: ["ignore", "pipe", "inherit"],
              },
            ),
          ),
          (process_) => Effect.sync(() => process_.kill("SIGKILL")),
        )
        let output = ""
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          output += text
          if (output.includes("stopping\n")) stopping.resolve()
        })
        const ended = once(child, "close")
        yield* Effect.promise(() => allHeld.promise)
        child.kill("SIGTERM")
        // The answers come after the signal: a process that it ends never reads them.
        yield* Effect.promise(() => stopping.promise)
        for (const release of held) release()
        const [code] = yield* Effect.promise(() => ended)
        assert.strictEqual(code, 0)
        const lines = output
          .trim()
          .split("\n")
          .filter((line) => line !== "stopping")
        assert.strictEqual(lines.pop(), "ended")
        assert.deepStrictEqual(
          lines.map((line) => line.split(" ")[1]),
          Array.from({ length: 28 }, () => "accepted"),
        )
        assert.strictEqual(server.requests.length, 28)
        assert.strictEqual(new Set(lines).size, 28)
      }),
    60_000,
  )
})
