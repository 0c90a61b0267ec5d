/** A worker: claims what is due, as much as it can send at once, and sends it. */
import type * as SentClient from "@effect-sent/core/SentClient"
import type { SentError } from "@effect-sent/core/SentError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type { SqlError } from "effect/sql/SqlError"
import { causeText } from "./causeText.ts"
import { attempt, type Attempted, type Line } from "./sending.ts"
import type { Row } from "./row.ts"
import { priorities } from "./options.ts"

/** What a worker needs. */
export interface Settings {
  /** How many messages it sends at the same time. */
  readonly concurrency: number
  /** In milliseconds. */
  readonly lease: number
  /** How long it waits until it looks again, in milliseconds. */
  readonly pollInterval: number
  /** What is run when nothing can be sent until somebody has fixed something. */
  readonly onHold: (error: SentError) => Effect.Effect<void>
}

/** The shortest and the longest pause while nothing can be sent, in milliseconds. */
const [shortestHold, longestHold] = [1000, 60_000]

/** The longest pause while the database fails, in milliseconds. */
const longestBackOff = 10_000

/** Runs a worker until the scope closes: then it ends what it is sending, and gives back what it has only claimed. */
export const runWorker = Effect.fnUntraced(function* (
  line: Line,
  client: SentClient.SentClient["Service"],
  { concurrency, lease, onHold, pollInterval }: Settings,
  upkeep: Effect.Effect<void, SqlError>,
  listen: (wake: () => void) => () => void,
): Effect.fn.Return<void, never, Scope.Scope> {
  const { ask, transitions } = line
  const signals = yield* Queue.sliding<void>(1)
  const wake = (): void => void Queue.offerUnsafe(signals, undefined)
  const upkeepInterval = Math.min(lease / 4, 15_000)
  const sending = new Set<Fiber.Fiber<void>>()
  let isStopping = false
  let upkeepAt = 0
  let heldUntil = 0
  let failures = 0
  // Zero unless something is to be fixed before anything can be sent. Then one message at a time finds out.
  let hold = 0

  const learn = Effect.fnUntraced(function* ({ outcome, result }: Attempted) {
    const now = yield* Clock.currentTimeMillis
    if (outcome.next === "hold") {
      if (hold === 0 && Result.isFailure(result)) {
        yield* Effect.logError(`Durable sends are on hold: ${result.failure.message}`)
        yield* onHold(result.failure)
      }
      if (now >= heldUntil) hold = Math.min(longestHold, hold === 0 ? shortestHold : 2 * hold)
      heldUntil = now + hold
    } else if (outcome.next === "wait") {
      heldUntil = Math.max(
        heldUntil,
        now + Math.min(longestHold, Duration.toMillis(outcome.retryAfter ?? Duration.zero)),
      )
    } else if (hold > 0) {
      hold = 0
      heldUntil = 0
      yield* Effect.logInfo("Durable sends go on")
    }
  })

  const send = (row: Row): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (!isStopping) return attempt(line, client, row, lease)
      const now = Number(row.lease_until)
      const holder = { key: row.key, fence: Number(row.fence) }
      return Effect.as(
        ask(
          "settle",
          row.state === "attempting"
            ? transitions.postpone({ ...holder, dueAt: now })
            : transitions.giveBack({ ...holder, now }),
        ),
        undefined,
      )
    }).pipe(
      Effect.flatMap((attempted) => (attempted === undefined ? Effect.void : learn(attempted))),
      // Its row becomes pending or unknown when the lease ends.
      Effect.catchCause((cause) =>
        Effect.logError(`A durable send was cut short: ${causeText(cause)}`),
      ),
    )

  const start = (row: Row): Effect.Effect<void> =>
    // Nothing interrupts what is on the wire: whoever stops the worker waits for it.
    Effect.map(Effect.forkDetach(send(row)), (fiber) => {
      sending.add(fiber)
      fiber.addObserver(() => {
        sending.delete(fiber)
        wake()
      })
    })

  /** Claims as many as are wanted, the most urgent first, and starts them. Returns how many. */
  const claim = Effect.fnUntraced(function* (wanted: number) {
    let claimed = 0
    // What may have been sent comes first: its key does not hold forever.
    if (client.keyLifetime !== undefined) {
      const now = yield* Clock.currentTimeMillis
      const rows = yield* ask(
        "claim",
        transitions.resume({ now, leaseUntil: now + lease, limit: wanted }),
      )
      claimed += rows.length
      for (const row of rows) yield* start(row)
    }
    for (const priority of priorities.values()) {
      if (claimed >= wanted || isStopping) break
      const now = yield* Clock.currentTimeMillis
      const rows = yield* ask(
        "claim",
        transitions.claim({ priority, now, leaseUntil: now + lease, limit: wanted - claimed }),
      )
      claimed += rows.length
      for (const row of rows.toSorted((one, other) => Number(one.due_at) - Number(other.due_at))) {
        yield* start(row)
      }
    }
    return claimed
  })

  /** A database that is away is asked more and more rarely. */
  const backOff = Effect.sync(() =>
    Math.max(pollInterval, Math.min(longestBackOff, pollInterval * 2 ** failures++)),
  )

  /** One look at the table. Returns how long to wait for a signal. */
  const look = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (now >= upkeepAt) {
      upkeepAt = now + upkeepInterval
      yield* ask("maintain", upkeep)
    }
    if (now < heldUntil) return Math.min(pollInterval, heldUntil - now)
    const free = (hold > 0 ? 1 : concurrency) - sending.size
    // Whatever ends wakes it up.
    if (free <= 0) return pollInterval
    return (yield* claim(free)) < free ? pollInterval : 0
  }).pipe(
    Effect.tap(() => Effect.sync(() => (failures = 0))),
    Effect.catch((error) => Effect.andThen(Effect.logWarning(error.message), backOff)),
    Effect.catchCause((cause) =>
      Effect.andThen(
        Effect.logError(`A worker of durable sends goes on after a defect: ${causeText(cause)}`),
        backOff,
      ),
    ),
  )

  const loop = Effect.repeat(
    Effect.flatMap(look, (wait) =>
      wait > 0 ? Effect.asVoid(Effect.timeoutOption(Queue.take(signals), wait)) : Effect.void,
    ),
    { until: () => isStopping },
  )

  const unlisten = listen(wake)
  const looping = yield* Effect.forkDetach(loop)
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      unlisten()
      isStopping = true
      wake()
      yield* Fiber.await(looping)
      yield* Effect.forEach([...sending], (fiber) => Fiber.await(fiber), {
        concurrency: "unbounded",
        discard: true,
      })
    }),
  )
})
