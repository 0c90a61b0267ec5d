/** How a status looks. */
import type { Message } from "../src/Message.ts"

/** What a status means for the person who waits for the message. */
export type Tone = "quiet" | "moving" | "good" | "read" | "bad" | "refused"

/** Statuses that may come are many; one that is not known looks quiet. */
export const toneOf = (status: string): Tone => {
  switch (status) {
    case "SENT":
      return "moving"
    case "DELIVERED":
      return "good"
    case "READ":
      return "read"
    case "FAILED":
    case "BLOCKED":
    case "FILTERED":
      return "bad"
    case "REFUSED":
      return "refused"
    default:
      return "quiet"
  }
}

/** The status of a message for its pill: a refused one says with which HTTP status. */
export const statusLabel = ({ answer, status }: Message): string =>
  status === "REFUSED" && answer !== undefined ? `REFUSED ${answer.status}` : status

const channels: Readonly<Record<string, string>> = { sms: "SMS", whatsapp: "WhatsApp", rcs: "RCS" }

/** The channel's name as people write it. */
export const channelName = (channel: string): string => channels[channel.toLowerCase()] ?? channel
