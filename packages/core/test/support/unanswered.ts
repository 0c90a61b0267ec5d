/**
 * A port that answers no connect, as behind a firewall that drops packets: a listening socket whose queue is full. It
 * listens in a thread that is blocked, so that nothing is accepted before {@link Unanswered.wake}.
 */
import { Effect, type Scope } from "effect"
import { connect, type Socket } from "node:net"
import { Worker } from "node:worker_threads"

export interface Unanswered {
  readonly port: number
  /** Begins to accept. Returns what was read of every connection, once each has ended. */
  readonly wake: Effect.Effect<ReadonlyArray<string>>
}

/** Whether the kernel drops the connects to a socket whose queue is full. Others refuse them. */
export const isSupported = process.platform === "linux"

const program = `
  const { createServer } = require("node:net")
  const { parentPort, workerData } = require("node:worker_threads")
  const open = new Set()
  const texts = []
  const server = createServer((socket) => {
    open.add(socket)
    let text = ""
    socket.on("data", (chunk) => (text += chunk.toString("latin1")))
    socket.on("error", () => undefined)
    socket.on("close", () => {
      open.delete(socket)
      if (text !== "") texts.push(text)
      if (open.size === 0) parentPort.postMessage(texts)
    })
  })
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    Atomics.wait(new Int32Array(workerData), 0, 0)
  })
`

/** Starts one, which ends with the scope. */
export const unanswered: Effect.Effect<Unanswered, never, Scope.Scope> = Effect.gen(function* () {
  const bell = new SharedArrayBuffer(4)
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => new Worker(program, { eval: true, workerData: bell })),
    (started) => Effect.promise(() => started.terminate()),
  )
  const port = yield* Effect.callback<number>((resume) => {
    worker.once("message", (message: number) => resume(Effect.succeed(message)))
  })
  // One more than the queue holds. The first ones are connected, and the last one never is.
  const fillers = yield* Effect.acquireRelease(
    Effect.sync(() =>
      [0, 1, 2, 3].map(() => connect(port, "127.0.0.1").on("error", () => undefined)),
    ),
    (sockets) => Effect.sync(() => sockets.forEach((socket) => socket.destroy())),
  )
  yield* Effect.callback<void>((resume) => {
    const connected = new Set<Socket>()
    for (const socket of fillers) {
      socket.once("connect", () => {
        connected.add(socket)
        if (connected.size === 2) resume(Effect.void)
      })
    }
  })
  return {
    port,
    wake: Effect.callback((resume) => {
      worker.on("message", (texts: ReadonlyArray<string>) => resume(Effect.succeed(texts)))
      for (const socket of fillers) socket.destroy()
      const cell = new Int32Array(bell)
      Atomics.store(cell, 0, 1)
      Atomics.notify(cell, 0)
    }),
  }
})
