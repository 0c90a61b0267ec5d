/**
 * The search of the inbox. The server uses it for lists, and the page for messages that arrive live.
 *
 * Each word must be found. `status:failed` searches one field, `is:refused` a property; other words search every member that the
 * page shows. A value with spaces stands in quotes: `scenario:"too many"`.
 */
import type { Message } from "../../Message.ts"

type Texts = ReadonlyArray<string | undefined>

const fields: Readonly<Record<string, (message: Message) => Texts>> = {
  status: ({ answer, status }) => [status, String(answer?.status ?? "")],
  to: ({ phoneNumber }) => [phoneNumber],
  template: ({ templateId, templateName }) => [templateId, templateName],
  key: ({ idempotencyKey }) => [idempotencyKey],
  sender: ({ senderId }) => [senderId],
  scenario: ({ because, scenario }) => [scenario, because],
  channel: ({ channel }) => [channel],
  id: ({ id }) => [id],
  number: ({ number }) => [String(number)],
  reason: ({ refusal }) => [refusal?.reason],
}

/** The names of the fields, for the help of the page. */
export const fieldNames: ReadonlyArray<string> = Object.keys(fields)

const properties: Readonly<Record<string, (message: Message) => boolean>> = {
  refused: ({ accepted }) => !accepted,
  accepted: ({ accepted }) => accepted,
  invalid: ({ refusal }) => refusal !== undefined,
  // Whether its receiver did not take an update.
  failing: ({ updates }) =>
    updates.some(({ state }) => ["retrying", "given-up", "dropped"].includes(state)),
}

/** The names of the properties, for the help of the page. */
export const propertyNames: ReadonlyArray<string> = Object.keys(properties)

const everything = (message: Message): Texts => [
  message.phoneNumber,
  message.templateId,
  message.templateName,
  message.text,
  message.idempotencyKey,
  message.status,
  message.scenario,
  message.because,
  message.refusal?.reason,
  message.refusal === undefined ? undefined : `${message.request.method} ${message.request.target}`,
  message.senderId,
  message.channel,
  message.id,
  ...Object.entries(message.variables).flat(),
]

/** Returns whether every word of the search is found in a message. Letter case is ignored. */
export const isFound = (message: Message, search: string): boolean =>
  wordsOf(search.toLowerCase()).every((word) => {
    const [, name = "", value = ""] = /^(\w+):(.+)$/.exec(word) ?? []
    if (name === "is" && Object.hasOwn(properties, value)) {
      return properties[value]?.(message) ?? false
    }
    const texts = Object.hasOwn(fields, name) ? fields[name] : undefined
    return contains((texts ?? everything)(message), texts === undefined ? word : value)
  })

const contains = (texts: Texts, sought: string): boolean =>
  texts.some((text) => text?.toLowerCase().includes(sought) ?? false)

/** Splits a search into words. Quotes around a value hold its spaces together; other quotes are sought as they are. */
const wordsOf = (search: string): ReadonlyArray<string> =>
  Array.from(search.matchAll(/(\w+:)?"([^"]+)"(?=\s|$)|\S+/g), ([word, field = "", quoted]) =>
    quoted === undefined ? word : `${field}${quoted}`,
  )
