/** Creates the records of a request. */
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { Operation } from "@effect-sent/contract/Contract"
import type { Scenario } from "@effect-sent/contract/Scenario"
import type { Answer } from "../http/answer.ts"
import { maskHeader, maskTarget } from "../mask.ts"
import type { Attempt, Message, Refusal } from "../../Message.ts"
import type { UpdatePlan } from "../updates/updates.ts"
import type { Registered } from "../updates/webhooks.ts"
import type { Given, Recipient } from "../operations/row.ts"
import { textIn } from "../operations/values.ts"
import type { MessageRecord, Request } from "./messages.ts"
import type { Play } from "./play.ts"
import type { RequestBody } from "../http/requestBody.ts"

interface Exchanged {
  readonly operation: Operation
  readonly request: HttpServerRequest
  readonly body: RequestBody
  readonly given: Given
  readonly asked: Request | undefined
  readonly senderId: string
  readonly play: Play
  readonly accepted: boolean
  /** The receiver that is registered with the account. */
  readonly registered: Registered | undefined
  readonly receivedAt: number
  /** The updates of a scenario. They are only sent when the message is accepted. */
  readonly plansOf: (scenario: Scenario) => ReadonlyArray<UpdatePlan>
}

interface Sent extends Recipient {
  readonly id: string
  readonly number: number
}

/** Creates a record for each message of a request. What is large belongs to the first. */
export const makeRecords = (
  exchanged: Exchanged,
  [first, ...others]: readonly [Sent, ...ReadonlyArray<Sent>],
): readonly [MessageRecord, ...ReadonlyArray<MessageRecord>] => {
  const { accepted, asked, body, given, operation, plansOf, play, receivedAt } = exchanged
  const { updates } = operation
  const webhook = updates?.urlMember === undefined ? updates && exchanged.registered : undefined
  const webhookUrl =
    updates?.urlMember === undefined ? webhook?.url : textIn(body.value, updates.urlMember)
  const request = shownRequest(exchanged.request, body)
  const make = ({ channel, id, number, phoneNumber }: Sent, more: object): MessageRecord => {
    const scenario = play.scenarioOf(phoneNumber)
    const plans = !accepted || scenario === undefined ? [] : plansOf(scenario)
    return {
      id,
      number,
      receivedAt,
      senderId: exchanged.senderId,
      phoneNumber,
      templateId: given.templateId,
      ...(channel === undefined ? {} : { channel }),
      ...(asked === undefined ? {} : { asked }),
      ...more,
      variables: given.variables,
      webhookUrl,
      ...(webhook === undefined ? {} : { webhook }),
      accepted,
      scenario: accepted ? scenario?.name : play.byScenario ? play.scenario?.name : undefined,
      because: play.because,
      request,
      answer: undefined,
      ...(accepted && webhookUrl === undefined ? { unsent: plans } : {}),
      updates:
        webhookUrl === undefined
          ? []
          : plans.map((plan) => ({ plan, state: "waiting", attempts: noAttempts })),
    }
  }
  return [make(first, {}), ...others.map((one) => make(one, ofTheFirst))]
}

/** The body is stored, and counted, once. */
const ofTheFirst = { characters: 0 }

interface Refused {
  readonly request: Pick<HttpServerRequest, "headers" | "method" | "url">
  readonly body: RequestBody
  readonly given: Given
  readonly senderId: string
  readonly answer: Answer
  readonly refusal: Refusal
  readonly id: string
  readonly number: number
  readonly receivedAt: number
}

/** Creates the record of a request that was refused as invalid. */
export const makeRefusedRecord = (refused: Refused): MessageRecord => {
  const { answer, body, given, id, number, receivedAt, refusal, request, senderId } = refused
  const { headers, status } = answer
  return {
    id,
    number,
    receivedAt,
    senderId,
    phoneNumber: given.recipients[0].phoneNumber,
    templateId: given.templateId,
    variables: given.variables,
    webhookUrl: textIn(body.value, "webhookUrl"),
    accepted: false,
    scenario: undefined,
    because: undefined,
    refusal,
    request: shownRequest(request, body),
    answer: {
      status,
      headers,
      ...(answer.body === undefined ? {} : { body: answer.body }),
      delivery: "whole",
    },
    updates: [],
  }
}

const shownRequest = (
  { headers, method, url }: Refused["request"],
  { text }: RequestBody,
): Message["request"] => ({
  method,
  target: maskTarget(url),
  headers: shownHeaders(headers),
  body: text,
})

const noAttempts: ReadonlyArray<Attempt> = []

const shownHeaders = (
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => {
  const shown: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    shown[name] = shared(maskHeader(name, value))
  }
  return shown
}

/** Header values that most requests have in common. Ten thousand messages would otherwise store a copy each. */
const values = new Map<string, string>()

const shared = (value: string): string => {
  const known = values.get(value)
  if (known !== undefined) return known
  if (values.size < 1000) values.set(value, value)
  return value
}
