/** What the mock has to know of an operation that its contract does not say. */
import type { Message } from "../../Message.ts"

/** One message that a request asks for. */
export interface Recipient {
  readonly phoneNumber: string | undefined
  /** Undefined when the service is to choose. */
  readonly channel: string | undefined
}

/** What the body of a valid request says. */
export interface Given {
  readonly recipients: readonly [Recipient, ...ReadonlyArray<Recipient>]
  readonly templateId: string | undefined
  readonly templateName: string | undefined
  readonly text: string | undefined
  readonly variables: Readonly<Record<string, string>>
  /** Whether the request is only checked. */
  readonly isSandbox: boolean
}

/** A message that was accepted, with its id. */
export interface Accepted extends Recipient {
  readonly id: string
}

/** An operation that sends. */
export interface Sends {
  readonly kind: "sends"
  readonly given: (body: unknown) => Given
  /** Whether an `Idempotency-Key` is honoured. */
  readonly keepsKeys: boolean
  /** The body of the answer to an accepted request, made from the contract's example. Undefined: the example itself. */
  readonly accepted?: (example: unknown, given: Given, messages: ReadonlyArray<Accepted>) => unknown
}

/** A change of the status of a message. */
export interface Event {
  readonly status: string
  /** ISO 8601, UTC. */
  readonly at: string
}

/** An operation that looks a message up. The last parameter of its path is the id. */
export interface LooksUp {
  readonly kind: "looks up"
  /** The body of the answer, made from the contract's example. The events are those that have happened, oldest first. */
  readonly found: (example: unknown, found: Message, events: ReadonlyArray<Event>) => unknown
}

export type Row = Sends | LooksUp
