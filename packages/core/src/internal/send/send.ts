/**
 * One send: its attempts, the waits between them, and its deadline.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type { RetryPolicy } from "../../RetryPolicy.ts"
import type { SendReceipt } from "../../SendToPhone.ts"
import type { Credentials, SentCredentials } from "../../SentCredentials.ts"
import type { SentError } from "../../SentError.ts"
import type { Accepted } from "./answer.ts"
import { attempt } from "./attempt.ts"
import { urlOf } from "./baseUrl.ts"
import type { RetryBudget } from "./budget.ts"
import type { Limits } from "./limits/limits.ts"
import { type Lockout, sameCredentials } from "./lockout.ts"
import type { Operation } from "./operation.ts"
import type { Progress } from "./progress.ts"
import type { Reason } from "./reason.ts"
import * as Telemetry from "./telemetry.ts"
import type { Verdict } from "./verdict.ts"

/** What all sends of a layer share. */
export interface Line {
  readonly client: HttpClient.HttpClient
  /** Added to the options of `fetch`. */
  readonly fetchOptions: object
  readonly baseUrl: URL
  readonly credentials: SentCredentials["Service"]
  readonly budget: RetryBudget
  readonly lockout: Lockout
  readonly limits: Limits
  /** Warns, once, that the HTTP client repeats or redirects requests. */
  readonly warnOfRepeats: Effect.Effect<void>
}

/** One send. */
export interface Sending<Request> {
  readonly operation: Operation<Request>
  readonly request: Request
  readonly policy: RetryPolicy
  /** How long each response may take. */
  readonly timeout: Duration.Duration
  /** How long the whole send may take, waits included. */
  readonly deadline: Duration.Duration
}

/** Sends a message. It succeeds only if the service has accepted the message. */
export const send = <Request extends object>(
  line: Line,
  sending: Sending<Request>,
  progress: Progress,
): Effect.Effect<SendReceipt, SentError> =>
  sendWithRetries(line, sending, progress).pipe(
    Effect.timeoutOrElse({
      duration: sending.deadline,
      // By now the request was aborted, if there was one.
      orElse: () => Effect.fromResult(progress.timeOut(sending.deadline)),
    }),
    Effect.map((accepted) => ({ ...accepted, attempts: progress.attempts() })),
  )

const sendWithRetries = Effect.fnUntraced(function* <Request extends object>(
  line: Line,
  sending: Sending<Request>,
  progress: Progress,
): Effect.fn.Return<Accepted, SentError> {
  const { policy } = sending
  const waits = yield* Schedule.toStep(policy.schedule)
  let credentials = yield* line.credentials.get
  let mayRenewCredentials = true

  for (let retries = 0; ;) {
    const outcome = yield* Effect.result(once(line, sending, progress, credentials))
    if (Result.isSuccess(outcome)) {
      line.budget.refund(policy.budget)
      return outcome.success
    }
    const error = progress.fail(outcome.failure)

    if (outcome.failure._tag === "CredentialsRejected") {
      const renewed = yield* renew(line, credentials, policy.times > 0 && mayRenewCredentials)
      if (renewed === undefined) return yield* error
      mayRenewCredentials = false
      credentials = renewed
      continue
    }

    const delay = yield* waitBefore(line, policy, retries, error, waits)
    if (delay === undefined) return yield* error
    retries += 1
    progress.next()
    yield* policy.onRetry({ error, attempts: progress.attempts(), delay })
    yield* Telemetry.waiting(error, delay)
    yield* Effect.sleep(delay)
    credentials = yield* Effect.mapError(line.credentials.get, ({ reason }) =>
      progress.fail(reason),
    )
  }
})

// -----------------------------------------------------------------------------
// One attempt
// -----------------------------------------------------------------------------

const once = Effect.fnUntraced(function* <Request extends object>(
  line: Line,
  { operation, request, timeout }: Sending<Request>,
  progress: Progress,
  credentials: Credentials,
): Effect.fn.Return<Accepted, Reason> {
  const rejectLocked = Effect.suspend(() => {
    const locked = line.lockout.check(credentials)
    return locked === undefined ? Effect.void : Effect.fail(locked)
  })
  yield* rejectLocked
  yield* line.limits.awaitTurn
  // Other sends may have been rejected while this one waited.
  yield* rejectLocked
  return yield* line.limits.guard(
    Effect.suspend(() => {
      const url = urlOf(line.baseUrl, operation.path)
      const resendCount = progress.attempts()
      const learn = (verdict: Verdict) =>
        Effect.sync(() => {
          progress.learn(verdict)
          line.lockout.learn(credentials, Option.getOrUndefined(Result.getFailure(verdict)))
        })
      return attempt({
        client: line.client,
        fetchOptions: line.fetchOptions,
        operation,
        url,
        request,
        credentials,
        timeout,
        progress,
        onRepeated: line.warnOfRepeats,
      }).pipe(
        Effect.tap((accepted) => learn(Result.succeed(accepted))),
        Effect.tapError((reason) => learn(Result.fail(reason))),
        Telemetry.attempt(operation, url, resendCount),
      )
    }),
  )
})

// -----------------------------------------------------------------------------
// After a failure
// -----------------------------------------------------------------------------

/** Other credentials than the ones that were rejected, if there are any. */
const renew = Effect.fnUntraced(function* (
  { credentials: service }: Line,
  rejected: Credentials,
  mayRepeat: boolean,
) {
  if (service.invalidate === undefined) return undefined
  yield* service.invalidate(rejected)
  if (!mayRepeat) return undefined
  // If there are none now, the send fails because its credentials were rejected.
  const renewed = yield* Effect.orElseSucceed(service.get, () => rejected)
  return sameCredentials(renewed, rejected) ? undefined : renewed
})

/** How long to wait before the next attempt, if there is to be one. */
const waitBefore = Effect.fnUntraced(function* (
  { budget }: Line,
  policy: RetryPolicy,
  retries: number,
  error: SentError,
  waits: Waits,
) {
  const mayRepeat = error.delivery === "not-sent" || policy.atLeastOnce
  if (!mayRepeat || policy.times === 0 || !policy.while(error)) return undefined
  const hasBudget = budget.spend(policy.budget)
  const atLeast = error.retryAfter ?? Duration.zero
  if (!hasBudget || retries >= policy.times) return undefined
  if (Duration.isGreaterThan(atLeast, policy.maxRetryAfter)) return undefined
  const now = yield* Clock.currentTimeMillis
  return yield* waits(now, error).pipe(
    Effect.map(([, wait]) => Duration.max(wait, atLeast)),
    Pull.catchDone(() => Effect.succeed(undefined)),
  )
})

type Waits = Effect.Success<ReturnType<typeof Schedule.toStep<unknown, SentError, never, never>>>
