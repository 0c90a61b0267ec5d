/** The row of a durable send, as the database returns it. */
import type { Input } from "@effect-sent/core/SendToPhone"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { fromColumn, toColumn } from "../sql/column.ts"

/**
 * The state of a durable send.
 *
 * - `pending`: it waits for its time and for a worker. It certainly was not sent yet.
 * - `claimed`: a worker is about to send it.
 * - `attempting`: it is being sent, or its process died in the middle, which shows when the lease ends. Over v3, it is then sent
 *   again with the same idempotency key, as long as the service surely keeps it.
 * - `accepted`: the service has accepted the message, by its answer or by an update.
 * - `refused`: it was certainly not sent, and would be refused again.
 * - `unknown`: it may have been sent. It is never repeated, and an update settles it.
 * - `expired`: its `notAfter` passed before it was sent.
 * - `cancelled`: it was cancelled before it was sent.
 */
export type State = (typeof states)[number]

/** All states. */
export const states = [
  "pending",
  "claimed",
  "attempting",
  "accepted",
  "refused",
  "unknown",
  "expired",
  "cancelled",
] as const

/** A row. The integers of Postgres are strings. */
export interface Row {
  readonly key: string
  readonly state: State
  readonly fence: number | bigint | string
  readonly is_queued: number
  readonly due_at: number | bigint | string
  readonly not_after: number | bigint | string | null
  readonly quiet_hours: string | null
  readonly lease_until: number | bigint | string
  readonly attempts: number
  readonly digest: string
  readonly phone_number: string | null
  readonly template_id: string
  readonly message_body: string | null
  readonly is_complete: number
  readonly webhook_url: string | null
  readonly reference: string | null
  readonly send_id: string | null
  readonly callback_url: string | null
  readonly callback_until: number | bigint | string | null
  readonly reason: string | null
  readonly trace: string | null
  readonly enqueued_at: number | bigint | string
  readonly settled_at: number | bigint | string | null
  readonly idempotency_key: string | null
  readonly key_used_at: number | bigint | string | null
  readonly key_until: number | bigint | string | null
}

/** A row to be added. */
export type NewRow = Record<
  | "key"
  | "state"
  | "fence"
  | "is_queued"
  | "priority"
  | "due_at"
  | "not_after"
  | "quiet_hours"
  | "lease_until"
  | "attempts"
  | "digest"
  | "phone_number"
  | "template_id"
  | "message_body"
  | "is_complete"
  | "webhook_url"
  | "reference"
  | "trace"
  | "enqueued_at",
  string | number | null
>

const Body = Schema.fromJsonString(Schema.Record(Schema.String, Schema.String))
const encodeBody = Schema.encodeSync(Body)
const decodeBody = Schema.decodeUnknownOption(Body)

/** The columns of a message. */
export const columnsOf = ({
  messageBody,
  phoneNumber,
  templateId,
  webhookUrl,
}: Input): Pick<
  Row,
  "phone_number" | "template_id" | "message_body" | "webhook_url" | "is_complete"
> => ({
  phone_number: phoneNumber,
  template_id: templateId,
  // JSON escapes U+0000 by itself.
  message_body: messageBody === undefined ? null : encodeBody(messageBody),
  webhook_url: webhookUrl ?? null,
  is_complete: 1,
})

/** The message of a row. Undefined if a part of it is blanked, or cannot be read. */
export const messageOf = ({
  is_complete,
  message_body,
  phone_number,
  template_id,
  webhook_url,
}: Row): Input | undefined => {
  const messageBody = message_body === null ? undefined : decodeBody(message_body)
  if (is_complete === 0 || phone_number === null) return undefined
  if (messageBody !== undefined && Option.isNone(messageBody)) return undefined
  return {
    phoneNumber: phone_number,
    templateId: template_id,
    ...(messageBody === undefined ? {} : { messageBody: messageBody.value }),
    ...(webhook_url === null ? {} : { webhookUrl: webhook_url }),
  }
}

/** The column of an optional text. */
export const toOptional = (text: string | undefined): string | null =>
  text === undefined ? null : toColumn(text)

/** The text of an optional column. */
export const fromOptional = (column: string | null): string | undefined =>
  column === null ? undefined : fromColumn(column)

/** The number of an optional column. */
export const numberOf = (column: number | bigint | string | null): number | undefined =>
  column === null ? undefined : Number(column)
