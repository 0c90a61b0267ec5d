/**
 * One request on the wire, and what its response, or the lack of one, says about the message.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpBody from "effect/http/HttpBody"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type { Credentials } from "../../SentCredentials.ts"
import type { Accepted } from "./answer.ts"
import type { Evidence } from "./evidence.ts"
import { type Guarded, guard, Refused } from "./guard.ts"
import { withHttpSettings } from "./httpSettings.ts"
import { makeMask } from "./mask.ts"
import { collect } from "./nodeChannels.ts"
import type { Operation } from "./operation.ts"
import type { Progress } from "./progress.ts"
import { type Reason, RequestRepeated, TimedOut } from "./reason.ts"
import { deliveryOf } from "./reasonTable.ts"
import * as Telemetry from "./telemetry.ts"
import { reasonOfTransport } from "./transport.ts"
import { type Head, readVerdict, type Verdict, verdictOfHead } from "./verdict.ts"

/** One request to be sent. */
export interface Attempt<Request> {
  readonly client: HttpClient.HttpClient
  /** Added to the options of `fetch`. */
  readonly fetchOptions: object
  readonly operation: Operation<Request>
  /** The address of the operation. */
  readonly url: URL
  readonly request: Request
  readonly credentials: Credentials
  /** How long the response may take: not longer than what is left of the send. */
  readonly timeout: Duration.Duration
  /** The time allowed, as a time-out reports it. */
  readonly allowed: Duration.Duration
  /** When the send must end, in milliseconds since the epoch. */
  readonly endsAt: number
  /** Learns that the request begins, and its verdict as soon as there is one. */
  readonly progress: Pick<Progress, "begin" | "learn">
  /** Run when the HTTP client was seen to repeat or redirect the request. */
  readonly onRepeated: Effect.Effect<void>
}

/** Sends one request. Interruption and the time-out abort it. */
export const attempt = <Request extends object>(
  sending: Attempt<Request>,
): Effect.Effect<Accepted, Reason> =>
  Effect.suspend(() => {
    const { client, credentials, fetchOptions, onRepeated, progress, request } = sending
    // Bytes of its own for each attempt: the events of an HTTP client are matched by them.
    const body = new TextEncoder().encode(JSON.stringify(request))
    const evidence = collect(body, credentials.apiKey)
    const guarded = guard(client, toHttp(sending, body), evidence, fetchOptions)
    progress.begin(() => evidence.isUnsent)
    return exchange(sending, guarded, evidence).pipe(
      Effect.scoped,
      Effect.updateContext(withHttpSettings),
      // The scope has aborted the request. Only now is the evidence final.
      Effect.flatMap((end) => {
        const verdict = verdictOfEnd(sending, guarded, evidence, end)
        const isRepeated =
          end._tag === "Refused" ||
          evidence.ownWrites > 1 ||
          (Result.isFailure(verdict) && verdict.failure._tag === "RequestRepeated")
        return Effect.andThen(isRepeated ? onRepeated : Effect.void, Effect.fromResult(verdict))
      }),
    )
  })

// -----------------------------------------------------------------------------
// The exchange
// -----------------------------------------------------------------------------

/** How an exchange ended. */
type End =
  | { readonly _tag: "Answered"; readonly verdict: Verdict }
  | { readonly _tag: "Failed"; readonly error: HttpClientError.HttpClientError }
  | { readonly _tag: "TimedOut" }
  | { readonly _tag: "Refused" }

const exchange = Effect.fnUntraced(function* <Request extends object>(
  { credentials, endsAt, operation, progress, request, timeout, url }: Attempt<Request>,
  guarded: Guarded,
  evidence: Evidence,
): Effect.fn.Return<End, never, Scope.Scope> {
  const ended = yield* guarded.run.pipe(
    Effect.map((response) =>
      response instanceof Refused ? refused : { _tag: "Responded" as const, response },
    ),
    Effect.catch((error) =>
      Effect.succeed(
        // A client that fails on statuses (`filterStatusOk`) still has the response.
        error.response === undefined
          ? { _tag: "Failed" as const, error }
          : { _tag: "Responded" as const, response: error.response },
      ),
    ),
    Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.succeed(timedOut) }),
  )
  if (ended._tag === "Refused" || ended._tag === "Failed") return ended
  // The application's own client may hold the response back, for example while it reads a body that hangs.
  const heldBack = ended._tag === "TimedOut" ? guarded.seen() : undefined
  const response = ended._tag === "Responded" ? ended.response : heldBack
  if (response === undefined) return timedOut
  if (!guarded.isAnswered(response)) return { _tag: "Answered", verdict: elsewhere }
  const head: Head = {
    response,
    url: url.href,
    receivedAt: yield* Clock.currentTimeMillis,
    isAccepted: operation.isAccepted,
    mask: makeMask(operation, request, credentials),
  }
  // From here on, neither a deadline nor an interruption changes what is known.
  progress.learn(unlessRepeated(verdictOfHead(head), evidence))
  yield* Telemetry.answered(response.status)
  if (heldBack !== undefined) return { _tag: "Answered", verdict: verdictOfHead(head) }
  const left = Duration.millis(Math.max(0, endsAt - head.receivedAt))
  return { _tag: "Answered", verdict: yield* readVerdict(head, left) }
})

const refused: End = { _tag: "Refused" }

const timedOut: End = { _tag: "TimedOut" }

const verdictOfEnd = (
  { allowed, url }: Pick<Attempt<object>, "allowed" | "url">,
  guarded: Guarded,
  evidence: Evidence,
  end: End,
): Verdict => {
  // The response or the failure of the first request was lost in the client. What was seen of it was not.
  if (end._tag === "Refused") {
    return evidence.isUnsent
      ? Result.fail(reasonOfTransport(evidence.failure, evidence, url))
      : repeated
  }
  if (end._tag === "Answered") return unlessRepeated(end.verdict, evidence)
  if (end._tag === "TimedOut") {
    const stage = evidence.isUnsent ? "connecting" : "in-flight"
    return Result.fail(new TimedOut({ stage, after: allowed }))
  }
  return guarded.isFailed(end.error)
    ? Result.fail(reasonOfTransport(end.error.reason.cause, evidence, url))
    : elsewhere
}

const repeated: Verdict = Result.fail(new RequestRepeated({ how: "again" }))

const elsewhere: Verdict = Result.fail(new RequestRepeated({ how: "elsewhere" }))

/** A response speaks of one request: where more were written, a rejection says nothing about the others. */
const unlessRepeated = (verdict: Verdict, evidence: Evidence): Verdict =>
  evidence.ownWrites > 1 && Result.isFailure(verdict) && deliveryOf(verdict.failure) === "not-sent"
    ? repeated
    : verdict

const toHttp = <Request>(
  { credentials, operation, url }: Attempt<Request>,
  body: Uint8Array,
): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.make(operation.method)(url.href, {
    headers: {
      "x-sender-id": Redacted.value(credentials.senderId),
      "x-api-key": Redacted.value(credentials.apiKey),
    },
    accept: "application/problem+json, application/json",
    body: HttpBody.uint8Array(body, "application/json"),
  })
