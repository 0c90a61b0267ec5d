/**
 * The request and the receipt of a send to a phone number.
 *
 * **Details**
 *
 * The schemas accept what those of `@effect-sent/core` accept, in whose words they refuse. To send, pass a plain {@link Input} to
 * the client, which validates it. Use the schemas where a request crosses a boundary of your application, such as a queue.
 *
 * @example
 * ```ts
 * import { SendToPhone } from "@effect-sent/effect-3"
 * import { Schema } from "effect"
 *
 * const request = Schema.decodeUnknownSync(SendToPhone.SendToPhoneRequest)({
 *   phoneNumber: "+1234567890",
 *   templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 *   messageBody: { name: "John Doe", order_id: "12345" },
 *   webhookUrl: "https://example.com/webhook/message-status",
 * })
 * const phoneNumber: SendToPhone.PhoneNumber = request.phoneNumber
 * console.assert(phoneNumber === "+1234567890")
 * ```
 */
import { type Field, problemOf } from "@effect-sent/facade/Request"
import type * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"

/** A text that core accepts as the value of a field. */
const text = (field: Field): Schema.filter<typeof Schema.String> =>
  Schema.String.pipe(Schema.filter((value) => problemOf(field, value)))

/**
 * A phone number in E.164 format: `+`, the country code and the subscriber number, 7 to 15 digits without spaces.
 *
 * **Details**
 *
 * Only the format is checked. Whether the number is assigned is for the service to say.
 */
export const PhoneNumber: Schema.brand<Schema.filter<typeof Schema.String>, "PhoneNumber"> = text(
  "phoneNumber",
).pipe(Schema.brand("PhoneNumber"))

/** A string that {@link PhoneNumber} accepted. */
export type PhoneNumber = typeof PhoneNumber.Type

/** The GUID of a message template, of any version and in either letter case. */
export const TemplateId: Schema.brand<Schema.filter<typeof Schema.String>, "TemplateId"> = text(
  "templateId",
).pipe(Schema.brand("TemplateId"))

/** A string that {@link TemplateId} accepted. */
export type TemplateId = typeof TemplateId.Type

/**
 * The absolute `http` or `https` URL that receives the delivery updates of a message, at most 2048 characters long.
 *
 * **Gotchas**
 *
 * Characters other than ASCII must be percent-encoded, or Punycode in a host name. User information and fragments are
 * rejected.
 */
export const WebhookUrl: Schema.filter<typeof Schema.String> = text("webhookUrl")

/** The body of `POST /v1/messages/phone`. Unknown fields are rejected. */
export const SendToPhoneRequest: Schema.Struct<{
  phoneNumber: typeof PhoneNumber
  templateId: typeof TemplateId
  messageBody: Schema.optionalWith<
    Schema.Record$<typeof Schema.String, typeof Schema.String>,
    { exact: true }
  >
  webhookUrl: Schema.optionalWith<typeof WebhookUrl, { exact: true }>
}> = Schema.Struct({
  phoneNumber: PhoneNumber,
  templateId: TemplateId,
  messageBody: Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.String }), {
    exact: true,
  }),
  webhookUrl: Schema.optionalWith(WebhookUrl, { exact: true }),
}).annotations({ parseOptions: { onExcessProperty: "error" } })

/** A request that {@link SendToPhoneRequest} accepted. */
export type SendToPhoneRequest = typeof SendToPhoneRequest.Type

/**
 * The input of a send: plain strings. A value of a branded type is a string too.
 *
 * If the input is malformed, the send fails with the reason `InvalidRequest`, which lists every wrong field, and no
 * request is sent.
 */
export interface Input {
  /** The recipient's number in E.164 format, e.g. `+1234567890`. */
  readonly phoneNumber: string
  /** The GUID of the template to send. */
  readonly templateId: string
  /** The values of the template's variables, by name. */
  readonly messageBody?: Readonly<Record<string, string>> | undefined
  /** The absolute URL that receives the delivery updates of this message. */
  readonly webhookUrl?: string | undefined
}

/**
 * The proof that the service accepted a message.
 *
 * **Gotchas**
 *
 * The API responds with `204 No Content`, so there is no message id. Only the request's `webhookUrl` learns whether the message
 * was delivered.
 */
export interface SendReceipt {
  /** When the response arrived, by the local clock. */
  readonly acceptedAt: DateTime.Utc
  /** The status of the response: 204, or another 2xx if the service changes. */
  readonly status: number
  /** How many requests were sent. */
  readonly attempts: number
}
