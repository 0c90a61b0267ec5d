/**
 * `pnpm bench sends`: how many sends a second, and how much processor time each costs, beside undici, `fetch`, the HTTP client of
 * Effect and the provider's SDK.
 *
 *     pnpm bench sends                          # prints the table: six minutes on a quiet machine
 *     pnpm bench sends --write                  # also writes docs/performance.md and its plot
 *     pnpm bench sends --check                  # four minutes; fails if a ratio is beyond its bound and a margin
 *     pnpm bench sends --checkout ../another    # with the core of another checkout, and the Effect that it is installed with
 *
 * The server and each contestant are processes of their own. The contestants take turns, round by round, so that other work on the
 * machine slows all of them, and collect their garbage before each turn. What is compared is the ratio within a round: the
 * median of the rounds in which the machine was as busy as usual.
 */
import { type ChildProcess, fork } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { startServer } from "./sending/answering.ts"
import { type Contestant, contestants, type Window } from "./sending/contestants.ts"
import {
  type Bound,
  bounds,
  type Figures,
  groups,
  type Measured,
  missedBy,
} from "./sending/figures.ts"
import { boundTable, figureTable, writeFigures } from "./sending/page.ts"

// Many short turns rather than few long ones: the shorter a round, the more alike the machine is to all who take part in it. A turn is
// a number of sends and not a time: what is collected as garbage comes at once after so many sends, and must be in each turn.
// Of two processes that run the same code, one may be a fifth slower, since V8 compiled it otherwise: each batch starts new ones.
const lengths = {
  full: { batches: 2, rounds: 7, many: 2500, single: 250 },
  check: { batches: 2, rounds: 4, many: 2000, single: 200 },
}

const concurrency = 64

// By number and not by time, which on a busy machine would not reach the compiled code. A client with more code takes longer to reach it.
const warmSends = 20_000

// -----------------------------------------------------------------------------
// A contestant
// -----------------------------------------------------------------------------

const processorTime = (): number => {
  const { system, user } = process.cpuUsage()
  return user + system
}

/** Plays a window for each message, and replies with its figures. */
const play = (name: Contestant, baseUrl: string): void => {
  const playing = contestants[name]({ baseUrl })
  process.on("message", async (window: Window) => {
    globalThis.gc?.()
    const [startedAt, usedBefore] = [performance.now(), processorTime()]
    const took = await playing(window)
    const seconds = (performance.now() - startedAt) / 1000
    const used = processorTime() - usedBefore
    const sorted = took.toSorted((one, other) => one - other)
    const measured: Measured = {
      rate: took.length / seconds,
      microseconds: used / took.length,
      p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    }
    process.send?.(measured)
  })
  process.send?.("ready")
}

// -----------------------------------------------------------------------------
// The comparison
// -----------------------------------------------------------------------------

const thisFile = fileURLToPath(import.meta.url)

const start = async (
  file: string,
  ...args: ReadonlyArray<string>
): Promise<readonly [ChildProcess, string]> => {
  const child = fork(file, [...args], {
    execArgv: [...process.execArgv, "--expose-gc"],
    env: { ...process.env, EFFECT_SENT_PART: "1" },
  })
  return [child, String(await reply(child))]
}

const turn = async (child: ChildProcess, window: Window): Promise<Measured> => {
  child.send(window)
  return reply(child)
}

/** The next message of a process. */
const reply = (child: ChildProcess): Promise<Measured & string> =>
  new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`a process ended with ${code}`))
    child.once("exit", ended)
    child.once("message", (message: Measured & string) => {
      child.off("exit", ended)
      resolve(message)
    })
  })

type Lengths = (typeof lengths)["full"]

/** Lets the contestants of a group take turns. */
const playGroup = async (
  group: ReadonlyArray<Contestant>,
  { many, rounds, single }: Lengths,
  baseUrl: string,
  checkout: string | undefined,
): Promise<ReadonlyArray<readonly [Contestant, ReadonlyArray<Measured>]>> => {
  const players = await Promise.all(
    group.map(async (name) => {
      const isOther = checkout !== undefined && name.startsWith("core")
      const file = isOther ? join(checkout, "benchmarks/sends.ts") : thisFile
      const [child] = await start(file, name, baseUrl)
      return { name, child, played: new Array<Measured>() }
    }),
  )
  try {
    // One at a time, or they would slow each other.
    /* oxlint-disable no-await-in-loop */
    for (const { child } of players) await turn(child, { concurrency, sends: warmSends })
    for (let round = 0; round < rounds; round++) {
      for (const { child, played } of players) {
        const atOnce = await turn(child, { concurrency, sends: many })
        const { p99 } = await turn(child, { concurrency: 1, sends: single })
        played.push({ ...atOnce, p99 })
      }
    }
    /* oxlint-enable no-await-in-loop */
  } finally {
    for (const { child } of players) child.kill()
  }
  return players.map(({ name, played }) => [name, played])
}

const compare = async (played: Lengths, checkout: string | undefined): Promise<Figures> => {
  const [server, baseUrl] = await start(thisFile, "server")
  try {
    const figures = new Map<Contestant, ReadonlyArray<Measured>>()
    for (const group of Array.from({ length: played.batches }, () => groups).flat()) {
      // oxlint-disable-next-line no-await-in-loop
      const ofGroup = await playGroup(group, played, baseUrl, checkout)
      for (const [name, measured] of ofGroup) {
        figures.set(name, [...(figures.get(name) ?? []), ...measured])
      }
    }
    return figures
  } finally {
    server.kill()
  }
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      check: { type: "boolean", default: false },
      checkout: { type: "string" },
      write: { type: "boolean", default: false },
    },
  })
  const figures = await compare(values.check ? lengths.check : lengths.full, values.checkout)
  console.log(figureTable(figures))
  console.log(boundTable(figures))
  if (values.write) await writeFigures(figures)
  const missed = bounds.filter((bound: Bound) => missedBy(bound, figures))
  for (const { what } of missed) console.error(`Beyond its bound and the margin: ${what}`)
  if (values.check && missed.length > 0) process.exitCode = 1
}

const [role = "", baseUrl = ""] = process.argv.slice(2)
if (process.env["EFFECT_SENT_PART"] === undefined) await main()
else if (role === "server") process.send?.(await startServer())
// The name is one of those that `compare` was given.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
else play(role as Contestant, baseUrl)
