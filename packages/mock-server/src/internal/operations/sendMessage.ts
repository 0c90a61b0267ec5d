/** `POST /v3/messages`: what its request says, and what its answer does. */
import * as Recipients from "@effect-sent/contract/Recipients"
import * as Predicate from "effect/Predicate"
import { templateOf } from "./ids.ts"
import type { Accepted, Given, Recipient, Sends } from "./row.ts"
import { type JsonObject, memberOf, textIn, textsIn } from "./values.ts"

/** A message for each recipient and channel. Without a channel, or with `sent`, the service chooses. */
const recipientsIn = (body: unknown): Given["recipients"] => {
  const named = memberOf(body, "channel")
  const channels: ReadonlyArray<string> = Array.isArray(named)
    ? named.filter(Predicate.isString)
    : []
  const all = (channels.length === 0 ? ["sent"] : channels).map((one) =>
    one === "sent" ? undefined : one,
  )
  const [first, ...others] = Recipients.of(body).flatMap((phoneNumber) =>
    all.map((channel): Recipient => ({ phoneNumber, channel })),
  )
  return first === undefined ? [{ phoneNumber: undefined, channel: undefined }] : [first, ...others]
}

const givenIn = (body: unknown): Given => {
  const template = memberOf(body, "template")
  const templateName = textIn(template, "name")
  const named = templateName === undefined ? undefined : templateOf(templateName)
  return {
    recipients: recipientsIn(body),
    templateId: textIn(template, "id") ?? named,
    templateName,
    text: textIn(body, "text"),
    variables: textsIn(template, "parameters"),
    isSandbox: memberOf(body, "sandbox") === true,
  }
}

const accepted = (
  example: unknown,
  { templateId, templateName, text }: Given,
  messages: ReadonlyArray<Accepted>,
): JsonObject => {
  const data = memberOf(example, "data")
  const isText = text !== undefined
  return {
    ...(Predicate.isObject(example) ? example : {}),
    data: {
      ...(Predicate.isObject(data) ? data : {}),
      template_id: isText ? null : templateId,
      template_name: isText ? null : (templateName ?? memberOf(data, "template_name")),
      recipients: messages.map(({ channel = null, id, phoneNumber }) => ({
        message_id: id,
        to: phoneNumber,
        channel,
        // The mock does not have the template's text.
        body: text ?? null,
      })),
    },
  }
}

export const sendMessage: Sends = { kind: "sends", given: givenIn, keepsKeys: true, accepted }
