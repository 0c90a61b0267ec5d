/**
 * One request put on the wire, and what its answer, or the lack of one, says about the message.
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
import type { SendToPhoneRequest } from "../../SendToPhone.ts"
import type { Credentials } from "../../SentCredentials.ts"
import { type Reason, TimedOut } from "../../SentError.ts"
import { type Accepted, reasonOf } from "./answer.ts"
import { readBody } from "./body.ts"
import { makeMask } from "./mask.ts"
import * as Telemetry from "./telemetry.ts"
import { reasonOfTransport } from "./transport.ts"

/** What one attempt needs to know. */
export interface Attempt {
  readonly client: HttpClient.HttpClient
  /** The address of the endpoint. */
  readonly endpoint: string
  readonly request: SendToPhoneRequest
  readonly credentials: Credentials
  /** How long the answer may take. */
  readonly timeout: Duration.Duration
}

/** Puts one request on the wire. Interruption, or the time-out, aborts it. */
export const attempt: (attempt: Attempt) => Effect.Effect<Accepted, Reason> = Effect.fnUntraced(
  function* ({ client, credentials, endpoint, request, timeout }) {
    const response = yield* client.pipe(
      // Whatever is left of the exchange ends with the attempt: a body that was not read to its end, too.
      HttpClient.withScope,
      (scoped) => scoped.execute(toHttp(endpoint, request, credentials)),
      Effect.catch((error) =>
        // A client that fails on statuses (`filterStatusOk`) still has the answer.
        error.response === undefined
          ? Effect.fail(reasonOfTransport(error))
          : Effect.succeed(error.response),
      ),
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => Effect.fail(new TimedOut({ delivery: "unknown", after: timeout })),
      }),
    )
    const receivedAt = yield* Clock.currentTimeMillis
    yield* Telemetry.answered(response.status)
    const body = yield* readBody(response)
    return response.status >= 200 && response.status < 300
      ? { status: response.status, acceptedAt: DateTime.makeUnsafe(receivedAt) }
      : yield* Effect.fail(
          reasonOf({
            status: response.status,
            headers: response.headers,
            body,
            receivedAt,
            mask: makeMask(request, credentials),
          }),
        )
  },
  Effect.scoped,
  Effect.updateContext(withHttpSettings),
)

const toHttp = (
  endpoint: string,
  request: SendToPhoneRequest,
  credentials: Credentials,
): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.post(endpoint, {
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
    // A redirect that is followed takes body and credentials to another server. The other clients do not
    // follow any.
    Context.add(FetchHttpClient.RequestInit, {
      ...Context.getOrUndefined(context, FetchHttpClient.RequestInit),
      redirect: "manual",
    }),
    // For whatever the user's client logs.
    Context.add(Headers.CurrentRedactedNames, [
      ...Context.get(context, Headers.CurrentRedactedNames),
      "x-api-key",
      "x-sender-id",
    ]),
    // The client's own span would end with an error that holds the request, and put trace headers on it that
    // are no business of the provider's.
    Context.add(HttpClient.TracerDisabledWhen, constTrue),
  )
}
