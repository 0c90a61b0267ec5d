/**
 * Delivery updates: what one update says, in every published form, and what all updates of a message say together,
 * whatever their order and number.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
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
import type * as DateTime from "effect/DateTime"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { identifier } from "./internal/updates/identifier.ts"
import { join, type State, type Step, timeOf } from "./internal/updates/state.ts"
import { type MessageStatus, statusName } from "./internal/updates/status.ts"
import { parseTimestamp } from "./internal/updates/timestamp.ts"

export {
  isFinal,
  KnownMessageStatus,
  MessageStatus,
  type StatusFacts,
  statusTable,
} from "./internal/updates/status.ts"
export {
  empty,
  fromSteps,
  join,
  joinSteps,
  maxAhead,
  maxSteps,
  type MessageState,
  type State,
  Step,
  stepKey,
  type TimedStep,
} from "./internal/updates/state.ts"

// -----------------------------------------------------------------------------
// Events
// -----------------------------------------------------------------------------

/** The status of a message has changed. Phone numbers and the body are `Redacted`, since they are personal data. */
export interface MessageStatusEvent {
  readonly _tag: "MessageStatus"
  /** The message's id: a GUID in lower case, or what the provider sends in its place. It is the same in every update of a message. */
  readonly messageId: string
  /** In upper case, whatever the case of the update. It may be a status that this version does not know. */
  readonly status: MessageStatus
  /** When the status changed: the stated time, or that of receipt if there is none. */
  readonly at: DateTime.Utc
  /** The time in the update. Undefined if it has none that can be read. */
  readonly statedAt: DateTime.Utc | undefined
  /** When the update was received: the time of its signature, or that of its arrival. */
  readonly receivedAt: DateTime.Utc
  /** `sms`, `whatsapp`, `rcs`, or a channel that this version does not know. */
  readonly channel: string | undefined
  readonly accountId: string | undefined
  readonly templateId: string | undefined
  readonly agentId: string | undefined
  /** `inbound_number`. */
  readonly recipient: Redacted.Redacted<string> | undefined
  /** `outbound_number`: a phone number, a short code or a name. */
  readonly sender: Redacted.Redacted<string> | undefined
  /** The whole update as received, unknown fields included. */
  readonly body: Redacted.Redacted<unknown>
}

/** A person has sent a message to one of the account's numbers. */
export interface MessageReceivedEvent {
  readonly _tag: "MessageReceived"
  readonly at: DateTime.Utc
  readonly accountId: string | undefined
  readonly from: Redacted.Redacted<string>
  readonly to: Redacted.Redacted<string> | undefined
  readonly text: Redacted.Redacted<string> | undefined
  readonly channel: string | undefined
  readonly provider: string | undefined
  /** The whole update as received. */
  readonly body: Redacted.Redacted<unknown>
}

/** The status of a template has changed; for example, WhatsApp approved it. */
export interface TemplateStatusEvent {
  readonly _tag: "TemplateStatus"
  readonly at: DateTime.Utc
  readonly templateId: string
  /** As written in the update. */
  readonly status: string
  readonly accountId: string | undefined
  readonly templateName: string | undefined
  readonly whatsappTemplateId: string | undefined
  readonly language: string | undefined
  readonly category: string | undefined
  readonly channel: string | undefined
  readonly reason: string | undefined
  /** The whole update as received. */
  readonly body: Redacted.Redacted<unknown>
}

/**
 * An update whose kind this version does not know, or that lacks a required field. It is an event and not an error, since
 * the provider may add kinds at any time.
 */
export interface UnknownEvent {
  readonly _tag: "Unknown"
  /** `field`, `sub_type` or `event`, and the status of the update, as far as they are present. */
  readonly kind: string
  /** The whole update as received. */
  readonly body: Redacted.Redacted<unknown>
}

/** Any update. */
export type DeliveryEvent =
  MessageStatusEvent | MessageReceivedEvent | TemplateStatusEvent | UnknownEvent

// -----------------------------------------------------------------------------
// Decoding
// -----------------------------------------------------------------------------

// What is not documented as required is left out where it does not fit, and refuses no update.
const optional = Schema.optionalKey(Schema.Unknown)

const isMessageField = Schema.Literals(["message", "messages"])

/**
 * The body of an update about a message's status, as far as it is needed.
 *
 * **Details**
 *
 * Every other field may be absent, `null` or of another type: it is left out of the event. So may the time: that of receipt
 * counts.
 */
export const MessageStatusBody = Schema.Struct({
  field: Schema.optionalKey(isMessageField),
  // Of the two published forms, each has one of these.
  sub_type: optional,
  event: optional,
  timestamp: optional,
  payload: Schema.Struct({
    message_id: Schema.Union([Schema.String, Schema.Number]),
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
export const MessageReceivedBody = Schema.Struct({
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
export const TemplateStatusBody = Schema.Struct({
  field: Schema.Literals(["template", "templates"]),
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

const {
  field,
  payload: { fields: payloadFields },
} = MessageStatusBody.fields
// The optional fields may be anything. To look at each of them would cost every verification a few percent.
const hasStatus = Schema.is(
  Schema.Struct({
    field,
    payload: Schema.Struct({
      message_id: payloadFields.message_id,
      message_status: payloadFields.message_status,
    }),
  }),
)
const isStatusBody = (body: unknown): body is typeof MessageStatusBody.Type => hasStatus(body)
const isReceivedBody = Schema.is(MessageReceivedBody)
const isTemplateBody = Schema.is(TemplateStatusBody)

/**
 * Decodes an update from the parsed JSON of its body. It never fails: an update that is not known is an `Unknown` event.
 *
 * **Details**
 *
 * What can be read is taken. A time without a zone is UTC; an HTTP date and Unix time are read as well. A message id without
 * dashes is a GUID all the same, and another name is taken as it is. A status that this version does not know is kept by its
 * name. An optional field that does not fit is left out.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 * import { Redacted } from "effect"
 *
 * const event = DeliveryStatus.decode({
 *   field: "messages",
 *   timestamp: "2025-10-31T10:10:42Z",
 *   payload: { message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8", message_status: "delivered" },
 * })
 * console.assert(event._tag === "MessageStatus" && event.status === "DELIVERED")
 *
 * const inbound = DeliveryStatus.decode({
 *   field: "message",
 *   sub_type: "message.received",
 *   timestamp: "2025-10-31T10:10:42Z",
 *   payload: { from: "+1234567890", to: "+1987654321", text: "STOP", channel: "sms" },
 * })
 * console.assert(
 *   inbound._tag === "MessageReceived" &&
 *     inbound.text !== undefined &&
 *     Redacted.value(inbound.text) === "STOP",
 * )
 * ```
 */
export const decode = (body: unknown, options: DecodeOptions = {}): DeliveryEvent =>
  statusEvent(body, options) ??
  receivedEvent(body, options) ??
  templateEvent(body, options) ??
  unknownEvent(body)

/** The options of {@link decode}. */
export interface DecodeOptions {
  /**
   * When the update was received: the time of its verified signature, or that of its arrival. It counts where the update has
   * no time that can be read. Default: an update without such a time is `Unknown`.
   */
  readonly receivedAt?: DateTime.Utc | undefined
}

const statusEvent = (body: unknown, options: DecodeOptions): MessageStatusEvent | undefined => {
  if (!isStatusBody(body)) return undefined
  const { payload, timestamp } = body
  const messageId = identifier(payload.message_id)
  const status = payload.message_status.trim().toUpperCase()
  const statedAt = parseTimestamp(timestamp)
  const receivedAt = options.receivedAt ?? statedAt
  if (messageId === undefined || !statusName.test(status) || receivedAt === undefined)
    return undefined
  return {
    _tag: "MessageStatus",
    messageId,
    status,
    at: timeOf({ receivedAt, statedAt }),
    statedAt,
    receivedAt,
    channel: text(payload.channel)?.toLowerCase(),
    accountId: text(payload.account_id),
    templateId: text(payload.template_id),
    agentId: text(payload.agent_id),
    // Made when they are read: to redact them takes a quarter of the time of a verification, and few handlers need them.
    get recipient() {
      return redacted(payload.inbound_number, "phone number")
    },
    get sender() {
      return redacted(payload.outbound_number, "sender")
    },
    get body() {
      return Redacted.make(body, { label: "update" })
    },
  }
}

const receivedEvent = (
  body: unknown,
  { receivedAt }: DecodeOptions,
): MessageReceivedEvent | undefined => {
  if (!isReceivedBody(body)) return undefined
  const { payload } = body
  if ((body.sub_type ?? body.event) !== "message.received") return undefined
  const at = parseTimestamp(payload.received_at) ?? parseTimestamp(body.timestamp) ?? receivedAt
  if (at === undefined) return undefined
  return {
    _tag: "MessageReceived",
    at,
    accountId: text(payload.account_id),
    from: Redacted.make(payload.from, { label: "phone number" }),
    to: redacted(payload.to, "phone number"),
    text: redacted(payload.text, "text"),
    channel: text(payload.channel)?.toLowerCase(),
    provider: text(payload.provider),
    body: Redacted.make(body, { label: "update" }),
  }
}

const templateEvent = (
  body: unknown,
  { receivedAt }: DecodeOptions,
): TemplateStatusEvent | undefined => {
  if (!isTemplateBody(body)) return undefined
  const { payload } = body
  const templateId = identifier(payload.template_id)
  const at = parseTimestamp(body.timestamp) ?? receivedAt
  if (templateId === undefined || at === undefined) return undefined
  return {
    _tag: "TemplateStatus",
    at,
    templateId,
    status: payload.status,
    accountId: text(payload.account_id),
    templateName: text(payload.template_name),
    whatsappTemplateId: text(payload.whatsapp_template_id),
    language: text(payload.language),
    category: text(payload.category),
    channel: text(payload.channel)?.toLowerCase(),
    reason: text(payload.reason),
    body: Redacted.make(body, { label: "update" }),
  }
}

const unknownEvent = (body: unknown): UnknownEvent => {
  const payload = memberOf(body, "payload")
  const parts = [
    memberOf(body, "field"),
    memberOf(body, "sub_type") ?? memberOf(body, "event"),
    memberOf(payload, "message_status"),
  ].filter(isPlainWord)
  return {
    _tag: "Unknown",
    kind: parts.length === 0 ? "unnamed" : parts.join(" "),
    body: Redacted.make(body, { label: "update" }),
  }
}

const memberOf = (value: unknown, name: string): unknown =>
  Predicate.hasProperty(value, name) ? value[name] : undefined

// The kind is logged: a word may be, a phone number or a text may not.
const isPlainWord = (value: unknown): value is string =>
  Predicate.isString(value) && /^[A-Za-z][A-Za-z_.-]{0,63}$/.test(value)

const text = (value: unknown): string | undefined => (Predicate.isString(value) ? value : undefined)

const redacted = (value: unknown, label: string): Redacted.Redacted<string> | undefined =>
  Predicate.isString(value) ? Redacted.make(value, { label }) : undefined

// -----------------------------------------------------------------------------
// State
// -----------------------------------------------------------------------------

/**
 * Adds an event to a state.
 *
 * **Details**
 *
 * The order in which events arrive does not matter; {@link fromSteps} says what does. A repeated event changes nothing, and
 * neither does an event that is not a status of a message.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 *
 * const update = (message_status: string, seconds: string) =>
 *   DeliveryStatus.decode({
 *     field: "messages",
 *     timestamp: `2025-10-31T10:10:${seconds}Z`,
 *     payload: { message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8", message_status },
 *   })
 *
 * const state = [update("DELIVERED", "42"), update("SENT", "41"), update("DELIVERED", "42")].reduce(
 *   DeliveryStatus.reduce,
 *   DeliveryStatus.empty,
 * )
 * console.assert(state.status === "DELIVERED" && state.steps.length === 2)
 * ```
 */
export const reduce = (state: State, event: DeliveryEvent): State => {
  if (event._tag !== "MessageStatus") return state
  return join(state, { steps: [stepOf(event)] })
}

/**
 * The step that an event is, for example to store it.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 *
 * const event = DeliveryStatus.decode({
 *   field: "messages",
 *   timestamp: "2025-10-31T10:10:42Z",
 *   payload: { message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8", message_status: "SENT" },
 * })
 * console.assert(event._tag === "MessageStatus" && DeliveryStatus.stepOf(event).status === "SENT")
 * ```
 */
export const stepOf = ({
  channel,
  messageId,
  receivedAt,
  statedAt,
  status,
}: MessageStatusEvent): Step => ({ messageId, status, statedAt, receivedAt, channel })
