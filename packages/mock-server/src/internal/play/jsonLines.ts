/** Messages as JSON lines: one message a line, oldest first. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { oneLine } from "@effect-sent/contract/ContractError"
import { Message } from "../../Message.ts"
import type { MessageRecord } from "./messages.ts"

export const exportLines = (messages: ReadonlyArray<Message>): string =>
  messages
    .toSorted((one, other) => one.number - other.number)
    .map((message) => `${JSON.stringify(message)}\n`)
    .join("")

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Message))

/** Reads messages. Fails with the first line that is not a message. */
export const importLines = (text: string): Result.Result<ReadonlyArray<Message>, string> => {
  const messages: Array<Message> = []
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue
    const decoded = decode(line)
    if (Result.isFailure(decoded)) {
      return Result.fail(
        `line ${index + 1} is not a message: ${oneLine(decoded.failure.message).slice(0, 300)}`,
      )
    }
    const wrong = wrongTime(decoded.success)
    if (wrong !== undefined) {
      return Result.fail(`line ${index + 1} is not a message: ${wrong} is not an ISO 8601 time`)
    }
    messages.push(decoded.success)
  }
  return Result.succeed(messages)
}

/** The name of a time that cannot be read. */
const wrongTime = ({ receivedAt, updates }: Message): string | undefined =>
  Object.entries({
    receivedAt: [receivedAt],
    dueAt: updates.map(({ dueAt }) => dueAt),
    happensAt: updates.map(({ happensAt }) => happensAt),
  }).find(([, times]) => times.some((time) => Number.isNaN(Date.parse(time))))?.[0]

/** The record of an imported message. Updates that were pending are not sent, and marked. */
export const importedRecord = (message: Message, number: number): MessageRecord => {
  const receivedAt = Date.parse(message.receivedAt)
  return {
    id: message.id,
    number,
    receivedAt,
    senderId: message.senderId,
    phoneNumber: message.phoneNumber,
    templateId: message.templateId,
    ...(message.price === undefined ? {} : { importedPrice: message.price }),
    ...askedIn(message),
    variables: message.variables,
    webhookUrl: message.webhookUrl,
    accepted: message.accepted,
    scenario: message.scenario,
    because: message.because,
    ...(message.refusal === undefined ? {} : { refusal: message.refusal }),
    request: message.request,
    answer: message.answer,
    ...(message.updates.length === 0 ? { importedStatus: message.status } : {}),
    updates: message.updates.map((update) => {
      const { attempts, body, dueAt, happensAt, id, status } = update
      const isPending = update.state === "waiting" || update.state === "retrying"
      return {
        plan: {
          id,
          status,
          channel: message.channel,
          happensAfter: Date.parse(happensAt) - receivedAt,
          dueAfter: Date.parse(dueAt) - receivedAt,
          example: body,
        },
        state: isPending ? "dropped" : update.state,
        attempts: isPending
          ? [...attempts, { at: dueAt, problem: notSent, durationMillis: 0 }]
          : attempts,
      }
    }),
  }
}

const askedIn = (message: Message): Pick<MessageRecord, "asked"> => {
  const { idempotencyKey, recipients, replayOf, status, templateName, text } = message
  const nothing = status === "SANDBOX" || status === "REPLAYED" ? status : undefined
  const known = [idempotencyKey, recipients, replayOf, templateName, text, nothing]
  if (known.every((one) => one === undefined)) return {}
  return {
    asked: { templateName, text, recipients: recipients ?? 1, idempotencyKey, nothing, replayOf },
  }
}

/** Marks an update that was pending when its message was exported. */
const notSent = "not sent: the update was pending when the message was exported; resend it by hand"
