/** The turns of a rate limit: one at a time, in order, and each a fixed time after the one before, unless that one was late. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { Turns } from "./limits.ts"

/** Takes a turn if it is time: zero, or else how long to wait before the next try. */
export type Take = Effect.Effect<Duration.Duration>

/**
 * Waits for turns, in the order in which they were asked for.
 *
 * A turn is taken when its time has come, not reserved in advance: a reserved turn would be lost with a send that ends
 * before it. With more to send than the limit allows, all turns would soon belong to sends that have ended.
 */
export const awaitTurns = (take: Take): Turns["awaitTurn"] => {
  const queue = Semaphore.makeUnsafe(1)
  return (mayPass) => {
    const takeTurn: ReturnType<Turns["awaitTurn"]> = Effect.flatMap(
      Effect.andThen(mayPass, take),
      (wait) => (Duration.isZero(wait) ? Effect.void : Effect.delay(takeTurn, wait)),
    )
    return Effect.andThen(mayPass, queue.withPermit(takeTurn))
  }
}

/**
 * When turns come, in nanoseconds.
 *
 * A turn has a time, and is taken then or up to `lag` later, since timers are late. The next one comes `spacing` after that
 * time, not after it was taken: otherwise, each late timer would slow down all that follow. `limit` spacings are a window
 * and a `lag`. Therefore, `limit` turns after a turn that was taken as late as it may, a window has passed.
 */
export interface Pace {
  readonly spacing: bigint
  readonly lag: bigint
}

/** The pace of so many turns in a window, which is in nanoseconds. */
export const paceOf = (limit: number, window: bigint): Pace => {
  const lag = window / 50n
  const turns = BigInt(limit)
  return { spacing: (window + lag + turns - 1n) / turns, lag }
}

/** Takes turns by the clock of this process. */
export const takeFromMemory = ({ lag, spacing }: Pace): Take => {
  let last: bigint | undefined
  // The monotonic clock: a system clock that is set back would stop all sends, one that is set forward would add turns.
  return Effect.map(Clock.monotonicTimeNanos, (now) => {
    // Only where programs with different clocks share a limit, as tests do.
    if (last !== undefined && last > now) last = now
    const turn = last === undefined ? now : latest(last + spacing, now - lag)
    if (turn > now) return waitOf(turn - now, 1_000_000n)
    last = turn
    return Duration.zero
  })
}

const latest = (one: bigint, other: bigint): bigint => (one > other ? one : other)

/** A wait in whole milliseconds, since timers end early by a fraction of one. */
export const waitOf = (time: bigint, unitsInMillis: bigint): Duration.Duration =>
  Duration.millis(Number((time + unitsInMillis - 1n) / unitsInMillis))
