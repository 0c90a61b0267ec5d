/** What is received, and what is responded. */
import type { Host } from "./Host.ts"
import type { Task } from "./Task.ts"
import type { OptionsValue, ReasonValue } from "./Value.ts"

/** An event: the members of core's, with plain values. */
export interface EventValue {
  readonly _tag: "MessageStatus" | "MessageReceived" | "TemplateStatus" | "Unknown"
  readonly fields: Readonly<Record<string, unknown>>
}

/** Why a call is rejected. */
export interface WebhookFailure {
  readonly reason: ReasonValue
}

/** A call of the provider. */
export interface CallValue {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: unknown
  /** The bytes, or what reads them piece by piece; undefined at their end. */
  readonly body: unknown
}

/** Reads a body piece by piece. */
export interface BodyPull {
  readonly pull: Task<ReadonlyArray<Uint8Array> | undefined, unknown>
}

/** What to respond to a call. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Receives calls. */
export type Receive = (call: CallValue, host: Host) => Task<Answer>

/** How a receiver is made. */
export interface ReceiverOptions {
  /** The options that are plain, as they were given. */
  readonly options: OptionsValue
  readonly handle:
    ((event: EventValue, host: Host) => Task<void, unknown>) | { readonly wrong: unknown }
}
