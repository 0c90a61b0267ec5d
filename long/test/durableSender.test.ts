/** Durable sends on SQLite and on a real Postgres: what a caller asks, and that a claim costs the same at any size. */
import { SentClient, SentError } from "@effect-sent/core"
import { DurableSender } from "@effect-sent/durable"
import { clientOf, secret } from "@effect-sent/faults/crash/database"
import { type Postgres, postgresFolder, startPostgres } from "@effect-sent/faults/postgres"
import { DateTime, Effect, Exit, Layer, type Scope, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "vitest"

// CI sets this where there must be one, so that the tests are not skipped by accident.
const needsPostgres = process.env["EFFECT_SENT_REQUIRE_POSTGRES"] === "1"
const skipsPostgres = postgresFolder === undefined && !needsPostgres
if (skipsPostgres) console.log("No Postgres found: durable sends in Postgres are skipped")

const folder = mkdtempSync(join(tmpdir(), "effect-sent-queue-"))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

let postgres: Postgres
beforeAll(async () => {
  if (!skipsPostgres) postgres = await startPostgres()
})
afterAll(() => postgres?.[Symbol.asyncDispose]())

const message = {
  phoneNumber: "+1234567890",
  templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  messageBody: { name: "John \0 Doe" },
}
const key = "order 12345 \0 shipped"

const clientThat = (
  answer: Effect.Effect<void, SentError.SentError>,
): Layer.Layer<SentClient.SentClient> =>
  Layer.succeed(SentClient.SentClient, {
    sendToPhone: () =>
      Effect.andThen(
        answer,
        Effect.map(DateTime.now, (acceptedAt) => ({ acceptedAt, status: 204, attempts: 1 })),
      ),
  })

const failure = (reason: SentError.SentError["reason"]): SentError.SentError =>
  new SentError.SentError({ reason, attempts: 1 })

const databases: ReadonlyArray<readonly [name: string, target: () => string]> = [
  ["SQLite", () => join(folder, "queue.sqlite")],
  ["Postgres", () => postgres.url],
]

describe.each(databases.filter(([name]) => name === "SQLite" || !skipsPostgres))(
  "in %s",
  (name, target) => {
    const run = <A>(
      program: Effect.Effect<
        A,
        unknown,
        DurableSender.DurableSender | SqlClient.SqlClient | Scope.Scope
      >,
      options: Partial<DurableSender.Options> = {},
    ): Promise<A> =>
      Effect.runPromise(
        Effect.provide(
          Effect.scoped(program),
          DurableSender.layer({ secret, timeout: "1 minute", ...options }).pipe(
            Layer.provideMerge(clientOf(target())),
          ),
        ),
      )

    beforeEach(() => run(SqlClient.SqlClient.use((sql) => sql`delete from effect_sent_queue`)))

    it("a key is one message, and part of the caller's transaction", () =>
      run(
        Effect.gen(function* () {
          const sender = yield* DurableSender.DurableSender
          const sql = yield* SqlClient.SqlClient
          const enqueue = sender.enqueue(message, { key, reference: "12345" })
          yield* Effect.exit(sql.withTransaction(Effect.andThen(enqueue, Effect.fail("failed"))))
          assert.isUndefined(yield* sender.find(key))
          assert.strictEqual(yield* sql.withTransaction(enqueue), "enqueued")
          assert.strictEqual(yield* enqueue, "known")
          const other = { ...message, messageBody: {} }
          assert.strictEqual(
            (yield* Effect.flip(sender.enqueue(other, { key })))._tag,
            "KeyConflict",
          )
          const both = yield* Effect.all([sender.find(key), sender.cancel(key)])
          assert.strictEqual(both[0]?.key, key)
          assert.strictEqual(both[1], "cancelled")
          const item = { input: message, key: "again" }
          assert.deepStrictEqual(yield* sender.enqueueAll(Stream.make(item, item)), {
            enqueued: 1,
            known: 1,
          })
        }),
      ))

    it("ten calls of `sendOnce` with a key at the same moment send one message", () => {
      let sent = 0
      const client = clientThat(Effect.sync(() => void sent++).pipe(Effect.delay("50 millis")))
      return run(
        Effect.gen(function* () {
          const sender = yield* DurableSender.DurableSender
          const exits = yield* Effect.all(
            Array.from({ length: 10 }, () => Effect.exit(sender.sendOnce(message, { key }))),
            { concurrency: "unbounded" },
          )
          assert.strictEqual(sent, 1)
          assert.isAtLeast(exits.filter(Exit.isSuccess).length, 1)
          assert.isTrue((yield* sender.sendOnce(message, { key })).isRepeated)
        }).pipe(Effect.provide(client)),
      )
    })

    it("an unknown send is listed, and requeued only if a duplicate is accepted", () => {
      const client = clientThat(Effect.fail(failure(new SentError.ServerFailed({ status: 502 }))))
      return run(
        Effect.gen(function* () {
          const sender = yield* DurableSender.DurableSender
          for (let i = 0; i < 120; i++) {
            yield* Effect.exit(sender.sendOnce(message, { key: `${key} ${i}` }))
          }
          const unknown = yield* Stream.runCollect(sender.unknown)
          assert.strictEqual(new Set(unknown.map((send) => send.key)).size, 120)
          const first = `${key} 0`
          assert.include((yield* Effect.flip(sender.requeue(first))).message, "acceptDuplicate")
          yield* sender.requeue(first, { acceptDuplicate: true, notAfter: "2099-01-01T00:00:00Z" })
          assert.strictEqual((yield* sender.find(first))?.state, "pending")
          const { _tag } = yield* Effect.flip(sender.sendOnce(message, { key: `${key} 1` }))
          assert.strictEqual(_tag, "NotRepeated")
        }).pipe(Effect.provide(client)),
      )
    })

    it("personal data goes when its time has come, in batches", () => {
      const client = clientThat(Effect.fail(failure(new SentError.InvalidPhoneNumber())))
      return run(
        Effect.gen(function* () {
          const sender = yield* DurableSender.DurableSender
          const sql = yield* SqlClient.SqlClient
          yield* sender.enqueueAll(
            Stream.map(Stream.range(1, 1200), (i) => ({ input: message, key: String(i) })),
          )
          yield* sql`update effect_sent_queue set state = 'refused', settled_at = 1`
          yield* sender.work({ pollInterval: "10 millis" })
          yield* sql`select 1 from effect_sent_queue`.pipe(
            Effect.delay("20 millis"),
            Effect.repeat({ until: (rows) => rows.length === 0 }),
          )
          assert.isUndefined(yield* sender.find("1"))
        }).pipe(Effect.provide(client)),
        { keepBodies: "1 second", keepNumbers: "2 seconds", keepKeys: "3 seconds" },
      )
    })

    it("a claim reads the same at a million rows as at a thousand", { timeout: 900_000 }, () =>
      run(
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const fill = (from: number, to: number) =>
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
              })}`
          const claim = sql`update effect_sent_queue set fence = fence + 1
            where key in (select key from effect_sent_queue
              where state = 'pending' and priority = 1 and due_at <= 5000000000000
                and (not_after is null or not_after > 1)
              order by due_at limit 10) returning key`
          const explain = sql.onDialectOrElse({
            sqlite: () => sql`explain query plan ${claim}`,
            orElse: () =>
              sql`explain (analyze, buffers, costs off, timing off, summary off) ${claim}`,
          })
          const costs: Array<number> = []
          for (const [from, to] of [
            [1, 1000],
            [1001, 1_000_000],
          ] as const) {
            yield* fill(from, to)
            yield* name === "SQLite" ? sql`analyze` : sql`vacuum analyze effect_sent_queue`
            const plan = (yield* explain).flatMap((row) => Object.values(row)).join("\n")
            assert.match(plan, /effect_sent_queue_due/)
            assert.notMatch(plan, /Seq Scan on effect_sent_queue|SCAN effect_sent_queue/)
            const times: Array<number> = []
            for (let i = 0; i < 20; i++) {
              const startedAt = performance.now()
              assert.lengthOf(yield* claim, 10)
              times.push(performance.now() - startedAt)
            }
            costs.push(times.toSorted((one, other) => one - other)[10] ?? 0)
            console.log(
              `${name}, ${to} rows: ${costs.at(-1)?.toFixed(2)} ms a claim of 10\n${plan}`,
            )
          }
        }),
      ),
    )
  },
)
