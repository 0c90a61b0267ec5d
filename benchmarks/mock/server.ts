/** The two mocks that are measured, as processes. */
import { Effect } from "effect"
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import type { Pool } from "@effect/platform-node/Undici"
import { createServer } from "node:net"
import { fileURLToPath } from "node:url"
import { Broken, connect, samples, send } from "./load.ts"

export type Log = "default" | "silent"

export interface Server {
  readonly name: string
  readonly command: (port: number, log: Log) => ReadonlyArray<string>
}

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

// Both are started without the shell script of their `bin`, whose start-up time would count.
export const ours: Server = {
  name: "effect-sent-mock",
  command: (port, log) => [
    "--conditions=@effect-sent/source",
    pathOf("../../packages/mock-server/src/bin.ts"),
    "--port",
    String(port),
    ...(log === "silent" ? ["--log-level", "none"] : []),
  ],
}

export const prism: Server = {
  name: "prism mock",
  command: (port, log) => [
    createRequire(import.meta.url).resolve("@stoplight/prism-cli"),
    "mock",
    pathOf("../../contracts/sent-v1.openapi.yaml"),
    "--port",
    String(port),
    ...(log === "silent" ? ["-v", "silent"] : []),
  ],
}

/** The order of a round. The servers alternate in going first. */
export const inTurn = (round: number): ReadonlyArray<Server> =>
  round % 2 === 0 ? [ours, prism] : [prism, ours]

export interface Running {
  readonly child: ChildProcess
  readonly port: number
  /** The time from the start of the process to its first answer. */
  readonly millis: number
}

/** Starts a server, which runs until the scope closes. */
export const start = Effect.fnUntraced(function* (
  server: Server,
  log: Log,
  ...flags: ReadonlyArray<string>
) {
  const port = yield* freePort
  const startedAt = performance.now()
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const started = spawn(process.execPath, [...server.command(port, log), ...flags], {
        stdio: ["ignore", "pipe", "inherit"],
      })
      // Reads the log, or a full pipe would block the server.
      started.stdout.resume()
      return started
    }),
    end,
  )
  const pool = yield* connect(port, 1)
  while (!(yield* isAnswered(pool))) {
    if (child.exitCode !== null || performance.now() - startedAt > 60_000) {
      return yield* new Broken({ message: `${server.name} did not start within a minute` })
    }
    yield* Effect.sleep(5)
  }
  return { child, port, millis: performance.now() - startedAt } satisfies Running
})

// Kills the process: neither server has state to save, and one that hangs is ended, too.
const end = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })

const isAnswered = (pool: Pool): Effect.Effect<boolean> =>
  send(pool, samples.plain).pipe(
    Effect.as(true),
    Effect.orElseSucceed(() => false),
  )

/** Finds a free port, because a silent Prism does not print the port that it was assigned. */
const freePort = Effect.callback<number, Broken>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() =>
      resume(
        address !== null && typeof address === "object"
          ? Effect.succeed(address.port)
          : Effect.fail(new Broken({ message: "no free port found" })),
      ),
    )
  })
})

/** The resident memory in megabytes of a million bytes. */
export const residentMemory = ({ child }: Running): number => {
  const status = `/proc/${child.pid}/status`
  const kibibytes = existsSync(status)
    ? /^VmRSS:\s*(\d+)/m.exec(readFileSync(status, "utf8"))?.[1]
    : execFileSync("ps", ["-o", "rss=", "-p", String(child.pid)], { encoding: "utf8" })
  return (Number(kibibytes) * 1024) / 1e6
}
