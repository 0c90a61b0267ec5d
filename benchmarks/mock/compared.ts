/** What our mock and Prism's are compared by: the time to the first answer, the accepted requests per second, and the memory. */
import { Effect } from "effect"
import type { Row } from "../support/table.ts"
import { load, type Sample, samples } from "./load.ts"
import { type Done, type Plan, settleMillis } from "./plan.ts"
import { inTurn, type Log, ours, prism, residentMemory, type Server, start } from "./server.ts"

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

export const comparedRows = Effect.fnUntraced(function* (plan: Plan, done: Done) {
  const rows: Array<Row> = [yield* startRow(plan, done)]
  for (const log of ["default", "silent"] as const) {
    for (const body of ["plain", "webhook"] as const) {
      rows.push(yield* loadRow(plan, done, log, body))
    }
  }
  for (const body of ["plain", "webhook"] as const) rows.push(yield* memoryRow(plan, done, body))
  return rows
})

/** The number of calls of `done`. */
export const comparedSteps = ({ rounds, starts }: Plan): number =>
  2 * starts + 4 * 2 * (rounds + 1) + 3
