/** Handles a request: framing, route, credentials, body, `Prefer`, schema, and then the play. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import type { Operation } from "@effect-sent/contract/Operation"
import * as Predicate from "effect/Predicate"
import { IncomingMessage } from "node:http"
import type { Refused } from "../../NodeServer.ts"
import { admin, type AdminParts, adminPath, toInbox } from "../inbox/admin.ts"
import type { Given } from "../operations/row.ts"
import { other, rowOf } from "../operations/rows.ts"
import { choosePreferred } from "../play/prefer.ts"
import { makeRefusedRecord } from "../play/record.ts"
import { type Answer, fromExample, problem } from "./answer.ts"
import { breakOff } from "./breakOff.ts"
import { checkCredentials, senderOf } from "./credentials.ts"
import { ofRequest, requestIdOf } from "./envelope.ts"
import { execute, type Handled, type Parts } from "./execute.ts"
import { validationFailed } from "./fieldErrors.ts"
import { formOf, reasonOf } from "./refusal.ts"
import { noBody, readRequestBody, type RequestBody } from "./requestBody.ts"
import { logRequest } from "./requestLog.ts"
import { toResponse } from "./response.ts"
import { routeOf } from "./route.ts"

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
  path === "/" && !served().operations.some((operation) => operation.path === "/")

const internalError = problem(500, "Internal error of the mock; see its log for the cause")

/** Stores a request that was refused as invalid. */
const refused = (
  { messages, timeline }: Pick<Parts, "messages" | "timeline">,
  request: Pick<HttpServerRequest, "headers" | "method" | "url">,
  declared: Answer,
  { body, operation }: Seen,
): Handled => {
  const credentials = operation === undefined ? {} : formOf(operation, request.headers)
  // Nothing is kept of a credential that is malformed.
  const senderId = Object.values(credentials).includes("malformed") ? "" : senderOf(request.headers)
  const number = messages.nextNumber()
  const id = messages.idOf(number)
  const receivedAt = timeline.now(senderId)
  const answer = ofRequest(declared, requestIdOf(id), receivedAt)
  const record = makeRefusedRecord({
    id,
    number,
    request,
    body,
    given: givenIn(operation, body),
    senderId,
    answer,
    refusal: { reason: reasonOf(answer), credentials },
    receivedAt,
  })
  messages.add(record)
  return { answer, ending: "whole", record }
}

/** What the body of an invalid request says, as far as it can be read. */
const givenIn = (operation: Operation | undefined, { value }: RequestBody): Given => {
  const row = operation === undefined ? undefined : rowOf(operation)
  return (row?.kind === "sends" ? row : other).given(value)
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
  const served = parts.served()
  const misframed = misframedAnswer(request)
  if (misframed !== undefined) return yield* Effect.fail(misframed)

  const route = routeOf(served.operations, request.method, target, basePath)
  if (route._tag === "Refused") return yield* Effect.fail(route.answer)
  const { parameters, path, target: operation } = route
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

  const violations = yield* served.prismOf(operation).validateRequest({
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

  return yield* execute(parts, served, {
    operation,
    parameters,
    request,
    body,
    preferred,
    chosenBy: `prefer: ${request.headers["prefer"] ?? ""}`,
    senderId: senderOf(request.headers),
  })
})

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
