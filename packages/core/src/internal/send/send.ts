/**
 * One send: attempts, the waits between them, and what is known of the message when it ends.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type { RetryPolicy } from "../../RetryPolicy.ts"
import type { SendReceipt, SendToPhoneRequest } from "../../SendToPhone.ts"
import type { Credentials, SentCredentials } from "../../SentCredentials.ts"
import { type Reason, SentError, TimedOut } from "../../SentError.ts"
import type { Accepted } from "./answer.ts"
import { attempt } from "./attempt.ts"
import type { RetryBudget } from "./budget.ts"
import type { Limits } from "./limits/limits.ts"
import { type Lockout, sameCredentials } from "./lockout.ts"
import * as Telemetry from "./telemetry.ts"

/** What all sends of a layer share. */
export interface Line {
  readonly client: HttpClient.HttpClient
  /** The address of the endpoint. */
  readonly endpoint: URL
  readonly credentials: SentCredentials["Service"]
  readonly budget: RetryBudget
  readonly lockout: Lockout
  readonly limits: Limits
}

/** What one send is to do. */
export interface Sending {
  readonly request: SendToPhoneRequest
  readonly policy: RetryPolicy
  /** How long each answer may take. */
  readonly timeout: Duration.Duration
  /** How long the send may take, with every wait. */
  readonly deadline: Duration.Duration
}

/** How far a send has come. What it says must hold whenever the send is interrupted. */
interface Progress {
  /** The requests that were put on the wire. */
  attempts: number
  /** Those before the present one that may have been accepted. */
  unknownAttempts: number
  /** Whether the present one is on its way, or ended so that it may have been accepted. */
  isOnTheWire: boolean
}

/** Sends a message. It succeeds only when the service has accepted it. */
export const send = (line: Line, sending: Sending): Effect.Effect<SendReceipt, SentError> =>
  Effect.suspend(() => {
    const progress: Progress = { attempts: 0, unknownAttempts: 0, isOnTheWire: false }
    return repeat(line, sending, progress).pipe(
      Effect.timeoutOrElse({
        duration: sending.deadline,
        orElse: () =>
          Effect.fail(
            errorOf(
              progress,
              new TimedOut({
                delivery: progress.isOnTheWire ? "unknown" : "not-sent",
                after: sending.deadline,
              }),
            ),
          ),
      }),
    )
  })

const repeat = Effect.fnUntraced(function* (
  line: Line,
  sending: Sending,
  progress: Progress,
): Effect.fn.Return<SendReceipt, SentError> {
  const { policy } = sending
  const waits = yield* Schedule.toStep(policy.schedule)
  let credentials = yield* line.credentials.get
  let mayRenewCredentials = true

  for (let retries = 0; ;) {
    const outcome = yield* Effect.result(once(line, sending, progress, credentials))
    if (Result.isSuccess(outcome)) {
      line.budget.refund(policy.budget)
      return { ...outcome.success, attempts: progress.attempts }
    }
    const reason = outcome.failure
    const error = errorOf(progress, reason)

    if (reason._tag === "Unauthorized") {
      const renewed = yield* renew(line, credentials, policy.times > 0 && mayRenewCredentials)
      if (renewed === undefined) return yield* error
      mayRenewCredentials = false
      credentials = renewed
      continue
    }

    const delay = yield* waitBefore(line, policy, retries, error, waits)
    if (delay === undefined) return yield* error
    retries += 1
    if (progress.isOnTheWire) progress.unknownAttempts += 1
    progress.isOnTheWire = false
    yield* policy.onRetry({ error, attempts: progress.attempts, delay })
    yield* Telemetry.waiting(error, delay)
    yield* Effect.sleep(delay)
    credentials = yield* Effect.mapError(line.credentials.get, ({ reason: why }) =>
      errorOf(progress, why),
    )
  }
})

const errorOf = ({ attempts, unknownAttempts }: Progress, reason: Reason): SentError =>
  new SentError({ reason, attempts, unknownAttempts })

// -----------------------------------------------------------------------------
// One attempt
// -----------------------------------------------------------------------------

const once = (
  line: Line,
  { request, timeout }: Sending,
  progress: Progress,
  credentials: Credentials,
): Effect.Effect<Accepted, Reason> =>
  Effect.gen(function* () {
    const refuseLocked = Effect.suspend(() => {
      const locked = line.lockout.check(credentials)
      return locked === undefined ? Effect.void : Effect.fail(locked)
    })
    yield* refuseLocked
    yield* line.limits.awaitTurn
    // Others may have been refused while this one waited.
    yield* refuseLocked
    return yield* line.limits.guard(
      Effect.suspend(() => {
        const resendCount = progress.attempts
        progress.attempts += 1
        progress.isOnTheWire = true
        return attempt({
          client: line.client,
          endpoint: line.endpoint.href,
          request,
          credentials,
          timeout,
        }).pipe(
          Effect.tap(() => Effect.sync(() => line.lockout.learn(credentials, undefined))),
          Effect.tapError((reason) =>
            Effect.sync(() => {
              // What may have been accepted stays so, whatever else is done before the send ends.
              progress.isOnTheWire = reason.delivery === "unknown"
              line.lockout.learn(credentials, reason)
            }),
          ),
          Telemetry.attempt(line.endpoint, resendCount),
        )
      }),
    )
  })

// -----------------------------------------------------------------------------
// What comes after a failure
// -----------------------------------------------------------------------------

/** Other credentials than the ones that were refused, if there are any. */
const renew = Effect.fnUntraced(function* (
  { credentials: service }: Line,
  refused: Credentials,
  mayRepeat: boolean,
) {
  if (service.invalidate === undefined) return undefined
  yield* service.invalidate(refused)
  if (!mayRepeat) return undefined
  // Should there be none now, the refusal still is what happened.
  const renewed = yield* Effect.orElseSucceed(service.get, () => refused)
  return sameCredentials(renewed, refused) ? undefined : renewed
})

/** How long to wait before the next attempt; undefined when there is none. */
const waitBefore = Effect.fnUntraced(function* (
  { budget }: Line,
  policy: RetryPolicy,
  retries: number,
  error: SentError,
  waits: Waits,
) {
  const mayRepeat = error.reason.delivery === "not-sent" || policy.atLeastOnce
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
