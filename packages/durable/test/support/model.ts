/**
 * All interleavings of two workers at one message, up to a bound, through the statements of the library: each step restores the row
 * of a state that was reached, runs one transition on it, and reads what it has become.
 */
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { makeTransitions, type Transitions } from "../../src/internal/queue/transitions.ts"

/** How far the model goes. */
export interface Bound {
  /** How often a row may be claimed or returned. */
  readonly fence: number
  /** How often the lease of everybody ends. */
  readonly leases: number
  /** How often the caller accepts a duplicate. */
  readonly requeues: number
  /** Whether a state that says what is not so is a problem, too. Default: a duplicate only. */
  readonly withLies?: boolean
}

/** What a worker knows and does next. It loses that when it crashes. */
type Worker =
  | { readonly at: "idle" }
  | { readonly at: "claimed" | "begun"; readonly fence: number; readonly sendId: string }
  | {
      readonly at: "answered"
      readonly fence: number
      readonly answer: "accepted" | "pending" | "refused" | "unknown"
    }

type Row = Readonly<Record<string, unknown>>

interface State {
  readonly row: Row
  readonly workers: readonly [Worker, Worker]
  readonly now: number
  /** The tokens of the messages that the recipient got. */
  readonly arrived: ReadonlyArray<string>
  readonly requeues: number
}

/** The result of an exploration. */
export interface Explored {
  readonly states: number
  readonly steps: number
  /** The steps to the first message too many, or the first lie. */
  readonly problem: ReadonlyArray<string> | undefined
}

const idle: Worker = { at: "idle" }
const lease = 1
const key = "key"

/** Explores all states that can be reached. */
export const explore = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, bound: Bound) {
  const transitions = makeTransitions(sql)
  const [first] = yield* sql<Row>`select * from effect_sent_queue`
  if (first === undefined) throw new Error("there is no row")
  const initial: State = { row: first, workers: [idle, idle], now: 0, arrived: [], requeues: 0 }

  const restore = (row: Row) => sql`update effect_sent_queue set ${sql.update(row)}`
  const read = Effect.map(sql<Row>`select * from effect_sent_queue`, ([row = first]) => row)

  const seen = new Set<string>([textOf(initial)])
  const queue: Array<{ readonly state: State; readonly path: Path | undefined }> = [
    { state: initial, path: undefined },
  ]
  let steps = 0

  // Breadth first, so that the problem that is found is a shortest one.
  for (let index = 0; index < queue.length; index++) {
    const item = queue[index]
    if (item === undefined) break
    const { path, state } = item
    for (const step of stepsOf(state, transitions, bound)) {
      steps++
      yield* restore(state.row)
      const changes = yield* step.run
      const row = yield* read
      for (const change of changes) {
        const next: State = { ...state, ...change, row }
        const text = textOf(next)
        if (seen.has(text)) continue
        seen.add(text)
        const nextPath = { name: step.name, before: path }
        if (isTwice(next) || (bound.withLies === true && isLie(next)))
          return { states: seen.size, steps, problem: namesOf(nextPath) }
        queue.push({ state: next, path: nextPath })
      }
    }
  }
  const explored: Explored = { states: seen.size, steps, problem: undefined }
  return explored
})

interface Path {
  readonly name: string
  readonly before: Path | undefined
}

const namesOf = (path: Path | undefined): ReadonlyArray<string> =>
  path === undefined ? [] : [...namesOf(path.before), path.name]

/** The workers are interchangeable. */
const textOf = ({ workers, ...rest }: State): string =>
  JSON.stringify([rest, workers.map((worker) => JSON.stringify(worker)).toSorted(compare)])

const compare = (one: string, other: string): number => (one < other ? -1 : 1)

/** A message more than the caller has allowed. */
const isTwice = ({ arrived, requeues }: State): boolean => arrived.length > 1 + requeues

/** A state that says what is not so. After a duplicate was accepted, it is about the second message only. */
const isLie = ({ arrived, requeues, row }: State): boolean => {
  if (requeues > 0) return false
  const saysNotSent = ["pending", "claimed", "refused", "expired", "cancelled"]
  return (
    (arrived.length > 0 && saysNotSent.includes(String(row["state"]))) ||
    (arrived.length === 0 && row["state"] === "accepted")
  )
}

type Change = Partial<Omit<State, "row">>

interface Step {
  readonly name: string
  /** Runs one transition. Returns what may follow: the wire has several ends. */
  readonly run: Effect.Effect<ReadonlyArray<Change>, unknown>
}

const stepsOf = (state: State, transitions: Transitions, bound: Bound): ReadonlyArray<Step> => {
  const { now, requeues, row } = state
  const fence = Number(row["fence"])
  const mayGrow = fence < bound.fence
  return [
    ...workerSteps(state, 0, transitions, mayGrow),
    ...workerSteps(state, 1, transitions, mayGrow),
    ...(now < bound.leases * (lease + 1)
      ? [step("the leases end", Effect.succeed([{ now: now + lease + 1 }]))]
      : []),
    step("what is attempting is lost", Effect.as(transitions.lose(now), [{}])),
    step("what is claimed is free again", Effect.as(transitions.reclaim(now), [{}])),
    step("cancelled", Effect.as(transitions.cancel({ key, now }), [{}])),
    ...state.arrived.map((sendId) =>
      step("an update arrives", Effect.as(transitions.prove(sendId, now), [{}])),
    ),
    ...(requeues < bound.requeues && mayGrow
      ? [
          step(
            "requeued",
            Effect.map(
              transitions.requeue({ key, now, notAfter: null, acceptDuplicate: true }),
              (isRequeued) => [{ requeues: requeues + Number(isRequeued) }],
            ),
          ),
        ]
      : []),
  ]
}

const step = (name: string, run: Step["run"]): Step => ({ name, run })

const workerSteps = (
  { arrived, now, workers }: State,
  place: 0 | 1,
  transitions: Transitions,
  mayGrow: boolean,
): ReadonlyArray<Step> => {
  const worker = workers[place]
  const become = (next: Worker): Pick<State, "workers"> => ({
    workers: place === 0 ? [next, workers[1]] : [workers[0], next],
  })
  const named = (name: string, run: Step["run"]): Step => step(`worker ${place + 1} ${name}`, run)
  const crash = named("crashes", Effect.succeed([become(idle)]))

  if (worker.at === "idle") {
    if (!mayGrow) return []
    return [
      named(
        "claims",
        Effect.map(
          transitions.claim({ priority: 1, now, leaseUntil: now + lease, limit: 1 }),
          ([claimed]) =>
            claimed === undefined
              ? []
              : [
                  become({
                    at: "claimed",
                    fence: Number(claimed.fence),
                    // The token of an earlier attempt stays, as in `sending.ts`.
                    sendId: claimed.send_id ?? `send ${claimed.fence}`,
                  }),
                ],
        ),
      ),
    ]
  }
  const holder = { key, fence: worker.fence, now }
  if (worker.at === "answered") {
    return [
      crash,
      named(
        `settles: ${worker.answer}`,
        Effect.as(
          transitions.settle({ ...holder, state: worker.answer, reason: null, dueAt: now }),
          [become(idle)],
        ),
      ),
    ]
  }
  if (worker.at === "begun") {
    const answered = (answer: "accepted" | "pending" | "refused" | "unknown") =>
      become({ at: "answered", fence: worker.fence, answer })
    return [
      crash,
      named(
        "sends",
        Effect.succeed([
          { ...answered("accepted"), arrived: [...arrived, worker.sendId] },
          { ...answered("unknown"), arrived: [...arrived, worker.sendId] },
          answered("unknown"),
          answered("pending"),
          answered("refused"),
        ]),
      ),
    ]
  }

  const { sendId } = worker
  return [
    crash,
    ...(mayGrow
      ? [named("stops, and gives back", Effect.as(transitions.giveBack(holder), [become(idle)]))]
      : []),
    named(
      "begins",
      Effect.map(
        transitions.begin({
          ...holder,
          leaseUntil: now + lease,
          sendId,
          callbackUrl: null,
          callbackUntil: null,
          ownKey: undefined,
        }),
        (isBegun) => [become(isBegun ? { ...worker, at: "begun" } : idle)],
      ),
    ),
  ]
}
