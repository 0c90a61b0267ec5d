/**
 * One send: its attempts, the waits between them, and its deadline.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity, type LazyArg } from "effect/Function"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import type { RetryPolicy } from "../../RetryPolicy.ts"
import type { Credentials, SentCredentials } from "../../SentCredentials.ts"
import type { SentError } from "../../SentError.ts"
import type { Accepted } from "./answer.ts"
import { attempt } from "./attempt.ts"
import type { RetryBudget } from "./budget.ts"
import type { GuardedClient } from "./guard.ts"
import type { TimeGiven } from "./limits/limits.ts"
import type { Limits } from "./limits/limits.ts"
import { type Lockout, type Place, sameAccount, sameCredentials } from "./lockout.ts"
import type { Operation } from "./operation.ts"
import type { Progress } from "./progress.ts"
import { CredentialsUnavailable, type Reason, TimedOut } from "./reason.ts"
import { isSettledByKey } from "./reasonTable.ts"
import { raceUntil } from "./race.ts"
import * as Telemetry from "./telemetry.ts"

/** What all sends of a layer share. */
export interface Line {
  readonly client: GuardedClient
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
  /** The address of the operation. */
  readonly url: URL
  readonly request: Request
  readonly policy: RetryPolicy
  /** How long each response may take. */
  readonly timeout: Duration.Duration
  /** How long the whole send may take, waits included. It ends before the service forgets the idempotency key. */
  readonly deadline: Duration.Duration
  readonly idempotencyKey?: string | undefined
}

/** What has become of a send that was accepted. */
export interface Sent extends Accepted {
  /** How many requests were sent. */
  readonly attempts: number
}

/** Sends a message. It succeeds only if the service has accepted the message. */
export const send = <Request extends object>(
  line: Line,
  sending: Sending<Request>,
  progress: Progress,
): Effect.Effect<Sent, SentError> =>
  Clock.clockWith((clock) => {
    const { policy } = sending
    const time = new Time(sending.deadline, clock)
    const usable = (credentials: Credentials): Effect.Effect<Credentials, SentError> => {
      const description = sending.operation.credentials.problemOf(credentials)
      return description === undefined
        ? Effect.succeed(credentials)
        : Effect.fail(progress.fail(new CredentialsUnavailable({ description })))
    }
    const getCredentials = (): Effect.Effect<Credentials, SentError> => {
      const given = time.within(line.credentials.get)
      return hasSucceeded(given)
        ? usable(given.value)
        : Effect.mapError(given, (error) =>
            progress.fail(error._tag === "SentError" ? error.reason : error),
          ).pipe(Effect.flatMap(usable))
    }
    // Most sends have one attempt, and need nothing of this.
    let recovery: ReturnType<typeof makeRecovery> | undefined
    const from = (credentials: Credentials): Effect.Effect<Sent, SentError> =>
      Effect.matchEffect(once(line, sending, progress, credentials, time), {
        onSuccess: (accepted) => {
          line.budget.refund(policy.budget)
          return Effect.succeed({ ...accepted, attempts: progress.attempts })
        },
        onFailure: (reason) => {
          const error = progress.fail(reason)
          if (!isOfCredentials(reason) && !isRetried(sending, error)) return Effect.fail(error)
          recovery ??= makeRecovery(line, sending, progress, time, getCredentials)
          return Effect.flatMap(recovery(error, credentials), from)
        },
      })
    return after(getCredentials(), from)
  })

/** What a send does after each failure: it waits, and returns the credentials for another attempt, or fails. */
const makeRecovery = (
  line: Line,
  sending: Repeatable,
  progress: Progress,
  time: Time,
  getCredentials: LazyArg<Effect.Effect<Credentials, SentError>>,
) => {
  const { policy } = sending
  let retries = 0
  let waits: Waits | undefined
  let mayRenew = policy.times > 0
  let mayReplace = true
  /** With other credentials, the service may know nothing of the key, unless they are of the same account. */
  const mayFollow = (error: SentError, before: Credentials, now: Credentials): boolean =>
    error.delivery === "not-sent" || policy.atLeastOnce || sameAccount(before, now)

  return Effect.fnUntraced(function* (
    error: SentError,
    credentials: Credentials,
  ): Effect.fn.Return<Credentials, SentError> {
    if (isOfCredentials(error.reason)) {
      const isRepeatable = mayRepeat(sending, error)
      const isRejected = error.reason._tag === "CredentialsRejected"
      const renewed = yield* time
        .within(
          isRejected
            ? renew(line, credentials, mayRenew && isRepeatable)
            : replace(line, credentials),
        )
        .pipe(Effect.orElseSucceed(() => undefined))
      if (renewed === undefined || !isRepeatable || !(isRejected || mayReplace)) return yield* error
      if (!mayFollow(error, credentials, renewed)) return yield* error
      if (isRejected) mayRenew = false
      else mayReplace = false
      return renewed
    }

    waits ??= yield* Schedule.toStep(policy.schedule)
    const delay = yield* time
      .within(waitBefore(line, policy, retries, error, waits))
      .pipe(Effect.orElseSucceed(() => undefined))
    if (delay === undefined) return yield* error
    // What the service said is worth more than that the deadline passed.
    if (!time.isEnough(error.retryAfter ?? Duration.zero)) return yield* error
    retries += 1
    progress.next()
    return yield* policy.onRetry({ error, attempts: progress.attempts, delay }).pipe(
      Effect.andThen(Telemetry.waiting(error, delay)),
      Effect.andThen(Effect.sleep(delay)),
      (waiting) => time.within(waiting),
      Effect.mapError((reason) => progress.fail(reason)),
      Effect.andThen(Effect.suspend(getCredentials)),
      Effect.filterOrFail(
        (now) => mayFollow(error, credentials, now),
        () => error,
      ),
    )
  })
}

// -----------------------------------------------------------------------------
// The deadline
// -----------------------------------------------------------------------------

/** The time of a send. */
class Time {
  readonly #clock: Clock.Clock
  /** A request that the deadline cuts off would be unknown. What waited for too long is better not sent. */
  readonly #leastMillis: number
  readonly deadline: Duration.Duration
  /** When it ends, in milliseconds since the epoch. */
  readonly endsAt: number

  constructor(deadline: Duration.Duration, clock: Clock.Clock) {
    const allMillis = Duration.toMillis(deadline)
    this.#clock = clock
    this.#leastMillis = Math.min(allMillis / 10, 1000)
    this.deadline = deadline
    this.endsAt = clock.currentTimeMillisUnsafe() + allMillis
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.#clock.currentTimeMillisUnsafe()
  }

  get #left(): number {
    return this.endsAt - this.now
  }

  #fail(): Exit.Exit<never, TimedOut> {
    return Exit.fail(new TimedOut({ stage: "waiting", after: this.deadline }))
  }

  /** The milliseconds that are left. Fails if they are too few to begin a request. */
  check(): Exit.Exit<number, TimedOut> {
    const millis = this.#left
    return millis >= this.#leastMillis ? Exit.succeed(millis) : this.#fail()
  }

  /** Whether a request may still begin after a wait. */
  isEnough(wait: Duration.Duration): boolean {
    return this.#left - Duration.toMillis(wait) >= this.#leastMillis
  }

  /** Ends a wait, during which there is no request, when the send must end. */
  within<A, E>(wait: Effect.Effect<A, E>): Effect.Effect<A, E | TimedOut> {
    // What has ended is not waited for.
    return Exit.isExit(wait)
      ? wait
      : Effect.suspend(() =>
          raceUntil<A, E | TimedOut, never>(() => wait, identity, {
            timeout: Duration.millis(Math.max(0, this.#left)),
            onTimeout: Effect.suspend(() => this.#fail()),
          }),
        )
  }
}

/** What comes after an effect, at once if it has succeeded: most sends wait for nothing but their response. */
const after = <A, B, E, E2>(
  effect: Effect.Effect<A, E>,
  next: (value: A) => Effect.Effect<B, E2>,
): Effect.Effect<B, E | E2> =>
  hasSucceeded(effect) ? next(effect.value) : Effect.flatMap(effect, next)

const hasSucceeded = <A, E>(effect: Effect.Effect<A, E>): effect is Exit.Success<A, E> =>
  Exit.isExit(effect) && Exit.isSuccess(effect)

// -----------------------------------------------------------------------------
// One attempt
// -----------------------------------------------------------------------------

const once = <Request extends object>(
  line: Line,
  sending: Sending<Request>,
  progress: Progress,
  credentials: Credentials,
  time: Time,
): Effect.Effect<Accepted, Reason> => {
  const place = line.lockout.place(credentials)
  return Effect.onExitPrimitive(
    Effect.suspend(() =>
      after(awaitPlace(line, place, time), (left) =>
        inPlace(line, sending, progress, credentials, time, place, left),
      ),
    ),
    () => {
      place.leave(time.now)
      return undefined
    },
  )
}

/** Waits until a request may begin. Returns the milliseconds that are left. */
const awaitPlace = (line: Line, place: Place, time: Time): Effect.Effect<number, Reason> =>
  after(time.within(place.enter()), () =>
    after(time.within(line.limits.awaitTurn(Effect.suspend(() => time.check()))), () =>
      place.begin() ? time.check() : awaitPlace(line, place, time),
    ),
  )

const inPlace = <Request extends object>(
  line: Line,
  { idempotencyKey, operation, request, timeout, url }: Sending<Request>,
  progress: Progress,
  credentials: Credentials,
  time: Time,
  place: Place,
  left: number,
): Effect.Effect<Accepted, Reason> => {
  const given = timeGiven(left, timeout, time.deadline)
  return line.limits.guard(
    attempt({
      client: line.client,
      operation,
      url,
      request,
      credentials,
      idempotencyKey,
      timeout: given === "timeout" ? timeout : Duration.millis(left),
      allowed: given === "timeout" ? timeout : time.deadline,
      endsAt: time.endsAt,
      onBegin: (isUnsent) => progress.begin(isUnsent),
      onVerdict: (verdict) => {
        progress.learn(verdict)
        place.learn(verdict)
      },
      onRepeated: line.warnOfRepeats,
    }).pipe(Telemetry.attempt(operation, url, progress.attempts)),
    given,
  )
}

const timeGiven = (
  left: number,
  timeout: Duration.Duration,
  deadline: Duration.Duration,
): TimeGiven => {
  if (left >= Duration.toMillis(timeout)) return "timeout"
  return left * 2 >= Duration.toMillis(deadline) ? "deadline" : "rest"
}

// -----------------------------------------------------------------------------
// After a failure
// -----------------------------------------------------------------------------

const isOfCredentials = ({ _tag }: Reason): boolean =>
  _tag === "CredentialsRejected" || _tag === "CredentialsUnavailable"

type Repeatable = Pick<Sending<unknown>, "idempotencyKey" | "policy">

/** Whether another request may follow a failure: whatever the policy says, no message can be sent twice by it. */
const mayRepeat = ({ idempotencyKey, policy }: Repeatable, error: SentError): boolean =>
  error.delivery === "not-sent" ||
  policy.atLeastOnce ||
  (idempotencyKey !== undefined && policy.sameKey && isSettledByKey(error.reason))

/** Whether a failure is retried, if there is time. */
const isRetried = (sending: Repeatable, error: SentError): boolean =>
  mayRepeat(sending, error) && sending.policy.times > 0 && sending.policy.while(error)

/** Other credentials than the ones that were rejected, if there are any. */
const renew = Effect.fnUntraced(function* (
  { credentials: service }: Line,
  rejected: Credentials,
  mayRenew: boolean,
) {
  if (service.invalidate === undefined) return undefined
  yield* service.invalidate(rejected)
  if (!mayRenew) return undefined
  // If there are none now, the send fails because its credentials were rejected.
  const renewed = yield* Effect.orElseSucceed(service.get, () => rejected)
  return sameCredentials(renewed, rejected) ? undefined : renewed
})

/**
 * Other credentials than the ones that are locked out, if there are any. They are asked for at a bounded rate, since a
 * vault may lag behind a rotation, or hold the wrong ones for long.
 */
const replace = Effect.fnUntraced(function* (
  { credentials: service, lockout }: Line,
  locked: Credentials,
) {
  if (service.invalidate === undefined) return undefined
  const now = yield* Clock.currentTimeMillis
  if (lockout.mayAskAgain(locked, now)) yield* service.invalidate(locked)
  const present = yield* service.get
  return sameCredentials(present, locked) ? undefined : present
})

/** How long to wait before the next attempt, if there is to be one. */
const waitBefore = Effect.fnUntraced(function* (
  { budget }: Line,
  policy: RetryPolicy,
  retries: number,
  error: SentError,
  waits: Waits,
) {
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
