/** Durable sends on SQLite and on a real Postgres: what a caller asks, and that a claim costs the same at any size. */
import { SentClient, SentError } from "@effect-sent/core"
import { DurableSender } from "@effect-sent/durable"
import { clientOf, secret } from "@effect-sent/faults/crash/database"
import {
  analyze,
  claimTen,
  claimText,
  explainClaim,
  fill,
  giveBack,
} from "@effect-sent/faults/queue/claims"
import { type Postgres, postgresFolder, startPostgres } from "@effect-sent/faults/postgres"
import {
  DateTime,
  type Duration,
  Effect,
  Exit,
  Layer,
  Logger,
  Metric,
  type Scope,
  Stream,
} from "effect"
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

/** What a gauge shows. */
const gauge = (id: string, state?: string) =>
  Effect.map(Metric.snapshot, (all) => {
    const found = all.find(
      (metric) => metric.id === id && metric.attributes?.["sent.state"] === state,
    )
    return found?.type === "Gauge" ? Number(found.state.value) : undefined
  })

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

    it("a worker counts the sends of each state, and logs no warning", () => {
      const lines: Array<string> = []
      const client = clientThat(Effect.fail(failure(new SentError.ServerFailed({ status: 502 }))))
      return run(
        Effect.gen(function* () {
          const sender = yield* DurableSender.DurableSender
          const sql = yield* SqlClient.SqlClient
          const later = "2099-01-01T00:00:00Z"
          for (const i of [1, 2, 3]) {
            yield* sender.enqueue(message, { key: `later ${i}`, notBefore: later })
          }
          yield* sender.enqueue(message, { key: "now" })
          // It was due for a minute when nobody worked.
          yield* sql`update effect_sent_queue set due_at = due_at - 60000 where key = 'now'`
          const workUntil = (
            lease: Duration.Input,
            of: (value: number) => boolean,
            ...[metric, state]: Parameters<typeof gauge>
          ) =>
            sender
              .work({ lease, pollInterval: "20 millis" })
              .pipe(
                Effect.andThen(
                  gauge(metric, state).pipe(
                    Effect.delay("10 millis"),
                    Effect.repeat({ until: (value) => value !== undefined && of(value) }),
                  ),
                ),
                Effect.scoped,
              )
          // The first look counts before it claims. With that lease, the next one is later than this test.
          yield* workUntil("1 hour", (seconds) => seconds >= 60, "sent.durable.oldest")
          yield* workUntil("1 second", (count) => count === 1, "sent.durable.sends", "unknown")
          assert.strictEqual(yield* gauge("sent.durable.sends", "pending"), 3)
          assert.strictEqual(yield* gauge("sent.durable.sends", "claimed"), 0)
          assert.strictEqual(yield* gauge("sent.durable.sends", "attempting"), 0)
          assert.strictEqual(yield* gauge("sent.durable.oldest"), 0)
          assert.deepStrictEqual(lines, [])
        }).pipe(
          Effect.provide(client),
          Effect.provideService(Metric.MetricRegistry, new Map()),
          Effect.provide(
            Logger.layer([Logger.map(Logger.formatJson, (line) => void lines.push(line))]),
          ),
        ),
      )
    })

    it("a stream of 100,000 is enqueued, and known when it comes again", () =>
      run(
        Effect.gen(function* () {
          const sender = yield* DurableSender.DurableSender
          const items = Stream.map(Stream.range(1, 100_000), (i) => ({
            input: message,
            key: `message ${i}`,
          }))
          assert.deepStrictEqual(yield* sender.enqueueAll(items), { enqueued: 100_000, known: 0 })
          assert.deepStrictEqual(yield* sender.enqueueAll(items), { enqueued: 0, known: 100_000 })
          assert.deepStrictEqual(yield* sender.count, new Map([["pending", 100_000]]))
        }),
      ))

    it("a claim reads the same at a million rows as at a thousand", { timeout: 900_000 }, () =>
      run(
        Effect.gen(function* () {
          const text = yield* claimText
          const costs: Array<number> = []
          for (const [from, to] of [
            [1, 1000],
            [1001, 1_000_000],
          ] as const) {
            yield* fill(from, to)
            yield* analyze
            const plan = yield* explainClaim(text)
            yield* giveBack
            assert.match(plan, /effect_sent_queue_due/)
            assert.notMatch(plan, /Seq Scan on effect_sent_queue|SCAN effect_sent_queue/)
            const times: Array<number> = []
            for (let i = 0; i < 20; i++) {
              const startedAt = performance.now()
              assert.lengthOf(yield* claimTen(text), 10)
              times.push(performance.now() - startedAt)
              yield* giveBack
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

describe.skipIf(skipsPostgres)("a database that crashes while a message is on the wire", () => {
  it("learns that it was accepted when it is back, and the message is sent once", async () => {
    // A server of its own: the queue of the other tests would be sent, too, with a crash for each message.
    await using server = await startPostgres()
    let sent = 0
    const client = clientThat(Effect.promise(() => (sent++, server.crash())))
    await Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      yield* sender.enqueue(message, { key: "crash" })
      yield* sender.work({ pollInterval: "50 millis" })
      const send = yield* sender.awaitFinal("crash").pipe(
        // The database is away.
        Effect.retry({ while: ({ _tag }) => _tag === "DurableSenderError" }),
      )
      assert.strictEqual(send.state, "accepted")
      assert.strictEqual(sent, 1)
    }).pipe(
      Effect.provide(client),
      Effect.scoped,
      Effect.provide(DurableSender.layer({ secret }).pipe(Layer.provide(clientOf(server.url)))),
      Effect.provide(Logger.layer([])),
      Effect.runPromise,
    )
  })
})
