/** The appearance of message statuses. */
import type { Message } from "../src/Message.ts"

/** The meaning of a status for the sender of the message. */
export type Tone = "quiet" | "moving" | "good" | "read" | "bad" | "refused"

/** The statuses that the page knows: those of the contract, and the mock's own. */
export type KnownStatus =
  | "ACCEPTED"
  | "REFUSED"
  | "REPLAYED"
  | "SANDBOX"
  | "QUEUED"
  | "ROUTED"
  | "SENT"
  | "DELIVERED"
  | "READ"
  | "FAILED"
  | "FILTERED"
  | "BLOCKED"
  | "SCHEDULED"
  | "RECEIVED"

/** The tone of each status. A test compares the statuses with the contract's. */
export const tones: Readonly<Record<KnownStatus, Tone>> = {
  ACCEPTED: "quiet",
  REFUSED: "refused",
  REPLAYED: "quiet",
  SANDBOX: "quiet",
  QUEUED: "quiet",
  ROUTED: "quiet",
  SENT: "moving",
  DELIVERED: "good",
  READ: "read",
  FAILED: "bad",
  FILTERED: "bad",
  BLOCKED: "bad",
  SCHEDULED: "quiet",
  RECEIVED: "quiet",
}

const isKnown = (status: string): status is KnownStatus => Object.hasOwn(tones, status)

/** The tone of a status. An unknown status is quiet. */
export const toneOf = (status: string): Tone => (isKnown(status) ? tones[status] : "quiet")

/** The text of a message's pill: the status, for a refused message with the HTTP status. */
export const statusLabel = ({ answer, status }: Message): string =>
  status === "REFUSED" && answer !== undefined ? `REFUSED ${answer.status}` : status

const channels: Readonly<Record<string, string>> = { sms: "SMS", whatsapp: "WhatsApp", rcs: "RCS" }

/** The display name of a channel. */
export const channelName = (channel: string): string => channels[channel.toLowerCase()] ?? channel

/** The name of a message: its recipient, or the request line of a request without one. */
export const titleOf = ({ phoneNumber, refusal, request }: Message): string => {
  if (phoneNumber !== undefined) return phoneNumber
  if (refusal === undefined) return "no number"
  return request.method === "" ? "malformed request" : `${request.method} ${request.target}`
}

/** What its receiver did not take of a message, in words. Undefined when nothing is wrong. */
export const receiverProblem = ({ updates }: Message): string | undefined => {
  const count = (wanted: Message["updates"][number]["state"]): number =>
    updates.filter(({ state }) => state === wanted).length
  for (const [state, words] of [
    ["given-up", "given up"],
    ["dropped", "dropped"],
    ["retrying", "retrying"],
  ] as const) {
    const found = count(state)
    if (found > 0) return `${found} of ${updates.length} updates ${words}`
  }
  return undefined
}
