/** The search of the inbox. The server uses it for lists, and the page for messages that arrive live. */
import type { Message } from "../../Message.ts"

/** Returns whether a message contains the search text in one of the members that the page shows. Letter case is ignored. */
export const isFound = (message: Message, search: string): boolean => {
  const sought = search.trim().toLowerCase()
  return (
    sought === "" ||
    [
      message.phoneNumber,
      message.templateId,
      message.status,
      message.scenario,
      message.because,
      message.refusal?.reason,
      message.refusal === undefined
        ? undefined
        : `${message.request.method} ${message.request.target}`,
      message.senderId,
      message.channel,
      message.id,
      ...Object.entries(message.variables).flat(),
    ].some((text) => text?.toLowerCase().includes(sought) ?? false)
  )
}
