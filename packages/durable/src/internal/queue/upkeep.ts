/** What a worker does beside sending: leases and times that have passed, personal data that is kept no longer, and metrics. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { dialectOf } from "../sql/dialect.ts"
import type { State } from "./row.ts"
import * as Telemetry from "./telemetry.ts"
import type { Transitions } from "./transitions.ts"

/** How long what is settled is kept, in milliseconds. */
export interface Retention {
  readonly bodies: number
  readonly numbers: number
  readonly keys: number
}

/** How many rows one statement blanks or removes: transactions stay short. */
const batch = 500

/** How many sends of a state are counted: nobody waits for a million to be counted. */
const maxCounted = 100_000

/** Repeats a change until it finds fewer rows than it may change. */
const whileFull = (
  change: Effect.Effect<ReadonlyArray<unknown>, SqlError>,
): Effect.Effect<unknown, SqlError> =>
  Effect.repeat(change, { until: ({ length }) => length < batch })

/** Makes the upkeep of a table. It may run in any number of processes at the same time. */
export const makeUpkeep = (
  sql: SqlClient,
  { expire, lose, reclaim }: Transitions,
  retention: Retention,
): Effect.Effect<void, SqlError> => {
  const { skipLocked } = dialectOf(sql)

  const settledBefore = (time: number, also: string) =>
    sql`select key from effect_sent_queue
      where settled_at is not null and settled_at <= ${time} ${sql.literal(also)}
      order by settled_at limit ${batch} ${skipLocked}`

  const blank = Effect.fnUntraced(function* (now: number) {
    const { bodies, keys, numbers } = retention
    yield* whileFull(sql`update effect_sent_queue
      set message_body = null, webhook_url = null, callback_url = null, is_complete = 0
      where key in (${settledBefore(now - bodies, "and is_complete = 1")})
        and settled_at is not null returning key`)
    yield* whileFull(sql`update effect_sent_queue set phone_number = null, is_complete = 0
      where key in (${settledBefore(now - numbers, "and phone_number is not null")})
        and settled_at is not null returning key`)
    if (!Number.isFinite(keys)) return
    yield* whileFull(sql`delete from effect_sent_queue
      where key in (${settledBefore(now - keys, "")}) and settled_at is not null returning key`)
  })

  const count = Effect.fnUntraced(function* (now: number) {
    const most = sql.literal(String(maxCounted))
    const rows = yield* sql<{ readonly state: State; readonly n: number | string }>`
      select 'pending' as state, count(*) as n from (select 1 from effect_sent_queue
        where state = 'pending' and settled_at is null limit ${most}) as counted
      union all
      select 'claimed' as state, count(*) as n from (select 1 from effect_sent_queue
        where state = 'claimed' and settled_at is null limit ${most}) as counted
      union all
      select 'attempting' as state, count(*) as n from (select 1 from effect_sent_queue
        where state = 'attempting' and settled_at is null limit ${most}) as counted
      union all
      select 'unknown' as state, count(*) as n from (select 1 from effect_sent_queue
        where state = 'unknown' limit ${most}) as counted`
    const due = yield* sql<{ readonly due_at: number | string | null }>`
      select min(due_at) as due_at from effect_sent_queue where state = 'pending' and priority = 0
      union all
      select min(due_at) as due_at from effect_sent_queue where state = 'pending' and priority = 1
      union all
      select min(due_at) as due_at from effect_sent_queue where state = 'pending' and priority = 2`
    const earliest = Math.min(now, ...due.map(({ due_at }) => Number(due_at ?? now)))
    yield* Telemetry.counted(
      new Map(rows.map(({ n, state }) => [state, Number(n)])),
      now - earliest,
    )
  })

  return Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    yield* Telemetry.changed("expired", yield* expire(now))
    yield* reclaim(now)
    yield* Telemetry.changed("unknown", yield* lose(now))
    yield* blank(now)
    yield* count(now)
  })
}
