/** The log of the requests: one line for each, with fields for a structured log. It contains no phone number and no credential. */
import * as Effect from "effect/Effect"
import type { Answer } from "./answer.ts"
import { maskNumber } from "../mask.ts"
import type { MessageRecord } from "../play/messages.ts"
import type { Ending } from "../play/play.ts"
import { formInWords } from "./refusal.ts"

interface Logged {
  /** Empty for a malformed request. */
  readonly method: string
  readonly path: string
  readonly durationMillis?: number
}

/** Logs a request and its answer. */
export const logRequest = (
  logged: Logged,
  answer: Answer,
  ending: Ending,
  record: MessageRecord | undefined,
): Effect.Effect<void> =>
  Effect.logDebug(lineOf(logged, answer, ending, record)).pipe(
    Effect.annotateLogs({
      status: answer.status,
      ...(ending === "whole" ? {} : { ending }),
      ...fieldsOf(record),
      ...logged,
    }),
  )

const lineOf = (
  { method, path }: Logged,
  { status }: Answer,
  ending: Ending,
  record: MessageRecord | undefined,
): string => {
  const what = method === "" ? "malformed request" : `${method} ${path}`
  const line = `${what} → ${status}${ending === "whole" ? "" : `, ${ending}`}`
  if (record === undefined) return line
  const { because, number, phoneNumber, refusal, scenario } = record
  if (refusal !== undefined) {
    const form = formInWords(refusal)
    return `${line}  request ${number} refused: ${refusal.reason}${form === "" ? "" : ` (${form})`}`
  }
  const to = phoneNumber === undefined ? "" : ` to ${maskNumber(phoneNumber)}`
  return `${line}  message ${number}${to}, ${because ?? scenario ?? ""}`
}

/** What a structured log says about a request. */
const fieldsOf = (record: MessageRecord | undefined): Readonly<Record<string, unknown>> => {
  if (record === undefined) return {}
  const { because, number, refusal, scenario } = record
  return {
    number,
    ...(scenario === undefined ? {} : { scenario }),
    ...(because === undefined ? {} : { because }),
    ...(refusal === undefined ? {} : { reason: refusal.reason, credentials: refusal.credentials }),
  }
}
