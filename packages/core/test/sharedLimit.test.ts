/** One rate limit that several processes share, over a real Redis server. */
import { freePort } from "@effect-sent/faults/freePort"
import { RateLimit, SentClient, SentCredentials } from "@effect-sent/core"
import { credentials, sample } from "@effect-sent/faults/sample"
import { NodeHttpClient, NodeRedis } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, type Scope } from "effect"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { EventEmitter, once } from "node:events"
import { connect } from "node:net"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { mostWithin } from "./support/mostWithin.ts"
import { answer, wire } from "./support/wire.ts"

const hasRedis = spawnSync("redis-server", ["--version"]).status === 0
// CI sets this where there has to be one, so that the test is not left out by accident.
const needsRedis = process.env["EFFECT_SENT_REQUIRE_REDIS"] === "1"
if (!hasRedis && !needsRedis) {
  console.log("No redis-server on the PATH: the tests of a shared rate limit are left out")
}

// -----------------------------------------------------------------------------
// Redis
// -----------------------------------------------------------------------------

interface RedisServer {
  readonly port: number
  readonly process: ChildProcess
}

/** A Redis server that keeps nothing; it is ended by its process with the scope. */
const redisServer = (port: number): Effect.Effect<RedisServer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const flags = [
        ["--bind", "127.0.0.1", "--port", String(port)],
        ["--save", "", "--appendonly", "no"],
      ].flat()
      const server = spawn("redis-server", flags, { stdio: ["ignore", "pipe", "inherit"] })
      for await (const line of createInterface(server.stdout)) {
        if (line.includes("Ready to accept connections")) break
      }
      return { port, process: server }
    }),
    ({ process: server }) => stop(server),
  )

const stop = (child: ChildProcess) =>
  Effect.promise(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, "exit")
    child.kill("SIGKILL")
    await ended
  })

/** The times of the turns, in milliseconds, by the clock of Redis: what its own monitor says of the writes. */
const turnsOf = (port: number): Effect.Effect<ReadonlyArray<number>, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const turns: Array<number> = []
        const monitor = connect(port, "127.0.0.1")
        monitor.write("MONITOR\r\n")
        const lines = createInterface(monitor)
        await once(lines, "line")
        lines.on("line", (line) => {
          const [, time] =
            /^\+([\d.]+) \[0 lua\] "SET" "effect-sent:rate-limit:account"/.exec(line) ?? []
          if (time !== undefined) turns.push(Number(time) * 1000)
        })
        return { monitor, turns }
      }),
      ({ monitor }) => Effect.sync(() => monitor.destroy()),
    ),
    ({ turns }) => turns,
  )

// -----------------------------------------------------------------------------
// Processes
// -----------------------------------------------------------------------------

const program = fileURLToPath(new URL("support/limitedProgram.ts", import.meta.url))

/** A process that is ready to send, whose clock is so many milliseconds ahead. It ends with the scope. */
const ready = (baseUrl: string, port: number, ahead: number) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const child = spawn(process.execPath, [program, baseUrl, String(port), String(ahead)], {
          stdio: ["pipe", "pipe", "inherit"],
        })
        const lines = createInterface(child.stdout)
        await once(lines, "line")
        return { child, lines }
      }),
      ({ child }) => stop(child),
    ),
    ({ child, lines }) => ({
      child,
      /** Sends 40 messages. How many were accepted. */
      send: Effect.promise(async () => {
        let last = ""
        child.stdin.write("\n")
        // On a busy machine, warnings come before the number.
        for await (const line of lines) last = line
        return Number(last)
      }),
    }),
  )

/** A server that keeps when each request arrives, in milliseconds. */
const timedServer = Effect.gen(function* () {
  const times: Array<number> = []
  const counts = new EventEmitter()
  const accept = answer(204)
  const { baseUrl } = yield* wire((socket, request) => {
    times.push(performance.now())
    accept(socket, request)
    counts.emit(String(times.length))
  })
  return { baseUrl, times, hasGot: (count: number) => once(counts, String(count)) }
})

describe.skipIf(!hasRedis && !needsRedis)("two processes with a limit of 20 a second", () => {
  it.live(
    "keep it together, though their clocks are an hour apart",
    () =>
      Effect.gen(function* () {
        const { port } = yield* Effect.flatMap(Effect.promise(freePort), redisServer)
        const turns = yield* turnsOf(port)
        const server = yield* timedServer
        const one = yield* ready(server.baseUrl, port, 0)
        const other = yield* ready(server.baseUrl, port, 3_600_000)
        const accepted = yield* Effect.all([one.send, other.send], { concurrency: 2 })
        assert.deepStrictEqual([...accepted, server.times.length], [40, 40, 80])
        // The monitor's time is microseconds after the script's.
        assert.isAtMost(mostWithin(turns, 999), 20)
        // What a turn is for arrives a little later: a fifth of the window is left for that.
        assert.isAtMost(mostWithin(server.times, 800), 20)
      }),
    60_000,
  )

  it.live(
    "keep it when one of them is killed",
    () =>
      Effect.gen(function* () {
        const { port } = yield* Effect.flatMap(Effect.promise(freePort), redisServer)
        const turns = yield* turnsOf(port)
        const server = yield* timedServer
        const one = yield* ready(server.baseUrl, port, 0)
        const other = yield* ready(server.baseUrl, port, 3_600_000)
        const some = server.hasGot(10)
        yield* Effect.forkChild(one.send)
        const sending = yield* Effect.forkChild(other.send)
        yield* Effect.promise(() => some)
        yield* stop(one.child)
        assert.strictEqual(yield* Fiber.join(sending), 40)
        assert.isAtMost(mostWithin(turns, 999), 20)
      }),
    60_000,
  )
})

describe.skipIf(!hasRedis && !needsRedis)("while Redis", () => {
  const send = SentClient.sendToPhone(sample)

  it.live.each([
    // A connection that stays open and says nothing, and one that is refused.
    ["freezes", "SIGSTOP"],
    ["is away", "SIGKILL"],
  ] as const)(
    "%s, sends end at their deadline, not sent, and they go on with it",
    ([, signal]) =>
      Effect.gen(function* () {
        const port = yield* Effect.promise(freePort)
        const redis = yield* redisServer(port)
        const server = yield* timedServer
        const log: Array<unknown> = []
        const logger = Logger.layer([Logger.make(({ message }) => log.push(message))])
        const layer = RateLimit.makeShared({ key: "account", limit: 20, window: "1 second" }).pipe(
          Effect.map((rateLimit) =>
            SentClient.layer({ baseUrl: server.baseUrl, deadline: "3 seconds", rateLimit }),
          ),
          Layer.unwrap,
          Layer.provide(SentCredentials.layer(credentials)),
          Layer.provide(NodeHttpClient.layerUndici),
          Layer.provide(NodeRedis.layer({ url: `redis://127.0.0.1:${port}` })),
        )
        yield* Effect.gen(function* () {
          yield* send
          redis.process.kill(signal)
          const errors = yield* Effect.all(
            Array.from({ length: 10 }, () => Effect.timeout(Effect.flip(send), "10 seconds")),
            { concurrency: "unbounded" },
          )
          for (const error of errors) {
            assert.deepInclude(error.reason, { _tag: "TimedOut", stage: "waiting" })
            assert.deepStrictEqual([error.delivery, error.attempts], ["not-sent", 0])
          }
          assert.strictEqual(server.times.length, 1)
          assert.strictEqual(
            log.filter((message) => String(message).includes("Redis does not answer")).length,
            1,
          )
          if (signal === "SIGSTOP") redis.process.kill("SIGCONT")
          else yield* redisServer(port)
          yield* send
          assert.strictEqual(server.times.length, 2)
        }).pipe(Effect.provide([layer, logger]))
      }),
    60_000,
  )
})
