/** The delivery store in SQL, with real processes: on SQLite, and on a Postgres server that the test starts. */
import { DeliveryStore, DeliveryTracker, SentClient, SentWebhook } from "@effect-sent/core"
import * as DeliveryStoreConformance from "@effect-sent/core/DeliveryStoreConformance"
import { type Postgres, postgresFolder, startPostgres } from "@effect-sent/faults/postgres"
import type { SqlDeliveryStore } from "@effect-sent/durable"
import { Context, DateTime, Deferred, Effect, Fiber, Layer, Schedule, type Scope } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { storeOf } from "../store/layer.ts"
import { startProxy } from "../store/proxy.ts"
import { deliver, type Receiver, runAll, startReceiver } from "../store/receivers.ts"

// CI sets this where there must be one, so that the tests are not skipped by accident.
const needsPostgres = process.env["EFFECT_SENT_REQUIRE_POSTGRES"] === "1"
const skipsPostgres = postgresFolder === undefined && !needsPostgres
if (skipsPostgres) console.log("No Postgres found: the tests of the store in Postgres are skipped")

const folder = mkdtempSync(join(tmpdir(), "effect-sent-store-"))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

let postgres: Postgres
beforeAll(async () => {
  if (!skipsPostgres) postgres = await startPostgres()
})
afterAll(() => postgres?.[Symbol.asyncDispose]())

const databases: ReadonlyArray<readonly [name: string, target: () => string]> = [
  ["SQLite", () => join(folder, "store.sqlite")],
  ["Postgres", () => postgres.url],
]

const at = (seconds: number): DateTime.Utc =>
  DateTime.makeUnsafe(1_761_905_442_000 + seconds * 1000)

/** The first so many numbers. */
const upTo = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, i) => i)

/** What a program returns that has a store of its own. */
const withStore = <A, E>(
  target: string,
  program: Effect.Effect<A, E, DeliveryStore.DeliveryStore | SqlClient.SqlClient | Scope.Scope>,
  options?: SqlDeliveryStore.Options,
): Promise<A> => Effect.runPromise(Effect.scoped(Effect.provide(program, storeOf(target, options))))

const store = Effect.service(DeliveryStore.DeliveryStore)

/** A store with connections of its own, as in another process. */
const another = (
  target: string,
): Effect.Effect<DeliveryStore.DeliveryStore["Service"], unknown, Scope.Scope> =>
  Effect.map(Layer.build(Layer.fresh(storeOf(target))), (context) =>
    Context.get(context, DeliveryStore.DeliveryStore),
  )

const webhookSecret = "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4="

/** A tracker over v3 whose answers the test gives, by the template id, which is that of the message. */
const trackerOf = Effect.fnUntraced(function* (
  deliveryStore: DeliveryStore.DeliveryStore["Service"],
  handled: Array<string>,
) {
  const answers = new Map<string, Deferred.Deferred<void>>()
  const answerOf = (id: string): Deferred.Deferred<void> => {
    const made = answers.get(id) ?? Deferred.makeUnsafe<void>()
    answers.set(id, made)
    return made
  }
  const tracker = yield* DeliveryTracker.make({
    store: deliveryStore,
    webhookSecret,
    onUpdate: ({ event }) =>
      Effect.sync(() => void handled.push(`${event.messageId} ${event.status}`)),
  }).pipe(
    Effect.provideService(SentClient.SentClient, {
      updatesTo: "account",
      sendToPhone: ({ templateId }) =>
        Deferred.await(answerOf(templateId)).pipe(
          Effect.andThen(DateTime.now),
          Effect.map((acceptedAt) => ({
            acceptedAt,
            status: 202,
            attempts: 1,
            messageId: templateId,
          })),
        ),
    }),
  )
  return { tracker, answer: (id: string) => Deferred.succeed(answerOf(id), undefined) }
})

/** Tells a tracker an update until it is taken, as the provider does. */
const tellOf = (
  tracker: DeliveryTracker.DeliveryTracker["Service"],
  message_id: string,
  message_status: string,
) =>
  Effect.gen(function* () {
    const body = JSON.stringify({ field: "message", payload: { message_id, message_status } })
    const headers = yield* SentWebhook.sign(body, { secret: webhookSecret })
    return (yield* tracker.receive({ headers, body })).status
  }).pipe(Effect.repeat({ until: (status) => status === 204 }))

describe.each(databases.filter(([name]) => name === "SQLite" || !skipsPostgres))(
  "in %s",
  (_, target) => {
    it.each(DeliveryStoreConformance.cases)("$name", async ({ run }) => {
      const program = Effect.gen(function* () {
        yield* run(yield* store, yield* another(target()))
      })
      assert.isUndefined(await withStore(target(), program))
    })

    const damaged = DeliveryStoreConformance.damaged<
      SqlError.SqlError,
      DeliveryStore.DeliveryStore | SqlClient.SqlClient
    >({
      open: store,
      damage: (id) =>
        SqlClient.SqlClient.use(
          (sql) => sql`insert into effect_sent_parts ${sql.insert({ send_id: id, content: "{" })}`,
        ).pipe(Effect.asVoid),
    })

    it.each(damaged)("$name", async ({ run }) => {
      assert.isUndefined(await withStore(target(), run))
    })

    it(
      "two processes lose none of 2,000 sends and 4,000 updates, when one of them is killed",
      { timeout: 600_000 },
      async () => {
        await using stays = await startReceiver(target())
        const doomed = await startReceiver(target())
        let receivers: ReadonlyArray<Receiver> = [stays, doomed]
        const sends = upTo(2000).map((number) => `send-${number}`)
        await runAll(
          sends.map((send, i) => () => deliver(`/open?send=${send}`, () => receivers, i)),
          16,
        )

        // Each update to both processes at the same moment; and the two updates of a send cross.
        const answeredByDoomed = new Set<string>()
        let delivered = 0
        let killed: Promise<void> | undefined
        const tasks = sends.flatMap((send, i) =>
          ["SENT", "DELIVERED"].map((status, j) => async () => {
            const path = `/update?send=${send}&status=${status}&at=${1_761_905_442_000 + j}`
            const both = [0, 1].map(async (first) => {
              await deliver(path, () => receivers, first + i + j)
              if (killed === undefined) answeredByDoomed.add(`${send} ${status}`)
            })
            await Promise.all(both)
            delivered += 1
            if (delivered === 1500) {
              receivers = [stays]
              killed = doomed.kill("SIGKILL")
              await killed
              // It is replaced, as an application would be.
              receivers = [stays, await startReceiver(target())]
            }
          }),
        )
        await runAll(tasks, 16)
        const [, replacement] = receivers

        const found = await withStore(
          target(),
          Effect.flatMap(store, ({ find }) => Effect.forEach(sends, (id) => find({ id }))),
        )
        for (const [index, [send]] of found.entries()) {
          assert.strictEqual(send?.reference, `order of ${sends[index]}`)
          assert.sameMembers(
            (send?.steps ?? []).map(({ status }) => status),
            ["SENT", "DELIVERED"],
          )
          assert.strictEqual(send?.unreadable, 0)
        }

        const others = [...stays.handled, ...(replacement?.handled ?? [])]
        const events = sends.flatMap((send) => [`${send} SENT`, `${send} DELIVERED`])
        assert.sameMembers([...new Set([...doomed.handled, ...others])], events)
        assert.lengthOf(new Set(doomed.handled), doomed.handled.length)
        assert.lengthOf(new Set(others), others.length)
        const twice = others.filter((event) => doomed.handled.includes(event))
        // Handled once more: only what the killed process had begun and not yet answered for.
        for (const event of twice) assert.isFalse(answeredByDoomed.has(event), event)
        assert.isAtMost(twice.length, 16)
        assert.isAbove(doomed.handled.length, 100)
        console.log(
          `${doomed.handled.length} handled by the killed process, ${twice.length} once more`,
        )
        await replacement?.[Symbol.asyncDispose]()
      },
    )

    it("updates over v3 that come before the answer, at the same moment or after it reach 300 sends, and are handled once", async () => {
      const handled: Array<string> = []
      const program = Effect.gen(function* () {
        const trackers = [
          yield* trackerOf(yield* store, handled),
          yield* trackerOf(yield* another(target()), handled),
        ]
        yield* Effect.forEach(
          upTo(300),
          Effect.fnUntraced(function* (number) {
            const sending = trackers[number % 2]
            const receiving = trackers[(number >> 1) % 2]
            if (sending === undefined || receiving === undefined) return
            const id = randomUUID()
            const { tracker, answer } = sending
            const tell = (status: string) => tellOf(receiving.tracker, id, status)
            if (number % 3 === 0) yield* tell("QUEUED")
            const [send] = yield* Effect.all(
              [
                tracker.sendToPhone({ phoneNumber: "+15005552040", templateId: id }),
                answer(id),
                tell("SENT"),
              ],
              { concurrency: "unbounded" },
            )
            if (number % 3 === 1) yield* tell("QUEUED")
            const { status, steps } = yield* send.state
            assert.deepStrictEqual([number, status], [number, "SENT"])
            assert.lengthOf(steps, number % 3 === 2 ? 1 : 2)
          }),
          { concurrency: 16, discard: true },
        )
        yield* Effect.suspend(() => Effect.sleep("20 millis")).pipe(
          Effect.repeat({ until: () => handled.length >= 500 }),
        )
      })
      await withStore(target(), program)
      assert.lengthOf(handled, 500)
      assert.lengthOf(new Set(handled), 500)
    }, 120_000)
  },
)

describe.skipIf(skipsPostgres)("in Postgres", () => {
  const record = (id: string): DeliveryStore.SendRecord => ({
    id,
    openedAt: at(0),
    expiresAt: at(3600),
    reference: id,
  })
  const claim = { key: "an event", owner: "one", until: at(3600) }

  it("each operation ends in time while the server hangs, and works again after that", async () => {
    await using proxy = await startProxy(postgres.url)
    const program = Effect.gen(function* () {
      const { append, claim: claimEvent, complete, find, forget, release, unknown } = yield* store
      const operations = [
        append(record("hanging")),
        find({ reference: "hanging" }),
        unknown(),
        claimEvent(claim, record("hanging")),
        complete(claim),
        release(claim),
        forget({ before: at(0) }),
      ]
      yield* append(record("before"))
      proxy.hangs = true
      for (const operation of operations) {
        const startedAt = performance.now()
        const error = yield* Effect.flip(operation)
        assert.include(error.message, "no answer within 500ms")
        assert.isBelow(performance.now() - startedAt, 5000)
      }
      proxy.hangs = false
      yield* append(record("after")).pipe(
        Effect.retry({ times: 60, schedule: Schedule.spaced("500 millis") }),
      )
      for (const id of ["before", "after"]) assert.lengthOf(yield* find({ id }), 1)
    })
    await withStore(proxy.url, program, { timeout: "500 millis" })
  })

  it("texts that Postgres cannot store are kept, and compared exactly", async () => {
    const program = Effect.gen(function* () {
      const { append, claim: claimEvent, find } = yield* store
      const texts = ["\0", "\\0", "\\\\0", "\0\\", "\uE000", "💬"]
      for (const text of texts) {
        const steps = [{ messageId: text, status: "SENT", receivedAt: at(0) }]
        yield* append({ ...record(text), steps })
        const event = { key: text, owner: text, until: at(1e9) }
        assert.strictEqual(yield* claimEvent(event), "claimed")
      }
      for (const text of texts) {
        for (const key of [{ id: text }, { reference: text }, { messageId: text }]) {
          const found = yield* find(key)
          assert.deepStrictEqual(
            found.map(({ id, reference, steps }) => [id, reference, steps[0]?.messageId]),
            [[text, text, text]],
          )
        }
      }
    })
    await withStore(postgres.url, program)
  })

  it("a slow server loses nothing of many operations at once", async () => {
    await using proxy = await startProxy(postgres.url)
    proxy.lag = 50
    const ids = upTo(50).map((number) => `slow ${number}`)
    const program = Effect.gen(function* () {
      const { append, claim: claimEvent, find } = yield* store
      yield* Effect.forEach(ids, (id) => append(record(id)), { concurrency: "unbounded" })
      const results = yield* Effect.forEach(
        ids,
        (owner) => claimEvent({ key: "slow", owner, until: at(1e9) }),
        { concurrency: "unbounded" },
      )
      assert.lengthOf(
        results.filter((result) => result === "claimed"),
        1,
      )
      assert.lengthOf(
        results.filter((result) => result === "held"),
        ids.length - 1,
      )
      for (const id of ids.slice(0, 5)) assert.lengthOf(yield* find({ id }), 1)
    })
    await withStore(proxy.url, program, { timeout: "1 minute" })
  })

  it("a crash of the server loses nothing that was stored, and fails with typed errors", async () => {
    const program = Effect.gen(function* () {
      const { append, find } = yield* store
      const stored: Array<string> = []
      const problems = new Set<string>()
      let number = 0
      const write = Effect.suspend(() => {
        number += 1
        const id = `crash ${number}`
        return append(record(id)).pipe(
          Effect.map(() => stored.push(id)),
          Effect.catch(({ problem }) => Effect.sync(() => problems.add(problem))),
        )
      })
      const writing = yield* Effect.forkChild(Effect.forever(write))
      yield* Effect.promise(() => vi.waitUntil(() => stored.length > 100, { timeout: 60_000 }))
      yield* Effect.promise(() => postgres.crash())
      const before = stored.length
      yield* Effect.promise(() =>
        vi.waitUntil(() => stored.length > before + 100, { timeout: 60_000 }),
      )
      yield* Fiber.interrupt(writing)
      assert.isNotEmpty([...problems])
      for (const id of stored) assert.lengthOf(yield* find({ id }), 1, id)
      console.log(`${stored.length} stored; problems: ${[...problems].join(", ")}`)
    })
    await withStore(postgres.url, program)
  })

  it("no operation reads a whole table", async () => {
    const program = Effect.gen(function* () {
      const [{ append, claim: claimEvent, complete, find, forget, release, unknown }, sql] = [
        yield* store,
        yield* SqlClient.SqlClient,
      ]
      yield* fill(sql)
      const rowsRead = Effect.map(
        sql<{ readonly n: number | bigint | string }>`select pg_stat_force_next_flush(),
          (select sum(seq_tup_read) from pg_stat_user_tables where relname like 'effect_sent_%')
          + (select sum(idx_tup_read) from pg_stat_user_indexes where relname like 'effect_sent_%') as n`,
        ([row]) => Number(row?.n),
      )
      /** The statistics of another connection arrive when it is idle for a moment. */
      const settled = Effect.andThen(Effect.sleep("2 seconds"), rowsRead)
      const before = yield* settled
      for (const i of upTo(40)) {
        yield* append({
          ...record("many steps"),
          steps: [{ messageId: "m", status: "SENT", statedAt: at(i), receivedAt: at(i) }],
        })
      }
      for (const key of [{ id: "filled 7" }, { reference: "filled 7" }, { messageId: "m" }]) {
        assert.lengthOf(yield* find(key), 1)
      }
      assert.isNotEmpty((yield* unknown()).sends)
      const event = { ...claim, key: "filled 7" }
      assert.strictEqual(yield* claimEvent(event, record("claimed")), "completed")
      yield* complete(event)
      yield* release(event)
      yield* forget({ before: at(0) })
      assert.isBelow((yield* settled) - before, 10_000)
      // One scan of a table with 20,000 rows is seen.
      yield* sql`select count(*) from effect_sent_parts where content like '%x'`
      assert.isAbove((yield* settled) - before, 20_000)
    })
    await withStore(postgres.url, program)
  })
})

/** 20,000 rows in each table. */
const fill = (sql: SqlClient.SqlClient): Effect.Effect<unknown, SqlError.SqlError> =>
  Effect.gen(function* () {
    const rows = sql.literal("from generate_series(1, 20000) as i")
    const far = at(1e9).epochMilliseconds
    yield* sql`insert into effect_sent_sends
      select 'filled ' || i, ${far}::bigint, i, case when i % 100 = 0 then 0 else 1 end ${rows}`
    yield* sql`insert into effect_sent_parts
      select 'filled ' || i, '{"reference":"filled ' || i || '"}' ${rows}`
    yield* sql`insert into effect_sent_keys
      select 'filled ' || i, 'reference', 'filled ' || i, i ${rows}`
    yield* sql`insert into effect_sent_claims select 'filled ' || i, 'one', ${far}::bigint, 1 ${rows}`
    yield* sql`analyze`
  })
