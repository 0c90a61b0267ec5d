/** From a request to its answer, in the order in which a server finds fault. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import * as Predicate from "effect/Predicate"
import type { Contract } from "@effect-sent/contract/Contract"
import type { Operation, Response } from "@effect-sent/contract/Operation"
import type { PlainResponse, Prism } from "@effect-sent/contract/Prism"
import type { Scenario } from "@effect-sent/contract/Scenario"
import type * as Message from "../../Message.ts"
import { admin, type AdminParts, adminPath } from "../inbox/admin.ts"
import { type Answer, fromExample, problem } from "./answer.ts"
import { breakOff } from "./breakOff.ts"
import { checkCredentials } from "./credentials.ts"
import type { Deliveries } from "../updates/deliveries.ts"
import { validationFailed } from "./fieldErrors.ts"
import { maskNumber } from "../mask.ts"
import type { MessageRecord, Messages } from "../play/messages.ts"
import type { Decide, Ending, Play } from "../play/play.ts"
import { choosePreferred, type Preferred } from "../play/prefer.ts"
import { makeRecord, textIn } from "../play/record.ts"
import { readRequestBody, type RequestBody } from "./requestBody.ts"
import { toResponse } from "./response.ts"
import { routeOf } from "./route.ts"
import type { Timeline } from "../play/timeline.ts"
import type { CheckUpdate, UpdatePlan } from "../updates/updates.ts"

/** What answers are made of. */
export interface Parts {
  readonly contract: Contract
  readonly prism: Prism
  /** In front of the contract's paths: empty, or a path without a slash at its end. */
  readonly basePath: string
  readonly decide: Decide
  readonly messages: Messages
  readonly deliveries: Deliveries
  readonly checkUpdate: (operation: Operation) => CheckUpdate
  readonly timeline: Timeline
  readonly plansOf: (scenario: Scenario) => ReadonlyArray<UpdatePlan>
}

/** How a request ends. */
interface Handled {
  readonly answer: Answer
  readonly ending: Ending
  /** What was kept of the request, if it was valid. */
  readonly record: MessageRecord | undefined
}

const whole = (answer: Answer): Handled => ({ answer, ending: "whole", record: undefined })

/** Answers every request, and with a problem document when the mock itself fails. */
export const handle = (
  parts: Parts,
  adminParts: AdminParts,
): Effect.Effect<HttpServerResponse, never, HttpServerRequest> =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest
    const [path = "", query = ""] = splitTarget(request.url)
    if (path === adminPath || path.startsWith(`${adminPath}/`)) {
      return yield* admin(adminParts, request, path, new URLSearchParams(query))
    }
    const { answer, ending, record } = yield* handleRequest(parts, request, path, query).pipe(
      Effect.catch((refusal) => Effect.succeed(whole(refusal))),
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.failCause(cause)
          : Effect.as(
              Effect.logError("the mock failed", cause),
              whole(problem(500, "The mock itself failed; its log says why")),
            ),
      ),
    )
    yield* Effect.logDebug(logLine(request.method, path, answer, ending, record))
    return ending === "whole"
      ? toResponse(answer, request.headers["accept"])
      : yield* breakOff(request, answer, ending)
  }).pipe(
    // The server runs it uninterruptible: who hangs up, or stops the server, would wait for an answer that is held back.
    Effect.interruptible,
  )

const logLine = (
  method: string,
  path: string,
  { status }: Answer,
  ending: Ending,
  record: MessageRecord | undefined,
): string => {
  const line = `${method} ${path} → ${status}${ending === "whole" ? "" : `, ${ending}`}`
  if (record === undefined) return line
  const { because, number, phoneNumber, scenario } = record
  const to = phoneNumber === undefined ? "" : ` to ${maskNumber(phoneNumber)}`
  return `${line}  message ${number}${to}, ${because ?? scenario ?? ""}`
}

const handleRequest = Effect.fnUntraced(function* (
  parts: Parts,
  request: HttpServerRequest,
  target: string,
  query: string,
): Effect.fn.Return<Handled, Answer> {
  const { basePath, contract, prism } = parts
  const misframed = misframedAnswer(request)
  if (misframed !== undefined) return whole(misframed)

  const route = routeOf(contract.operations, request.method, target, basePath)
  if (route._tag === "Refused") return whole(route.answer)
  const { path, target: operation } = route

  const unauthorized = checkCredentials(operation, request.headers)
  if (unauthorized !== undefined) return whole(unauthorized)

  const body = yield* readRequestBody(operation, request)

  const choice = choosePreferred(operation, request.headers["prefer"])
  if (choice._tag === "Unknown") return whole(choice.answer)
  const preferred = choice._tag === "Preferred" ? choice.preferred : undefined

  const violations = yield* prism.validateRequest({
    operation,
    path,
    query: new URLSearchParams(query),
    headers: headersForPrism(request, body),
    body: body.value,
  })
  if (violations.length > 0) {
    // A credential that is no header, or no key: Prism alone knows where to look for it.
    return whole(
      violations.some(({ code }) => code === "401")
        ? fromExample(operation, 401, [], "The credentials are missing")
        : validationFailed(operation, violations),
    )
  }

  // Only now, since what counts requests counts the valid ones.
  const senderId = (request.headers["x-sender-id"] ?? "").toLowerCase()
  const play = parts.decide({
    operation,
    senderId,
    phoneNumber: textIn(body.value, "phoneNumber"),
    preferred,
    prefer: request.headers["prefer"],
  })
  const answer = answerFrom(operation, yield* prism.respond(operation, play.wanted), play.wanted)
  if (operation.requestBody === undefined) return { answer, ending: play.ending, record: undefined }

  const { messages, timeline } = parts
  const record = makeRecord({
    operation,
    request,
    body,
    senderId,
    play,
    answer,
    number: messages.nextNumber(),
    receivedAt: timeline.now(senderId),
    plans: play.scenario === undefined ? [] : parts.plansOf(play.scenario),
  })
  yield* process(parts, operation, record, play, answer)
  return { answer, ending: play.ending, record }
})

/** Keeps the message, begins to send its updates, and holds its answer back for as long as it is to be. */
const process = (
  { checkUpdate, deliveries, messages, timeline }: Parts,
  operation: Operation,
  record: MessageRecord,
  { delayMillis, ending, processed }: Play,
  answer: Answer,
): Effect.Effect<void> =>
  // Whoever waits for the message may move the clock as soon as it is there: before its updates have begun.
  timeline.track(
    record.senderId,
    Effect.gen(function* () {
      const tell = (): void => {
        if (processed) record.answer = recordedAnswer(answer, ending)
      }
      if (delayMillis === 0) tell()
      messages.add(record)
      deliveries.begin(record, checkUpdate(operation))
      if (delayMillis > 0) {
        yield* timeline.sleep(record.senderId, delayMillis)
        tell()
        messages.changed(record)
      }
    }),
  )

/** The answer of nearly every message, which they share. */
const noContent: Message.Answer = { status: 204, headers: {}, delivery: "whole" }

const recordedAnswer = ({ body, headers, status }: Answer, ending: Ending): Message.Answer =>
  status === 204 && ending === "whole" && Object.keys(headers).length === 0
    ? noContent
    : { status, headers, ...(body === undefined ? {} : { body }), delivery: ending }

/** What every HTTP/1.1 server refuses, whatever it serves; Node would do so without a body. */
const misframedAnswer = ({ headers, source }: HttpServerRequest): Answer | undefined => {
  const version = Predicate.hasProperty(source, "httpVersion") ? source.httpVersion : undefined
  if (version === "1.1" && headers["host"] === undefined) {
    return problem(400, "Header host not found")
  }
  const expect = headers["expect"] ?? "100-continue"
  return /^100-continue$/i.test(expect.trim())
    ? undefined
    : problem(417, "The only expectation that can be met is 100-continue")
}

// By hand: the URL parser takes `//path` for a host.
const splitTarget = (target: string): ReadonlyArray<string> =>
  (target.split("#")[0] ?? "").split(/\?(.*)/s)

/** What describes the bytes of the body is settled by now; what of it is malformed would make Prism throw. */
const headersForPrism = (
  request: HttpServerRequest,
  { mediaType }: RequestBody,
): Readonly<Record<string, string>> => {
  const settled = new Set([
    "content-type",
    "content-length",
    "content-encoding",
    "transfer-encoding",
  ])
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (!settled.has(name)) headers[name] = value
  }
  if (mediaType !== undefined) headers["content-type"] = mediaType
  return headers
}

const answerFrom = (
  { responses }: Operation,
  { body, headers, status }: PlainResponse,
  preferred: Preferred | undefined,
): Answer => {
  const response = responses.find((candidate) => candidate.status === status)
  const example =
    response?.examples.find(({ name }) => name === preferred?.example) ?? response?.examples[0]
  const empty = status === 204 || (preferred?.empty ?? false)
  return {
    status,
    headers: { ...requiredHeaders(response, headers), ...example?.headers },
    mediaTypes: response?.mediaTypes ?? [],
    body: empty ? undefined : body,
  }
}

/** Prism fills in every header that the contract declares, also the optional ones, whose absence says something. */
const requiredHeaders = (
  response: Response | undefined,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => response?.requiredHeaders.includes(name) ?? false),
  )
