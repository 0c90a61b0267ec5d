/** The updates that wait for a send with the id of their message: a bounded number, for a bounded time. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import { type MessageStatusEvent, stepOf } from "../../DeliveryStatus.ts"
import { makeSha256 } from "./digest.ts"
import { makeExpiries } from "./expiries.ts"
import type { DeliveryStore, DeliveryStoreError, SendRecord } from "./store.ts"
import type { Tracked } from "./tracked.ts"

export interface Waiting {
  /** Stores an update until its send is known. False if too many wait already: it is dropped, and counted. */
  readonly store: (event: MessageStatusEvent) => Effect.Effect<boolean, DeliveryStoreError>
  /** A send has the updates of this message. */
  readonly claimed: (messageId: string) => void
}

export interface WaitingOptions {
  /** How many messages may wait at the same time, of those whose updates this process received. */
  readonly capacity: number
  readonly timeToLive: Duration.Duration
}

const prefix = "waiting_"

/** Whether a record is of updates that wait. */
export const isWaiting = ({ id }: SendRecord): boolean => id.startsWith(prefix)

/** How often what has waited for too long is counted, in milliseconds. */
const upkeepInterval = 60_000

export const makeWaiting = Effect.fnUntraced(function* (
  store: DeliveryStore["Service"],
  tracked: Pick<Tracked, "find">,
  { capacity, timeToLive }: WaitingOptions,
): Effect.fn.Return<Waiting, never, Scope.Scope> {
  const scope = yield* Effect.scope
  const sha256 = yield* makeSha256
  const expiries = makeExpiries()
  const counts = new Map<string, number>()
  let dropped = 0
  let upkeepAt = 0

  const forget = (messageId: string): number => {
    const count = counts.get(messageId) ?? 0
    counts.delete(messageId)
    expiries.delete(messageId)
    return count
  }

  const drop = (count: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      dropped += count
      return Metric.update(unclaimed, count)
    })

  /** Counts the updates that nobody has claimed, in this process or another one. */
  const countExpired = Effect.fnUntraced(function* (now: number) {
    for (let next = expiries.before(now); next !== undefined; next = expiries.before(now)) {
      const count = forget(next)
      const sends = yield* Effect.orElseSucceed(tracked.find({ messageId: next }), () => [])
      if (sends.every(isWaiting)) yield* drop(count)
    }
    if (dropped === 0) return
    yield* Effect.logWarning(
      `${dropped} delivery updates were dropped: no send that is tracked has their messages`,
    )
    dropped = 0
  })

  const upkeep = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (now < upkeepAt) return
    upkeepAt = now + upkeepInterval
    yield* Effect.forkIn(countExpired(now), scope)
  })

  return {
    store: Effect.fnUntraced(function* (event) {
      const { messageId } = event
      if (!counts.has(messageId) && counts.size >= capacity) {
        yield* drop(1)
        yield* upkeep
        return false
      }
      const now = yield* Clock.currentTimeMillis
      const expiresAt = now + Duration.toMillis(timeToLive)
      const id = `${prefix}${(yield* sha256(new TextEncoder().encode(messageId))).slice(0, 48)}`
      // Before it is stored, since it may be stored even if that fails.
      counts.set(messageId, (counts.get(messageId) ?? 0) + 1)
      expiries.set(messageId, expiresAt)
      yield* store.append({
        id,
        expiresAt: DateTime.makeUnsafe(expiresAt),
        steps: [stepOf(event)],
      })
      yield* upkeep
      return true
    }),
    claimed: forget,
  }
})

const unclaimed = Metric.counter("sent.updates.unclaimed", {
  description: "Updates that were dropped because no tracked send has their message",
  incremental: true,
})
