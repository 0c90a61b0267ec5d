/** The messages whose updates are not complete, oldest first and bounded in number. */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { type Entry, makeFifo } from "../fifo.ts"
import type { MessageRecord, Messages } from "../play/messages.ts"

export interface Pending {
  /** Adds a message, whose work ends by itself. Above the bound, drops the updates of the oldest message. */
  readonly add: (record: MessageRecord, work: Fiber.Fiber<void>) => void
  /** Cancels the updates of a message. */
  readonly forget: (messageId: string) => void
  /** The number of updates that were dropped. */
  readonly dropped: () => number
  readonly all: () => ReadonlyArray<MessageRecord>
  readonly resetDropped: () => void
}

interface Work {
  readonly record: MessageRecord
  readonly fiber: Fiber.Fiber<void>
}

/** The shortest time between two log lines about dropped updates, in milliseconds. */
const quietMillis = 1000

export const makePending = (
  max: number,
  messages: Messages,
  log: (line: Effect.Effect<void>) => void,
): Pending => {
  const works = makeFifo<Work>()
  const entries = new Map<string, Entry<Work>>()
  let dropped = 0
  let loggedAt = -Infinity

  const remove = (messageId: string): Work | undefined => {
    const entry = entries.get(messageId)
    if (entry === undefined) return undefined
    entries.delete(messageId)
    works.remove(entry)
    return entry.value
  }

  const drop = ({ fiber, record }: Work): void => {
    remove(record.id)
    fiber.interruptUnsafe()
    for (const update of record.updates) {
      if (update.state !== "waiting" && update.state !== "retrying") continue
      update.state = "dropped"
      dropped += 1
    }
    messages.changed(record)
    if (performance.now() - loggedAt < quietMillis) return
    loggedAt = performance.now()
    log(
      Effect.logWarning(
        `more than ${max} messages have pending updates; dropped those of the oldest: ${dropped} updates so far`,
      ),
    )
  }

  return {
    add: (record, fiber) => {
      entries.set(record.id, works.add({ record, fiber }))
      fiber.addObserver(() => void remove(record.id))
      if (works.size() <= max) return
      const oldest = works.first()
      if (oldest !== undefined) drop(oldest.value)
    },
    forget: (messageId) => remove(messageId)?.fiber.interruptUnsafe(),
    dropped: () => dropped,
    all: () => [...entries.values()].map(({ value }) => value.record),
    resetDropped: () => {
      dropped = 0
    },
  }
}
