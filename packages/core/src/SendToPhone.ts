/**
 * The request and the receipt of a send to a phone number.
 *
 * **Details**
 *
 * The schemas accept exactly what the OpenAPI contract (`contracts/sent-v1.openapi.yaml`) accepts; a property test
 * compares the two. To send, pass a plain {@link Input} to the client, which validates it. Use the schemas where a
 * request crosses a boundary of your application, such as a queue.
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
 * const phoneNumber: SendToPhone.PhoneNumber = request.phoneNumber
 * console.assert(phoneNumber === "+1234567890")
 * ```
 */
import type * as Brand from "effect/Brand"
import type * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import * as Pattern from "./internal/patterns.ts"

/**
 * A phone number in E.164 format: `+`, the country code and the subscriber number, 7 to 15 digits without spaces.
 *
 * **Details**
 *
 * Only the format is checked. Whether the number is assigned is for the service to say: the sample of the API page,
 * `+1234567890`, is not.
 *
 * Source: ITU-T E.164 (at most 15 digits, no leading zero); the lower bound is the contract's decision.
 */
export const PhoneNumber: Schema.brand<Schema.String, "PhoneNumber"> =
  /* @__PURE__ */ Pattern.matching(
    Pattern.phoneNumber,
    "must be an E.164 phone number: + and 7 to 15 digits, e.g. +1234567890",
  ).pipe(/* @__PURE__ */ Schema.brand("PhoneNumber"))

/** A string that {@link PhoneNumber} accepted. */
export type PhoneNumber = string & Brand.Brand<"PhoneNumber">

/**
 * The GUID of a message template, of any version and in either letter case.
 *
 * Source: the API page's `templateId` (format `guid`; its sample is a version 1 GUID).
 */
export const TemplateId: Schema.brand<Schema.String, "TemplateId"> =
  /* @__PURE__ */ Pattern.matching(
    Pattern.guid,
    "must be a GUID, e.g. 7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  ).pipe(/* @__PURE__ */ Schema.brand("TemplateId"))

/** A string that {@link TemplateId} accepted. */
export type TemplateId = string & Brand.Brand<"TemplateId">

/**
 * The absolute `http` or `https` URL that receives the delivery updates of a message, at most 2048 characters long.
 *
 * **Gotchas**
 *
 * Characters other than ASCII must be percent-encoded, or Punycode in a host name. User information and fragments are
 * rejected.
 */
export const WebhookUrl: Schema.String = Schema.String.check(
  Schema.isMaxLength(Pattern.maxUrlLength, { message: "must be at most 2048 characters long" }),
  Schema.isPattern(Pattern.webhookUrl, {
    message:
      "must be an absolute http or https URL, percent-encoded, without user information or a fragment, " +
      "e.g. https://example.com/webhook/message-status",
  }),
)

/** The body of `POST /v1/messages/phone`. Unknown fields are rejected. */
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
 * v1 responds with `204 No Content`, so there is no message id. Only the request's `webhookUrl` learns whether the message
 * was delivered; `DeliveryTracker` makes use of it. v3 responds with the id.
 */
export interface SendReceipt {
  /** When the response arrived, by the local clock. */
  readonly acceptedAt: DateTime.Utc
  /** The status of the response: 204, or another 2xx if the service changes. */
  readonly status: number
  /** How many requests were sent. */
  readonly attempts: number
  /** The id of the message, over v3. Absent over v1, and if the answer was cut off after the service had accepted the message. */
  readonly messageId?: string | undefined
  /** The idempotency key of the requests, over v3. */
  readonly idempotencyKey?: string | undefined
  /** Whether the service repeated an earlier answer, because it knew the idempotency key. Only over v3. */
  readonly isReplayed?: boolean | undefined
}
