/**
 * One request on the wire, and what its response, or the lack of one, says about the message.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { LazyArg } from "effect/Function"
import type * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import type { Credentials } from "../../SentCredentials.ts"
import type { Accepted } from "./answer.ts"
import type { Evidence } from "./evidence.ts"
import { Guarded, type GuardedClient } from "./guard.ts"
import { makeMask } from "./mask.ts"
import { collect, release } from "./nodeChannels.ts"
import type { Operation } from "./operation.ts"
import type { Limit } from "./race.ts"
import { type Reason, RequestRepeated, TimedOut } from "./reason.ts"
import { deliveryOf } from "./reasonTable.ts"
import * as Telemetry from "./telemetry.ts"
import { reasonOfTransport } from "./transport.ts"
import { type Head, isEmpty, readVerdict, type Verdict, verdictOfHead } from "./verdict.ts"

/** One request to be sent. */
export interface Attempt<Request> {
  readonly client: GuardedClient
  readonly operation: Operation<Request>
  /** The address of the operation. */
  readonly url: URL
  readonly request: Request
  readonly credentials: Credentials
  readonly idempotencyKey: string | undefined
  /** How long the response may take: not longer than what is left of the send. */
  readonly timeout: Duration.Duration
  /** The time allowed, as a time-out reports it. */
  readonly allowed: Duration.Duration
  /** When the send must end, in milliseconds since the epoch. */
  readonly endsAt: number
  /** The request is about to be sent. `isUnsent` says whether it was seen not to be written. */
  readonly onBegin: (isUnsent: () => boolean) => void
  /** The verdict of the request is known, and made where it is asked for. The last one counts. */
  readonly onVerdict: (verdict: LazyArg<Verdict>) => void
  /** Run when the HTTP client was seen to repeat or redirect the request. */
  readonly onRepeated: Effect.Effect<void>
}

/** Sends one request. Interruption and the time-out abort it. */
export const attempt = <Request extends object>(
  sending: Attempt<Request>,
): Effect.Effect<Accepted, Reason> =>
  Effect.suspend(() => {
    const { client, credentials, onBegin, onRepeated, onVerdict, operation, request } = sending
    // Bytes of its own for each attempt: the events of an HTTP client are matched by them.
    const body = encoder.encode(operation.method === "GET" ? "" : JSON.stringify(request))
    const evidence = collect(body, credentials.apiKey)
    const guarded = new Guarded(client, toHttp(sending, body), evidence)
    const scope = Scope.makeUnsafe()
    onBegin(() => evidence.isUnsent)
    const exchanged = Effect.onExitPrimitive(exchange(sending, guarded, evidence, scope), (exit) =>
      // Of an exchange that was seen to end, nothing is left to abort.
      evidence.hasEnded ? undefined : Scope.close(scope, exit),
    )
    // Only now is the evidence final.
    return Effect.flatMap(exchanged, (end) => {
      const verdict = verdictOfEnd(sending, guarded, evidence, end)
      onVerdict(() => verdict)
      release(body, evidence)
      const isRepeated =
        end._tag === "Refused" ||
        evidence.ownWrites > 1 ||
        (Result.isFailure(verdict) && verdict.failure._tag === "RequestRepeated")
      return isRepeated
        ? Effect.andThen(onRepeated, Effect.fromResult(verdict))
        : Effect.fromResult(verdict)
    })
  })

const encoder = new TextEncoder()

// -----------------------------------------------------------------------------
// The exchange
// -----------------------------------------------------------------------------

/** How an exchange ended. */
type End =
  | { readonly _tag: "Answered"; readonly verdict: Verdict }
  | { readonly _tag: "Failed"; readonly error: HttpClientError.HttpClientError }
  | { readonly _tag: "TimedOut" }
  | { readonly _tag: "Refused" }

const exchange = <Request extends object>(
  sending: Attempt<Request>,
  guarded: Guarded,
  evidence: Evidence,
  scope: Scope.Scope,
): Effect.Effect<End> =>
  guarded.run<End>(scope, {
    timeout: sending.timeout,
    onTimeout: Effect.suspend(() => {
      // The application's own client may hold the response back, for example while it reads a body that hangs.
      const heldBack = guarded.seen
      return heldBack === undefined
        ? Effect.succeed(timedOut)
        : read(sending, guarded, evidence, heldBack, undefined)
    }),
    onResponse: (response, setLimit) => read(sending, guarded, evidence, response, setLimit),
    onFailure: (error, setLimit) =>
      // A client that fails on statuses (`filterStatusOk`) still has the response.
      error.response === undefined
        ? Effect.succeed<End>({ _tag: "Failed", error })
        : read(sending, guarded, evidence, error.response, setLimit),
    onRefused: refused,
  })

/** Reads a response within a limit, or its head alone. */
const read = <Request extends object>(
  sending: Attempt<Request>,
  guarded: Guarded,
  evidence: Evidence,
  response: HttpClientResponse.HttpClientResponse,
  setLimit: ((limit: Limit<End>) => void) | undefined,
): Effect.Effect<End> =>
  Effect.withFiber((fiber) => {
    if (!guarded.isAnswered(response)) return answered(elsewhere)
    const { endsAt, onVerdict, operation, timeout } = sending
    const now = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
    const head = new HeadOf(sending, response, evidence.hasEnded, now)
    // From here on, neither a deadline nor an interruption changes what is known.
    onVerdict(() => unlessRepeated(verdictOfHead(head), evidence))
    Telemetry.answered(fiber, response.status)
    // An empty body that was seen to end is read already. Of a rejection, that it is empty is a part of what it says.
    if (
      setLimit === undefined ||
      (head.hasEnded && isEmpty(head) && operation.isAccepted(response.status))
    )
      return answered(verdictOfHead(head))
    const ofSend = Duration.millis(Math.max(0, endsAt - head.receivedAt))
    // Content is a part of the response. What a rejection says besides is not, and is soon there.
    const left = operation.reading.content === "never" ? ofSend : Duration.min(ofSend, timeout)
    const verdict = readVerdict(head, left, ({ onTimeout, timeout: ofBody }) =>
      setLimit({ timeout: ofBody, onTimeout: Effect.flatMap(onTimeout, answered) }),
    )
    return Effect.flatMap(verdict, answered)
  })

/** The head of a response. What nobody looks at is not made. */
class HeadOf<Request extends object> implements Head {
  readonly #sending: Attempt<Request>
  #headers: Headers.Headers | undefined
  readonly response: HttpClientResponse.HttpClientResponse
  readonly hasEnded: boolean
  readonly receivedAt: number

  constructor(
    sending: Attempt<Request>,
    response: HttpClientResponse.HttpClientResponse,
    hasEnded: boolean,
    receivedAt: number,
  ) {
    this.#sending = sending
    this.response = response
    this.hasEnded = hasEnded
    this.receivedAt = receivedAt
  }

  get operation(): Operation<Request> {
    return this.#sending.operation
  }

  get url(): string {
    return this.#sending.url.href
  }

  get headers(): Headers.Headers {
    return (this.#headers ??= this.response.headers)
  }

  get mask(): (text: string) => string {
    const { credentials, operation, request } = this.#sending
    return (text) => makeMask(operation, request, credentials)(text)
  }
}

const answered = (verdict: Verdict): Effect.Effect<End> =>
  Effect.succeed({ _tag: "Answered", verdict })

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
  sending: Attempt<Request>,
  body: Uint8Array,
): HttpClientRequest.HttpClientRequest => {
  const request = withoutBody(sending)
  if (sending.operation.method === "GET") return request
  const { idempotencyKey } = sending
  return HttpClientRequest.setBody(
    idempotencyKey === undefined
      ? request
      : HttpClientRequest.setHeader(request, "idempotency-key", idempotencyKey),
    HttpBody.uint8Array(body, "application/json"),
  )
}

/** The request without its body and its idempotency key, which is made once for each key of the API. */
const withoutBody = <Request>({
  credentials,
  operation: { accept, credentials: scheme, method },
  url: { href },
}: Attempt<Request>): HttpClientRequest.HttpClientRequest => {
  const known = requests.get(credentials)
  if (known?.url === href && known.method === method) return known
  const request = HttpClientRequest.make(method)(href, {
    headers: scheme.headers(credentials),
    accept,
  })
  requests.set(credentials, request)
  return request
}

const requests = new WeakMap<Credentials, HttpClientRequest.HttpClientRequest>()
