/** Notices a send for which the service made two messages: the person may have received both. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { makeExpiries } from "./expiries.ts"
import type { SendRecord } from "./store.ts"

interface Messages {
  /** Whether this is the second message of a send by the updates that this process received. True once for a send. */
  readonly isSecond: (send: SendRecord, messageId: string) => boolean
}

/** Remembers the first message of so many sends. */
export const makeMessages = (capacity: number): Messages => {
  const expiries = makeExpiries()
  // Undefined after the second.
  const firsts = new Map<string, string | undefined>()
  return {
    isSecond: ({ expiresAt, id }, messageId) => {
      if (firsts.has(id)) {
        const first = firsts.get(id)
        if (first === undefined || first === messageId) return false
        firsts.set(id, undefined)
        return true
      }
      firsts.set(id, messageId)
      expiries.set(id, expiresAt.epochMilliseconds)
      if (expiries.size() > capacity) {
        const oldest = expiries.next() ?? id
        expiries.delete(oldest)
        firsts.delete(oldest)
      }
      return false
    },
  }
}

const duplicates = Metric.counter("sent.sends.duplicated", {
  description: "Sends for which updates of two messages arrived",
  incremental: true,
})

/** Counts and logs it. */
export const reportSecondMessage: Effect.Effect<void> = Effect.andThen(
  Metric.update(duplicates, 1),
  Effect.logWarning(
    "updates of two messages arrived for one send: the person may have received both",
  ),
)
