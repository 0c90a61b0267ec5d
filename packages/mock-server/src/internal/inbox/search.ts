/** What a search finds; the server's, and the page's for what arrives live. */
import type { Message } from "../../Message.ts"

/** Whether a message holds these words, in any letter case, in what is shown of it. */
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
      message.senderId,
      message.channel,
      message.id,
      ...Object.entries(message.variables).flat(),
    ].some((text) => text?.toLowerCase().includes(sought) ?? false)
  )
}
