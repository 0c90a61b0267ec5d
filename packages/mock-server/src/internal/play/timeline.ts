/**
 * The mock's clock. It runs with the machine's clock or stands still, and can be advanced for all senders or for one. Advancing
 * it waits until all work that became due is complete, so that tests do not sleep.
 */
import * as Effect from "effect/Effect"
import { pause } from "../pause.ts"

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
  /** Advances the clock, for all senders or for one, in steps from one sleeper to the next. */
  readonly advance: (millis: number, senderId?: string) => Effect.Effect<void>
  /** Wakes all sleepers in order until none is left, including those that go back to sleep. */
  readonly runOut: Effect.Effect<void>
  /** Whether the clock runs with the machine's clock. */
  readonly runs: boolean
}

interface Sleeper {
  readonly senderId: string
  /** By the clock of the sender. */
  readonly wakesAt: number
  readonly wake: () => void
  timer: NodeJS.Timeout | undefined
}

interface Waiter {
  readonly senderId: string | undefined
  readonly resume: () => void
}

/** The maximum delay of Node's timers. A timer with a longer delay fires at once. */
const longestTimer = 2 ** 31 - 1

export const makeTimeline = (runs: boolean): Timeline => {
  const startedAt = Date.now()
  let advancedBy = 0
  // How far individual senders are ahead of the others, in milliseconds.
  const ahead = new Map<string, number>()
  const sleepers = new Set<Sleeper>()
  const working = new Map<string, number>()
  const waiters = new Set<Waiter>()

  const now = (senderId?: string): number =>
    (runs ? Date.now() : startedAt) +
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

  const setTimer = (sleeper: Sleeper): void => {
    clearTimeout(sleeper.timer)
    if (!runs) return
    const left = sleeper.wakesAt - now(sleeper.senderId)
    sleeper.timer = setTimeout(sleeper.wake, Math.min(Math.max(left, 0), longestTimer))
  }

  const sleep = (senderId: string, millis: number): Effect.Effect<void> =>
    Effect.callback((resume) => {
      const end = (): void => {
        clearTimeout(sleeper.timer)
        sleepers.delete(sleeper)
        enter(senderId)
      }
      const sleeper: Sleeper = {
        senderId,
        wakesAt: now(senderId) + millis,
        wake: () => {
          end()
          resume(Effect.void)
        },
        timer: undefined,
      }
      sleepers.add(sleeper)
      setTimer(sleeper)
      leave(senderId)
      return Effect.sync(end)
    })

  const track = <A, E, R>(senderId: string, work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.acquireUseRelease(
      Effect.sync(() => enter(senderId)),
      () => work,
      () => Effect.sync(() => leave(senderId)),
    )

  const sleepersOf = (senderId: string | undefined): ReadonlyArray<Sleeper> =>
    [...sleepers].filter((sleeper) => senderId === undefined || sleeper.senderId === senderId)

  const leftFor = ({ senderId, wakesAt }: Sleeper): number => Math.max(wakesAt - now(senderId), 0)

  const shift = (millis: number, senderId: string | undefined): void => {
    if (senderId === undefined) advancedBy += millis
    else ahead.set(senderId, (ahead.get(senderId) ?? 0) + millis)
  }

  /** Advances to the next sleeper, if it wakes within this many milliseconds. Returns the step in milliseconds. */
  const step = (within: number, senderId: string | undefined): number | undefined => {
    const mine = sleepersOf(senderId)
    const next = Math.min(...mine.map(leftFor))
    if (!(next <= within) || mine.length === 0) return undefined
    shift(next, senderId)
    for (const sleeper of mine) if (leftFor(sleeper) === 0) sleeper.wake()
    return next
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
    for (const sleeper of sleepersOf(senderId)) setTimer(sleeper)
  })

  const runOut = Effect.gen(function* () {
    yield* idle(undefined)
    while (step(Infinity, undefined) !== undefined) yield* idle(undefined)
  })

  return { now, track, sleep, advance, runOut, runs }
}

/**
 * Completes all pending work at once, for at most this many milliseconds, so that updates of accepted messages are not lost. Does
 * nothing when the clock stands still: then the test decides when time passes.
 */
export const finish = (timeline: Timeline, withinMillis: number): Effect.Effect<void> =>
  timeline.runs ? Effect.race(timeline.runOut, pause(withinMillis)) : Effect.void
