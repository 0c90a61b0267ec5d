/**
 * What stands between a send and the wire, once for all sends of a layer: a rate limit to wait for and a circuit
 * breaker. Both keep their state in memory, or in the store that the layer is provided with, which machines can share.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as RateLimiter from "effect/persistence/RateLimiter"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { CircuitBreakerOptions, RateLimitOptions } from "../SentClient.ts"
import { CircuitOpen, type Reason } from "../SentError.ts"

export interface Limits {
  /** Waits for its turn. */
  readonly awaitTurn: Effect.Effect<void>
  /** Runs an attempt, unless the circuit is open. */
  readonly guard: <A>(attempt: Effect.Effect<A, Reason>) => Effect.Effect<A, Reason>
}

/** Makes the limits of a layer; `host` keeps those of different services apart in a shared store. */
export const makeLimits = Effect.fnUntraced(function* (options: {
  readonly host: string
  readonly rateLimit: RateLimitOptions | undefined
  readonly circuitBreaker: CircuitBreakerOptions | undefined
}): Effect.fn.Return<Limits, never, Scope.Scope> {
  const { circuitBreaker, host, rateLimit } = options
  return {
    awaitTurn: rateLimit === undefined ? Effect.void : yield* makeAwaitTurn(host, rateLimit),
    guard:
      circuitBreaker === undefined ? (attempt) => attempt : yield* makeGuard(host, circuitBreaker),
  }
})

/** The store in the context, which the user provides, or one in memory. */
const orMemory = <I, S>(
  key: Context.Key<I, S>,
  memory: Layer.Layer<I>,
): Effect.Effect<Context.Context<I>, never, Scope.Scope> =>
  Effect.flatMap(
    Effect.serviceOption(key),
    Option.match({
      onNone: () => Layer.build(memory),
      onSome: (store) => Effect.succeed(Context.make(key, store)),
    }),
  )

/**
 * Asks a store that may be away. A Redis client keeps what it is asked until it is connected again, and the circuit
 * breaker cannot be interrupted while it asks: without an end of its own, a question would outlast every deadline.
 */
const makeAsk = <E>(away: E) => {
  let awayUntil = 0
  return <A, R>(question: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      now < awayUntil
        ? Effect.fail(away)
        : Effect.timeoutOrElse(Effect.interruptible(question), {
            duration: longestQuestion,
            orElse: () => {
              // Or every send would take so much longer.
              awayUntil = now + Duration.toMillis(pauseOfQuestions)
              return Effect.fail(away)
            },
          }),
    )
}

const longestQuestion = Duration.seconds(1)

const pauseOfQuestions = Duration.seconds(10)

// -----------------------------------------------------------------------------
// Rate limit
// -----------------------------------------------------------------------------

const makeAwaitTurn = Effect.fnUntraced(function* (
  host: string,
  { algorithm = "token-bucket", key = host, limit, window }: RateLimitOptions,
) {
  const store = yield* orMemory(RateLimiter.RateLimiterStore, RateLimiter.layerStoreMemory)
  const limiter = yield* Effect.provide(RateLimiter.make, store)
  const queue = yield* Semaphore.make(1)
  const ask = makeAsk(
    new RateLimiter.RateLimiterError({
      reason: new RateLimiter.RateLimitStoreError({ message: "no answer" }),
    }),
  )
  const consume = Effect.suspend(() =>
    limiter.consume({
      algorithm,
      key: `effect-sent:${key}`,
      limit,
      window: Duration.fromInputUnsafe(window),
      // A turn that is taken before it has come is lost when the send ends before it: with more to send than the
      // limit allows, all turns would soon belong to sends that are gone.
      onExceeded: "fail",
    }),
  )
  const takeTurn: Effect.Effect<void> = ask(consume).pipe(
    Effect.asVoid,
    Effect.catchTag("RateLimiterError", ({ reason }) =>
      reason._tag === "RateLimitExceeded"
        ? Effect.andThen(
            Effect.sleep(Duration.max(reason.retryAfter, Duration.millis(1))),
            Effect.suspend(() => takeTurn),
          )
        : // The service has a limit of its own; not to send at all because a store is away would be worse. The cause
          // may hold the store's address and is not shown.
          Effect.logWarning(
            "The store of the rate limit cannot be reached; sending without a limit",
          ),
    ),
  )
  // One at a time, so that the first to come is the first to go.
  return queue.withPermit(takeTurn)
})

// -----------------------------------------------------------------------------
// Circuit breaker
// -----------------------------------------------------------------------------

const makeGuard = Effect.fnUntraced(function* (
  host: string,
  {
    key = host,
    maxOpenDuration,
    openDuration = "30 seconds",
    tripPolicy = CircuitBreaker.consecutive(5),
  }: CircuitBreakerOptions,
) {
  const store = Context.get(
    yield* orMemory(CircuitBreaker.CircuitBreakerStore, CircuitBreaker.layerStoreMemory()),
    CircuitBreaker.CircuitBreakerStore,
  )
  const ask = makeAsk(
    new CircuitBreaker.CircuitBreakerError({
      reason: new CircuitBreaker.CircuitBreakerStoreError({ message: "no answer" }),
    }),
  )
  const breaker = yield* Effect.provideService(
    CircuitBreaker.make({ tripPolicy, openDuration, maxOpenDuration }),
    CircuitBreaker.CircuitBreakerStore,
    {
      ...store,
      admit: (circuit) => ask(store.admit(circuit)),
      record: (outcome) => ask(store.record(outcome)),
    },
  )
  return <A>(attempt: Effect.Effect<A, Reason>): Effect.Effect<A, Reason> =>
    breaker
      .execute(attempt, { key: `effect-sent:${key}`, classify: healthOf })
      .pipe(
        Effect.catchTag("CircuitBreakerError", ({ reason }) =>
          Effect.fail(
            new CircuitOpen(reason._tag === "CircuitOpen" ? { retryAfter: reason.retryAfter } : {}),
          ),
        ),
      )
})

/** What an attempt says about the health of the service: to refuse a message is healthy. */
const healthOf = (exit: Exit.Exit<unknown, Reason>): CircuitBreaker.Outcome => {
  if (Exit.isSuccess(exit)) return CircuitBreaker.success
  const reason = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  switch (reason?._tag) {
    case "ServerError":
    case "ConnectionFailed":
    case "ConnectionLost":
    case "TimedOut":
      return CircuitBreaker.failure()
    case "ServiceUnavailable":
      return CircuitBreaker.failure({ retryAfter: reason.retryAfter })
    // A limit is the caller's matter, and what is not a failure of the service says nothing.
    case undefined:
    case "RateLimited":
      return CircuitBreaker.ignored
    default:
      return CircuitBreaker.success
  }
}
