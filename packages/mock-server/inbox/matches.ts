import type { Message } from "../src/Message.ts"

/** Whether the mock would list a message for this search: the rule of `GET /__mock/messages`, for live changes. */
export const matches = (message: Message, search: string): boolean => {
  const sought = search.trim().toLowerCase()
  return [
    message.phoneNumber,
    message.templateId,
    message.status,
    message.scenario,
    message.because,
    message.senderId,
    message.channel,
    message.id,
    ...Object.entries(message.variables).flat(),
  ].some((text) => text !== undefined && text.toLowerCase().includes(sought))
}
