/** Reads what v3 says about messages. What is missing or malformed in it is left out, unless nothing is left without it. */
import * as BigDecimal from "effect/BigDecimal"
import type * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { Content } from "../send/answer.ts"
import { identifier } from "../updates/identifier.ts"
import { type MessageStatus, statusName } from "../updates/status.ts"
import { parseTimestamp } from "../updates/timestamp.ts"
import type { MessagesRequest } from "./request.ts"

// -----------------------------------------------------------------------------
// The answer to a send
// -----------------------------------------------------------------------------

/** One message to one recipient. */
export interface SentMessage {
  /** Look-ups and delivery updates name it. A GUID is in lower case. */
  readonly messageId: string
  /** The channel. Undefined while the service has not chosen one. */
  readonly channel: string | undefined
  /** The text that the recipient gets. Undefined while the channel is not chosen. */
  readonly body: Redacted.Redacted<string> | undefined
}

/** The result of one recipient. */
export interface Recipient {
  readonly to: Redacted.Redacted<string>
  /**
   * The messages to this recipient: one, or one for each channel of a broadcast. Empty if the service accepted the request
   * and its answer, which says the ids, was cut off.
   */
  readonly messages: ReadonlyArray<SentMessage>
}

/** What the answer to a send says. */
export interface SendAnswer {
  /** The recipients of the request, in its order. */
  readonly recipients: ReadonlyArray<Recipient>
  readonly templateId: string | undefined
  readonly templateName: string | undefined
  /** The id of the request that was executed: on a replay, that of the first one. */
  readonly requestId: string | undefined
  /** Whether the service repeated an earlier answer, because it knew the idempotency key. */
  readonly isReplayed: boolean
}

/** Reads the answer to a send. Returns why, if the answer is that of another message. */
export const readSendAnswer = (
  request: MessagesRequest,
  content: Content | undefined,
): SendAnswer | string => {
  const headers = content?.headers
  const isReplayed = isTrue(headers?.["idempotent-replayed"])
  const data = at(content?.json, "data")
  const rows = listAt(data, "recipients")
  const messages = new Map<string, Array<SentMessage>>()
  for (const row of rows) {
    const messageId = idOf(at(row, "message_id"))
    const number = textAt(row, "to")
    if (messageId === undefined || number === undefined) continue
    const known = messages.get(digitsOf(number)) ?? []
    known.push({ messageId, channel: textAt(row, "channel"), body: redactedAt(row, "body") })
    messages.set(digitsOf(number), known)
  }
  const templateId = idOf(at(data, "template_id"))
  if (isReplayed) {
    const numbers = new Set(request.to.map(digitsOf))
    const isOther = [...messages.keys()].some((number) => !numbers.has(number))
    const ofOther = request.template?.id !== undefined && templateId !== undefined
    if (isOther || (ofOther && templateId !== request.template.id.toLowerCase()))
      return "the idempotency key was used for another message"
  }
  if (request.sandbox !== true && isTrue(headers?.["x-sandbox"]))
    return "the answer is that of a sandbox request: the idempotency key was used for one"
  return {
    // A single recipient is meant, however its number is written.
    recipients: request.to.map((to) => ({
      to: Redacted.make<string>(to),
      messages:
        messages.get(digitsOf(to)) ??
        (request.to.length === 1 ? [...messages.values()].flat() : []),
    })),
    templateId,
    templateName: textAt(data, "template_name"),
    requestId:
      (isReplayed ? headers?.["x-original-request-id"] : undefined) ??
      textAt(at(content?.json, "meta"), "request_id"),
    isReplayed,
  }
}

const isTrue = (header: string | undefined): boolean => header?.trim().toLowerCase() === "true"

const digitsOf = (number: string): string => number.replaceAll(/\D/g, "")

// -----------------------------------------------------------------------------
// The answers to look-ups
// -----------------------------------------------------------------------------

/** Something that happened to a message. */
export interface MessageEvent {
  /** In upper case; it may be a status that this version does not know, such as `PROCESSED`. */
  readonly status: MessageStatus
  readonly at: DateTime.Utc | undefined
  readonly description: string | undefined
}

/** A message, as it is now. */
export interface Message {
  readonly id: string
  readonly status: MessageStatus
  readonly channel: string | undefined
  readonly to: Redacted.Redacted<string> | undefined
  readonly templateId: string | undefined
  readonly templateName: string | undefined
  /** The price of the channel, in the account's currency. Undefined while it is not known. */
  readonly price: BigDecimal.BigDecimal | undefined
  /** The surcharge for an active contact. */
  readonly activeContactPrice: BigDecimal.BigDecimal | undefined
  readonly createdAt: DateTime.Utc | undefined
  /** The changes of its status, in the order of the answer. */
  readonly events: ReadonlyArray<MessageEvent>
  /** All that the service says, unknown fields included. */
  readonly data: Redacted.Redacted<unknown>
}

/** An entry of the log of a message. */
export interface Activity extends MessageEvent {
  /** The sender. */
  readonly from: Redacted.Redacted<string> | undefined
  readonly price: BigDecimal.BigDecimal | undefined
  readonly activeContactPrice: BigDecimal.BigDecimal | undefined
}

/** Reads a message. Undefined without an id and a status. */
export const readMessage = (content: Content | undefined): Message | undefined => {
  const data = at(content?.json, "data")
  const id = idOf(at(data, "id"))
  const status = statusAt(data)
  if (id === undefined || status === undefined) return undefined
  return {
    id,
    status,
    channel: textAt(data, "channel"),
    to: redactedAt(data, "phone"),
    templateId: idOf(at(data, "template_id")),
    templateName: textAt(data, "template_name"),
    price: decimalAt(data, "price"),
    activeContactPrice: decimalAt(data, "active_contact_price"),
    createdAt: parseTimestamp(at(data, "created_at")),
    events: listAt(data, "events").map(readEvent).filter(Predicate.isNotUndefined),
    data: Redacted.make(data),
  }
}

/** Reads the log of a message, the newest entry first. Undefined without one. */
export const readActivities = (
  content: Content | undefined,
): ReadonlyArray<Activity> | undefined => {
  const data = at(content?.json, "data")
  if (!Array.isArray(at(data, "activities"))) return undefined
  return listAt(data, "activities").map(readActivity).filter(Predicate.isNotUndefined)
}

const readActivity = (row: unknown): Activity | undefined => {
  const event = readEvent(row)
  return event === undefined
    ? undefined
    : {
        ...event,
        from: redactedAt(row, "from"),
        price: decimalAt(row, "price"),
        activeContactPrice: decimalAt(row, "active_contact_price"),
      }
}

const readEvent = (row: unknown): MessageEvent | undefined => {
  const status = statusAt(row)
  return status === undefined
    ? undefined
    : {
        status,
        at: parseTimestamp(at(row, "timestamp")),
        description: textAt(row, "description"),
      }
}

// -----------------------------------------------------------------------------
// Fields
// -----------------------------------------------------------------------------

const at = (value: unknown, name: string): unknown =>
  Predicate.isObject(value) ? Reflect.get(value, name) : undefined

const listAt = (value: unknown, name: string): ReadonlyArray<unknown> => {
  const list = at(value, name)
  return Array.isArray(list) ? list : []
}

const textAt = (value: unknown, name: string): string | undefined => {
  const text = at(value, name)
  return Predicate.isString(text) && text !== "" ? text : undefined
}

const redactedAt = (value: unknown, name: string): Redacted.Redacted<string> | undefined => {
  const text = textAt(value, name)
  return text === undefined ? undefined : Redacted.make(text)
}

/** An id as in updates, or another one as it is. */
const idOf = (id: unknown): string | undefined => {
  if ((!Predicate.isString(id) && !Predicate.isNumber(id)) || id === "") return undefined
  return identifier(id) ?? String(id)
}

const statusAt = (value: unknown): MessageStatus | undefined => {
  const status = textAt(value, "status")?.toUpperCase()
  return status !== undefined && statusName.test(status) ? status : undefined
}

const decimalAt = (value: unknown, name: string): BigDecimal.BigDecimal | undefined => {
  const amount = at(value, name)
  return Predicate.isString(amount) || Predicate.isNumber(amount)
    ? Option.getOrUndefined(BigDecimal.fromString(String(amount)))
    : undefined
}
