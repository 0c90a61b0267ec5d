/** The request and the receipt of a send to a phone number. */
import type * as DateTime from "effect/DateTime"

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
