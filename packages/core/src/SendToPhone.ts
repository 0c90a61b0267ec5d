/**
 * What a send is made of: the request, its parts, and the receipt.
 *
 * The schemas accept exactly what the OpenAPI contract (`contracts/sent-v1.openapi.yaml`) accepts; a
 * property test compares the two.
 */
import type * as Brand from "effect/Brand"
import type * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { guid } from "./internal/guid.ts"

/**
 * A phone number in E.164 form: `+`, the country code, the subscriber number; 7 to 15 digits in all and
 * no spaces. Well-formed is enough: whether a numbering plan assigns it is for the service to say, and the
 * sample of the API page, `+1234567890`, is one that none does.
 *
 * Source: ITU-T E.164 (at most 15 digits, no leading zero); the lower bound is the contract's decision.
 *
 * @example
 * ```ts
 * import { SendToPhone } from "@effect-sent/core"
 *
 * const phoneNumber: SendToPhone.PhoneNumber = SendToPhone.PhoneNumber.make("+1234567890")
 * ```
 */
export const PhoneNumber: Schema.brand<Schema.String, "PhoneNumber"> = Schema.String.check(
  Schema.isPattern(/^\+[1-9][0-9]{6,14}$/u, {
    message: "must be an E.164 phone number: + and 7 to 15 digits, e.g. +1234567890",
  }),
).pipe(Schema.brand("PhoneNumber"))

/** A string that {@link PhoneNumber} accepted. */
export type PhoneNumber = string & Brand.Brand<"PhoneNumber">

/**
 * The GUID of a message template, in upper or lower case and of any version.
 *
 * Source: the API page's `templateId` (format `guid`; its sample is a version 1 GUID).
 *
 * @example
 * ```ts
 * import { SendToPhone } from "@effect-sent/core"
 *
 * const templateId: SendToPhone.TemplateId =
 *   SendToPhone.TemplateId.make("7ba7b820-9dad-11d1-80b4-00c04fd430c8")
 * ```
 */
export const TemplateId: Schema.brand<Schema.String, "TemplateId"> = Schema.String.check(
  Schema.isPattern(guid, { message: "must be a GUID, e.g. 7ba7b820-9dad-11d1-80b4-00c04fd430c8" }),
).pipe(Schema.brand("TemplateId"))

/** A string that {@link TemplateId} accepted. */
export type TemplateId = string & Brand.Brand<"TemplateId">

// Neither user information nor a fragment: the receiver of an update never sees them.
const webhookUrlPattern =
  /^https?:\/\/(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[::1\])(?::[0-9]{1,5})?(?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?$/u

/**
 * The absolute `http` or `https` URL that receives the delivery status updates of a message, at most 2048
 * characters. Anything else than ASCII must be percent-encoded (a host name: in Punycode); user information
 * and a fragment are refused.
 *
 * @example
 * ```ts
 * import { SendToPhone } from "@effect-sent/core"
 * import { Schema } from "effect"
 *
 * const accepts = Schema.is(SendToPhone.WebhookUrl)
 * console.assert(accepts("https://example.com/webhook/message-status"))
 * console.assert(!accepts("/webhook/message-status"))
 * ```
 */
export const WebhookUrl: Schema.String = Schema.String.check(
  Schema.isMaxLength(2048, { message: "must be at most 2048 characters long" }),
  Schema.isPattern(webhookUrlPattern, {
    message:
      "must be an absolute http or https URL, percent-encoded, without user information or a fragment, " +
      "e.g. https://example.com/webhook/message-status",
  }),
)

/**
 * The body of `POST /v1/messages/phone`. Unknown fields are refused.
 *
 * To send, pass a plain {@link SendToPhoneInput} to the client, which validates it with this schema; use the
 * schema itself where a request crosses a boundary of yours, such as a queue.
 *
 * @example
 * ```ts
 * import { SendToPhone } from "@effect-sent/core"
 * import { Effect, Schema } from "effect"
 *
 * const request = await Effect.runPromise(
 *   Schema.decodeUnknownEffect(SendToPhone.SendToPhoneRequest)({
 *     phoneNumber: "+1234567890",
 *     templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 *     messageBody: { name: "John Doe", order_id: "12345" },
 *     webhookUrl: "https://example.com/webhook/message-status",
 *   }),
 * )
 * console.assert(request.phoneNumber === "+1234567890")
 * ```
 */
export const SendToPhoneRequest: Schema.Struct<{
  readonly phoneNumber: typeof PhoneNumber
  readonly templateId: typeof TemplateId
  readonly messageBody: Schema.optionalKey<Schema.$Record<Schema.String, Schema.String>>
  readonly webhookUrl: Schema.optionalKey<typeof WebhookUrl>
}> = Schema.Struct({
  phoneNumber: PhoneNumber,
  templateId: TemplateId,
  messageBody: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  webhookUrl: Schema.optionalKey(WebhookUrl),
})

/** A request that {@link SendToPhoneRequest} accepted. */
export type SendToPhoneRequest = typeof SendToPhoneRequest.Type

/**
 * What a caller hands to the client: plain strings. A value of a branded type is a string too.
 *
 * Everything wrong with it comes back as one `SentError` whose reason, `InvalidRequest`, names each wrong
 * field; nothing is sent then.
 *
 * @example
 * ```ts
 * import type { SendToPhone } from "@effect-sent/core"
 *
 * const input: SendToPhone.SendToPhoneInput = {
 *   phoneNumber: "+1234567890",
 *   templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 *   messageBody: { name: "John Doe", order_id: "12345" },
 *   webhookUrl: "https://example.com/webhook/message-status",
 * }
 * ```
 */
export interface SendToPhoneInput {
  /** The recipient's number in E.164 form, e.g. `+1234567890`. */
  readonly phoneNumber: string
  /** The GUID of the template to send. */
  readonly templateId: string
  /** The values of the template's variables, by name. */
  readonly messageBody?: Readonly<Record<string, string>> | undefined
  /** The absolute URL that receives the delivery status updates of this message. */
  readonly webhookUrl?: string | undefined
}

/**
 * The proof that the service accepted a message. The service answers `204 No Content`, so there is no
 * message id; what became of the message is told to the request's `webhookUrl` only.
 *
 * @example
 * ```ts
 * import { SentClient } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const receipt = await SentClient.sendToPhone({
 *   phoneNumber: "+1234567890",
 *   templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 * }).pipe(Effect.provide(SentClient.layerEnv), Effect.runPromise)
 * console.assert(receipt.status === 204 && receipt.attempts === 1)
 * ```
 */
export interface SendReceipt {
  /** When the answer arrived, by the local clock. */
  readonly acceptedAt: DateTime.Utc
  /** The status of the answer: 204, or another 2xx should the service change. */
  readonly status: number
  /** How many requests it took. */
  readonly attempts: number
}
