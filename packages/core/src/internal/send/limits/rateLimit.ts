/** A rate limit: each request waits its turn. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as RateLimiter from "effect/persistence/RateLimiter"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { Issue } from "../../../SentError.ts"
import { checkCount, checkDuration } from "../../options.ts"
import { makeQuery, orMemory } from "./store.ts"

/** A rate limit. */
export interface RateLimitOptions {
  /** How many requests a window allows; a whole number, 1 or more. */
  readonly limit: number
  /** How long a window is. */
  readonly window: Duration.Input
  /** `token-bucket` spreads the requests evenly, `fixed-window` lets a window's through at once. Default: the former. */
  readonly algorithm?: "token-bucket" | "fixed-window" | undefined
  /** Tells limits in one store apart, e.g. by account; no secret. Default: the host of the base URL. */
  readonly key?: string | undefined
}

/** Checks the options of a rate limit, if there is one. */
export const checkRateLimit = (options: RateLimitOptions | undefined): ReadonlyArray<Issue> =>
  options === undefined
    ? []
    : [
        ...checkCount(options.limit, ["rateLimit", "limit"], " of requests"),
        ...checkDuration(options.window, "rateLimit", "window"),
      ]

/** Makes the effect that waits for a request's turn; `host` keeps services apart in a shared store. */
export const makeAwaitTurn = Effect.fnUntraced(function* (
  host: string,
  { algorithm = "token-bucket", key = host, limit, window }: RateLimitOptions,
): Effect.fn.Return<Effect.Effect<void>, never, Scope.Scope> {
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
      // A turn that is taken before it has come is lost when the send ends before it: with more to send than the
      // limit allows, all turns would soon belong to sends that are gone.
      onExceeded: "fail",
    }),
  )
  const takeTurn: Effect.Effect<void> = query(consume).pipe(
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
