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
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { guid } from "./internal/guid.ts"
import { parseTimestamp } from "./internal/updates/timestamp.ts"

// -----------------------------------------------------------------------------
// Statuses
// -----------------------------------------------------------------------------

const messageStatuses = [
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
] as const

/**
 * The status of a message.
 *
 * **Details**
 *
 * The usual sequence is `QUEUED → ROUTED → SENT → DELIVERED → READ`, without `READ` for SMS. `FAILED` may follow any of
 * them, `DELIVERED` included. A reroute repeats `QUEUED` and `ROUTED`. The provider has not documented what `FILTERED`,
 * `BLOCKED`, `SCHEDULED` and `RECEIVED` mean.
 *
 * Source: the provider's pages on webhooks.
 */
export const MessageStatus: Schema.Literals<typeof messageStatuses> =
  Schema.Literals(messageStatuses)

/** A status that {@link MessageStatus} accepts. */
export type MessageStatus = typeof MessageStatus.Type

/** What a status means. */
interface StatusFacts {
  /** The position in the usual sequence. Of two updates with the same time, the one with the higher rank is later. */
  readonly rank: number
  /** Whether the status is an outcome. */
  readonly isFinal: boolean
}

/** What each status means: one row for each. */
const statusTable: { readonly [Status in MessageStatus]: StatusFacts } = {
  SCHEDULED: { rank: 0, isFinal: false },
  QUEUED: { rank: 1, isFinal: false },
  ROUTED: { rank: 2, isFinal: false },
  SENT: { rank: 3, isFinal: false },
  RECEIVED: { rank: 4, isFinal: false },
  DELIVERED: { rank: 5, isFinal: true },
  READ: { rank: 6, isFinal: true },
  FILTERED: { rank: 7, isFinal: true },
  BLOCKED: { rank: 8, isFinal: true },
  FAILED: { rank: 9, isFinal: true },
}

/**
 * Returns whether a status is an outcome.
 *
 * **Gotchas**
 *
 * An outcome need not be the last status: `READ` and `FAILED` may follow `DELIVERED`.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 *
 * console.assert(DeliveryStatus.isFinal("FAILED"))
 * console.assert(!DeliveryStatus.isFinal("SENT"))
 * ```
 */
export const isFinal = (status: MessageStatus): boolean => statusTable[status].isFinal

// -----------------------------------------------------------------------------
// Events
// -----------------------------------------------------------------------------

/** The status of a message has changed. Phone numbers and the body are `Redacted`, since they are personal data. */
export interface MessageStatusEvent {
  readonly _tag: "MessageStatus"
  /** The message's id, a GUID. It is the same in every update of a message. */
  readonly messageId: string
  /** In upper case, whatever the case of the update. */
  readonly status: MessageStatus
  /** When the status changed. */
  readonly at: DateTime.Utc
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
 * An update whose kind or status this version does not know, or that lacks a required field. It is an event and not an
 * error, since the provider may add kinds at any time.
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

const Guid = Schema.String.check(Schema.isPattern(guid))

const optionalText = Schema.optionalKey(Schema.NullOr(Schema.String))

/**
 * The body of an update about a message's status.
 *
 * **Details**
 *
 * Unknown fields are accepted, and so is the absence of fields that are documented as required but not needed here.
 */
export const MessageStatusBody = Schema.Struct({
  field: Schema.Literals(["message", "messages"]),
  // Of the two published forms, each has one of these.
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

/** The body of an update about an inbound message. */
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

/** The body of an update about a template. */
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
 * Decodes an update from the parsed JSON of its body. It never fails: an update that is not known is an `Unknown` event.
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
export const decode = (body: unknown): DeliveryEvent =>
  statusEvent(body) ?? receivedEvent(body) ?? templateEvent(body) ?? unknownEvent(body)

const statusEvent = (body: unknown): MessageStatusEvent | undefined => {
  const decoded = Option.getOrUndefined(decodeStatus(body))
  if (decoded === undefined) return undefined
  const { payload } = decoded
  const status = payload.message_status.toUpperCase()
  const at = parseTimestamp(decoded.timestamp)
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
  const at = parseTimestamp(payload.received_at ?? decoded.timestamp ?? "")
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
  const at = parseTimestamp(decoded.timestamp)
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

// The kind is logged: a word may be, a phone number or a text may not.
const isPlainWord = (value: unknown): value is string =>
  Predicate.isString(value) && /^[A-Za-z][A-Za-z_.-]{0,63}$/.test(value)

const redacted = (
  value: string | null | undefined,
  label: string,
): Redacted.Redacted<string> | undefined =>
  Predicate.isNullish(value) ? undefined : Redacted.make(value, { label })

// -----------------------------------------------------------------------------
// State
// -----------------------------------------------------------------------------

/** One change of a message's status. */
export interface Step {
  readonly messageId: string
  readonly status: MessageStatus
  readonly at: DateTime.Utc
  readonly channel: string | undefined
}

/** The state of a message by its updates. It is the same for the same updates, whatever their order and number. */
export interface State {
  /** The status of the latest step; undefined before the first. */
  readonly status: MessageStatus | undefined
  /** The channel of the latest step that names one. */
  readonly channel: string | undefined
  /** Whether the status is an outcome, by {@link isFinal}. A later update may still change it. */
  readonly isFinal: boolean
  /** The distinct steps in the order in which they happened; the latest {@link maxSteps}. */
  readonly steps: ReadonlyArray<Step>
}

/** The state of a message without updates. */
export const empty: State = { status: undefined, channel: undefined, isFinal: false, steps: [] }

/** The maximum number of steps in a state: many more than a message has, to bound what a faulty sender can add. */
export const maxSteps = 64

/**
 * Adds an event to a state.
 *
 * **Details**
 *
 * The time in the events decides which step is the latest, not the order in which they arrive. A repeated event changes
 * nothing, and neither does an event that is not a status of a message.
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
 * Makes a state from steps in any order, for example from stored ones.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 * import { DateTime } from "effect"
 *
 * const messageId = "8ba7b830-9dad-11d1-80b4-00c04fd430c8"
 * const state = DeliveryStatus.fromSteps([
 *   { messageId, status: "DELIVERED", at: DateTime.makeUnsafe("2025-10-31T10:10:42Z"), channel: "sms" },
 *   { messageId, status: "SENT", at: DateTime.makeUnsafe("2025-10-31T10:10:41Z"), channel: "sms" },
 * ])
 * console.assert(state.status === "DELIVERED" && state.isFinal)
 * ```
 */
export const fromSteps = (steps: ReadonlyArray<Step>): State => steps.reduce(addStep, empty)

const addStep = (state: State, step: Step): State => {
  // From the end, where a new step almost always belongs.
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

/** A total order of steps; 0 for the same step. */
const compare = (one: Step, other: Step): number =>
  one.at.epochMilliseconds - other.at.epochMilliseconds ||
  statusTable[one.status].rank - statusTable[other.status].rank ||
  compareText(one.messageId, other.messageId) ||
  compareText(one.channel ?? "", other.channel ?? "")

const compareText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
