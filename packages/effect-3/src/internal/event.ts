/** Delivery updates: their types, which are public as members of `DeliveryStatus`. */
import type * as DateTime from "effect/DateTime"
import type * as Redacted from "effect/Redacted"
import type { MessageStatus } from "./status.ts"

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
  readonly recipient: Redacted.Redacted | undefined
  /** `outbound_number`: a phone number, a short code or a name. */
  readonly sender: Redacted.Redacted | undefined
  /** The whole update as received, unknown fields included. */
  readonly body: Redacted.Redacted<unknown>
}

/** A person has sent a message to one of the account's numbers. */
export interface MessageReceivedEvent {
  readonly _tag: "MessageReceived"
  readonly at: DateTime.Utc
  readonly accountId: string | undefined
  readonly from: Redacted.Redacted
  readonly to: Redacted.Redacted | undefined
  readonly text: Redacted.Redacted | undefined
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
