/**
 * Delivery updates: what one update says, in every published form.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/effect-3"
 * import { Match } from "effect"
 *
 * const describe = Match.type<DeliveryStatus.DeliveryEvent>().pipe(
 *   Match.tag("MessageStatus", ({ channel, messageId, status }) =>
 *     `${messageId}: ${status} over ${channel ?? "an unknown channel"}`,
 *   ),
 *   Match.tag("MessageReceived", () => "a message came in"),
 *   Match.tag("TemplateStatus", ({ status, templateId }) => `template ${templateId}: ${status}`),
 *   Match.tag("Unknown", ({ kind }) => `unknown update: ${kind}`),
 *   Match.exhaustive,
 * )
 * console.assert(describe(DeliveryStatus.decode({ field: "weather" })) === "unknown update: weather")
 * ```
 */
import * as Facade from "@effect-sent/facade/Updates"
import type * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { eventOf } from "./internal/bridge/events.ts"
import type { DeliveryEvent } from "./internal/event.ts"
import type { MessageStatus } from "./internal/status.ts"

export type {
  DeliveryEvent,
  MessageReceivedEvent,
  MessageStatusEvent,
  TemplateStatusEvent,
  UnknownEvent,
} from "./internal/event.ts"
export { KnownMessageStatus, MessageStatus } from "./internal/status.ts"

// -----------------------------------------------------------------------------
// Bodies
// -----------------------------------------------------------------------------

type Optional = Schema.optionalWith<typeof Schema.Unknown, { exact: true }>

// What is not documented as required is left out where it does not fit, and refuses no update.
const optional: Optional = Schema.optionalWith(Schema.Unknown, { exact: true })

const isMessageField: Schema.Literal<["message", "messages"]> = Schema.Literal(
  "message",
  "messages",
)

/**
 * The body of an update about a message's status, as far as it is needed.
 *
 * **Details**
 *
 * Every other field may be absent, `null` or of another type: it is left out of the event. So may the time: that of receipt
 * counts.
 */
export const MessageStatusBody: Schema.Struct<{
  field: Schema.optionalWith<typeof isMessageField, { exact: true }>
  sub_type: Optional
  event: Optional
  timestamp: Optional
  payload: Schema.Struct<{
    message_id: Schema.Union<[typeof Schema.String, typeof Schema.Number]>
    message_status: typeof Schema.String
    account_id: Optional
    channel: Optional
    inbound_number: Optional
    outbound_number: Optional
    template_id: Optional
    agent_id: Optional
  }>
}> = Schema.Struct({
  field: Schema.optionalWith(isMessageField, { exact: true }),
  // Of the two published forms, each has one of these.
  sub_type: optional,
  event: optional,
  timestamp: optional,
  payload: Schema.Struct({
    message_id: Schema.Union(Schema.String, Schema.Number),
    message_status: Schema.String,
    account_id: optional,
    channel: optional,
    inbound_number: optional,
    outbound_number: optional,
    template_id: optional,
    agent_id: optional,
  }),
})

/** The body of an update about an inbound message, as far as it is needed. */
export const MessageReceivedBody: Schema.Struct<{
  field: typeof isMessageField
  sub_type: Optional
  event: Optional
  timestamp: Optional
  payload: Schema.Struct<{
    from: typeof Schema.String
    to: Optional
    text: Optional
    account_id: Optional
    channel: Optional
    provider: Optional
    received_at: Optional
  }>
}> = Schema.Struct({
  field: isMessageField,
  sub_type: optional,
  event: optional,
  timestamp: optional,
  payload: Schema.Struct({
    from: Schema.String,
    to: optional,
    text: optional,
    account_id: optional,
    channel: optional,
    provider: optional,
    received_at: optional,
  }),
})

/** The body of an update about a template, as far as it is needed. */
export const TemplateStatusBody: Schema.Struct<{
  field: Schema.Literal<["template", "templates"]>
  timestamp: Optional
  payload: Schema.Struct<{
    template_id: typeof Schema.String
    status: typeof Schema.String
    account_id: Optional
    template_name: Optional
    whatsapp_template_id: Optional
    language: Optional
    category: Optional
    channel: Optional
    reason: Optional
  }>
}> = Schema.Struct({
  field: Schema.Literal("template", "templates"),
  timestamp: optional,
  payload: Schema.Struct({
    template_id: Schema.String,
    status: Schema.String,
    account_id: optional,
    template_name: optional,
    whatsapp_template_id: optional,
    language: optional,
    category: optional,
    channel: optional,
    reason: optional,
  }),
})

// -----------------------------------------------------------------------------
// Decoding
// -----------------------------------------------------------------------------

/** The options of {@link decode}. */
export interface DecodeOptions {
  /**
   * When the update was received: the time of its verified signature, or that of its arrival. It counts where the update has
   * no time that can be read. Default: an update without such a time is `Unknown`.
   */
  readonly receivedAt?: DateTime.Utc | undefined
}

/**
 * Decodes an update from the parsed JSON of its body. It never fails: an update that is not known is an `Unknown` event.
 *
 * **Details**
 *
 * What can be read is taken. A time without a zone is UTC; an HTTP date and Unix time are read as well. A status that this
 * version does not know is kept by its name. An optional field that does not fit is left out.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/effect-3"
 *
 * const event = DeliveryStatus.decode({
 *   field: "messages",
 *   timestamp: "2025-10-31T10:10:42Z",
 *   payload: { message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8", message_status: "delivered" },
 * })
 * console.assert(event._tag === "MessageStatus" && event.status === "DELIVERED")
 * ```
 */
export const decode = (body: unknown, { receivedAt }: DecodeOptions = {}): DeliveryEvent =>
  eventOf(Facade.decode(body, receivedAt?.epochMillis))

/**
 * Returns whether a status is an outcome. A status that this version does not know is none.
 *
 * **Gotchas**
 *
 * An outcome need not be the last status: `READ` and `FAILED` may follow `DELIVERED`.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/effect-3"
 *
 * console.assert(DeliveryStatus.isFinal("FAILED"))
 * console.assert(!DeliveryStatus.isFinal("SENT"))
 * ```
 */
export const isFinal = (status: MessageStatus): boolean => Facade.isFinal(status)
