/** Handles a request: framing, route, credentials, body, `Prefer`, schema, and then the play. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import * as Predicate from "effect/Predicate"
import { IncomingMessage } from "node:http"
import type { Operation, Response } from "@effect-sent/contract/Operation"
import type { Prism } from "@effect-sent/contract/Prism"
import type * as Message from "../../Message.ts"
import type { Refused } from "../../NodeServer.ts"
import { admin, type AdminParts, adminPath, toInbox } from "../inbox/admin.ts"
import { type Answer, fromExample, problem } from "./answer.ts"
import { breakOff } from "./breakOff.ts"
import { checkCredentials } from "./credentials.ts"
import type { Deliveries } from "../updates/deliveries.ts"
import { validationFailed } from "./fieldErrors.ts"
import type { MessageRecord, Messages } from "../play/messages.ts"
import type { Decide, Ending, Play } from "../play/play.ts"
import { choosePreferred, type Preferred } from "../play/prefer.ts"
import { makeRecord, makeRefusedRecord, textIn } from "../play/record.ts"
import { negotiate, sentAs } from "./negotiation.ts"
import { formOf, reasonOf } from "./refusal.ts"
import { noBody, readRequestBody, type RequestBody } from "./requestBody.ts"
import { logRequest } from "./requestLog.ts"
import { toResponse } from "./response.ts"
import { routeOf } from "./route.ts"
import type { Timeline } from "../play/timeline.ts"
import type { Served } from "../served.ts"
import type { CheckUpdate } from "../updates/updates.ts"

/** The parts of a server that requests are handled with. */
export interface Parts {
  /** The contract as it is now. A request takes it once. */
  readonly served: () => Served
  /** The prefix of the contract's paths: empty, or a path without a trailing slash. */
  readonly basePath: string
  readonly decide: Decide
  readonly messages: Messages
  readonly deliveries: Deliveries
  readonly timeline: Timeline
}

/** The outcome of a request. */
interface Handled {
  readonly answer: Answer
  readonly ending: Ending
  /** The record of the request. Undefined for a valid request without a body. */
  readonly record: MessageRecord | undefined
}

/** What is known of a request when it is refused. */
interface Seen {
  operation: Operation | undefined
  body: RequestBody
}

/** Answers every request. An internal error of the mock is answered with a problem document, too. */
export const handle = Effect.fnUntraced(
  function* (
    parts: Parts,
    adminParts: AdminParts,
  ): Effect.fn.Return<HttpServerResponse, never, HttpServerRequest> {
    const request = yield* HttpServerRequest
    const [path = "", query = ""] = splitTarget(request.url)
    if (path === adminPath || path.startsWith(`${adminPath}/`)) {
      return yield* admin(adminParts, request, path, new URLSearchParams(query))
    }
    const startedAt = performance.now()
    if (isRead(request) && isRoot(parts, path)) return toInbox
    const seen: Seen = { operation: undefined, body: noBody }
    const { answer, ending, record } = yield* handleRequest(parts, request, path, query, seen).pipe(
      Effect.catch((refusal) => Effect.succeed(refused(parts, request, refusal, seen))),
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.failCause(cause)
          : Effect.as(
              Effect.logError("internal error of the mock", cause),
              refused(parts, request, internalError, seen),
            ),
      ),
    )
    const { method } = request
    const durationMillis = Math.round((performance.now() - startedAt) * 10) / 10
    yield* logRequest({ method, path, durationMillis }, answer, ending, record)
    return ending === "whole"
      ? toResponse(answer, request.headers["accept"])
      : yield* breakOff(request, answer, ending)
  },
  // The server runs handlers uninterruptibly: a closed connection, or a stopping server, would wait for a delayed answer.
  Effect.interruptible,
)

const isRead = ({ method }: HttpServerRequest): boolean => method === "GET" || method === "HEAD"

/** Whether a path is the root, and the contract has no such path. */
const isRoot = ({ served }: Parts, path: string): boolean =>
  path === "/" && !served().contract.operations.some((operation) => operation.path === "/")

const internalError = problem(500, "Internal error of the mock; see its log for the cause")

/** Stores a request that was refused as invalid. */
const refused = (
  { messages, timeline }: Pick<Parts, "messages" | "timeline">,
  request: Pick<HttpServerRequest, "headers" | "method" | "url">,
  answer: Answer,
  { body, operation }: Seen,
): Handled => {
  const credentials = operation === undefined ? {} : formOf(operation, request.headers)
  const senderId =
    credentials["x-sender-id"] === "malformed" ? "" : (request.headers["x-sender-id"] ?? "")
  const number = messages.nextNumber()
  const record = makeRefusedRecord({
    id: messages.idOf(number),
    number,
    request,
    body,
    senderId: senderId.toLowerCase(),
    answer,
    refusal: { reason: reasonOf(answer), credentials },
    receivedAt: timeline.now(senderId.toLowerCase()),
  })
  messages.add(record)
  return { answer, ending: "whole", record }
}

/** Stores and logs a request that never reached the handler: Node refused it. */
export const keepRefused = (
  parts: Pick<Parts, "messages" | "timeline">,
  { detail, method, status, target }: Refused,
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const request = { method, url: target, headers: Headers.empty }
    const answer = problem(status, detail)
    const { record } = refused(parts, request, answer, { operation: undefined, body: noBody })
    const [path = ""] = splitTarget(target)
    return logRequest({ method, path }, answer, "whole", record)
  })

const handleRequest = Effect.fnUntraced(function* (
  parts: Parts,
  request: HttpServerRequest,
  target: string,
  query: string,
  seen: Seen,
): Effect.fn.Return<Handled, Answer> {
  const { basePath } = parts
  const { checkUpdate, contract, plansOf, prism } = parts.served()
  const misframed = misframedAnswer(request)
  if (misframed !== undefined) return yield* Effect.fail(misframed)

  const route = routeOf(contract.operations, request.method, target, basePath)
  if (route._tag === "Refused") return yield* Effect.fail(route.answer)
  const { path, target: operation } = route
  seen.operation = operation

  const unauthorized = checkCredentials(operation, request.headers)
  if (unauthorized !== undefined) return yield* Effect.fail(unauthorized)

  const see = (body: RequestBody): void => {
    seen.body = body
  }
  const body = yield* readRequestBody(operation, request, see)
  see(body)

  const choice = choosePreferred(operation, request.headers["prefer"])
  if (choice._tag === "Unknown") return yield* Effect.fail(choice.answer)
  const preferred = choice._tag === "Preferred" ? choice.preferred : undefined

  const violations = yield* prism.validateRequest({
    operation,
    path,
    query: new URLSearchParams(query),
    headers: headersForPrism(request),
    content: body.content,
    body: body.value,
  })
  if (violations.length > 0) {
    // Prism checks the credentials that are not API keys in headers.
    return yield* Effect.fail(
      violations.some(({ code }) => code === "401")
        ? fromExample(operation, 401, [], "The credentials are missing")
        : validationFailed(
            operation,
            violations,
            (body.content ?? operation.requestBody?.contents[0])?.schema,
          ),
    )
  }

  // Decided only now, because faults and scenarios count valid requests only.
  const senderId = (request.headers["x-sender-id"] ?? "").toLowerCase()
  const play = parts.decide({
    operation,
    senderId,
    phoneNumber: textIn(body.value, "phoneNumber"),
    templateId: textIn(body.value, "templateId"),
    preferred,
    prefer: request.headers["prefer"],
  })
  const answer = yield* answerOf(prism, operation, play.wanted, request.headers["accept"])
  if (operation.requestBody === undefined) return { answer, ending: play.ending, record: undefined }

  const { messages, timeline } = parts
  const number = messages.nextNumber()
  const record = makeRecord({
    id: messages.idOf(number),
    number,
    operation,
    request,
    body,
    senderId,
    play,
    answer,
    receivedAt: timeline.now(senderId),
    plans: play.scenario === undefined ? [] : plansOf(play.scenario),
  })
  yield* process(parts, checkUpdate(operation), record, play, answer)
  return { answer, ending: play.ending, record }
})

/** Stores the message, starts the delivery of its updates, and waits for the delay of its answer. */
const process = (
  { deliveries, messages, timeline }: Parts,
  check: CheckUpdate,
  record: MessageRecord,
  { delayMillis, ending, processed }: Play,
  answer: Answer,
): Effect.Effect<void> =>
  // Tracked as a whole, because a test may advance the clock as soon as the message exists, before its updates have begun.
  timeline.track(
    record.senderId,
    Effect.gen(function* () {
      const recordAnswer = (): void => {
        if (processed) record.answer = recordedAnswer(answer, ending)
      }
      if (delayMillis === 0) recordAnswer()
      messages.add(record)
      deliveries.begin(record, check)
      if (delayMillis > 0) {
        yield* timeline.sleep(record.senderId, delayMillis)
        recordAnswer()
        messages.changed(record)
      }
    }),
  )

/** The answer of nearly every message, shared to save memory. */
const noContent: Message.Answer = { status: 204, headers: {}, delivery: "whole" }

const recordedAnswer = ({ body, headers, status }: Answer, ending: Ending): Message.Answer =>
  status === 204 && ending === "whole" && Object.keys(headers).length === 0
    ? noContent
    : { status, headers, ...(body === undefined ? {} : { body }), delivery: ending }

/** The refusal of a request that every HTTP/1.1 server has to refuse. Node's own answer would have no body. */
const misframedAnswer = ({ headers, source }: HttpServerRequest): Answer | undefined => {
  const version = Predicate.hasProperty(source, "httpVersion") ? source.httpVersion : undefined
  if (version === "1.1" && headers["host"] === undefined) {
    return problem(400, "Header host not found")
  }
  const hosts = source instanceof IncomingMessage ? (source.headersDistinct["host"] ?? []) : []
  if (hosts.length > 1) return problem(400, "More than one host header")
  // Node refuses a request whose last coding is another one.
  if (/,\s*chunked\s*$/i.test(headers["transfer-encoding"] ?? "")) {
    return problem(501, "The only supported transfer encoding is chunked")
  }
  const expect = headers["expect"] ?? "100-continue"
  return /^100-continue$/i.test(expect.trim())
    ? undefined
    : problem(417, "The only supported expectation is 100-continue")
}

// Not parsed as a URL: the URL parser reads `//path` as a host.
const splitTarget = (target: string): ReadonlyArray<string> =>
  (target.split("#")[0] ?? "").split(/\?(.*)/s)

/** Omits the headers that describe the body's bytes: they have been checked, and malformed ones would make Prism throw. */
const headersForPrism = (request: HttpServerRequest): Readonly<Record<string, string>> => {
  const omitted = new Set([
    "content-type",
    "content-length",
    "content-encoding",
    "transfer-encoding",
  ])
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (!omitted.has(name)) headers[name] = value
  }
  return headers
}

/** The contract's answer, in the media type that `accept` prefers. Fails with the 406 when the contract has no example in it. */
const answerOf = Effect.fnUntraced(function* (
  prism: Prism,
  operation: Operation,
  wanted: Preferred | undefined,
  accept: string | undefined,
): Effect.fn.Return<Answer, Answer> {
  const declared =
    wanted === undefined ? successOf(operation) : responseOf(operation, wanted.status)
  const negotiated = declared && negotiate(declared, wanted?.example, accept)
  const { body, headers, status } = yield* prism.respond(operation, wanted, negotiated?.from)
  const response = responseOf(operation, status)
  const example =
    response?.examples.find(({ name }) => name === wanted?.example) ?? response?.examples[0]
  const answer = { status, headers: { ...requiredHeaders(response, headers), ...example?.headers } }
  if (status === 204 || wanted?.empty === true || body === undefined) {
    return { ...answer, mediaTypes: [], body: undefined }
  }
  const type =
    response === undefined || negotiated === undefined
      ? "application/json"
      : sentAs(negotiated, body, response)
  if (typeof type !== "string") return yield* Effect.fail(type)
  return { ...answer, mediaTypes: [type], body }
})

const responseOf = ({ responses }: Operation, status: number): Response | undefined =>
  responses.find((response) => response.status === status)

/** The response that Prism answers with when none is wanted. */
const successOf = ({ responses }: Operation): Response | undefined =>
  responses
    .filter(({ status }) => status >= 200 && status < 300)
    .toSorted((one, other) => one.status - other.status)[0]

/** Drops optional headers: Prism fills in every header that the contract declares, but the absence of one has a meaning. */
const requiredHeaders = (
  response: Response | undefined,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => response?.requiredHeaders.includes(name) ?? false),
  )
