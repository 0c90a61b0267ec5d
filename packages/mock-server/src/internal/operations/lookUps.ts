/** `GET /v3/messages/{id}` and `GET /v3/messages/{id}/activities`: what they answer about a message. */
import * as Predicate from "effect/Predicate"
import type { Message } from "../../Message.ts"
import { guidFrom } from "./ids.ts"
import { isAtCarrier } from "./prices.ts"
import type { Event, LooksUp } from "./row.ts"
import { memberOf } from "./values.ts"

/** What has happened to a message, each change once. */
const eventsOf = (
  { receivedAt }: Message,
  happened: ReadonlyArray<Event>,
): ReadonlyArray<Event> => {
  const known = new Set<string>()
  const events = happened.filter(({ at, status }) => {
    const isNew = !known.has(`${status} ${at}`)
    known.add(`${status} ${at}`)
    return isNew
  })
  return events.some(({ status }) => status === "QUEUED" || status === "SCHEDULED")
    ? events
    : [{ status: "QUEUED", at: receivedAt }, ...events]
}

/** The status of a message as look-ups write it: that of the mock before the first event is one of its own. */
const statusOf = ({ status }: Message): string => (status === "ACCEPTED" ? "QUEUED" : status)

/** Why a message failed. The contract's examples name it, and the mock has no other reason. */
const failure = "ERR_ROUTE_DENIED"

const described = (status: string): string | null => (status === "FAILED" ? failure : null)

const withData = (example: unknown, data: object): object => ({
  ...(Predicate.isObject(example) ? example : {}),
  data,
})

export const message: LooksUp = {
  kind: "looks up",
  found: (example, found, happened) => {
    const data = memberOf(example, "data")
    const { channel = null, phoneNumber = "", price = null, text } = found
    return withData(example, {
      id: found.id,
      customer_id: found.senderId,
      contact_id: guidFrom(`contact ${phoneNumber}`),
      phone: phoneNumber,
      phone_international: phoneNumber,
      direction: memberOf(data, "direction"),
      channel,
      status: statusOf(found),
      template_id: text === undefined ? (found.templateId ?? null) : null,
      template_name:
        text === undefined ? (found.templateName ?? memberOf(data, "template_name")) : null,
      template_category: text === undefined ? memberOf(data, "template_category") : null,
      // The mock does not have the template's text.
      message_body: text === undefined ? null : { content: text, header: null, footer: null },
      price,
      active_contact_price: price === null ? null : 0,
      created_at: found.receivedAt,
      events: eventsOf(found, happened).map(({ at, status }) => ({
        status,
        timestamp: at,
        description: described(status),
      })),
    })
  },
}

const money = (price: number): string => price.toFixed(4)

/** The words of an activity: `Message delivered`. */
const wordsOf = (status: string): string => `Message ${status.toLowerCase()}`

export const activities: LooksUp = {
  kind: "looks up",
  found: (example, found, happened) => {
    const { price } = found
    return withData(example, {
      message_id: found.id,
      activities: eventsOf(found, happened)
        .map(({ at, status }) => ({
          status,
          timestamp: at,
          description: described(status) ?? wordsOf(status),
          from: null,
          price: price !== undefined && isAtCarrier(status) ? money(price) : null,
          active_contact_price: price !== undefined && isAtCarrier(status) ? money(0) : null,
        }))
        .toReversed(),
    })
  },
}
