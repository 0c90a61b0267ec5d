/** The operations that both the routes below `/__mock` and the service offer. */
import * as Effect from "effect/Effect"
import type { Message } from "../../Message.ts"
import { type Answer, problem } from "../http/answer.ts"
import type { Deliveries } from "../updates/deliveries.ts"
import type { Faults } from "./faults.ts"
import type { Webhooks } from "../updates/webhooks.ts"
import { importedRecord } from "./jsonLines.ts"
import type { Keys } from "./keys.ts"
import { type MessageRecord, type Messages, toMessage } from "./messages.ts"
import type { Plays } from "./play.ts"
import { advanceProblem, type Timeline } from "./timeline.ts"

export interface Control {
  readonly records: Messages
  readonly faults: Faults
  readonly timeline: Timeline
  readonly keys: Keys
  readonly webhooks: Webhooks
  /** The messages of all senders or of one, oldest first. */
  readonly messages: (senderId?: string) => ReadonlyArray<Message>
  /** The records of the messages, for callers that show only a few of many. */
  readonly recordsOf: (senderId: string | undefined) => ReadonlyArray<MessageRecord>
  /** The records of requests that were refused as invalid, oldest first. */
  readonly refusedOf: (senderId: string | undefined) => ReadonlyArray<MessageRecord>
  readonly show: (record: MessageRecord) => Message
  readonly message: (id: string) => Message | undefined
  /** The number of updates that were dropped because too many messages had pending updates. */
  readonly droppedUpdates: () => number
  /** Removes the messages, cancels their pending updates, forgets keys, and starts scenarios with several answers anew. */
  readonly clearMessages: (senderId?: string) => Effect.Effect<void>
  /** Removes one message and cancels its pending updates. Returns whether it was stored. */
  readonly remove: (id: string) => boolean
  /** Brings messages, faults, scenarios and clock to their state at the start, for all senders or for one. */
  readonly reset: (senderId?: string) => Effect.Effect<void>
  /** Advances the clock. Fails with what is wrong with the duration. */
  readonly advance: (millis: number, senderId?: string) => Effect.Effect<void, string>
  /** Adds messages whose ids are not known yet. Returns how many. */
  readonly importMessages: (messages: ReadonlyArray<Message>) => number
  /** Sends an update again. Fails with the answer that says why it cannot be sent. */
  readonly resend: (messageId: string, updateId: string) => Effect.Effect<Message, Answer>
}

const isOf =
  (senderId: string | undefined) =>
  (record: MessageRecord): boolean =>
    senderId === undefined || record.senderId === senderId

interface Parts extends Pick<Control, "faults" | "keys" | "timeline" | "webhooks"> {
  readonly messages: Messages
  readonly deliveries: Deliveries
  readonly plays: Plays
}

export const makeControl = (parts: Parts): Control => {
  const { deliveries, faults, keys, messages: records, plays, timeline, webhooks } = parts
  const show = (record: MessageRecord): Message => toMessage(record, timeline.now(record.senderId))
  const recordsOf = (senderId: string | undefined): ReadonlyArray<MessageRecord> =>
    [...records.all()].filter(isOf(senderId))
  const clear = (senderId: string | undefined): void => {
    const ids = recordsOf(senderId).map(({ id }) => id)
    records.clear(senderId)
    for (const id of ids) deliveries.forget(id)
    plays.reset(senderId)
    // A replay would name messages that are gone.
    keys.clear(senderId)
  }
  return {
    records,
    faults,
    timeline,
    keys,
    webhooks,
    recordsOf,
    refusedOf: (senderId) => [...records.refused()].filter(isOf(senderId)),
    show,
    messages: (senderId) => recordsOf(senderId).map(show),
    message: (id) => {
      const record = records.find(id)
      return record === undefined ? undefined : show(record)
    },
    droppedUpdates: deliveries.dropped,
    clearMessages: (senderId) => Effect.sync(() => clear(senderId)),
    remove: (id) => {
      const record = records.find(id)
      if (record === undefined) return false
      records.remove(record)
      deliveries.forget(id)
      return true
    },
    reset: (senderId) =>
      Effect.sync(() => {
        clear(senderId)
        faults.clear(senderId)
        timeline.reset(senderId)
        webhooks.reset(senderId)
        if (senderId === undefined) {
          records.resetNumbers()
          deliveries.resetDropped()
        }
      }),
    advance: (millis, senderId) =>
      Effect.suspend(() => {
        const wrong = advanceProblem(timeline.now(senderId), millis)
        return wrong === undefined ? timeline.advance(millis, senderId) : Effect.fail(wrong)
      }),
    importMessages: (messages) => {
      let imported = 0
      for (const message of messages) {
        if (records.find(message.id) !== undefined) continue
        records.add(importedRecord(message, records.nextNumber()))
        imported += 1
      }
      return imported
    },
    resend: Effect.fnUntraced(function* (messageId, updateId) {
      const record = records.find(messageId)
      const update = record?.updates.find(({ plan }) => plan.id === updateId)
      if (record === undefined || update === undefined) {
        return yield* Effect.fail(problem(404, "No such message or update"))
      }
      if (update.state === "waiting") {
        return yield* Effect.fail(problem(409, "The update is still waiting for its first attempt"))
      }
      const refusal = deliveries.refusal(record)
      if (refusal !== undefined) return yield* Effect.fail(problem(409, refusal))
      yield* deliveries.resend(record, update)
      return show(record)
    }),
  }
}
