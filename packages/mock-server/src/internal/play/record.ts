/** Creates the record of a valid request. */
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Predicate from "effect/Predicate"
import type { Operation } from "@effect-sent/contract/Contract"
import type { Answer } from "../http/answer.ts"
import { maskHeader, maskTarget } from "../mask.ts"
import type { Attempt, Message, Refusal } from "../../Message.ts"
import type { UpdatePlan } from "../updates/updates.ts"
import type { MessageRecord } from "./messages.ts"
import type { Play } from "./play.ts"
import type { RequestBody } from "../http/requestBody.ts"

interface Exchanged {
  readonly operation: Operation
  readonly request: HttpServerRequest
  readonly body: RequestBody
  readonly senderId: string
  readonly play: Play
  readonly answer: Answer
  readonly id: string
  readonly number: number
  readonly receivedAt: number
  /** The updates of the scenario. They are only sent when the message is accepted. */
  readonly plans: ReadonlyArray<UpdatePlan>
}

export const makeRecord = (exchanged: Exchanged): MessageRecord => {
  const { answer, body, id, number, operation, plans, play, receivedAt, request, senderId } =
    exchanged
  const { updates } = operation
  const webhookUrl =
    updates?.urlMember === undefined ? undefined : textIn(body.value, updates.urlMember)
  const accepted = play.processed && answer.status >= 200 && answer.status < 300
  return {
    ...givenIn({ body, id, number, receivedAt, senderId }),
    webhookUrl,
    accepted,
    scenario: play.byScenario || accepted ? play.scenario?.name : undefined,
    because: play.because,
    request: shownRequest(request, body),
    answer: undefined,
    ...(accepted && webhookUrl === undefined ? { unsent: plans } : {}),
    updates:
      accepted && webhookUrl !== undefined
        ? plans.map((plan) => ({ plan, state: "waiting", attempts: noAttempts }))
        : [],
  }
}

/** What a record has of every request: its identity, and the members of its body. */
const givenIn = ({
  body,
  ...identity
}: Pick<Refused, "body" | "id" | "number" | "receivedAt" | "senderId">) => ({
  ...identity,
  phoneNumber: textIn(body.value, "phoneNumber"),
  templateId: textIn(body.value, "templateId"),
  variables: variablesIn(body.value),
})

interface Refused {
  readonly request: Pick<HttpServerRequest, "headers" | "method" | "url">
  readonly body: RequestBody
  readonly senderId: string
  readonly answer: Answer
  readonly refusal: Refusal
  readonly id: string
  readonly number: number
  readonly receivedAt: number
}

/** Creates the record of a request that was refused as invalid. */
export const makeRefusedRecord = (refused: Refused): MessageRecord => {
  const { answer, body, id, number, receivedAt, refusal, request, senderId } = refused
  const { headers, status } = answer
  return {
    ...givenIn({ body, id, number, receivedAt, senderId }),
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

/** Returns a member of a JSON object if it is a string. */
export const textIn = (value: unknown, name: string): string | undefined => {
  if (!Predicate.hasProperty(value, name)) return undefined
  const member = value[name]
  return Predicate.isString(member) ? member : undefined
}

const variablesIn = (value: unknown): Readonly<Record<string, string>> => {
  const body = Predicate.hasProperty(value, "messageBody") ? value.messageBody : undefined
  if (!Predicate.isObject(body)) return {}
  return Object.fromEntries(
    Object.entries(body).flatMap(([name, text]) =>
      Predicate.isString(text) ? [[name, text]] : [],
    ),
  )
}

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
