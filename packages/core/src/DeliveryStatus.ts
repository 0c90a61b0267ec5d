/**
 * What a delivery status update says, in every form that has been published, and what a series of them says of one
 * message, whatever their order and however often each came.
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { guid } from "./internal/guid.ts"

// -----------------------------------------------------------------------------
// Statuses
// -----------------------------------------------------------------------------

/**
 * Where a message stands: `QUEUED → ROUTED → SENT → DELIVERED → READ` as a rule, `READ` not on SMS; `FAILED` may follow
 * any of them, `DELIVERED` too; a reroute repeats `QUEUED` and `ROUTED`. What `FILTERED`, `BLOCKED`, `SCHEDULED` and
 * `RECEIVED` mean is not published beyond the words.
 *
 * Source: the provider's pages on webhooks.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 * import { Schema } from "effect"
 *
 * console.assert(Schema.is(DeliveryStatus.MessageStatus)("DELIVERED"))
 * ```
 */
export const MessageStatus: Schema.Literals<
  readonly [
    "QUEUED",
    "ROUTED",
    "SENT",
    "DELIVERED",
    "READ",
    "FAILED",
    "FILTERED",
    "BLOCKED",
    "SCHEDULED",
    "RECEIVED",
  ]
> = Schema.Literals([
  "QUEUED",
  "ROUTED",
  "SENT",
  "DELIVERED",
  "READ",
  "FAILED",
  "FILTERED",
  "BLOCKED",
  "SCHEDULED",
  "RECEIVED",
])

/** A status that {@link MessageStatus} accepts. */
export type MessageStatus = typeof MessageStatus.Type

/**
 * Whether a status is an outcome. It need not be the last word: `READ` and `FAILED` may follow `DELIVERED`.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 *
 * console.assert(DeliveryStatus.isFinal("FAILED"))
 * console.assert(!DeliveryStatus.isFinal("SENT"))
 * ```
 */
export const isFinal = (status: MessageStatus): boolean => finals.has(status)

const finals: ReadonlySet<MessageStatus> = new Set([
  "DELIVERED",
  "READ",
  "FAILED",
  "FILTERED",
  "BLOCKED",
])

// -----------------------------------------------------------------------------
// Events
// -----------------------------------------------------------------------------

/**
 * A message has come to a status. Numbers and the body are `Redacted`: they are personal data.
 *
 * @example
 * ```ts
 * import type { DeliveryStatus } from "@effect-sent/core"
 *
 * const describe = ({ channel, messageId, status }: DeliveryStatus.MessageStatusEvent): string =>
 *   `${messageId}: ${status} over ${channel ?? "an unknown channel"}`
 * ```
 */
export interface MessageStatusEvent {
  readonly _tag: "MessageStatus"
  /** The message's id, a GUID; the same in every update about it. */
  readonly messageId: string
  /** In upper case, whatever the case of the update. */
  readonly status: MessageStatus
  /** When it happened. */
  readonly at: DateTime.Utc
  /** `sms`, `whatsapp`, `rcs` or one that is not known yet. */
  readonly channel: string | undefined
  readonly accountId: string | undefined
  readonly templateId: string | undefined
  readonly agentId: string | undefined
  /** `inbound_number`. */
  readonly recipient: Redacted.Redacted<string> | undefined
  /** `outbound_number`; a number, a short code or a name. */
  readonly sender: Redacted.Redacted<string> | undefined
  /** The whole update as it came, fields that are not known here included. */
  readonly body: Redacted.Redacted<unknown>
}

/**
 * Somebody sent a message to one of the account's numbers.
 *
 * @example
 * ```ts
 * import type { DeliveryStatus } from "@effect-sent/core"
 * import { Redacted } from "effect"
 *
 * const isStop = ({ text }: DeliveryStatus.MessageReceivedEvent): boolean =>
 *   text !== undefined && Redacted.value(text).trim().toUpperCase() === "STOP"
 * ```
 */
export interface MessageReceivedEvent {
  readonly _tag: "MessageReceived"
  readonly at: DateTime.Utc
  readonly accountId: string | undefined
  readonly from: Redacted.Redacted<string>
  readonly to: Redacted.Redacted<string> | undefined
  readonly text: Redacted.Redacted<string> | undefined
  readonly channel: string | undefined
  readonly provider: string | undefined
  /** The whole update as it came. */
  readonly body: Redacted.Redacted<unknown>
}

/**
 * A template has come to another status, e.g. it was approved by WhatsApp.
 *
 * @example
 * ```ts
 * import type { DeliveryStatus } from "@effect-sent/core"
 *
 * const describe = ({ status, templateId }: DeliveryStatus.TemplateStatusEvent): string =>
 *   `template ${templateId}: ${status}`
 * ```
 */
export interface TemplateStatusEvent {
  readonly _tag: "TemplateStatus"
  readonly at: DateTime.Utc
  readonly templateId: string
  /** As the update writes it. */
  readonly status: string
  readonly accountId: string | undefined
  readonly templateName: string | undefined
  readonly whatsappTemplateId: string | undefined
  readonly language: string | undefined
  readonly category: string | undefined
  readonly channel: string | undefined
  readonly reason: string | undefined
  /** The whole update as it came. */
  readonly body: Redacted.Redacted<unknown>
}

/**
 * An update of a kind, or with a status, that this version does not know, or one without what its kind needs. A service
 * may add kinds at any time, so it is an event like any other and no failure.
 *
 * @example
 * ```ts
 * import type { DeliveryStatus } from "@effect-sent/core"
 *
 * const describe = ({ kind }: DeliveryStatus.UnknownEvent): string => `unknown update: ${kind}`
 * ```
 */
export interface UnknownEvent {
  readonly _tag: "Unknown"
  /** What it says of itself: `field`, `sub_type` or `event`, and the status, as far as they are there. */
  readonly kind: string
  /** The whole update as it came. */
  readonly body: Redacted.Redacted<unknown>
}

/**
 * Any update.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 * import { Match } from "effect"
 *
 * const describe = Match.type<DeliveryStatus.DeliveryEvent>().pipe(
 *   Match.tag("MessageStatus", ({ status }) => status),
 *   Match.orElse(({ _tag }) => _tag),
 * )
 * console.assert(describe(DeliveryStatus.decode({ field: "weather" })) === "Unknown")
 * ```
 */
export type DeliveryEvent =
  MessageStatusEvent | MessageReceivedEvent | TemplateStatusEvent | UnknownEvent

// -----------------------------------------------------------------------------
// Decoding
// -----------------------------------------------------------------------------

const Guid = Schema.String.check(Schema.isPattern(guid))

const optionalText = Schema.optionalKey(Schema.NullOr(Schema.String))

/**
 * What an update about a message's status must have to be understood, and what it may have. Members that are not listed
 * may be there; what is optional here is required in the published form, but a receiver does well to demand no more than
 * it needs.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 * import { Schema } from "effect"
 *
 * const accepts = Schema.is(DeliveryStatus.MessageStatusBody)
 * console.assert(
 *   accepts({
 *     field: "message",
 *     sub_type: "message.delivered",
 *     timestamp: "2025-10-31T10:10:42Z",
 *     payload: { message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8", message_status: "DELIVERED" },
 *   }),
 * )
 * ```
 */
export const MessageStatusBody = Schema.Struct({
  field: Schema.Literals(["message", "messages"]),
  // The form that has the one says nothing of the other.
  sub_type: Schema.optionalKey(Schema.Unknown),
  event: Schema.optionalKey(Schema.Unknown),
  timestamp: Schema.String,
  payload: Schema.Struct({
    message_id: Guid,
    message_status: Schema.String,
    account_id: optionalText,
    channel: optionalText,
    inbound_number: optionalText,
    outbound_number: optionalText,
    template_id: optionalText,
    agent_id: optionalText,
  }),
})

/**
 * What an update about an inbound message must have to be understood.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 *
 * const event = DeliveryStatus.decode({
 *   field: "message",
 *   sub_type: "message.received",
 *   timestamp: "2025-10-31T10:10:42Z",
 *   payload: { from: "+1234567890", to: "+1987654321", text: "STOP", channel: "sms" },
 * })
 * console.assert(event._tag === "MessageReceived")
 * ```
 */
export const MessageReceivedBody = Schema.Struct({
  field: Schema.Literals(["message", "messages"]),
  sub_type: optionalText,
  event: optionalText,
  timestamp: Schema.optionalKey(Schema.String),
  payload: Schema.Struct({
    from: Schema.String,
    to: optionalText,
    text: optionalText,
    account_id: optionalText,
    channel: optionalText,
    provider: optionalText,
    received_at: optionalText,
  }),
})

/**
 * What an update about a template must have to be understood.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 *
 * const event = DeliveryStatus.decode({
 *   field: "templates",
 *   timestamp: "2025-10-31T10:10:42Z",
 *   payload: { template_id: "9ba7b840-9dad-11d1-80b4-00c04fd430c8", status: "APPROVED" },
 * })
 * console.assert(event._tag === "TemplateStatus")
 * ```
 */
export const TemplateStatusBody = Schema.Struct({
  field: Schema.Literals(["template", "templates"]),
  timestamp: Schema.String,
  payload: Schema.Struct({
    template_id: Guid,
    status: Schema.String,
    account_id: optionalText,
    template_name: optionalText,
    whatsapp_template_id: optionalText,
    language: optionalText,
    category: optionalText,
    channel: optionalText,
    reason: optionalText,
  }),
})

const decodeStatus = Schema.decodeUnknownOption(MessageStatusBody)
const decodeReceived = Schema.decodeUnknownOption(MessageReceivedBody)
const decodeTemplate = Schema.decodeUnknownOption(TemplateStatusBody)
const isMessageStatus = Schema.is(MessageStatus)

/**
 * Reads an update, the JSON of its body already parsed. It never fails: what is not known is an `Unknown` event.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 *
 * const event = DeliveryStatus.decode({
 *   field: "messages",
 *   timestamp: "2025-10-31T10:10:42Z",
 *   payload: { message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8", message_status: "delivered" },
 * })
 * console.assert(event._tag === "MessageStatus" && event.status === "DELIVERED")
 * ```
 */
export const decode = (body: unknown): DeliveryEvent =>
  statusEvent(body) ?? receivedEvent(body) ?? templateEvent(body) ?? unknownEvent(body)

const statusEvent = (body: unknown): MessageStatusEvent | undefined => {
  const decoded = Option.getOrUndefined(decodeStatus(body))
  if (decoded === undefined) return undefined
  const { payload } = decoded
  const status = payload.message_status.toUpperCase()
  const at = timeOf(decoded.timestamp)
  if (!isMessageStatus(status) || at === undefined) return undefined
  return {
    _tag: "MessageStatus",
    messageId: payload.message_id.toLowerCase(),
    status,
    at,
    channel: payload.channel?.toLowerCase(),
    accountId: payload.account_id ?? undefined,
    templateId: payload.template_id ?? undefined,
    agentId: payload.agent_id ?? undefined,
    recipient: redacted(payload.inbound_number, "phone number"),
    sender: redacted(payload.outbound_number, "sender"),
    body: Redacted.make(body, { label: "update" }),
  }
}

const receivedEvent = (body: unknown): MessageReceivedEvent | undefined => {
  const decoded = Option.getOrUndefined(decodeReceived(body))
  if (decoded === undefined) return undefined
  const { payload } = decoded
  if ((decoded.sub_type ?? decoded.event) !== "message.received") return undefined
  const at = timeOf(payload.received_at ?? decoded.timestamp ?? "")
  if (at === undefined) return undefined
  return {
    _tag: "MessageReceived",
    at,
    accountId: payload.account_id ?? undefined,
    from: Redacted.make(payload.from, { label: "phone number" }),
    to: redacted(payload.to, "phone number"),
    text: redacted(payload.text, "text"),
    channel: payload.channel?.toLowerCase(),
    provider: payload.provider ?? undefined,
    body: Redacted.make(body, { label: "update" }),
  }
}

const templateEvent = (body: unknown): TemplateStatusEvent | undefined => {
  const decoded = Option.getOrUndefined(decodeTemplate(body))
  if (decoded === undefined) return undefined
  const { payload } = decoded
  const at = timeOf(decoded.timestamp)
  if (at === undefined) return undefined
  return {
    _tag: "TemplateStatus",
    at,
    templateId: payload.template_id.toLowerCase(),
    status: payload.status,
    accountId: payload.account_id ?? undefined,
    templateName: payload.template_name ?? undefined,
    whatsappTemplateId: payload.whatsapp_template_id ?? undefined,
    language: payload.language ?? undefined,
    category: payload.category ?? undefined,
    channel: payload.channel?.toLowerCase(),
    reason: payload.reason ?? undefined,
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

// It goes into logs: a word may, a number or a text may not.
const isPlainWord = (value: unknown): value is string =>
  Predicate.isString(value) && /^[A-Za-z][A-Za-z_.-]{0,63}$/.test(value)

const redacted = (
  value: string | null | undefined,
  label: string,
): Redacted.Redacted<string> | undefined =>
  Predicate.isNullish(value) ? undefined : Redacted.make(value, { label })

// The date and the time as RFC 3339 has them: JavaScript would read much else, and a time without a zone as local.
const dateTime =
  /^(\d{4}-\d\d-(\d\d))[Tt ](?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

// The 61st second that a day of UTC can have: JavaScript has none, so it counts as the 60th.
const leapSecond = /(?<=[Tt ]23:59:)60(?=(?:\.\d+)?[Zz]$)/

const timeOf = (text: string): DateTime.Utc | undefined => {
  const [time, date = "", day] = dateTime.exec(text.replace(leapSecond, "59")) ?? []
  // It would take the 30th of February for the 2nd of March.
  const isInCalendar = new Date(date).getUTCDate() === Number(day)
  return time !== undefined && isInCalendar
    ? Option.getOrUndefined(DateTime.make(time.toUpperCase()))
    : undefined
}

// -----------------------------------------------------------------------------
// State
// -----------------------------------------------------------------------------

/**
 * One step of a message's way.
 *
 * @example
 * ```ts
 * import type { DeliveryStatus } from "@effect-sent/core"
 * import { DateTime } from "effect"
 *
 * const describe = ({ at, status }: DeliveryStatus.Step): string =>
 *   `${status} at ${DateTime.formatIso(at)}`
 * ```
 */
export interface Step {
  readonly messageId: string
  readonly status: MessageStatus
  readonly at: DateTime.Utc
  readonly channel: string | undefined
}

/**
 * What the updates of a message say together. Equal for the same updates, in whatever order and however often they came.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 *
 * console.assert(DeliveryStatus.empty.status === undefined)
 * ```
 */
export interface State {
  /** Where the message stands by its latest step; undefined before the first. */
  readonly status: MessageStatus | undefined
  /** What carries it by its latest step that says so. */
  readonly channel: string | undefined
  /** Whether {@link isFinal} its status. A later update may still change it. */
  readonly isFinal: boolean
  /** Each different step, in the order in which they happened; the newest {@link maxSteps}. */
  readonly steps: ReadonlyArray<Step>
}

/**
 * The state of a message of which no update has come.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 *
 * console.assert(!DeliveryStatus.empty.isFinal)
 * ```
 */
export const empty: State = { status: undefined, channel: undefined, isFinal: false, steps: [] }

/**
 * How many steps a state holds: far more than a message has, and a bound for what a broken sender can make of it.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 *
 * console.assert(DeliveryStatus.maxSteps === 64)
 * ```
 */
export const maxSteps = 64

/**
 * The state with one more event. Events that are no status of a message change nothing, nor does one that came before;
 * the time in the events decides which is the latest, and not the order in which they come.
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
  const { at, channel, messageId, status } = event
  return addStep(state, { messageId, status, at, channel })
}

/**
 * The state that these steps make, in whatever order: to go on from where they were stored.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 *
 * console.assert(DeliveryStatus.fromSteps([]).status === undefined)
 * ```
 */
export const fromSteps = (steps: ReadonlyArray<Step>): State => steps.reduce(addStep, empty)

const addStep = (state: State, step: Step): State => {
  // From the end, where a new step nearly always belongs.
  let place = state.steps.length
  while (place > 0) {
    const before = state.steps[place - 1]
    const order = before === undefined ? -1 : compare(before, step)
    if (order === 0) return state
    if (order < 0) break
    place -= 1
  }
  return stateOf(state.steps.toSpliced(place, 0, step).slice(-maxSteps))
}

const stateOf = (steps: ReadonlyArray<Step>): State => {
  const status = steps.at(-1)?.status
  return {
    status,
    channel: steps.findLast(({ channel }) => channel !== undefined)?.channel,
    isFinal: status !== undefined && isFinal(status),
    steps,
  }
}

/** Of what happened in the same moment, what comes later on a message's way is the later. */
const ranks: Readonly<Record<MessageStatus, number>> = {
  SCHEDULED: 0,
  QUEUED: 1,
  ROUTED: 2,
  SENT: 3,
  RECEIVED: 4,
  DELIVERED: 5,
  READ: 6,
  FILTERED: 7,
  BLOCKED: 8,
  FAILED: 9,
}

/** A total order, so that steps have one order only; 0 for the same step. */
const compare = (one: Step, other: Step): number =>
  one.at.epochMilliseconds - other.at.epochMilliseconds ||
  ranks[one.status] - ranks[other.status] ||
  compareText(one.messageId, other.messageId) ||
  compareText(one.channel ?? "", other.channel ?? "")

const compareText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
