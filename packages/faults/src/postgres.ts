/**
 * A Postgres server for tests and benchmarks: from Debian's package `postgresql` or whatever is on the PATH, on a free port of the
 * loopback interface, in a temporary folder, as an unprivileged user.
 */
import { type ChildProcess, spawn, spawnSync, type SpawnSyncReturns } from "node:child_process"
import { once } from "node:events"
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { createInterface } from "node:readline"
import { freePort } from "./freePort.ts"

/** A server that runs. */
export interface Postgres extends AsyncDisposable {
  /** `postgres://…`: the database that `initdb` makes, as its owner, without a password. */
  readonly url: string
  /** Kills the server as a crash would, all of its processes at once, and starts it on the same data and port. */
  readonly crash: () => Promise<void>
}

/** The folder of `initdb` and `postgres`: from the PATH, else the newest of Debian's. Undefined if there is none. */
export const postgresFolder: string | undefined = [
  ...(process.env["PATH"] ?? "").split(delimiter),
  ...globSync("/usr/lib/postgresql/*/bin").toSorted((one, other) =>
    other.localeCompare(one, "en", { numeric: true }),
  ),
].find((folder) => ["initdb", "postgres"].every((name) => existsSync(join(folder, name))))

/** Starts a server. */
export const startPostgres = async (): Promise<Postgres> => {
  if (postgresFolder === undefined) throw new Error("no Postgres found: install `postgresql`")
  const folder = mkdtempSync(join(tmpdir(), "effect-sent-postgres-"))
  const data = join(folder, "data")
  // Postgres refuses to run as root.
  const user = process.getuid?.() === 0 ? { uid: nobody("-u"), gid: nobody("-g") } : {}
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  const options = { cwd: folder, env: { PATH: process.env["PATH"], LC_ALL: "C" }, ...user }

  const args = ["-D", data, "-U", "sent", "-E", "UTF8", "--auth=trust", "--no-sync"]
  succeed(spawnSync(join(postgresFolder, "initdb"), args, { ...options, encoding: "utf8" }))
  const port = await freePort()
  const url = `postgres://sent@127.0.0.1:${port}/postgres`

  const launch = async (): Promise<ChildProcess> => {
    const settings = [
      "listen_addresses=127.0.0.1",
      "unix_socket_directories=",
      "log_min_messages=log",
    ]
    const flags = [
      "-D",
      data,
      "-p",
      String(port),
      ...settings.flatMap((setting) => ["-c", setting]),
    ]
    const child = spawn(join(postgresFolder, "postgres"), flags, {
      ...options,
      stdio: ["ignore", "ignore", "pipe"],
    })
    const said: Array<string> = []
    for await (const line of createInterface({ input: child.stderr })) {
      said.push(line)
      if (line.includes("database system is ready to accept connections")) {
        child.stderr.resume()
        return child
      }
    }
    throw new Error(`Postgres did not start:\n${said.join("\n")}`)
  }
  let server = await launch()

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const exited = once(server, "exit")
    server.kill(signal)
    await exited
  }

  // Not left behind when a test run is ended.
  const abandon = (): unknown => server.kill("SIGQUIT")
  process.once("exit", abandon)

  return {
    url,
    crash: async () => {
      await end("SIGQUIT")
      server = await launch()
    },
    [Symbol.asyncDispose]: async () => {
      process.off("exit", abandon)
      await end("SIGINT")
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const succeed = ({ error, status, stderr, stdout }: SpawnSyncReturns<string>): string => {
  if (status === 0) return stdout
  throw error ?? new Error(stderr)
}

const nobody = (flag: "-u" | "-g"): number =>
  Number(succeed(spawnSync("id", [flag, "nobody"], { encoding: "utf8" })))
