import type { Message } from "../src/Message.ts"

/** The maximum number of loaded messages while new ones arrive. It is exceeded only when the reader has loaded more. */
const mostHeld = 5000

/** The loaded part of the inbox. */
export interface Loaded {
  /** Newest first, without gaps. */
  readonly messages: ReadonlyArray<Message>
  /** Whether older messages exist that are not loaded. */
  readonly more: boolean
}

/** Merges new and changed messages into the loaded ones. */
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
  // A message that is older than all loaded ones is loaded with its page, when the reader scrolls there.
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
