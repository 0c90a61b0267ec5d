/** From a request to its answer, in the order in which a server finds fault. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import * as Predicate from "effect/Predicate"
import type { Contract, Operation, Response } from "../Contract.ts"
import { type Answer, fromExample, problem } from "./answer.ts"
import { checkCredentials } from "./credentials.ts"
import { validationFailed } from "./fieldErrors.ts"
import { choosePreferred, type Preferred } from "./prefer.ts"
import type { Outcome, Prism } from "./prism.ts"
import { readRequestBody, type RequestBody } from "./requestBody.ts"
import { toResponse } from "./response.ts"
import { routeOf } from "./route.ts"

/** Answers every request, and with a problem document when the mock itself fails. */
export const handle = (
  contract: Contract,
  prism: Prism,
): Effect.Effect<HttpServerResponse, never, HttpServerRequest> =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest
    const [path = "", query = ""] = splitTarget(request.url)
    const answer = yield* answerTo(contract, prism, request, path, query).pipe(
      Effect.catch((refusal) => Effect.succeed(refusal)),
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.failCause(cause)
          : Effect.as(
              Effect.logError("the mock failed", cause),
              problem(500, "The mock itself failed; its log says why"),
            ),
      ),
    )
    yield* Effect.logDebug(`${request.method} ${path} → ${answer.status}`)
    return toResponse(answer, request.headers["accept"])
  })

const answerTo = Effect.fnUntraced(function* (
  contract: Contract,
  prism: Prism,
  request: HttpServerRequest,
  path: string,
  query: string,
): Effect.fn.Return<Answer, Answer> {
  const misframed = misframedAnswer(request)
  if (misframed !== undefined) return misframed

  const route = routeOf(contract, request.method, path)
  if (route._tag === "NotFound") return route.answer
  const { operation } = route

  const unauthorized = checkCredentials(operation, request.headers)
  if (unauthorized !== undefined) return unauthorized

  const body = yield* readRequestBody(operation, request)

  const choice = choosePreferred(operation, request.headers["prefer"])
  if (choice._tag === "Unknown") return choice.answer
  const preferred = choice._tag === "Preferred" ? choice.preferred : undefined

  const outcome = yield* prism.exchange({
    operation,
    path,
    query: new URLSearchParams(query),
    headers: headersForPrism(request, body),
    body: body.value,
    wanted: preferred,
  })
  if (outcome._tag === "Answered") return answerFrom(operation, outcome, preferred)
  // A credential that is no header, or no key: Prism alone knows where to look for it.
  return outcome.violations.some(({ code }) => code === "401")
    ? fromExample(operation, 401, [], "The credentials are missing")
    : validationFailed(operation, outcome.violations)
})

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
  outcome: Extract<Outcome, { readonly _tag: "Answered" }>,
  preferred: Preferred | undefined,
): Answer => {
  const response = responses.find(({ status }) => status === outcome.status)
  const example =
    response?.examples.find(({ name }) => name === preferred?.example) ?? response?.examples[0]
  const empty = outcome.status === 204 || (preferred?.empty ?? false)
  return {
    status: outcome.status,
    headers: { ...requiredHeaders(response, outcome.headers), ...example?.headers },
    mediaTypes: response?.mediaTypes ?? [],
    body: empty ? undefined : outcome.body,
  }
}

/** Prism fills in every header that the contract declares, the optional ones too, which say something by their absence. */
const requiredHeaders = (
  response: Response | undefined,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => response?.requiredHeaders.includes(name) ?? false),
  )
