/**
 * The mock's clock. It runs with the machine's clock or stands still, and can be advanced for all senders or for one. Advancing
 * it waits until all work that became due is complete, so that tests do not sleep.
 */
import * as Effect from "effect/Effect"
import { pause } from "../pause.ts"
import { type Sleeper, Sleepers } from "./sleepers.ts"

export interface Timeline {
  /** The time in milliseconds since 1970, for a sender, or for senders that were never advanced alone. */
  readonly now: (senderId?: string) => number
  /** Runs work that an advance waits for, except while the work sleeps. */
  readonly track: <A, E, R>(
    senderId: string,
    work: Effect.Effect<A, E, R>,
  ) => Effect.Effect<A, E, R>
  /** Sleeps by this clock. May only be used inside `track`. */
  readonly sleep: (senderId: string, millis: number) => Effect.Effect<void>
  /** Calls `run` after this time by this clock, unless it is cancelled before. */
  readonly schedule: (senderId: string, millis: number, run: () => void) => { cancel: () => void }
  /** Advances the clock, for all senders or for one, in steps from one sleeper to the next. */
  readonly advance: (millis: number, senderId?: string) => Effect.Effect<void>
  /** Sets the clock back to its start, for all senders or for one, and wakes those that sleep. */
  readonly reset: (senderId?: string) => void
  /** Wakes all sleepers in order until none is left, including those that go back to sleep. */
  readonly runOut: Effect.Effect<void>
  /** Whether the clock runs with the machine's clock. */
  readonly runs: boolean
}

interface Waiter {
  readonly senderId: string | undefined
  readonly resume: () => void
}

/** The sleepers of one sender, by the sender's clock, with the timer for the next one. */
interface Line {
  readonly sleepers: Sleepers
  timer: NodeJS.Timeout | undefined
  /** When the timer fires. */
  firesAt: number
}

/** The maximum delay of Node's timers. A timer with a longer delay fires at once. */
const longestTimer = 2 ** 31 - 1

/** `startsAt` is the time at which the clock starts; by default that of the machine. */
export const makeTimeline = (runs: boolean, startsAt?: number): Timeline => {
  const machineStart = Date.now()
  const startedAt = startsAt ?? machineStart
  let advancedBy = 0
  // How far individual senders are ahead of the others, in milliseconds.
  const ahead = new Map<string, number>()
  const lines = new Map<string, Line>()
  const working = new Map<string, number>()
  const waiters = new Set<Waiter>()

  const now = (senderId?: string): number =>
    (runs ? Date.now() - machineStart + startedAt : startedAt) +
    advancedBy +
    (senderId === undefined ? 0 : (ahead.get(senderId) ?? 0))

  const isIdle = (senderId: string | undefined): boolean =>
    senderId === undefined ? working.size === 0 : !working.has(senderId)

  const enter = (senderId: string): void => {
    working.set(senderId, (working.get(senderId) ?? 0) + 1)
  }

  const leave = (senderId: string): void => {
    const left = (working.get(senderId) ?? 0) - 1
    if (left > 0) working.set(senderId, left)
    else working.delete(senderId)
    if (left > 0 || waiters.size === 0) return
    for (const waiter of waiters) {
      if (!isIdle(waiter.senderId)) continue
      waiters.delete(waiter)
      waiter.resume()
    }
  }

  const idle = (senderId: string | undefined): Effect.Effect<void> =>
    Effect.suspend(() =>
      isIdle(senderId)
        ? Effect.void
        : Effect.callback<void>((resume) => {
            const waiter: Waiter = { senderId, resume: () => resume(Effect.void) }
            waiters.add(waiter)
            return Effect.sync(() => void waiters.delete(waiter))
          }),
    )

  /** Wakes the sleepers of a sender that are due. */
  const wakeDue = (senderId: string, line: Line): void => {
    // A sum of floating-point numbers may be slightly too small.
    for (const wake of line.sleepers.take(now(senderId) + 0.001)) wake()
  }

  /** Sets the timer for the next sleeper of a sender. */
  const setTimer = (senderId: string, line: Line): void => {
    const next = line.sleepers.next()
    if (next === undefined) {
      clearTimeout(line.timer)
      lines.delete(senderId)
      return
    }
    if (!runs || (line.timer !== undefined && next === line.firesAt)) return
    clearTimeout(line.timer)
    line.firesAt = next
    line.timer = setTimeout(
      () => {
        line.timer = undefined
        wakeDue(senderId, line)
        setTimer(senderId, line)
      },
      Math.min(Math.max(next - now(senderId), 0), longestTimer),
    )
  }

  const lineOf = (senderId: string): Line => {
    const known = lines.get(senderId)
    if (known !== undefined) return known
    const line: Line = { sleepers: new Sleepers(), timer: undefined, firesAt: 0 }
    lines.set(senderId, line)
    return line
  }

  const schedule: Timeline["schedule"] = (senderId, millis, run) => {
    const line = lineOf(senderId)
    const sleeper: Sleeper = { wakesAt: now(senderId) + millis, wake: run }
    line.sleepers.add(sleeper)
    if (line.sleepers.next() === sleeper.wakesAt) setTimer(senderId, line)
    return {
      cancel: () => {
        line.sleepers.cancel(sleeper)
        // Its timer would keep the process from ending.
        if (lines.get(senderId) === line && line.sleepers.next() !== line.firesAt) {
          setTimer(senderId, line)
        }
      },
    }
  }

  const sleep = (senderId: string, millis: number): Effect.Effect<void> =>
    Effect.callback((resume) => {
      const sleeper = schedule(senderId, millis, () => {
        enter(senderId)
        resume(Effect.void)
      })
      leave(senderId)
      return Effect.sync(() => {
        sleeper.cancel()
        enter(senderId)
      })
    })

  const track = <A, E, R>(senderId: string, work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.acquireUseRelease(
      Effect.sync(() => enter(senderId)),
      () => work,
      () => Effect.sync(() => leave(senderId)),
    )

  const linesOf = (senderId: string | undefined): ReadonlyArray<readonly [string, Line]> => {
    if (senderId === undefined) return [...lines]
    const line = lines.get(senderId)
    return line === undefined ? [] : [[senderId, line]]
  }

  const shift = (millis: number, senderId: string | undefined): void => {
    if (senderId === undefined) advancedBy += millis
    else ahead.set(senderId, (ahead.get(senderId) ?? 0) + millis)
  }

  /** Advances to the next sleeper, if it wakes within this many milliseconds. Returns the step in milliseconds. */
  const step = (within: number, senderId: string | undefined): number | undefined => {
    const mine = linesOf(senderId)
    const next = mine.reduce(
      (least, [id, { sleepers }]) =>
        Math.min(least, Math.max((sleepers.next() ?? Infinity) - now(id), 0)),
      Infinity,
    )
    if (next === Infinity || next > within) return undefined
    shift(next, senderId)
    for (const [id, line] of mine) wakeDue(id, line)
    return next
  }

  const setTimers = (senderId: string | undefined): void => {
    for (const [id, line] of linesOf(senderId)) {
      line.firesAt = 0
      setTimer(id, line)
    }
  }

  const advance = Effect.fnUntraced(function* (millis: number, senderId?: string) {
    let left = millis
    yield* idle(senderId)
    for (;;) {
      const taken = step(left, senderId)
      if (taken === undefined) break
      left -= taken
      yield* idle(senderId)
    }
    shift(left, senderId)
    setTimers(senderId)
  })

  const reset = (senderId?: string): void => {
    if (senderId === undefined) {
      advancedBy = startsAt === undefined || !runs ? 0 : machineStart - Date.now()
      ahead.clear()
    } else ahead.delete(senderId)
    for (const [id, line] of linesOf(senderId)) {
      for (const wake of line.sleepers.take(Infinity)) wake()
      setTimer(id, line)
    }
  }

  const runOut = Effect.gen(function* () {
    yield* idle(undefined)
    while (step(Infinity, undefined) !== undefined) yield* idle(undefined)
  })

  return { now, track, sleep, schedule, advance, reset, runOut, runs }
}

/** The latest time that the clock can show: the end of the year 9999. */
const latest = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** Says what is wrong with an advance. Undefined when nothing is. */
export const advanceProblem = (now: number, millis: number): string | undefined =>
  Number.isFinite(millis) && millis >= 0 && now + millis <= latest
    ? undefined
    : "the clock can only be advanced by a duration of 0 or more, up to the year 9999"

/**
 * Completes all pending work at once, for at most this many milliseconds, so that updates of accepted messages are not lost. Does
 * nothing when the clock stands still: then the test decides when time passes.
 */
export const finish = (timeline: Timeline, withinMillis: number): Effect.Effect<void> =>
  timeline.runs ? Effect.race(timeline.runOut, pause(withinMillis)) : Effect.void
