/**
 * One request on the wire, and what its response, or the lack of one, says about the message.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { constTrue } from "effect/Function"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import type { Credentials } from "../../SentCredentials.ts"
import type { Accepted } from "./answer.ts"
import { readBody } from "./body.ts"
import { makeMask } from "./mask.ts"
import type { Operation } from "./operation.ts"
import { parseProblem } from "./problem.ts"
import { type Reason, TimedOut } from "./reason.ts"
import { reasonOf } from "./reasonTable.ts"
import * as Telemetry from "./telemetry.ts"
import { reasonOfTransport } from "./transport.ts"

/** One request to be sent. */
export interface Attempt<Request> {
  readonly client: HttpClient.HttpClient
  readonly operation: Operation<Request>
  /** The address of the operation. */
  readonly url: URL
  readonly request: Request
  readonly credentials: Credentials
  /** How long the response may take. */
  readonly timeout: Duration.Duration
}

/** Sends one request. Interruption and the time-out abort it. */
export const attempt: <Request extends object>(
  attempt: Attempt<Request>,
) => Effect.Effect<Accepted, Reason> = Effect.fnUntraced(
  function* <Request extends object>(sending: Attempt<Request>) {
    const { client, credentials, operation, request, timeout } = sending
    const response = yield* client.pipe(
      // Ends the exchange with the attempt, even if its body was not read to the end.
      HttpClient.withScope,
      (scoped) => scoped.execute(toHttp(sending)),
      Effect.catch((error) =>
        // A client that fails on statuses (`filterStatusOk`) still has the response.
        error.response === undefined
          ? Effect.fail(reasonOfTransport(error))
          : Effect.succeed(error.response),
      ),
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => Effect.fail(new TimedOut({ stage: "in-flight", after: timeout })),
      }),
    )
    const receivedAt = yield* Clock.currentTimeMillis
    yield* Telemetry.answered(response.status)
    const body = yield* readBody(response)
    if (operation.isAccepted(response.status)) {
      return { status: response.status, acceptedAt: DateTime.makeUnsafe(receivedAt) }
    }
    return yield* Effect.fail(
      reasonOf({
        status: response.status,
        headers: response.headers,
        problem: parseProblem(body),
        receivedAt,
        mask: makeMask(operation, request, credentials),
      }),
    )
  },
  Effect.scoped,
  Effect.updateContext(withHttpSettings),
)

const toHttp = <Request>({
  credentials,
  operation,
  request,
  url,
}: Attempt<Request>): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.make(operation.method)(url.href, {
    headers: {
      "x-sender-id": Redacted.value(credentials.senderId),
      "x-api-key": Redacted.value(credentials.apiKey),
    },
    accept: "application/problem+json, application/json",
    body: HttpBody.text(JSON.stringify(request), "application/json"),
  })

/** What the HTTP clients of Effect read from the context. */
function withHttpSettings<R>(context: Context.Context<R>): Context.Context<R> {
  return context.pipe(
    // To follow a redirect would take the body and the credentials to another server. The other clients follow none.
    Context.add(FetchHttpClient.RequestInit, {
      ...Context.getOrUndefined(context, FetchHttpClient.RequestInit),
      redirect: "manual",
    }),
    // In case the user's client logs headers.
    Context.add(Headers.CurrentRedactedNames, [
      ...Context.get(context, Headers.CurrentRedactedNames),
      "x-api-key",
      "x-sender-id",
    ]),
    // The client's own span would end with an error that holds the request, and would send trace headers to the
    // provider.
    Context.add(HttpClient.TracerDisabledWhen, constTrue),
  )
}
