/**
 * One request with the `HttpClient` of the application.
 *
 * What that client does by itself is the same here as in core: it follows no redirect, puts nothing into spans, and a second
 * run of its transport is refused. `@effect/platform` has the settings for it as references and services of Effect 3.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Host from "@effect-sent/facade/Host"
import type { Task } from "@effect-sent/facade/Task"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import { constTrue } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import type * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { makePull } from "./pulls.ts"
import { runTask } from "./run.ts"
import { spanOf } from "./spans.ts"

type Request = HttpClientRequest.HttpClientRequest
type Response = HttpClientResponse.HttpClientResponse

/** Sends a request of core. */
export const exchange = (
  client: HttpClient.HttpClient,
  caller: Runtime.Runtime<never>,
  request: Host.HttpRequest,
  events: Host.ExchangeEvents,
): Task<Host.HttpResponse, Host.HttpFailure> => {
  const scope = Effect.runSync(Scope.make())
  events.onAbort(() => Effect.runFork(Scope.close(scope, Exit.void)))
  const runtime = Runtime.make({
    ...caller,
    context: contextOf(caller.context, scope, events),
  })
  let sent: Request | undefined
  const counted = countedClient(client, (final) => {
    if (!events.begin()) return false
    sent = final
    return true
  })
  const isElsewhere = (other: Request): boolean => sent !== undefined && other.url !== sent.url
  const headOf = (response: Response): Host.HttpResponse =>
    responseOf(response, isElsewhere(response.request), runtime, scope)
  return runTask(
    runtime,
    HttpClient.withScope(counted)
      .execute(requestOf(request))
      .pipe(
        // The client's own span would send trace headers to the provider, and would have the headers of the request.
        Effect.locally(HttpClient.currentTracerDisabledWhen, constTrue),
        // In case the application's client logs headers.
        Effect.locallyWith(Headers.currentRedactedNames, (names) => [...names, ...secretHeaders]),
        Effect.matchEffect({
          onSuccess: (response) => Effect.succeed(headOf(response)),
          onFailure: (error) => Effect.fail(failureOf(error, isElsewhere, headOf)),
        }),
      ),
    schedulerWithin(events, schedulerOf(caller)),
  )
}

const secretHeaders = ["x-api-key", "x-sender-id", "x-profile-id"]

/** The options of undici's requests, by the key of `NodeHttpClient.UndiciRequestOptions` in `@effect/platform-node`. */
const UndiciOptions = Context.GenericTag<object>(
  "@effect/platform-node/NodeHttpClient/undiciOptions",
)

const contextOf = (
  context: Context.Context<never>,
  scope: Scope.Scope,
  { fetch, span }: Host.ExchangeEvents,
): Context.Context<Scope.Scope> => {
  const own = context.pipe(
    Context.add(Scope.Scope, scope),
    Context.add(FetchHttpClient.Fetch, fetch),
    // To follow a redirect would take the body and the credentials to another server. The other clients follow none.
    Context.add(FetchHttpClient.RequestInit, {
      ...Option.getOrUndefined(Context.getOption(context, FetchHttpClient.RequestInit)),
      redirect: "manual",
    }),
    // Over HTTP/2, undici repeats a request by itself.
    Context.add(UndiciOptions, {
      ...Option.getOrUndefined(Context.getOption(context, UndiciOptions)),
      allowH2: false,
    }),
  )
  return span === undefined ? own : Context.add(own, Tracer.ParentSpan, spanOf(span))
}

// -----------------------------------------------------------------------------
// The client
// -----------------------------------------------------------------------------

/** What every client of `@effect/platform` has, though its types do not say so. */
interface Implementation {
  readonly preprocess: HttpClient.HttpClient.Preprocess<HttpClientError.HttpClientError, never>
  readonly postprocess: HttpClient.HttpClient.Postprocess<HttpClientError.HttpClientError>
}

const isImplementation = (client: object): client is Implementation =>
  "preprocess" in client && "postprocess" in client

/**
 * A client that asks before each run of its transport.
 *
 * It asks in the effect of the request, which the client's own retries run again. Not in its pre-processing: `withScope`
 * evaluates that once, outside of the retries.
 */
const countedClient = (
  client: HttpClient.HttpClient,
  mayRun: (request: Request) => boolean,
): HttpClient.HttpClient.With<HttpClientError.HttpClientError> => {
  const asked = (request: Request): Effect.Effect<Request> =>
    // What is refused is ended from outside.
    Effect.suspend(() => (mayRun(request) ? Effect.succeed(request) : Effect.never))
  return isImplementation(client)
    ? HttpClient.makeWith(
        (request: Effect.Effect<Request, HttpClientError.HttpClientError>) =>
          client.postprocess(Effect.flatMap(request, asked)),
        client.preprocess,
      )
    : HttpClient.mapRequestEffect(client, asked)
}

/**
 * Runs each piece of the client's work where core sees what it sends: the request may begin later than now, after the application
 * has read a token, and a client may repeat it.
 */
const schedulerWithin = (
  { within }: Host.ExchangeEvents,
  scheduler: Scheduler.Scheduler,
): Scheduler.Scheduler => ({
  shouldYield: (fiber) => scheduler.shouldYield(fiber),
  scheduleTask: (task, priority, fiber) =>
    scheduler.scheduleTask(() => within(task), priority, fiber),
})

const schedulerOf = ({ fiberRefs }: Runtime.Runtime<never>): Scheduler.Scheduler =>
  FiberRefs.getOrDefault(fiberRefs, FiberRef.currentScheduler)

const requestOf = ({ body, contentType, headers, method, url }: Host.HttpRequest): Request => {
  const request = HttpClientRequest.make(method)(url, { headers })
  return body === undefined
    ? request
    : HttpClientRequest.bodyUint8Array(request, body, contentType ?? "application/json")
}

// -----------------------------------------------------------------------------
// Responses
// -----------------------------------------------------------------------------

const responseOf = (
  response: Response,
  isElsewhere: boolean,
  runtime: Runtime.Runtime<Scope.Scope>,
  scope: Scope.Scope,
): Host.HttpResponse => {
  let pull: Host.HttpResponse["pull"] | undefined
  return {
    status: response.status,
    headers: response.headers,
    isElsewhere,
    get pull() {
      // A response without a body is not read.
      return (pull ??= makePull(response.stream, runtime, scope))
    },
    bytes: (done) => runTask(runtime, response.arrayBuffer)(done),
    text: (done) =>
      runTask(
        runtime,
        Effect.suspend(() => (isReadAsEmpty(response) ? Effect.succeed("") : response.text)),
      )(done),
  }
}

/**
 * Whether a stream of Node.js has ended, and nobody has read a byte of it. To read the text of one again throws an error in undici
 * 7 that nobody can catch, and waits forever over node:http.
 */
const isReadAsEmpty = (response: Response): boolean => {
  const source: unknown = Predicate.hasProperty(response, "source") ? response.source : undefined
  const body: unknown = Predicate.hasProperty(source, "body") ? source.body : source
  return (
    Predicate.hasProperty(body, "readableEnded") &&
    body.readableEnded === true &&
    Predicate.hasProperty(body, "readableDidRead") &&
    body.readableDidRead === false
  )
}

const failureOf = (
  error: HttpClientError.HttpClientError,
  isElsewhere: (request: Request) => boolean,
  headOf: (response: Response) => Host.HttpResponse,
): Host.HttpFailure => ({
  cause: error.cause,
  isElsewhere: isElsewhere(error.request),
  // A client that fails on statuses (`filterStatusOk`) still has the response.
  response: error._tag === "ResponseError" ? headOf(error.response) : undefined,
})
