/** What a claim of durable sends costs, in a table of any size. */
import { SentClient } from "@effect-sent/core/SentClient"
import * as DurableSender from "@effect-sent/durable/DurableSender"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Tracer from "effect/Tracer"

type Database<A, E = SqlError> = Effect.Effect<A, E, SqlClient.SqlClient>

/** Adds rows: one in ten is pending, and of these one in two is due. */
export const fill = (from: number, to: number): Database<unknown> =>
  SqlClient.SqlClient.use(
    (sql) =>
      sql`insert into effect_sent_queue (key, state, fence, is_queued, priority, due_at,
          lease_until, attempts, digest, phone_number, template_id, is_complete, enqueued_at,
          settled_at)
        select 'filled ' || i, case when i % 10 = 0 then 'pending' else 'accepted' end, 0, 1,
          i % 3, case when i % 20 = 0 then i else 9000000000000 + i end, 0, 0, 'digest',
          '+1234567890', 'template', 1, 0, case when i % 10 = 0 then null else i end
        ${sql.onDialectOrElse({
          sqlite: () => sql`from (with recursive n(i) as (select ${from} union all
            select i + 1 from n where i < ${to}) select i from n)`,
          orElse: () => sql`from generate_series(${from}::bigint, ${to}::bigint) as i`,
        })}`,
  )

/** Lets the database learn how many rows there are. */
export const analyze: Database<unknown> = SqlClient.SqlClient.use((sql) =>
  sql.onDialectOrElse({
    sqlite: () => sql`analyze`,
    orElse: () => sql`vacuum analyze effect_sent_queue`,
  }),
)

/** The statement by which a worker claims, as a worker runs it. */
export const claimText: Effect.Effect<
  string,
  unknown,
  DurableSender.DurableSender | SqlClient.SqlClient
> = Effect.gen(function* () {
  const found = yield* Deferred.make<string>()
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      const attribute = span.attribute.bind(span)
      span.attribute = (name, value) => {
        if (typeof value === "string" && value.includes("set state = 'claimed', fence")) {
          Deferred.doneUnsafe(found, Effect.succeed(value))
        }
        attribute(name, value)
      }
      return span
    },
  })
  const nobody = Layer.mock(SentClient, {})
  const sender = yield* DurableSender.DurableSender
  return yield* Effect.scoped(
    Effect.andThen(
      Effect.provide(sender.work({ pollInterval: "10 millis" }), nobody),
      Deferred.await(found),
    ),
  ).pipe(Effect.withTracer(tracer))
})

/** Claims ten of what is due, by that statement. */
export const claimTen = (text: string): Database<ReadonlyArray<unknown>> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    return yield* sql.unsafe(text, yield* parameters)
  })

/** Makes pending again what was claimed. */
export const giveBack: Database<unknown> = SqlClient.SqlClient.use(
  (sql) => sql`update effect_sent_queue set state = 'pending' where state = 'claimed'`,
)

/** How the database does that: its plan, a line each. */
export const explainClaim = (text: string): Database<string> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const explain = sql.onDialectOrElse({
      sqlite: () => "explain query plan",
      orElse: () => "explain (analyze, buffers, costs off, timing off, summary off)",
    })
    const rows = yield* sql.unsafe<object>(`${explain} ${text}`, yield* parameters)
    return rows
      .map((row) => String(Reflect.get(row, "detail") ?? Reflect.get(row, "QUERY PLAN")))
      .join("\n")
  })

/** The priority, the time, twice, the limit, and the end of the lease. */
const parameters = Effect.map(Clock.currentTimeMillis, (now) => [1, now, now, 10, now + 60_000])
