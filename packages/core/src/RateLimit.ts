/**
 * A rate limit: no more than so many requests in any window of time.
 *
 * **Details**
 *
 * It paces. Each request waits its turn, in order, and turns are `window / limit` apart, and 2 % more, from the first one
 * on: with 10 a second, one request may leave each 102 milliseconds. Nothing is saved up for a burst: a turn that comes
 * late, because the process was busy, brings the next one closer by 2 % of a window at most. Every request counts, retries
 * included. A send that gets no turn before its deadline fails with `TimedOut`, not sent.
 *
 * A rate limit is a value. Pass it to one layer, or to several that share it. Its turns are kept in memory, or in Redis
 * with {@link makeShared}.
 *
 * **Gotchas**
 *
 * A turn is when a request may leave. Requests arrive later, and some later than others: a connection that has to be
 * opened, or a packet that is lost, brings a request closer to the next one. If the service counts strictly, choose a limit
 * somewhat below the service's.
 *
 * @example
 * ```ts
 * import { RateLimit, SentClient } from "@effect-sent/core"
 *
 * const rateLimit = RateLimit.make({ limit: 10, window: "1 second" })
 *
 * const SentLive = SentClient.layerConfig({ rateLimit })
 * ```
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redis from "effect/persistence/Redis"
import * as Kind from "./internal/options.ts"
import { RateLimitTypeId as TypeId, type Turns } from "./internal/send/limits/limits.ts"
import { takeFromRedis } from "./internal/send/limits/redisTurns.ts"
import {
  awaitTurns,
  type Pace,
  paceOf,
  type Take,
  takeFromMemory,
} from "./internal/send/limits/turns.ts"
import type { Issue } from "./SentError.ts"

/** A rate limit, made by {@link make} or {@link makeShared}. */
export interface RateLimit {
  readonly [TypeId]: Turns
}

/** The options of a rate limit. */
export interface Options {
  /** How many requests are allowed in any window; a whole number, 1 or more. */
  readonly limit: number
  /** The length of a window. */
  readonly window: Duration.Input
}

/** The options of a rate limit that several processes share. */
export interface SharedOptions extends Options {
  /** The name of the limit in Redis, for example the account's. Not a secret. */
  readonly key: string
}

/**
 * Makes a rate limit for the layers of one process.
 *
 * **Details**
 *
 * Layers that are given the same value share one limit, and one queue. A layer that is given an invalid option fails with
 * `InvalidOptions`.
 *
 * @example
 * ```ts
 * import { RateLimit, SentClient } from "@effect-sent/core"
 *
 * // The account's limit, for two clients that send through it.
 * const rateLimit = RateLimit.make({ limit: 10, window: "1 second" })
 *
 * const Marketing = SentClient.layerConfig({ rateLimit, deadline: "10 minutes" })
 * const Alarms = SentClient.layerConfig({ rateLimit })
 * ```
 */
export const make = (options: Options): RateLimit =>
  of(options, optionsKind(options), takeFromMemory)

/**
 * Makes a rate limit that several processes share through Redis.
 *
 * **Details**
 *
 * Turns are taken by the clock of Redis, so the clocks of the processes do not matter. Each turn is one query.
 *
 * While Redis does not answer, nothing is sent: each send waits for it, and fails at its deadline with `TimedOut`, not
 * sent. A warning is logged. A process that ends takes no turn with it but one that it had not used yet.
 *
 * **Gotchas**
 *
 * - Give every process the same `limit` and `window`: each one keeps its own distance from the last turn of any.
 * - If Redis loses its data, or fails over to a replica that has not seen the last turn, one request may follow another
 *   too early.
 * - `RateLimiter.layerStoreRedis` of Effect is not used here, since it takes the time from each process.
 *
 * @example
 * ```ts
 * import { RateLimit, SentClient } from "@effect-sent/core"
 * import { NodeRedis } from "@effect/platform-node"
 * import { Effect, Layer } from "effect"
 *
 * const SentLive = RateLimit.makeShared({ key: "sent", limit: 10, window: "1 second" }).pipe(
 *   Effect.map((rateLimit) => SentClient.layerConfig({ rateLimit })),
 *   Layer.unwrap,
 *   Layer.provide(NodeRedis.layer({ url: "redis://127.0.0.1:6379" })),
 * )
 * ```
 */
export const makeShared = (options: SharedOptions): Effect.Effect<RateLimit, never, Redis.Redis> =>
  Effect.map(Redis.Redis, (redis) =>
    of(options, sharedKind(options), (pace) =>
      takeFromRedis(redis, `effect-sent:rate-limit:${options.key}`, pace),
    ),
  )

const of = (
  options: Options,
  issues: ReadonlyArray<Issue>,
  takeAt: (pace: Pace) => Take,
): RateLimit => ({
  [TypeId]: {
    issues,
    // A layer fails if there are issues.
    awaitTurn:
      issues.length > 0
        ? (mayPass) => mayPass
        : awaitTurns(takeAt(paceOf(options.limit, Duration.toNanosUnsafe(options.window)))),
  },
})

const kinds: Kind.Kinds<Options> = {
  limit: Kind.required(Kind.whole(1)),
  window: Kind.required(Kind.duration()),
}

const optionsKind: Kind.Kind = Kind.struct<Options>(kinds)

const sharedKind: Kind.Kind = Kind.struct<SharedOptions>({
  ...kinds,
  key: Kind.required(Kind.text),
})
