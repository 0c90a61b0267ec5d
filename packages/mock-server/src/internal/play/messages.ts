/** Stores the newest messages, bounded in number and in size. */
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import { randomUUID } from "node:crypto"
import type { Answer, Attempt, Message, Refusal, Update, UpdateState } from "../../Message.ts"
import { guidFrom } from "../operations/ids.ts"
import { isAtCarrier, priceOf } from "../operations/prices.ts"
import type { Event } from "../operations/row.ts"
import { bodyOf, type UpdatePlan } from "../updates/updates.ts"
import type { Registered } from "../updates/webhooks.ts"

/** The mutable record of an update. */
export interface UpdateRecord {
  readonly plan: UpdatePlan
  state: UpdateState
  attempts: ReadonlyArray<Attempt>
}

/** What a request says beyond its recipient, template and variables. The messages of one request share it. */
export interface Request {
  readonly templateName: string | undefined
  readonly text: string | undefined
  readonly recipients: number
  readonly idempotencyKey: string | undefined
  /** Whether nothing was sent, because the request was only checked, or was answered before. */
  readonly nothing: "SANDBOX" | "REPLAYED" | undefined
  readonly replayOf: number | undefined
}

/** The mutable record of a message. Members that never change already have the form in which they are shown. */
export interface MessageRecord {
  readonly id: string
  readonly number: number
  readonly receivedAt: number
  readonly senderId: string
  readonly phoneNumber: string | undefined
  readonly templateId: string | undefined
  /** The channel that the request asks for. */
  readonly channel?: string | undefined
  /** Present for an operation that the mock knows well. */
  readonly asked?: Request
  /** The number of characters that only this message stores: those of a request belong to its first message. */
  readonly characters?: number
  variables: Readonly<Record<string, string>>
  readonly webhookUrl: string | undefined
  /** The receiver at this URL, if it is registered with the account. */
  readonly webhook?: Registered
  readonly accepted: boolean
  readonly scenario: string | undefined
  readonly because: string | undefined
  readonly refusal?: Refusal
  /** The updates that an accepted message without a `webhookUrl` would have: its status follows them. */
  readonly unsent?: ReadonlyArray<UpdatePlan>
  /** The status of an imported message without updates. */
  readonly importedStatus?: string
  /** The price of an imported message. */
  readonly importedPrice?: number | undefined
  request: Message["request"]
  answer: Answer | undefined
  updates: ReadonlyArray<UpdateRecord>
}

/** A change of the stored messages. */
export type Change =
  | { readonly _tag: "Changed"; readonly sequence: number; readonly record: MessageRecord }
  | { readonly _tag: "Cleared"; readonly sequence: number }

export interface Messages {
  /** Stores a valid request, or one that was refused as invalid. */
  readonly add: (record: MessageRecord) => void
  /** Publishes that a record has changed. */
  readonly changed: (record: MessageRecord) => void
  readonly find: (id: string) => MessageRecord | undefined
  /** The valid requests, oldest first. */
  readonly all: () => Iterable<MessageRecord>
  /** The requests that were refused as invalid, oldest first. */
  readonly refused: () => Iterable<MessageRecord>
  readonly clear: (senderId?: string) => void
  readonly remove: (record: MessageRecord) => void
  /** The changes. A slow subscriber loses the oldest ones. */
  readonly changes: PubSub.PubSub<Change>
  readonly nextNumber: () => number
  /** The id of the message with this number: random, or derived from the seed. */
  readonly idOf: (number: number) => string
  /** An id for a request that stores nothing. */
  readonly lookUpId: () => string
  /** Numbers the next message 1 again. */
  readonly resetNumbers: () => void
}

/** The maximum size of all request bodies together, in characters. The oldest messages are removed first. */
const maxKeptCharacters = 64 * 1024 * 1024

/** The maximum number of refused requests. They do not replace messages: a health check of a wrong path would remove them all. */
const maxRefused = 1000

const sizeOf = ({ characters, request }: MessageRecord): number => characters ?? request.body.length

export const makeMessages = Effect.fnUntraced(function* (maxMessages: number, seed?: string) {
  const records = new Map<string, MessageRecord>()
  const refused = new Map<string, MessageRecord>()
  const changes = yield* PubSub.sliding<Change>(1024)
  let characters = 0
  let number = 0
  let lookUp = 0
  let sequence = 0

  const publish = (record: MessageRecord): void => {
    PubSub.publishUnsafe(changes, { _tag: "Changed", sequence: ++sequence, record })
  }

  const drop = (record: MessageRecord): void => {
    if (!records.delete(record.id)) refused.delete(record.id)
    characters -= sizeOf(record)
    // Its updates may still be pending: they do not need what takes the memory.
    record.request = { ...record.request, headers: {}, body: "" }
    record.variables = {}
  }

  const idOf = (of: number): string =>
    seed === undefined ? randomUUID() : guidFrom(`${seed} ${of}`)

  const messages: Messages = {
    add: (record) => {
      const own = record.refusal === undefined ? records : refused
      const max = record.refusal === undefined ? maxMessages : Math.min(maxMessages, maxRefused)
      own.set(record.id, record)
      characters += sizeOf(record)
      for (const oldest of own.values()) {
        if (own.size <= max && characters <= maxKeptCharacters) break
        drop(oldest)
      }
      publish(record)
    },
    changed: (record) => {
      if (records.has(record.id)) publish(record)
    },
    find: (id) => records.get(id) ?? refused.get(id),
    all: () => records.values(),
    refused: () => refused.values(),
    remove: (record) => {
      drop(record)
      PubSub.publishUnsafe(changes, { _tag: "Cleared", sequence: ++sequence })
    },
    clear: (senderId) => {
      for (const record of [...records.values(), ...refused.values()]) {
        if (senderId === undefined || record.senderId === senderId) drop(record)
      }
      PubSub.publishUnsafe(changes, { _tag: "Cleared", sequence: ++sequence })
    },
    changes,
    nextNumber: () => ++number,
    idOf,
    lookUpId: () => idOf(--lookUp),
    resetNumbers: () => {
      number = 0
      lookUp = 0
    },
  }
  return messages
})

/** What has happened to a message by a time of the sender's clock, oldest first. */
export const eventsOf = (record: MessageRecord, now: number): ReadonlyArray<Event> =>
  [...record.updates.map(({ plan }) => plan), ...(record.unsent ?? [])]
    .filter((plan) => record.receivedAt + plan.happensAfter <= now)
    .toSorted((one, other) => one.happensAfter - other.happensAfter)
    .map(({ happensAfter, status }) => ({ status, at: iso(record.receivedAt + happensAfter) }))

/** Converts a record to a message, as of a time by the sender's clock. */
export const toMessage = (record: MessageRecord, now: number): Message => {
  const { answer, because, phoneNumber, receivedAt, scenario, templateId, updates, webhookUrl } =
    record
  const happened = (record.unsent ?? []).filter((plan) => receivedAt + plan.happensAfter <= now)
  const latest = updates
    .filter(
      ({ plan, state }) =>
        state === "received" || (receivedAt + plan.happensAfter <= now && state !== "waiting"),
    )
    .map(({ plan }) => plan)
    .concat(happened)
    .reduce<UpdatePlan | undefined>(
      (newest, plan) =>
        newest === undefined || plan.happensAfter >= newest.happensAfter ? plan : newest,
      undefined,
    )
  const channel = latest === undefined ? undefined : (record.channel ?? latest.channel)
  const isPriced =
    record.asked !== undefined && eventsOf(record, now).some(({ status }) => isAtCarrier(status))
  const price = isPriced ? priceOf(channel) : record.importedPrice
  return {
    id: record.id,
    number: record.number,
    receivedAt: iso(receivedAt),
    senderId: record.senderId,
    ...(phoneNumber === undefined ? {} : { phoneNumber }),
    ...(templateId === undefined ? {} : { templateId }),
    variables: record.variables,
    ...askedIn(record),
    ...(price === undefined ? {} : { price }),
    ...(webhookUrl === undefined ? {} : { webhookUrl }),
    accepted: record.accepted,
    ...(channel === undefined ? {} : { channel }),
    status: record.accepted
      ? (latest?.status ?? record.importedStatus ?? "ACCEPTED")
      : (record.asked?.nothing ?? "REFUSED"),
    ...(scenario === undefined ? {} : { scenario }),
    ...(because === undefined ? {} : { because }),
    ...(record.refusal === undefined ? {} : { refusal: record.refusal }),
    request: record.request,
    ...(answer === undefined ? {} : { answer }),
    updates: updates.map((update) => toUpdate(record, update)),
  }
}

const askedIn = ({ asked }: MessageRecord): Partial<Message> => {
  if (asked === undefined) return {}
  const { idempotencyKey, recipients, replayOf, templateName, text } = asked
  return {
    ...(templateName === undefined ? {} : { templateName }),
    ...(text === undefined ? {} : { text }),
    ...(recipients === 1 ? {} : { recipients }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(replayOf === undefined ? {} : { replayOf }),
  }
}

const toUpdate = (record: MessageRecord, { attempts, plan, state }: UpdateRecord): Update => ({
  id: plan.id,
  status: plan.status,
  happensAt: iso(record.receivedAt + plan.happensAfter),
  dueAt: iso(record.receivedAt + plan.dueAfter),
  body: bodyOf(record, plan),
  state,
  attempts,
})

const iso = (millis: number): string => new Date(millis).toISOString()
