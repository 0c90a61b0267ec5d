/** The HTTP client of the application as one of Effect 4. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { HttpFailure, HttpRequest, HttpResponse, SendingHost } from "../Host.ts"
import type { Call } from "./context.ts"
import { CurrentCall } from "./context.ts"
import { hostSpanOf } from "./spans.ts"
import { streamOf } from "./pulls.ts"
import { fromTask } from "./tasks.ts"

type Request = HttpClientRequest.HttpClientRequest
type Response = HttpClientResponse.HttpClientResponse

/**
 * Sends with the HTTP client of the call.
 *
 * **Details**
 *
 * Core counts each evaluation of the effect of the request, and refuses a second one. So it is evaluated by `begin`, when the
 * application's client is about to run its transport, and again each time that client repeats it.
 */
export const transport: HttpClient.HttpClient = /* @__PURE__ */ HttpClient.makeWith(
  (counted: Effect.Effect<Request, HttpClientError.HttpClientError>) =>
    Effect.withFiber((fiber) => {
      const call = fiber.getRef(CurrentCall)
      if (call?.request === undefined || !isSending(call.host)) {
        return Effect.die(new Error("a request without a call"))
      }
      const { host, request } = call
      const { context } = fiber
      const span = Context.getOption(context, Tracer.ParentSpan).pipe(
        Option.flatMap(hostSpanOf),
        Option.getOrUndefined,
      )
      const scope = Context.getOrUndefined(context, Scope.Scope)
      return Effect.matchEffect(
        fromTask(
          host.exchange(requestOf(request), {
            fetch: fiber.getRef(FetchHttpClient.Fetch),
            span,
            begin: () => Exit.isSuccess(Effect.runSyncExitWith(context)(counted)),
            within: (work) => Effect.runSyncWith(context)(Effect.sync(work)),
            onAbort: (abort) => {
              if (scope !== undefined) addFinalizer(scope, abort)
            },
          }),
        ),
        {
          onSuccess: (response) => Effect.succeed(toResponse(response, request)),
          onFailure: (failure) => Effect.fail(toError(failure, request)),
        },
      )
    }),
  (request) =>
    Effect.withFiber((fiber) => {
      const call: Call | undefined = fiber.getRef(CurrentCall)
      if (call !== undefined) call.request = request
      return Effect.succeed(request)
    }),
)

const isSending = (host: Call["host"]): host is SendingHost => "exchange" in host

const addFinalizer = (scope: Scope.Scope, abort: () => void): void => {
  Effect.runSync(Scope.addFinalizer(scope, Effect.sync(abort)))
}

const requestOf = ({ body, headers, method, url }: Request): HttpRequest => ({
  method: method === "GET" ? "GET" : "POST",
  url,
  headers,
  ...(body._tag === "Uint8Array"
    ? { body: body.body, contentType: body.contentType }
    : { body: undefined, contentType: undefined }),
})

/** The request as that of a response from elsewhere, which core tells by its URL. */
const requestFor = (request: Request, isElsewhere: boolean): Request =>
  isElsewhere ? HttpClientRequest.setUrl(request, "elsewhere:") : request

const toError = (
  { cause, isElsewhere, response }: HttpFailure,
  request: Request,
): HttpClientError.HttpClientError => {
  const sent = requestFor(request, isElsewhere)
  return new HttpClientError.HttpClientError({
    reason:
      response === undefined
        ? new HttpClientError.TransportError({ request: sent, cause })
        : new HttpClientError.StatusCodeError({
            request: sent,
            response: toResponse(response, request),
            cause,
          }),
  })
}

const toResponse = (response: HttpResponse, request: Request): Response => {
  const { bytes, headers, isElsewhere, pull, status, text } = response
  const members = {
    request: requestFor(request, isElsewhere),
    status,
    headers: Headers.fromInput(headers),
    get arrayBuffer() {
      return fromTask(bytes)
    },
    get text() {
      return fromTask(text)
    },
    get stream() {
      return streamOf(pull)
    },
  }
  // Core reads these members of a response, and no others.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return members as unknown as Response
}
