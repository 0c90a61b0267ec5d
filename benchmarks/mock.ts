/**
 * Side by side: this repository's mock and `prism mock`, both serving `contracts/sent-v1.openapi.yaml`: how soon they
 * answer, how many requests they accept in a second, and what memory that takes. Ends with 1 when our mock misses
 * what is asked of it.
 *
 *     tsx benchmarks/mock.ts
 *     tsx benchmarks/mock.ts --quick --json
 *
 * The two take turns, so that whatever else the machine is doing hits both. Their ratio says something, the numbers
 * alone say little.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Pool } from "@effect/platform-node/Undici"
import { SingleBar } from "cli-progress"
import { Console, Data, Effect, Runtime, type Scope } from "effect"
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { fileURLToPath } from "node:url"
import { parseArgs, styleText } from "node:util"
import { credentials, sample } from "@effect-sent/faults/sample"

class Broken extends Data.TaggedError("Broken")<{ readonly message: string }> {}

/** The figures are printed by then; the exit code is all that is left to say. */
class Missed extends Data.TaggedError("Missed") {
  override readonly [Runtime.errorExitCode] = 1
  override readonly [Runtime.errorReported] = false
}

// -----------------------------------------------------------------------------
// How much is measured
// -----------------------------------------------------------------------------

interface Plan {
  readonly starts: number
  /** Of load, for each server; one more comes before them and does not count. */
  readonly rounds: number
  readonly roundMillis: number
  /** After how many requests the memory is looked at. */
  readonly many: number
}

const full: Plan = { starts: 5, rounds: 11, roundMillis: 1500, many: 100_000 }
const quick: Plan = { starts: 3, rounds: 5, roundMillis: 500, many: 5000 }

const atOnce = 32

/** What a server still does after its answers must not fall into the other's round. */
const settleMillis = 300

// -----------------------------------------------------------------------------
// The two servers
// -----------------------------------------------------------------------------

type Log = "default" | "silent"

interface Server {
  readonly name: string
  readonly command: (port: number, log: Log) => ReadonlyArray<string>
}

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

// Both are started without the shell script that a package manager makes of a `bin`: it would count as theirs.
const ours: Server = {
  name: "effect-sent-mock",
  command: (port, log) => [
    "--conditions=@effect-sent/source",
    pathOf("../packages/mock-server/src/bin.ts"),
    "--port",
    String(port),
    ...(log === "silent" ? ["--log-level", "none"] : []),
  ],
}

const prism: Server = {
  name: "prism mock",
  command: (port, log) => [
    createRequire(import.meta.url).resolve("@stoplight/prism-cli"),
    "mock",
    pathOf("../contracts/sent-v1.openapi.yaml"),
    "--port",
    String(port),
    ...(log === "silent" ? ["-v", "silent"] : []),
  ],
}

/** In turn, and each one first as often as the other. */
const inTurn = (round: number): ReadonlyArray<Server> =>
  round % 2 === 0 ? [ours, prism] : [prism, ours]

// -----------------------------------------------------------------------------
// The requests
// -----------------------------------------------------------------------------

const { webhookUrl: _, ...withoutUrl } = sample

/**
 * The sample of the API's page. Its own `webhookUrl` is on the internet, and Prism would call it at every request. This
 * one is no receiver to our mock either, whereas Prism calls this very machine, which refuses the connection.
 */
const samples = {
  plain: JSON.stringify(withoutUrl),
  webhook: JSON.stringify({ ...sample, webhookUrl: "http://0.0.0.0:9/webhook/message-status" }),
}

type Sample = keyof typeof samples

const send = (pool: Pool, body: string): Effect.Effect<void, Broken> =>
  Effect.tryPromise({
    try: async () => {
      const response = await pool.request({
        method: "POST",
        path: "/v1/messages/phone",
        headers: {
          "content-type": "application/json",
          "x-api-key": credentials.apiKey,
          "x-sender-id": credentials.senderId,
        },
        body,
      })
      await response.body.dump()
      return response.statusCode
    },
    catch: (cause) => new Broken({ message: String(cause) }),
  }).pipe(
    Effect.flatMap((status) =>
      status === 204
        ? Effect.void
        : Effect.fail(new Broken({ message: `a valid request was answered with ${status}` })),
    ),
  )

/** New connections for every use: while the other server has its turn, those of before would time out. */
const connect = (port: number, connections: number): Effect.Effect<Pool, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new Pool(`http://127.0.0.1:${port}`, { connections })),
    (pool) => Effect.promise(() => pool.destroy()),
  )

/** Sends as long as it is to go on; how many requests were accepted in a second. */
const load = (
  { port }: Running,
  body: string,
  goesOn: (sent: number, millis: number) => boolean,
): Effect.Effect<number, Broken> =>
  Effect.scoped(
    Effect.gen(function* () {
      const pool = yield* connect(port, atOnce)
      const startedAt = performance.now()
      let sent = 0
      const sender = Effect.gen(function* () {
        while (goesOn(sent, performance.now() - startedAt)) {
          sent += 1
          yield* send(pool, body)
        }
      })
      yield* Effect.all(
        Array.from({ length: atOnce }, () => sender),
        { concurrency: "unbounded", discard: true },
      )
      return (sent / (performance.now() - startedAt)) * 1000
    }),
  )

// -----------------------------------------------------------------------------
// Starting and ending
// -----------------------------------------------------------------------------

interface Running {
  readonly child: ChildProcess
  readonly port: number
  /** From its start until it answered. */
  readonly millis: number
}

/** Runs until the scope closes. */
const start = Effect.fnUntraced(function* (server: Server, log: Log) {
  const port = yield* freePort
  const startedAt = performance.now()
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const started = spawn(process.execPath, server.command(port, log), {
        stdio: ["ignore", "pipe", "inherit"],
      })
      // A log that nobody reads would hold it up.
      started.stdout.resume()
      return started
    }),
    end,
  )
  const pool = yield* connect(port, 1)
  while (!(yield* isAnswered(pool))) {
    if (child.exitCode !== null || performance.now() - startedAt > 60_000) {
      return yield* new Broken({ message: `${server.name} does not start` })
    }
    yield* Effect.sleep(5)
  }
  return { child, port, millis: performance.now() - startedAt } satisfies Running
})

// Neither has anything to lose, and one that hangs ends like this too.
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

/** Prism does not say which port it was given when it is silent. */
const freePort = Effect.callback<number, Broken>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() =>
      resume(
        address !== null && typeof address === "object"
          ? Effect.succeed(address.port)
          : Effect.fail(new Broken({ message: "there is no free port" })),
      ),
    )
  })
})

/** In megabytes of a million bytes. */
const residentMemory = ({ child }: Running): number => {
  const status = `/proc/${child.pid}/status`
  const kibibytes = existsSync(status)
    ? /^VmRSS:\s*(\d+)/m.exec(readFileSync(status, "utf8"))?.[1]
    : execFileSync("ps", ["-o", "rss=", "-p", String(child.pid)], { encoding: "utf8" })
  return (Number(kibibytes) * 1024) / 1e6
}

// -----------------------------------------------------------------------------
// What is measured
// -----------------------------------------------------------------------------

interface Row {
  readonly what: string
  readonly unit: string
  readonly ours: number
  /** Undefined when it was not measured. */
  readonly prism: number | undefined
  /** Ours over Prism's. */
  readonly ratio: number | undefined
  /** What is asked of our mock. */
  readonly needed: string
  readonly met: boolean
}

/** Told of every step that is done. */
type Done = () => void

const startRow = Effect.fnUntraced(function* ({ starts }: Plan, done: Done) {
  const millis = yield* inRounds(starts, (server) =>
    Effect.scoped(Effect.map(start(server, "default"), (running) => running.millis)).pipe(
      Effect.tap(Effect.sync(done)),
    ),
  )
  const ratio = millis.ours / millis.prism
  return {
    what: "from start to first answer",
    unit: "ms",
    ...millis,
    ratio,
    needed: "at most 1.2 x",
    met: ratio <= 1.2,
  } satisfies Row
})

const loadRow = Effect.fnUntraced(function* (
  { roundMillis, rounds }: Plan,
  done: Done,
  log: Log,
  body: Sample,
) {
  const running = new Map([
    [ours, yield* start(ours, log)],
    [prism, yield* start(prism, log)],
  ])
  const round = Effect.fnUntraced(function* (server: Server) {
    const its = running.get(server) ?? (yield* start(server, log))
    const perSecond = yield* load(its, samples[body], (_sent, millis) => millis < roundMillis)
    yield* Effect.sleep(settleMillis)
    done()
    return perSecond
  })
  // Until the code that is run often has been compiled.
  yield* inRounds(1, round)
  const perSecond = yield* inRounds(rounds, round)
  const ratio = perSecond.ours / perSecond.prism
  const least = log === "silent" ? 1.3 : 2
  return {
    what: `accepted, ${log === "silent" ? "silent" : "default logs"}${withUrl(body)}`,
    unit: "a second",
    ...perSecond,
    ratio,
    needed: `at least ${least} x`,
    met: ratio >= least,
  } satisfies Row
}, Effect.scoped)

const memoryRow = Effect.fnUntraced(function* ({ many }: Plan, done: Done, body: Sample) {
  const after = Effect.fnUntraced(function* (server: Server) {
    const running = yield* start(server, "default")
    yield* load(running, samples[body], (sent) => sent < many)
    done()
    return residentMemory(running)
  }, Effect.scoped)
  const mine = yield* after(ours)
  // To call so many receivers takes Prism too long.
  const other = body === "plain" ? yield* after(prism) : undefined
  return {
    what: `memory after ${many.toLocaleString("en")}${withUrl(body)}`,
    unit: "MB",
    ours: mine,
    prism: other,
    ratio: other === undefined ? undefined : mine / other,
    needed: "at most 250 MB",
    met: mine <= 250,
  } satisfies Row
})

const withUrl = (body: Sample): string => (body === "webhook" ? ", with webhookUrl" : "")

/** The median of what is measured in so many rounds, of each server. */
const inRounds = Effect.fnUntraced(function* <E, R>(
  rounds: number,
  measure: (server: Server) => Effect.Effect<number, E, R>,
) {
  const figures = new Map<Server, Array<number>>()
  for (let round = 0; round < rounds; round++) {
    for (const server of inTurn(round)) {
      figures.set(server, [...(figures.get(server) ?? []), yield* measure(server)])
    }
  }
  return { ours: median(figures.get(ours)), prism: median(figures.get(prism)) }
})

const median = (figures: ReadonlyArray<number> = []): number =>
  figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)] ?? Number.NaN

const measure = Effect.fnUntraced(function* (plan: Plan, done: Done) {
  const rows: Array<Row> = [yield* startRow(plan, done)]
  for (const log of ["default", "silent"] as const) {
    for (const body of ["plain", "webhook"] as const) {
      rows.push(yield* loadRow(plan, done, log, body))
    }
  }
  for (const body of ["plain", "webhook"] as const) rows.push(yield* memoryRow(plan, done, body))
  return rows
})

/** How often `done` is called in all. */
const stepsOf = ({ rounds, starts }: Plan): number => 2 * starts + 4 * 2 * (rounds + 1) + 3

// -----------------------------------------------------------------------------
// The table
// -----------------------------------------------------------------------------

const widths = [48, 18, 14, 10, 16]

const line = (cells: ReadonlyArray<string>): string =>
  cells
    .map((cell, index) => {
      const width = widths[index] ?? 0
      return index === 0 ? cell.padEnd(width) : cell.padStart(width)
    })
    .join("")

const table = (rows: ReadonlyArray<Row>): string =>
  [
    styleText("bold", line(["", ours.name, prism.name, "ratio", "needed"]), {
      stream: process.stdout,
    }),
    ...rows.map((row) => {
      const text = line([
        `${row.what}, ${row.unit}`,
        row.ours.toFixed(0),
        row.prism?.toFixed(0) ?? "not measured",
        row.ratio === undefined ? "" : `${row.ratio.toFixed(2)} x`,
        row.needed,
      ])
      return row.met ? text : styleText("red", `${text}  missed`, { stream: process.stdout })
    }),
  ].join("\n")

// -----------------------------------------------------------------------------
// The program
// -----------------------------------------------------------------------------

const program = Effect.gen(function* () {
  const { values } = yield* Effect.try({
    try: () =>
      parseArgs({
        options: {
          quick: { type: "boolean", default: false },
          json: { type: "boolean", default: false },
        },
      }),
    catch: (cause) => new Broken({ message: cause instanceof Error ? cause.message : "" }),
  })
  const plan = values.quick ? quick : full
  // On a terminal only, and not in what is piped.
  const bar = process.stderr.isTTY
    ? new SingleBar({
        stream: process.stderr,
        format: "{bar} {value} of {total} steps",
        clearOnComplete: true,
      })
    : undefined
  yield* Effect.acquireRelease(
    Effect.sync(() => bar?.start(stepsOf(plan), 0)),
    () => Effect.sync(() => bar?.stop()),
  )
  const rows = yield* measure(plan, () => bar?.increment())
  bar?.stop()
  yield* Console.log(values.json ? JSON.stringify(rows, undefined, 2) : table(rows))
  if (!rows.every(({ met }) => met)) yield* new Missed()
})

// A terminal that is closed: without this, what was started would outlive it.
process.once("SIGHUP", () => process.kill(process.pid, "SIGTERM"))

NodeRuntime.runMain(Effect.scoped(program))
