/**
 * All interleavings of two callers at one key, up to a bound, through the statements of the library: each step restores the row of a
 * state that was reached, runs one transition on it, and reads what it has become. A caller is a worker, or calls `sendOnce`.
 */
import { Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import type { NewRow } from "../../src/internal/queue/row.ts"
import { makeTransitions, type Transitions } from "../../src/internal/queue/transitions.ts"

/** How far the model goes. */
export interface Bound {
  /** How often a row may be claimed or returned. */
  readonly fence: number
  /** How often the lease of everybody ends. */
  readonly leases: number
  /** How often a duplicate is accepted. */
  readonly requeues: number
  /** What the two do: take what is enqueued, call `sendOnce`, or either. */
  readonly callers: "workers" | "sendOnce" | "both"
  /** Whether the message must be sent before the first lease ends. */
  readonly expires?: boolean
  /** Whether a state that says what is not so is a problem, too. Default: a duplicate only. */
  readonly withLies?: boolean
}

type Answer = "accepted" | "pending" | "refused" | "unknown"

/** What a caller knows and does next. It loses that when it crashes. */
type Caller =
  | { readonly at: "idle" }
  /** `sendOnce` has made sure that there is a row. */
  | { readonly at: "called" }
  | {
      readonly at: "claimed" | "begun"
      readonly fence: number
      readonly sendId: string
      readonly isQueued: boolean
    }
  /** It could not begin, and gives the row back. */
  | { readonly at: "stopped"; readonly fence: number }
  | { readonly at: "answered"; readonly fence: number; readonly answer: Answer }

type Row = Readonly<Record<string, unknown>>

/** A row, or none before the first caller, under a number of its own. */
interface Table {
  readonly number: number
  readonly row: Row | undefined
}

interface State {
  readonly table: Table
  readonly callers: readonly [Caller, Caller]
  readonly now: number
  /** The tokens of the messages that the recipient got. */
  readonly arrived: ReadonlyArray<string>
  readonly requeues: number
  /** Whether something was sent after its time. */
  readonly isLate: boolean
}

/** The result of an exploration. */
export interface Explored {
  readonly states: number
  readonly steps: number
  /** How often a statement of the library was run for that. */
  readonly transitions: number
  /** The steps to the first message too many, or the first lie. */
  readonly problem: ReadonlyArray<string> | undefined
}

const idle: Caller = { at: "idle" }
const lease = 1
const key = "key"
const notAfter = 1

const initial: State = {
  table: { number: 0, row: undefined },
  callers: [idle, idle],
  now: 0,
  arrived: [],
  requeues: 0,
  isLate: false,
}

const newRow = ({ expires = false }: Bound): NewRow => ({
  key,
  state: "pending",
  fence: 0,
  is_queued: 1,
  priority: 1,
  due_at: 0,
  not_after: expires ? notAfter : null,
  quiet_hours: null,
  lease_until: 0,
  attempts: 0,
  digest: "digest",
  phone_number: "number",
  template_id: "template",
  message_body: "{}",
  is_complete: 1,
  webhook_url: null,
  reference: null,
  trace: null,
  enqueued_at: 0,
})

/** What a transition says: whether it happened, and which claim it has made. */
interface Said {
  readonly isDone: boolean
  readonly fence: number
  readonly sendId: string | null
  readonly isQueued: boolean
}

/** Explores all states that can be reached. */
export const explore = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, bound: Bound) {
  const transitions = makeTransitions(sql)

  const tables = new Map([["", initial.table]])
  const tableOf = (row: Row | undefined): Table => {
    const text = row === undefined ? "" : JSON.stringify(row)
    const table = tables.get(text) ?? { number: tables.size, row }
    tables.set(text, table)
    return table
  }

  // The same transition of the same row has the same result: it is run once.
  const results = new Map<string, { readonly said: Said; readonly table: Table }>()
  const runOn = Effect.fnUntraced(function* ({ row }: Table, run: Step["run"]) {
    yield* sql`delete from effect_sent_queue`
    if (row !== undefined) yield* sql`insert into effect_sent_queue ${sql.insert(row)}`
    const said = yield* run
    const [after] = yield* sql<Row>`select * from effect_sent_queue`
    return { said, table: tableOf(after) }
  })

  const seen = new Set<string>([textOf(initial)])
  const queue: Array<{ readonly state: State; readonly path: Path | undefined }> = [
    { state: initial, path: undefined },
  ]
  let steps = 0
  const explored = (problem: Explored["problem"]): Explored => ({
    states: seen.size,
    steps,
    transitions: results.size,
    problem,
  })

  // Breadth first, so that the problem that is found is a shortest one.
  for (let index = 0; index < queue.length; index++) {
    const item = queue[index]
    if (item === undefined) break
    const { path, state } = item
    for (const step of stepsOf(state, transitions, bound)) {
      steps++
      const question = `${state.table.number} ${step.id}`
      const { said, table } = results.get(question) ?? (yield* runOn(state.table, step.run))
      results.set(question, { said, table })
      for (const change of step.changes(said)) {
        const next: State = { ...state, ...change, table }
        const text = textOf(next)
        if (seen.has(text)) continue
        seen.add(text)
        const nextPath = { name: step.name, before: path }
        if (isTwice(next) || next.isLate || (bound.withLies === true && isLie(next))) {
          return explored(namesOf(nextPath))
        }
        queue.push({ state: next, path: nextPath })
      }
    }
  }
  return explored(undefined)
})

interface Path {
  readonly name: string
  readonly before: Path | undefined
}

const namesOf = (path: Path | undefined): ReadonlyArray<string> =>
  path === undefined ? [] : [...namesOf(path.before), path.name]

/** The callers are interchangeable. */
const textOf = ({ callers, table, ...rest }: State): string =>
  JSON.stringify([
    table.number,
    rest,
    callers.map((caller) => JSON.stringify(caller)).toSorted(compare),
  ])

const compare = (one: string, other: string): number => (one < other ? -1 : 1)

/** A message more than was allowed. */
const isTwice = ({ arrived, requeues }: State): boolean => arrived.length > 1 + requeues

/** A state that says what is not so. After a duplicate was accepted, it is about the second message only. */
const isLie = ({ arrived, requeues, table: { row } }: State): boolean => {
  if (requeues > 0 || row === undefined) return false
  const saysNotSent = ["pending", "claimed", "refused", "expired", "cancelled"]
  return (
    (arrived.length > 0 && saysNotSent.includes(String(row["state"]))) ||
    (arrived.length === 0 && row["state"] === "accepted")
  )
}

type Change = Partial<Omit<State, "table">>

interface Step {
  readonly name: string
  /** Names the transition and its arguments. */
  readonly id: string
  readonly run: Effect.Effect<Said, SqlError.SqlError>
  /** What may follow: the wire has several ends. */
  readonly changes: (said: Said) => ReadonlyArray<Change>
}

/** A step in which the database has no part. */
const step = (name: string, ...changes: ReadonlyArray<Change>): Step => ({
  name,
  id: "",
  run: Effect.succeed(told(true)),
  changes: () => changes,
})

const told = (isDone: boolean): Said => ({ isDone, fence: 0, sendId: null, isQueued: false })

/** Makes the steps that run a transition. */
const asking =
  (transitions: Transitions) =>
  <K extends keyof Transitions>(
    name: string,
    transition: K,
    args: Parameters<Transitions[K]>,
    changes: Step["changes"] = () => [{}],
  ): Step => {
    // The arguments are those of this transition, which TypeScript does not see through the union.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const run = transitions[transition] as (...all: typeof args) => Effect.Effect<Answered, Failed>
    return {
      name,
      id: JSON.stringify([transition, args]),
      run: Effect.map(run(...args), read),
      changes,
    }
  }

type Answered = boolean | number | ReadonlyArray<Row | string>
type Failed = SqlError.SqlError

const read = (answered: Answered): Said => {
  if (typeof answered === "boolean" || typeof answered === "number") return told(Boolean(answered))
  const [first] = answered
  if (first === undefined || typeof first === "string") return told(first !== undefined)
  const sendId = first["send_id"]
  return {
    isDone: true,
    fence: Number(first["fence"]),
    sendId: typeof sendId === "string" ? sendId : null,
    isQueued: first["is_queued"] === 1,
  }
}

const stepsOf = (state: State, transitions: Transitions, bound: Bound): ReadonlyArray<Step> => {
  const { arrived, now, requeues, table } = state
  const { row } = table
  const ask = asking(transitions)
  if (row === undefined) {
    return [
      ...(bound.callers === "sendOnce" ? [] : [ask("enqueued", "add", [[newRow(bound)]])]),
      ...callerSteps(state, 0, ask, bound),
    ]
  }
  const requeue = (acceptDuplicate: boolean): Step =>
    ask(
      acceptDuplicate ? "requeued, with a duplicate accepted" : "requeued",
      "requeue",
      [{ key, now, notAfter: null, acceptDuplicate }],
      ({ isDone }) => [{ requeues: requeues + Number(isDone && acceptDuplicate) }],
    )
  return [
    ...callerSteps(state, 0, ask, bound),
    ...callerSteps(state, 1, ask, bound),
    ...(now < bound.leases * (lease + 1) ? [step("the leases end", { now: now + lease + 1 })] : []),
    ask("what is attempting is lost", "lose", [now]),
    ask("what is claimed is free again", "reclaim", [now]),
    ask("what is late expires", "expire", [now]),
    ask("cancelled", "cancel", [{ key, now }]),
    ...arrived.map((sendId) => ask("an update arrives", "prove", [sendId, now])),
    ...(mayGrow(row, bound) ? [requeue(false)] : []),
    ...(mayGrow(row, bound) && requeues < bound.requeues ? [requeue(true)] : []),
  ]
}

const mayGrow = (row: Row | undefined, { fence }: Bound): boolean =>
  Number(row?.["fence"] ?? 0) < fence

const callerSteps = (
  { arrived, callers, now, table: { row } }: State,
  place: 0 | 1,
  ask: ReturnType<typeof asking>,
  bound: Bound,
): ReadonlyArray<Step> => {
  const caller = callers[place]
  const become = (next: Caller): Pick<State, "callers"> => ({
    callers: place === 0 ? [next, callers[1]] : [callers[0], next],
  })
  const named = (name: string): string => `caller ${place + 1} ${name}`
  const crash = step(named("crashes"), become(idle))
  const claimed = ({ fence, isDone, isQueued, sendId }: Said): ReadonlyArray<Change> =>
    // The token of an earlier attempt stays, as in `sending.ts`.
    isDone
      ? [become({ at: "claimed", fence, isQueued, sendId: sendId ?? `send ${fence}` })]
      : [become(idle)]
  const leaseUntil = now + lease

  switch (caller.at) {
    case "idle":
      return mayGrow(row, bound)
        ? [
            ...(bound.callers === "sendOnce"
              ? []
              : [
                  ask(
                    named("claims"),
                    "claim",
                    [{ priority: 1, now, leaseUntil, limit: 1 }],
                    claimed,
                  ),
                ]),
            ...(bound.callers === "workers"
              ? []
              : [
                  ask(
                    named("calls sendOnce"),
                    "add",
                    [
                      [
                        {
                          ...newRow(bound),
                          state: "claimed",
                          is_queued: 0,
                          lease_until: leaseUntil,
                        },
                      ],
                    ],
                    () => [become({ at: "called" })],
                  ),
                ]),
          ]
        : []
    case "called":
      return mayGrow(row, bound)
        ? [
            crash,
            ask(
              named("takes over"),
              "takeOver",
              [{ key, leaseUntil, columns: { message_body: "{}", is_complete: 1 } }],
              claimed,
            ),
          ]
        : [crash]
    case "claimed": {
      const { fence, isQueued, sendId } = caller
      const isLate = row?.["not_after"] !== null && Number(row?.["not_after"]) <= now
      return [
        crash,
        ask(named("stops, and gives back"), "giveBack", [{ key, fence, now }], () => [
          become(idle),
        ]),
        ask(
          named("begins"),
          "begin",
          [
            {
              key,
              fence,
              now,
              leaseUntil,
              sendId,
              callbackUrl: null,
              callbackUntil: null,
              ownKey: undefined,
            },
          ],
          ({ isDone }) =>
            isDone
              ? [{ ...become({ at: "begun", fence, isQueued, sendId }), isLate }]
              : [become({ at: "stopped", fence })],
        ),
      ]
    }
    case "stopped":
      return [
        crash,
        ask(named("gives back"), "giveBack", [{ key, fence: caller.fence, now }], () => [
          become(idle),
        ]),
      ]
    case "begun": {
      const answered = (answer: Answer): Change =>
        // Nobody but its caller repeats what `sendOnce` sends, as in `sending.ts`.
        become({
          at: "answered",
          fence: caller.fence,
          answer: answer === "pending" && !caller.isQueued ? "refused" : answer,
        })
      const here = { arrived: [...arrived, caller.sendId] }
      return [
        crash,
        step(
          named("sends"),
          { ...answered("accepted"), ...here },
          { ...answered("unknown"), ...here },
          // Its process is gone before there is an answer.
          { ...become(idle), ...here },
          answered("unknown"),
          answered("pending"),
          answered("refused"),
        ),
      ]
    }
    default: {
      const { answer, fence } = caller
      return [
        crash,
        ask(
          named(`settles: ${answer}`),
          "settle",
          [{ key, fence, now, state: answer, reason: null, dueAt: now }],
          () => [become(idle)],
        ),
      ]
    }
  }
}
