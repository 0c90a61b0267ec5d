/**
 * `pnpm bench mock`: compares this repository's mock with `prism mock`. Both serve `contracts/sent-v1.openapi.yaml`. Measures the time
 * to the first answer, the accepted requests per second, and the memory. Exits with 1 when our mock misses a target.
 *
 *     pnpm bench mock
 *     pnpm bench mock --quick --json
 *     pnpm bench mock --updates              # only the rows about delivery updates
 *
 * The servers take turns, so that other work on the machine slows both. Only the ratios are meaningful; the numbers depend on the
 * machine.
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
import { parseArgs } from "node:util"
import { credentials, sample } from "@effect-sent/faults/sample"
import { makeReceivers } from "./support/receivers.ts"
import { type Row, table } from "./support/table.ts"

class Broken extends Data.TaggedError("Broken")<{ readonly message: string }> {}

/** A target was missed. The figures have been printed, so only the exit code is set. */
class Missed extends Data.TaggedError("Missed") {
  override readonly [Runtime.errorExitCode] = 1
  override readonly [Runtime.errorReported] = false
}

// -----------------------------------------------------------------------------
// Plans
// -----------------------------------------------------------------------------

interface Plan {
  readonly starts: number
  /** The number of load rounds for each server, after a warm-up round that does not count. */
  readonly rounds: number
  readonly roundMillis: number
  /** The number of requests after which the memory is measured. */
  readonly many: number
  /** The number of messages whose updates are sent. */
  readonly updated: number
}

const full: Plan = { starts: 5, rounds: 11, roundMillis: 1500, many: 100_000, updated: 60_000 }
const quick: Plan = { starts: 3, rounds: 5, roundMillis: 500, many: 5000, updated: 5000 }

const concurrency = 32

/** The pause after a round, so that remaining work of one server does not slow the other's round. */
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

// Both are started without the shell script of their `bin`, whose start-up time would count.
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

/** The order of a round. The servers alternate in going first. */
const inTurn = (round: number): ReadonlyArray<Server> =>
  round % 2 === 0 ? [ours, prism] : [prism, ours]

// -----------------------------------------------------------------------------
// The requests
// -----------------------------------------------------------------------------

const { webhookUrl: _, ...withoutUrl } = sample

/**
 * The sample of the API reference. Its `webhookUrl` is on the internet, and Prism would call it for every request. The one used here
 * is not allowed by our mock, and Prism calls this machine, which refuses the connection.
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
        : Effect.fail(new Broken({ message: `the answer to a valid request was ${status}` })),
    ),
  )

/** Opens new connections for every round: earlier ones would time out during the other server's turn. */
const connect = (port: number, connections: number): Effect.Effect<Pool, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new Pool(`http://127.0.0.1:${port}`, { connections })),
    (pool) => Effect.promise(() => pool.destroy()),
  )

/** Sends while `goesOn` returns true. Returns the accepted requests per second. */
const load = Effect.fnUntraced(function* (
  { port }: Running,
  bodyOf: (index: number) => string,
  goesOn: (sent: number, millis: number) => boolean,
): Effect.fn.Return<number, Broken, Scope.Scope> {
  const pool = yield* connect(port, concurrency)
  const startedAt = performance.now()
  let sent = 0
  const sender = Effect.gen(function* () {
    while (goesOn(sent, performance.now() - startedAt)) {
      const body = bodyOf(sent)
      sent += 1
      yield* send(pool, body)
    }
  })
  yield* Effect.all(
    Array.from({ length: concurrency }, () => sender),
    { concurrency: "unbounded", discard: true },
  )
  return (sent / (performance.now() - startedAt)) * 1000
}, Effect.scoped)

// -----------------------------------------------------------------------------
// Starting and ending
// -----------------------------------------------------------------------------

interface Running {
  readonly child: ChildProcess
  readonly port: number
  /** The time from the start of the process to its first answer. */
  readonly millis: number
}

/** Starts a server, which runs until the scope closes. */
const start = Effect.fnUntraced(function* (server: Server, log: Log) {
  const port = yield* freePort
  const startedAt = performance.now()
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const started = spawn(process.execPath, server.command(port, log), {
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
const residentMemory = ({ child }: Running): number => {
  const status = `/proc/${child.pid}/status`
  const kibibytes = existsSync(status)
    ? /^VmRSS:\s*(\d+)/m.exec(readFileSync(status, "utf8"))?.[1]
    : execFileSync("ps", ["-o", "rss=", "-p", String(child.pid)], { encoding: "utf8" })
  return (Number(kibibytes) * 1024) / 1e6
}

// -----------------------------------------------------------------------------
// Measurements
// -----------------------------------------------------------------------------

/** Called after every step. */
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
    target: "at most 1.2 x",
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
    const perSecond = yield* load(
      its,
      () => samples[body],
      (_sent, millis) => millis < roundMillis,
    )
    yield* Effect.sleep(settleMillis)
    done()
    return perSecond
  })
  // A warm-up round, in which V8 compiles the code.
  yield* inRounds(1, round)
  const perSecond = yield* inRounds(rounds, round)
  const ratio = perSecond.ours / perSecond.prism
  const least = log === "silent" ? 1.3 : 2
  return {
    what: `accepted, ${log === "silent" ? "silent" : "default logs"}${withUrl(body)}`,
    unit: "per second",
    ...perSecond,
    ratio,
    target: `at least ${least} x`,
    met: ratio >= least,
  } satisfies Row
}, Effect.scoped)

const memoryRow = Effect.fnUntraced(function* ({ many }: Plan, done: Done, body: Sample) {
  const after = Effect.fnUntraced(function* (server: Server) {
    const running = yield* start(server, "default")
    yield* load(
      running,
      () => samples[body],
      (sent) => sent < many,
    )
    done()
    return residentMemory(running)
  }, Effect.scoped)
  const mine = yield* after(ours)
  // Prism takes too long to call so many receivers.
  const other = body === "plain" ? yield* after(prism) : undefined
  return {
    what: `memory after ${many.toLocaleString("en")}${withUrl(body)}`,
    unit: "MB",
    ours: mine,
    prism: other,
    ratio: other === undefined ? undefined : mine / other,
    target: "at most 250 MB",
    met: mine <= 250,
  } satisfies Row
})

/** One in this many messages has a receiver that never answers 2xx. */
const brokenEvery = 20

/**
 * Sends messages whose updates follow. With `mixed`, some receivers hang, fail or reset the connection. Fails when a healthy receiver
 * got the updates of a message out of order, or did not get them although the mock dropped none.
 */
const updated = Effect.fnUntraced(function* ({ updated: count }: Plan, done: Done, mixed: boolean) {
  const receivers = yield* makeReceivers
  const running = yield* start(ours, "default")
  const isBroken = (index: number): boolean => mixed && index % brokenEvery === 0
  const bodyOf = (index: number): string =>
    JSON.stringify({
      ...sample,
      phoneNumber: numberOf(index),
      webhookUrl: isBroken(index)
        ? receivers.broken[(index / brokenEvery) % receivers.broken.length]
        : receivers.healthy,
    })
  const memory: Array<number> = []
  const perSecond = yield* load(running, bodyOf, (sent) => {
    if (sent % Math.ceil(count / 20) === 0) memory.push(residentMemory(running))
    return sent < count
  })
  const healthy = Array.from({ length: count }, (_each, index) => index).filter(
    (at) => !isBroken(at),
  )
  const incomplete = (): ReadonlyArray<number> =>
    healthy.filter((index) => receivers.received.get(numberOf(index))?.length !== order.length)
  const dropped = yield* settled(running, incomplete)
  const missing = incomplete().length
  if (missing > 0 && dropped === 0) {
    return yield* new Broken({ message: `${missing} messages lack updates, and none was dropped` })
  }
  for (const statuses of receivers.received.values()) {
    if (statuses.join() !== order.slice(0, statuses.length).join()) {
      return yield* new Broken({ message: `updates arrived out of order: ${statuses.join(", ")}` })
    }
  }
  done()
  return { perSecond, memory: Math.max(...memory), dropped }
}, Effect.scoped)

const numberOf = (index: number): string => `+1206${String(index).padStart(7, "0")}`

const order = ["QUEUED", "ROUTED", "SENT", "DELIVERED"]

/** Waits until the healthy receiver has every update, or the mock has dropped some. Returns the number of dropped updates. */
const settled = Effect.fnUntraced(function* (
  { port }: Running,
  incomplete: () => ReadonlyArray<number>,
) {
  let before = -1
  for (;;) {
    const { droppedUpdates = 0 } = Object(
      yield* Effect.promise(async () =>
        (await fetch(`http://127.0.0.1:${port}/__mock/info`)).json(),
      ),
    )
    const left = incomplete().length
    if (left === 0 || (left === before && droppedUpdates > 0)) return Number(droppedUpdates)
    before = left
    yield* Effect.sleep(settleMillis)
  }
})

const updatesRows = Effect.fnUntraced(function* (plan: Plan, done: Done) {
  const healthy = yield* updated(plan, done, false)
  const mixed = yield* updated(plan, done, true)
  const what = `with updates of ${plan.updated.toLocaleString("en")}, 1 in ${brokenEvery} to broken receivers`
  const ratio = mixed.perSecond / healthy.perSecond
  return [
    {
      what: `accepted, ${what}`,
      unit: "per second",
      ours: mixed.perSecond,
      prism: undefined,
      ratio,
      target: "at least 0.8 x",
      met: ratio >= 0.8,
    },
    {
      what: `memory, ${what}`,
      unit: "MB",
      ours: mixed.memory,
      prism: undefined,
      ratio: undefined,
      target: "at most 350 MB",
      met: mixed.memory <= 350,
    },
  ] satisfies ReadonlyArray<Row>
})

const withUrl = (body: Sample): string => (body === "webhook" ? ", with webhookUrl" : "")

/** Measures both servers in rounds. Returns the median of each. */
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
  rows.push(...(yield* updatesRows(plan, done)))
  return rows
})

/** The number of calls of `done`. */
const stepsOf = ({ rounds, starts }: Plan): number => 2 * starts + 4 * 2 * (rounds + 1) + 3 + 2

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
          updates: { type: "boolean", default: false },
        },
      }),
    catch: (cause) => new Broken({ message: cause instanceof Error ? cause.message : "" }),
  })
  const plan = values.quick ? quick : full
  // Only on a terminal: piped output must not contain a progress bar.
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
  const done: Done = () => bar?.increment()
  const rows = yield* values.updates ? updatesRows(plan, done) : measure(plan, done)
  bar?.stop()
  yield* Console.log(values.json ? JSON.stringify(rows, undefined, 2) : table(rows))
  if (!rows.every(({ met }) => met)) yield* new Missed()
})

// When the terminal is closed, ends this process in order, so that the servers do not outlive it.
process.once("SIGHUP", () => process.kill(process.pid, "SIGTERM"))

NodeRuntime.runMain(Effect.scoped(program))
