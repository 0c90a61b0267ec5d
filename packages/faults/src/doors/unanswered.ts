/**
 * A port that answers no connect, like one behind a firewall that drops packets: its queue of connections is full, and nobody
 * takes them. It is in a thread of its own, which sleeps.
 */
import { Effect, type Scope } from "effect"
import { connect, type Socket } from "node:net"
import { Worker } from "node:worker_threads"

const program = `
const { createServer } = require("node:net")
const { parentPort, workerData } = require("node:worker_threads")
const server = createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
  parentPort.postMessage(server.address().port)
  Atomics.wait(workerData, 0, 0)
})
`

/** One more than the backlog fits into the queue. */
const queued = 2

/** Returns the port. */
export const unanswered: Effect.Effect<number, never, Scope.Scope> = Effect.gen(function* () {
  const asleep = new Int32Array(new SharedArrayBuffer(4))
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => new Worker(program, { eval: true, execArgv: [], workerData: asleep })),
    (started) =>
      Effect.promise(async () => {
        Atomics.notify(asleep, 0)
        await started.terminate()
      }),
  )
  const port = yield* Effect.callback<number>((resume) => {
    worker.once("message", (value: number) => resume(Effect.succeed(value)))
    worker.once("error", (error) => resume(Effect.die(error)))
  })
  yield* Effect.forEach(Array.from({ length: queued }), () =>
    Effect.acquireRelease(
      Effect.callback<Socket>((resume) => {
        const socket = connect(port, "127.0.0.1", () => resume(Effect.succeed(socket)))
        socket.on("error", () => socket.destroy())
      }),
      (socket) => Effect.sync(() => socket.destroy()),
    ),
  )
  return port
})
