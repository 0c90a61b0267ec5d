/** The routes below `/__mock`: the inbox page, and the JSON routes for the page and for programs. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Contract } from "@effect-sent/contract/Contract"
import type { Scenario } from "@effect-sent/contract/Scenario"
import { refuseAccess } from "./access.ts"
import { type Answer, problem } from "../http/answer.ts"
import type { Control } from "../play/control.ts"
import { exportLines, importLines } from "../play/jsonLines.ts"
import { operationName } from "../operations/rows.ts"
import { webhookOf, webhookProblem } from "../updates/webhooks.ts"
import { eventStream } from "./events.ts"
import { listMessages } from "./listMessages.ts"
import { pageFile, pageNames } from "./page.ts"
import { toResponse } from "../http/response.ts"
import { routeOf } from "../http/route.ts"
import { dueAfter } from "@effect-sent/contract/Scenario"

/** The prefix of these routes. */
export const adminPath = "/__mock"

export interface AdminParts {
  /** The contracts as they are now. */
  readonly contracts: () => readonly [Contract, ...ReadonlyArray<Contract>]
  readonly control: Control
  readonly baseUrl: string
  /** The URL of the mock's own receiver, for callers that have none yet. */
  readonly receiverUrl: string
  readonly realistic: boolean
  /** The host names that serve the inbox, in addition to `localhost` and IP addresses. */
  readonly hosts: ReadonlySet<string>
  /** Completes when the server closes. */
  readonly closing: Effect.Effect<void>
}

type Handled = Effect.Effect<HttpServerResponse.HttpServerResponse, Answer>

interface AdminRoute {
  readonly method: string
  readonly path: string
  readonly answer: (parts: AdminParts, call: Call) => Handled
}

interface Call {
  readonly request: HttpServerRequest
  readonly query: URLSearchParams
  /** The values of the path parameters, in order. */
  readonly parameters: ReadonlyArray<string>
}

const routes: ReadonlyArray<AdminRoute> = [
  ...pageNames.map((name): AdminRoute => ({
    method: "GET",
    path: `/${name}`,
    answer: () => pageFile(name),
  })),
  {
    method: "GET",
    path: "/messages",
    answer: ({ control }, { query }) =>
      Effect.map(Effect.fromResult(listMessages(control, query)), json),
  },
  {
    method: "GET",
    path: "/refused",
    answer: ({ control }, { query }) =>
      Effect.map(Effect.fromResult(listMessages(control, query, "only")), json),
  },
  {
    method: "DELETE",
    path: "/messages",
    answer: ({ control }, { query }) => Effect.as(control.clearMessages(senderOf(query)), nothing),
  },
  {
    method: "GET",
    path: "/messages/{id}",
    answer: ({ control }, { parameters: [id = ""] }) => {
      const message = control.message(id)
      return message === undefined
        ? Effect.fail(problem(404, "No such message"))
        : Effect.succeed(json(message))
    },
  },
  {
    method: "DELETE",
    path: "/messages/{id}",
    answer: ({ control }, { parameters: [id = ""] }) =>
      control.remove(id) ? Effect.succeed(nothing) : Effect.fail(problem(404, "No such message")),
  },
  {
    method: "POST",
    path: "/messages/{id}/updates/{update}/resend",
    answer: ({ control }, { parameters: [id = "", update = ""] }) =>
      Effect.map(control.resend(id, update), json),
  },
  {
    method: "GET",
    path: "/faults",
    answer: ({ control }, { query }) => Effect.succeed(json(control.faults.all(senderOf(query)))),
  },
  { method: "POST", path: "/faults", answer: (parts, call) => addFault(parts, call) },
  {
    method: "DELETE",
    path: "/faults",
    answer: ({ control }, { query }) => {
      control.faults.clear(senderOf(query))
      return Effect.succeed(nothing)
    },
  },
  {
    method: "DELETE",
    path: "/faults/{id}",
    answer: ({ control }, { parameters: [id = ""] }) =>
      control.faults.remove(id)
        ? Effect.succeed(nothing)
        : Effect.fail(problem(404, "No such fault")),
  },
  {
    method: "DELETE",
    path: "/keys",
    answer: ({ control }, { query }) => {
      control.keys.clear(senderOf(query))
      return Effect.succeed(nothing)
    },
  },
  {
    method: "GET",
    path: "/webhook",
    answer: ({ control }, { query }) => {
      const webhook = control.webhooks.of(senderOf(query))
      return webhook === undefined
        ? Effect.fail(problem(404, "No webhook is registered"))
        : Effect.succeed(json(webhookOf(webhook)))
    },
  },
  {
    method: "POST",
    path: "/webhook/enable",
    answer: ({ control }, { query }) => {
      control.webhooks.enable(senderOf(query))
      return Effect.succeed(nothing)
    },
  },
  { method: "PUT", path: "/webhook", answer: (parts, call) => setWebhook(parts, call) },
  {
    method: "DELETE",
    path: "/webhook",
    answer: ({ control }, { query }) => {
      control.webhooks.set(undefined, senderOf(query))
      return Effect.succeed(nothing)
    },
  },
  {
    method: "GET",
    path: "/scenarios",
    answer: ({ contracts }) => Effect.succeed(json(scenariosOf(contracts()))),
  },
  {
    method: "GET",
    path: "/clock",
    answer: (parts, { query }) => Effect.succeed(json(clockOf(parts, senderOf(query)))),
  },
  { method: "POST", path: "/clock", answer: (parts, call) => advanceClock(parts, call) },
  {
    method: "POST",
    path: "/reset",
    answer: ({ control }, { query }) => Effect.as(control.reset(senderOf(query)), nothing),
  },
  {
    method: "GET",
    path: "/export",
    answer: ({ control }, { query }) => Effect.succeed(exported(control, senderOf(query))),
  },
  { method: "POST", path: "/import", answer: (parts, call) => imported(parts, call) },
  { method: "GET", path: "/health", answer: () => Effect.succeed(json({ status: "ok" })) },
  { method: "GET", path: "/info", answer: (parts) => Effect.succeed(json(infoOf(parts))) },
  // The mock's own receiver, for callers that have none yet. It accepts and discards every update.
  { method: "POST", path: "/receiver", answer: () => Effect.succeed(nothing) },
  { method: "GET", path: "/events", answer: (parts) => Effect.succeed(events(parts)) },
]

/** Answers a request below `/__mock`. */
export const admin = (
  parts: AdminParts,
  request: HttpServerRequest,
  path: string,
  query: URLSearchParams,
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.suspend((): Handled => {
    // HEAD uses the route of GET; Node omits the body.
    const method = request.method === "HEAD" ? "GET" : request.method
    const isPage = method === "GET" && (path === adminPath || pagePaths.has(path))
    const refusal = refuseAccess(request, parts.hosts, isPage)
    if (refusal !== undefined) return Effect.fail(refusal)
    if (path === adminPath) return Effect.succeed(toInbox)
    const route = routeOf(routes, method, path, adminPath)
    return route._tag === "Refused"
      ? Effect.fail(route.answer)
      : route.target.answer(parts, { request, query, parameters: route.parameters })
  }).pipe(
    Effect.catch((answer) => Effect.succeed(toResponse(answer, request.headers["accept"]))),
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.failCause(cause)
        : Effect.as(
            Effect.logError("internal error of the mock", cause),
            toResponse(internalError, request.headers["accept"]),
          ),
    ),
  )

const pagePaths: ReadonlySet<string> = new Set(pageNames.map((name) => `${adminPath}/${name}`))

/**
 * Redirects to the page, whose relative links need the trailing slash. The location is relative, so that it also holds below the
 * path of a proxy, and temporary: another server may use the port later.
 */
export const toInbox: HttpServerResponse.HttpServerResponse = HttpServerResponse.redirect(
  `${adminPath.slice(1)}/`,
  { status: 307 },
)

const internalError = problem(500, "Internal error of the mock; see its log for the cause")

const senderOf = (query: URLSearchParams): string | undefined =>
  query.get("senderId")?.toLowerCase()

const nothing = HttpServerResponse.empty({ status: 204 })

const json = (value: unknown): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(JSON.stringify(value), {
    contentType: "application/json",
    headers: { "cache-control": "no-store", "x-content-type-options": "nosniff" },
  })

const events = ({ closing, control }: AdminParts): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.stream(eventStream(control.records, control.timeline, closing), {
    contentType: "text/event-stream",
    // nginx would otherwise hold the events back.
    headers: {
      "x-accel-buffering": "no",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  })

// -----------------------------------------------------------------------------
// Export and import
// -----------------------------------------------------------------------------

/** The maximum size of an import: twice what the mock stores. */
const maxImportBytes = 256 * 1024 * 1024

const exported = (
  control: Control,
  senderId: string | undefined,
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(
    exportLines([...control.recordsOf(senderId), ...control.refusedOf(senderId)].map(control.show)),
    {
      contentType: "application/jsonl",
      headers: { "cache-control": "no-store", "x-content-type-options": "nosniff" },
    },
  )

const imported = ({ control }: AdminParts, { request }: Call): Handled =>
  Effect.flatMap(readText(request, maxImportBytes), (text) => {
    const lines = importLines(text)
    if (Result.isFailure(lines)) return Effect.fail(problem(400, lines.failure))
    return Effect.succeed(json({ imported: control.importMessages(lines.success) }))
  })

// -----------------------------------------------------------------------------
// Faults, clock, scenarios
// -----------------------------------------------------------------------------

const addFault = ({ control }: AdminParts, { request }: Call): Handled =>
  Effect.flatMap(readJson(request), (body) => {
    const placed = control.faults.add(body)
    return Result.isFailure(placed)
      ? Effect.fail(problem(400, placed.failure))
      : Effect.succeed(HttpServerResponse.setStatus(json(placed.success), 201))
  })

const setWebhook = ({ control }: AdminParts, { query, request }: Call): Handled =>
  Effect.flatMap(readJson(request), (body) => {
    const url = Predicate.hasProperty(body, "url") ? body.url : undefined
    const problemOf = Predicate.isString(url) ? webhookProblem(url) : "must be a string"
    if (!Predicate.isString(url) || problemOf !== undefined) {
      return Effect.fail(problem(400, `url ${problemOf ?? ""}`))
    }
    control.webhooks.set(url, senderOf(query))
    return Effect.succeed(nothing)
  })

const advanceClock = (parts: AdminParts, { request }: Call): Handled =>
  Effect.flatMap(readJson(request), (body) => {
    const millis = Predicate.hasProperty(body, "advanceMillis") ? body.advanceMillis : undefined
    const sender = Predicate.hasProperty(body, "senderId") ? body.senderId : undefined
    if (!Predicate.isNumber(millis) || !Number.isFinite(millis) || millis < 0) {
      return Effect.fail(problem(400, "advanceMillis must be a number of milliseconds, 0 or more"))
    }
    if (sender !== undefined && !Predicate.isString(sender)) {
      return Effect.fail(problem(400, "senderId must be a string"))
    }
    const senderId = sender?.toLowerCase()
    return Effect.mapBoth(parts.control.advance(millis, senderId), {
      onFailure: (words) => problem(400, words),
      onSuccess: () => json(clockOf(parts, senderId)),
    })
  })

const clockOf = ({ control, realistic }: AdminParts, senderId: string | undefined): object => ({
  now: new Date(control.timeline.now(senderId)).toISOString(),
  runs: control.timeline.runs,
  realistic,
})

/** The scenarios in the form in which they are served and printed. */
export const scenariosOf = (contracts: ReadonlyArray<Contract>): ReadonlyArray<object> =>
  contracts
    .flatMap(({ operations }) => operations)
    .flatMap((operation) =>
      operation.scenarios.map(
        ({ answers, isDefault, messageId, name, phoneNumber, summary, updates }: Scenario) => ({
          name,
          operation: operationName(operation),
          ...(phoneNumber === undefined ? { messageId } : { phoneNumber }),
          isDefault,
          summary,
          answers: answers.map(({ delay, ...answer }) => ({
            ...answer,
            ...(delay === undefined ? {} : { delayMillis: delay * 1000 }),
          })),
          updates: updates.map((update) => ({
            example: update.example,
            afterMillis: dueAfter(update) * 1000,
          })),
        }),
      ),
    )

/** The values that the page shows before the first message. */
const infoOf = (parts: AdminParts): object => ({
  title: parts.contracts()[0].title,
  version: parts.contracts()[0].version,
  baseUrl: parts.baseUrl,
  path: parts.contracts()[0].operations.find(({ scenarios }) => scenarios.length > 0)?.path,
  senderId: sampleSenderId,
  webhookUrlHint: parts.receiverUrl,
  clock: clockOf(parts, undefined),
  droppedUpdates: parts.control.droppedUpdates(),
  disabledWebhooks: parts.control.webhooks.disabled().map(({ url }) => url),
})

/** The sender id of the samples. The mock accepts any GUID. */
export const sampleSenderId = "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11"

/** The maximum size of a request body on these routes. */
const maxBodyBytes = 64 * 1024

const readJson = (request: HttpServerRequest): Effect.Effect<unknown, Answer> =>
  Effect.flatMap(readText(request, maxBodyBytes), (text) =>
    Effect.try({
      try: (): unknown => JSON.parse(text),
      catch: () => problem(400, "The request body is not valid JSON"),
    }),
  )

const readText = (request: HttpServerRequest, maxBytes: number): Effect.Effect<string, Answer> =>
  Stream.runFold(
    request.stream,
    () => ({ chunks: Array<Uint8Array>(), size: 0 }),
    ({ chunks, size }, chunk) => ({
      chunks: size > maxBytes ? [] : (chunks.push(chunk), chunks),
      size: size + chunk.length,
    }),
  ).pipe(
    Effect.mapError(() => problem(400, "The request body is incomplete")),
    Effect.flatMap(({ chunks, size }) =>
      size > maxBytes
        ? Effect.fail(problem(413, `The request body is larger than ${maxBytes} bytes`))
        : Effect.succeed(Buffer.concat(chunks).toString("utf8")),
    ),
  )
