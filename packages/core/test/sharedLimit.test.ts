/** Two processes keep one rate limit together, over a real Redis server. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import { fileURLToPath } from "node:url"
import { answer, wire } from "./support/wire.ts"

const hasRedis = spawnSync("redis-server", ["--version"]).status === 0
// CI sets this where there has to be one, so that the test is not left out by accident.
const needsRedis = process.env["EFFECT_SENT_REQUIRE_REDIS"] === "1"
if (!hasRedis && !needsRedis) {
  console.log("No redis-server on the PATH: the test of a shared rate limit is left out")
}

const freePort = Effect.callback<number>((resume) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const address = probe.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    probe.close(() => resume(Effect.succeed(port)))
  })
})

/** A Redis server that keeps nothing; it is ended by its process with the scope. */
const redisServer = Effect.flatMap(freePort, (port) =>
  Effect.as(
    Effect.acquireRelease(
      Effect.promise(async (): Promise<ChildProcess> => {
        const flags = [
          "--bind",
          "127.0.0.1",
          "--port",
          String(port),
          "--save",
          "",
          "--appendonly",
          "no",
        ]
        const server = spawn("redis-server", flags, { stdio: ["ignore", "pipe", "inherit"] })
        for await (const line of server.stdout.setEncoding("utf8")) {
          if (String(line).includes("Ready to accept connections")) break
        }
        return server
      }),
      (server) =>
        Effect.promise(async () => {
          const ended = once(server, "exit")
          server.kill()
          await ended
        }),
    ),
    port,
  ),
)

const program = fileURLToPath(new URL("support/limitedProgram.ts", import.meta.url))

/** How many of a process's 15 messages were accepted. */
const acceptedBy = (baseUrl: string, store: string) =>
  Effect.callback<number>((resume) => {
    execFile(process.execPath, [program, baseUrl, store], (error, out) => {
      resume(error === null ? Effect.succeed(Number(out)) : Effect.die(error))
    })
  })

const acceptedByTwo = (store: string) =>
  Effect.gen(function* () {
    const server = yield* wire(answer(204))
    const [one, other] = yield* Effect.all(
      [acceptedBy(server.baseUrl, store), acceptedBy(server.baseUrl, store)],
      { concurrency: 2 },
    )
    assert.strictEqual(server.requests.length, one + other)
    return one + other
  })

describe.skipIf(!hasRedis && !needsRedis)("two processes with a limit of 10", () => {
  it.live(
    "share it with a shared Redis server",
    () =>
      Effect.gen(function* () {
        const port = yield* redisServer
        assert.strictEqual(yield* acceptedByTwo(String(port)), 10)
      }),
    60_000,
  )

  it.live(
    "have one each without it",
    () => Effect.map(acceptedByTwo("memory"), (accepted) => assert.strictEqual(accepted, 20)),
    60_000,
  )
})
