/** Executes a valid request: sends, looks up, or answers again what was answered under the request's idempotency key. */
import type { Operation } from "@effect-sent/contract/Operation"
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type * as Message from "../../Message.ts"
import type { Given, LooksUp, Recipient, Sends } from "../operations/row.ts"
import { other, rowOf } from "../operations/rows.ts"
import type { Kept, Keys } from "../play/keys.ts"
import {
  eventsOf,
  type MessageRecord,
  type Messages,
  type Request,
  toMessage,
} from "../play/messages.ts"
import type { Decide, Ending, Play } from "../play/play.ts"
import { answerNamed, type Preferred } from "../play/prefer.ts"
import { makeRecords } from "../play/record.ts"
import type { Timeline } from "../play/timeline.ts"
import type { Served } from "../served.ts"
import type { Deliveries } from "../updates/deliveries.ts"
import type { CheckUpdate } from "../updates/updates.ts"
import type { Webhooks } from "../updates/webhooks.ts"
import type { Answer } from "./answer.ts"
import { answerOf } from "./contractAnswer.ts"
import { ofRequest, requestIdOf } from "./envelope.ts"
import type { RequestBody } from "./requestBody.ts"

/** The parts of a server that requests are handled with. */
export interface Parts {
  /** The contracts as they are now. A request takes them once. */
  readonly served: () => Served
  /** The prefix of the contract's paths: empty, or a path without a trailing slash. */
  readonly basePath: string
  readonly decide: Decide
  readonly messages: Messages
  readonly deliveries: Deliveries
  readonly timeline: Timeline
  readonly keys: Keys
  readonly webhooks: Webhooks
}

/** The outcome of a request. */
export interface Handled {
  readonly answer: Answer
  readonly ending: Ending
  /** The record of the request, or of its first message. Undefined for a valid request without a body. */
  readonly record: MessageRecord | undefined
}

/** A valid request. */
export interface Call {
  readonly operation: Operation
  /** The values of the path parameters, in order. */
  readonly parameters: ReadonlyArray<string>
  readonly request: HttpServerRequest
  readonly body: RequestBody
  readonly preferred: Preferred | undefined
  /** What decided for the preferred answer, in words. */
  readonly chosenBy: string | undefined
  readonly senderId: string
}

export const execute = (
  parts: Parts,
  served: Served,
  call: Call,
): Effect.Effect<Handled, Answer> => {
  const row = rowOf(call.operation)
  if (row.kind === "looks up") return lookUp(parts, served, call, row)
  if (call.operation.requestBody === undefined) return answerAlone(parts, served, call)
  const key = row.keepsKeys ? call.request.headers["idempotency-key"] : undefined
  return key === undefined
    ? send(parts, served, call, row, notKept)
    : sendUnderKey(parts, served, call, row, key)
}

const playOf = (
  { decide }: Parts,
  { chosenBy, operation, preferred, senderId }: Call,
  valid: {
    readonly phoneNumbers: ReadonlyArray<string>
    readonly templateId: string | undefined
    readonly messageId?: string
    readonly isKnown?: boolean
    readonly isReplay?: boolean
  },
): Play =>
  decide({
    messageId: undefined,
    isKnown: false,
    isReplay: false,
    operation,
    preferred,
    chosenBy,
    senderId,
    ...valid,
  })

const contractAnswer = (
  served: Served,
  { operation, request }: Call,
  wanted: Preferred | undefined,
) => answerOf(served.prismOf(operation), operation, wanted, request.headers["accept"])

// -----------------------------------------------------------------------------
// Requests that are not stored
// -----------------------------------------------------------------------------

/** An operation of another contract without a body. */
const answerAlone = Effect.fnUntraced(function* (
  parts: Parts,
  served: Served,
  call: Call,
): Effect.fn.Return<Handled, Answer> {
  const play = playOf(parts, call, { phoneNumbers: [], templateId: undefined })
  const answer = yield* contractAnswer(served, call, play.wanted)
  return { answer, ending: play.ending, record: undefined }
})

const lookUp = Effect.fnUntraced(function* (
  parts: Parts,
  served: Served,
  call: Call,
  { found }: LooksUp,
): Effect.fn.Return<Handled, Answer> {
  const { messages, timeline } = parts
  const { senderId } = call
  const messageId = (call.parameters.at(-1) ?? "").toLowerCase()
  const record = messages.find(messageId)
  const known = record?.accepted === true && record.senderId === senderId ? record : undefined
  const play = playOf(parts, call, {
    phoneNumbers: known?.phoneNumber === undefined ? [] : [known.phoneNumber],
    templateId: known?.templateId,
    messageId,
    isKnown: known !== undefined,
  })
  const declared = yield* contractAnswer(served, call, play.wanted)
  if (play.delayMillis > 0) {
    yield* timeline.track(senderId, timeline.sleep(senderId, play.delayMillis))
  }
  const now = timeline.now(senderId)
  const answer =
    known === undefined || play.wanted !== undefined
      ? declared
      : { ...declared, body: found(declared.body, toMessage(known, now), eventsOf(known, now)) }
  return {
    answer: ofRequest(answer, requestIdOf(messages.lookUpId()), now),
    ending: play.ending,
    record: undefined,
  }
})

// -----------------------------------------------------------------------------
// Sending
// -----------------------------------------------------------------------------

/**
 * Called once the messages of a request are stored. `kept` is its success, which the key then brings back; undefined keeps
 * nothing. It is answered `afterMillis` later.
 */
type Finish = (kept: Kept | undefined, afterMillis: number) => void

const notKept: Finish = () => undefined

const send = Effect.fnUntraced(function* (
  parts: Parts,
  served: Served,
  call: Call,
  row: Sends,
  finish: Finish,
): Effect.fn.Return<Handled, Answer> {
  const { messages, timeline, webhooks } = parts
  const { body, operation, senderId } = call
  const given = row.given(body.value)
  // Decided only now, because faults and scenarios count valid requests only.
  const play = playOf(parts, call, {
    phoneNumbers: given.recipients.flatMap(({ phoneNumber }) => phoneNumber ?? []),
    templateId: given.templateId,
  })
  const declared = yield* contractAnswer(served, call, play.wanted)
  const isSuccess = declared.status >= 200 && declared.status < 300
  const isExecuted = play.processed && isSuccess
  const accepted = isExecuted && !given.isSandbox
  // What is not sent is one request, whoever it is for.
  const [first, ...others] = given.recipients
  const sent = [
    numbered(messages, first),
    ...(isSuccess ? others : []).map((one) =>
      accepted ? numbered(messages, one) : unstored(messages, one),
    ),
  ] as const
  const [{ id, number }] = sent
  const receivedAt = timeline.now(senderId)
  const requestId = requestIdOf(id)
  const answer = ofRequest(
    isSuccess && row.accepted !== undefined
      ? {
          ...declared,
          headers: { ...declared.headers, ...(given.isSandbox ? { "X-Sandbox": "true" } : {}) },
          body: row.accepted(declared.body, given, sent),
        }
      : declared,
    requestId,
    receivedAt,
  )
  const asked =
    row === other
      ? undefined
      : askedOf(call, given, isExecuted && given.isSandbox ? "SANDBOX" : undefined)
  const records = makeRecords(
    {
      ...call,
      given,
      asked,
      play,
      accepted,
      receivedAt,
      registered: webhooks.of(senderId),
      plansOf: served.plansOf,
    },
    accepted ? sent : [sent[0]],
  )
  const kept = isExecuted ? { answer, requestId, body: body.text, number } : undefined
  yield* process(parts, served.checkUpdate(operation), records, play, answer, () =>
    finish(kept, play.delayMillis),
  )
  return { answer, ending: play.ending, record: records[0] }
})

/** Stores the messages, starts the delivery of their updates, and waits for the delay of the answer. */
const process = (
  { deliveries, messages, timeline }: Parts,
  check: CheckUpdate,
  records: readonly [MessageRecord, ...ReadonlyArray<MessageRecord>],
  { delayMillis, ending, processed }: Play,
  answer: Answer,
  stored: () => void,
): Effect.Effect<void> => {
  const [{ senderId }] = records
  // Tracked as a whole, because a test may advance the clock as soon as the message exists, before its updates have begun.
  return timeline.track(
    senderId,
    Effect.gen(function* () {
      const recorded = processed ? recordedAnswer(answer, ending) : undefined
      for (const record of records) if (delayMillis === 0) record.answer = recorded
      for (const record of records) {
        messages.add(record)
        deliveries.begin(record, check)
      }
      stored()
      if (delayMillis > 0) {
        yield* timeline.sleep(senderId, delayMillis)
        for (const record of records) {
          record.answer = recorded
          messages.changed(record)
        }
      }
    }),
  )
}

/** A message with the next number, and the id that belongs to it. */
const numbered = (messages: Messages, recipient: Recipient) => {
  const number = messages.nextNumber()
  return { ...recipient, number, id: messages.idOf(number) }
}

/** A message that is only answered. */
const unstored = (messages: Messages, recipient: Recipient) => ({
  ...recipient,
  number: 0,
  id: messages.lookUpId(),
})

const askedOf = (
  { request }: Call,
  given: Given,
  nothing: Request["nothing"],
  replayOf?: number,
): Request => ({
  templateName: given.templateName,
  text: given.text,
  recipients: given.recipients.length,
  idempotencyKey: request.headers["idempotency-key"],
  nothing,
  replayOf,
})

/** The answer of nearly every message of v1, shared to save memory. */
const noContent: Message.Answer = { status: 204, headers: {}, delivery: "whole" }

const recordedAnswer = ({ body, headers, status }: Answer, ending: Ending): Message.Answer =>
  status === 204 && ending === "whole" && Object.keys(headers).length === 0
    ? noContent
    : { status, headers, ...(body === undefined ? {} : { body }), delivery: ending }

// -----------------------------------------------------------------------------
// Idempotency keys
// -----------------------------------------------------------------------------

const sendUnderKey = Effect.fnUntraced(function* (
  parts: Parts,
  served: Served,
  call: Call,
  row: Sends,
  key: string,
): Effect.fn.Return<Handled, Answer> {
  const met = yield* parts.keys.meet(call.senderId, key)
  if (met._tag === "Kept") return yield* replay(parts, served, call, row, met.kept)
  if (met._tag === "InFlight") {
    const conflict = answerNamed(call.operation, "409", undefined)
    const refused =
      typeof conflict === "string"
        ? call
        : { ...call, preferred: conflict, chosenBy: "a request with the same key is in flight" }
    return yield* send(parts, served, refused, row, notKept)
  }
  let isStored = false
  return yield* send(parts, served, call, row, (kept, afterMillis) => {
    isStored = true
    // By the clock and not with the connection: a caller who leaves does not stop the service.
    if (afterMillis === 0) met.finish(kept)
    else parts.timeline.schedule(call.senderId, afterMillis, () => met.finish(kept))
  }).pipe(
    Effect.onExit(() =>
      Effect.sync(() => {
        if (!isStored) met.finish(undefined)
      }),
    ),
  )
})

/** Answers again. Faults of the network and refusals still happen; nothing is sent. */
const replay = Effect.fnUntraced(function* (
  parts: Parts,
  served: Served,
  call: Call,
  row: Sends,
  kept: Kept,
): Effect.fn.Return<Handled, Answer> {
  const { messages, timeline } = parts
  const { body, senderId } = call
  const given = row.given(body.value)
  const play = playOf(parts, call, {
    phoneNumbers: given.recipients.flatMap(({ phoneNumber }) => phoneNumber ?? []),
    templateId: given.templateId,
    isKnown: true,
    isReplay: true,
  })
  const isReplayed = play.wanted === undefined
  const answer: Answer = isReplayed
    ? {
        ...kept.answer,
        headers: {
          ...kept.answer.headers,
          "Idempotent-Replayed": "true",
          "X-Original-Request-Id": kept.requestId,
        },
      }
    : yield* contractAnswer(served, call, play.wanted)
  const because = kept.body === body.text ? undefined : "another body under a key that was used"
  const records = makeRecords(
    {
      ...call,
      given,
      asked: askedOf(
        call,
        given,
        isReplayed ? "REPLAYED" : undefined,
        isReplayed ? kept.number : undefined,
      ),
      play: because === undefined ? play : { ...play, because },
      accepted: false,
      receivedAt: timeline.now(senderId),
      registered: undefined,
      plansOf: served.plansOf,
    },
    [numbered(messages, given.recipients[0])],
  )
  if (play.delayMillis > 0) {
    yield* timeline.track(senderId, timeline.sleep(senderId, play.delayMillis))
  }
  for (const record of records) {
    if (play.processed) record.answer = recordedAnswer(answer, play.ending)
    messages.add(record)
  }
  return { answer, ending: play.ending, record: records[0] }
})
