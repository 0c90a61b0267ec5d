import type { Message } from "../src/Message.ts"

/** This many messages are held while new ones arrive; more only where the reader paged that far. */
export const mostHeld = 5000

/** The part of the inbox that is loaded. */
export interface Loaded {
  /** Newest first, without a gap. */
  readonly messages: ReadonlyArray<Message>
  /** Whether there are older ones that are not loaded. */
  readonly more: boolean
}

/** Takes in what is new or has changed. */
export const merge = (
  loaded: Loaded,
  changed: ReadonlyArray<Message>,
  belongs: (message: Message) => boolean,
): Loaded => {
  const changes = new Map(changed.map((message) => [message.id, message]))
  const oldest = loaded.messages.at(-1)?.number ?? -Infinity
  const kept: Array<Message> = []
  for (const message of loaded.messages) {
    const change = changes.get(message.id)
    changes.delete(message.id)
    if (change === undefined) kept.push(message)
    else if (belongs(change)) kept.push(change)
  }
  // One that is older than all that is loaded comes with its page, when the reader gets there.
  const added = [...changes.values()].filter(
    (message) => belongs(message) && (message.number > oldest || !loaded.more),
  )
  const messages =
    added.length === 0 ? kept : [...added, ...kept].toSorted((a, b) => b.number - a.number)
  const most = Math.max(mostHeld, loaded.messages.length)
  return messages.length <= most
    ? { messages, more: loaded.more }
    : { messages: messages.slice(0, most), more: true }
}
