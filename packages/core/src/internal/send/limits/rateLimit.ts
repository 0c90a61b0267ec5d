/** The rate limit: each request waits its turn. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as RateLimiter from "effect/persistence/RateLimiter"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { checkCount, checkDuration } from "../../options.ts"
import type { Issue } from "../reason.ts"
import { makeQuery, orMemory } from "./store.ts"

/** The options of a rate limit. */
export interface RateLimitOptions {
  /** How many requests are allowed in a window; a whole number, 1 or more. */
  readonly limit: number
  /** The length of a window. */
  readonly window: Duration.Input
  /** `token-bucket` spreads the requests evenly, `fixed-window` allows bursts. Default: `token-bucket`. */
  readonly algorithm?: "token-bucket" | "fixed-window" | undefined
  /** The key of the limit in a shared store, for example the account. Not a secret. Default: the host of the base URL. */
  readonly key?: string | undefined
}

/** Checks the options of a rate limit. */
export const checkRateLimit = (options: RateLimitOptions | undefined): ReadonlyArray<Issue> =>
  options === undefined
    ? []
    : [
        ...checkCount(options.limit, ["rateLimit", "limit"], " of requests"),
        ...checkDuration(options.window, "rateLimit", "window"),
      ]

/** Waits for the turn of a request. It takes none if `check` fails, at once or at its turn. */
export type AwaitTurn = <E>(check: Effect.Effect<unknown, E>) => Effect.Effect<void, E>

/** Makes the wait for the turn of a request. `host` is the default key. */
export const makeAwaitTurn = Effect.fnUntraced(function* (
  host: string,
  { algorithm = "token-bucket", key = host, limit, window }: RateLimitOptions,
): Effect.fn.Return<AwaitTurn, never, Scope.Scope> {
  const store = yield* orMemory(RateLimiter.RateLimiterStore, RateLimiter.layerStoreMemory)
  const limiter = yield* Effect.provide(RateLimiter.make, store)
  const queue = yield* Semaphore.make(1)
  const query = makeQuery(
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
      // A turn that is reserved in advance is lost if the send ends before it comes. With more to send than the limit
      // allows, all turns would soon belong to sends that have ended.
      onExceeded: "fail",
    }),
  )
  const takeTurn = <E>(check: Effect.Effect<unknown, E>): Effect.Effect<void, E> =>
    Effect.andThen(check, query(consume)).pipe(
      Effect.asVoid,
      Effect.catchIf(
        (error) => error instanceof RateLimiter.RateLimiterError,
        ({ reason }) =>
          reason._tag === "RateLimitExceeded"
            ? Effect.andThen(
                Effect.sleep(Duration.max(reason.retryAfter, Duration.millis(1))),
                Effect.suspend(() => takeTurn(check)),
              )
            : // The service has its own limit, and not to send at all would be worse. The cause is not logged, since it
              // may contain the store's address.
              Effect.logWarning(
                "the store of the rate limit is unreachable; sending without a limit",
              ),
      ),
    )
  // One at a time, so that requests are sent in the order in which they came.
  return (check) => Effect.andThen(check, queue.withPermit(takeTurn(check)))
})
