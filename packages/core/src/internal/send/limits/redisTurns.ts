/** The turns of a rate limit that several processes share through Redis. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redis from "effect/persistence/Redis"
import { type Pace, type Take, waitOf } from "./turns.ts"

/**
 * Takes a turn at its `Pace`, which is in microseconds: 0, or else how many of them are missing.
 *
 * The time is Redis' own, since the clocks of the processes differ. If it was set back, the pace begins anew.
 */
const takeScript = Redis.script(
  (key: string, spacing: bigint, lag: bigint) => [key, spacing, lag],
  {
    numberOfKeys: 1,
    lua: `
local time = redis.call("TIME")
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local spacing = tonumber(ARGV[1])
local lag = tonumber(ARGV[2])
local function keep(turn)
  local ttl = math.ceil((spacing + lag) / 1000)
  redis.call("SET", KEYS[1], string.format("%.0f", turn), "PX", string.format("%.0f", ttl))
end
local last = tonumber(redis.call("GET", KEYS[1]))
if last and last > now then
  last = now
  keep(last)
end
local turn = last and math.max(last + spacing, now - lag) or now
if turn > now then return turn - now end
keep(turn)
return 0
`,
  },
).withReturnType<number>()

/**
 * Takes turns by the clock of Redis.
 *
 * As long as Redis does not answer, there are no turns.
 */
export const takeFromRedis = (
  redis: Redis.Redis["Service"],
  key: string,
  { lag, spacing }: Pace,
): Take => {
  const query = redis.eval(takeScript)(key, (spacing + 999n) / 1000n, lag / 1000n)
  let isLost = false
  return query.pipe(
    Effect.timeout(queryTimeout),
    Effect.matchEffect({
      onSuccess: (missing) => {
        isLost = false
        return Effect.succeed(waitOf(BigInt(missing), 1000n))
      },
      onFailure: () => {
        if (isLost) return Effect.succeed(pause)
        isLost = true
        // The cause is not logged, since it may contain the address of Redis.
        return Effect.as(Effect.logWarning(lost), pause)
      },
    }),
  )
}

const lost =
  "Redis does not answer: the rate limit lets no request pass until it does, and sends end at their deadline, not sent"

/** A Redis client queues commands until it is connected again: without a time-out, no answer would ever be noticed. */
const queryTimeout = Duration.seconds(1)

/** How long to wait before Redis is asked again. */
const pause = Duration.seconds(1)
