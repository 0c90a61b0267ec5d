/** The driver over `node:sqlite`: what `effect/sql` expects of a client, and a file that several processes use. */
import { Sqlite } from "@effect-sent/durable"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Result, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { DatabaseSync } from "node:sqlite"
import { makeStatements, maxStatements } from "../src/internal/sqlite/statements.ts"
import { folder, newFile } from "./support/folder.ts"
import { start } from "./support/process.ts"

const inMemory = Effect.provide(Sqlite.layer({ filename: ":memory:" }))
const inFile = (filename: string) => Effect.provide(Sqlite.layer({ filename }))

const count = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ readonly count: number }>`select count(*) as count from things`
  return rows[0]?.count
})

const things = SqlClient.SqlClient.use(
  (sql) => sql`create table things (id integer primary key, name text)`,
)

describe("a statement", () => {
  it.effect("returns rows with columns of each kind", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table kinds (a integer, b real, c text, d blob, e text)`
      const row = { a: 1, b: 0.5, c: "ü\0'", d: new Uint8Array([1, 2]), e: null }
      yield* sql`insert into kinds ${sql.insert(row)}`
      assert.deepStrictEqual(yield* sql`select * from kinds`, [row])
    }).pipe(inMemory),
  )

  it.effect("returns values, or what it changed", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* things
      const inserted = sql`insert into things (name) values ('a'), ('b')`
      assert.deepStrictEqual(yield* inserted.raw, { changes: 2, lastInsertRowid: 2 })
      const all = sql`select id, name from things order by id`
      assert.deepStrictEqual(yield* all.values, [
        [1, "a"],
        [2, "b"],
      ])
      const rows = [
        { id: 1, name: "a" },
        { id: 2, name: "b" },
      ]
      assert.deepStrictEqual(yield* all, rows)
      assert.deepStrictEqual(yield* all.unprepared, rows)
      assert.deepStrictEqual(yield* all.raw, rows)
      assert.deepStrictEqual(
        yield* sql`insert into things (name) values ('c') returning id`.values,
        [[3]],
      )
    }).pipe(inMemory),
  )

  it.effect("returns integers beyond those of a number as `bigint`, if asked for", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const large = sql`select 9007199254740993 as n`
      assert.deepStrictEqual(yield* Effect.provideService(large, SqlClient.SafeIntegers, true), [
        { n: 9007199254740993n },
      ])
      const error = yield* Effect.flip(large)
      assert.include(error.message, "too large")
    }).pipe(inMemory),
  )

  it.effect("fails with the reason of SQLite's result code", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table unique_things (id integer primary key, name text unique, n integer not null)`
      const insert = (id: number, name: string, n: number | null) =>
        Effect.result(sql`insert into unique_things ${sql.insert({ id, name, n })}`)
      yield* insert(1, "a", 1)
      const reasons = [yield* insert(2, "a", 1), yield* insert(3, "c", null)].map(
        (result) => Result.isFailure(result) && result.failure.reason._tag,
      )
      assert.deepStrictEqual(reasons, ["UniqueViolation", "ConstraintError"])
      const error = yield* Effect.flip(sql`select * from missing`)
      assert.strictEqual(error.message, "SQLite: no such table: missing")
    }).pipe(inMemory),
  )

  it.effect("is refused if a second one follows, which SQLite would leave out", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      for (const text of ["select 1; select 2", "select 1; /* a */ -- b\n select 2"]) {
        const error = yield* Effect.flip(sql.unsafe(text))
        assert.include(error.message, "only one statement can be run at a time")
      }
      assert.deepStrictEqual(yield* sql.unsafe("select 1 as a; -- a\n /* select 2 */ ;\n-- b"), [
        { a: 1 },
      ])
    }).pipe(inMemory),
  )

  it.effect("cannot be streamed, and says what to do", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { stream } = sql`select 1`
      const error = yield* Effect.flip(Stream.runCollect(stream))
      assert.include(error.message, "read pages")
    }).pipe(inMemory),
  )

  it("is prepared once, while it is among the last ones", () => {
    const statements = makeStatements(new DatabaseSync(":memory:"))
    const first = statements.cached("select 0")
    for (let i = 1; i < maxStatements; i++) statements.cached(`select ${i}`)
    assert.strictEqual(statements.cached("select 0"), first)
    statements.cached("select 'one more'")
    assert.strictEqual(statements.cached("select 0"), first)
    for (let i = 1; i <= maxStatements; i++) statements.cached(`select ${i}`)
    assert.notStrictEqual(statements.cached("select 0"), first)
    assert.notStrictEqual(statements.prepare("select 0"), statements.cached("select 0"))
  })
})

describe("a transaction", () => {
  it.effect("is rolled back when it fails, dies or is interrupted", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* things
      const insert = sql`insert into things (name) values ('a')`
      for (const end of [Effect.fail("failed"), Effect.die("died"), Effect.interrupt]) {
        yield* Effect.exit(sql.withTransaction(Effect.andThen(insert, end)))
        assert.strictEqual(yield* count, 0)
      }
      yield* sql.withTransaction(insert)
      assert.strictEqual(yield* count, 1)
    }).pipe(inMemory),
  )

  it.effect("within another one is rolled back alone", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* things
      const insert = sql`insert into things (name) values ('a')`
      const inner = sql.withTransaction(Effect.andThen(insert, Effect.fail("failed")))
      yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* insert
          yield* Effect.ignore(inner)
          yield* sql.withTransaction(insert)
        }),
      )
      assert.strictEqual(yield* count, 2)
    }).pipe(inMemory),
  )

  it.effect("keeps the connection from other fibers", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* things
      const [begun, end] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const transaction = yield* sql`insert into things (name) values ('a')`.pipe(
        Effect.andThen(Deferred.succeed(begun, undefined)),
        Effect.andThen(Deferred.await(end)),
        Effect.andThen(Effect.fail("failed")),
        sql.withTransaction,
        Effect.forkChild,
      )
      yield* Deferred.await(begun)
      // Would be rolled back with the transaction, if it were part of it.
      const other = yield* Effect.forkChild(sql`insert into things (name) values ('b')`)
      yield* Deferred.succeed(end, undefined)
      yield* Fiber.await(transaction)
      yield* Fiber.join(other)
      assert.deepStrictEqual(yield* sql`select name from things`, [{ name: "b" }])
    }).pipe(inMemory),
  )
})

describe("a file", () => {
  it.effect("flushes each commit to the disk, in WAL mode", () =>
    Effect.gen(function* () {
      const filename = yield* newFile
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        assert.deepStrictEqual(yield* sql`pragma journal_mode`, [{ journal_mode: "wal" }])
        assert.deepStrictEqual(yield* sql`pragma synchronous`, [{ synchronous: 2 }])
        assert.deepStrictEqual(yield* sql`pragma fullfsync`, [{ fullfsync: 1 }])
      }).pipe(inFile(filename))
    }),
  )

  it.effect("that cannot be opened fails with its path", () =>
    Effect.gen(function* () {
      const filename = `${yield* folder}/missing/test.sqlite`
      const error = yield* Effect.flip(inFile(filename)(Effect.void))
      assert.include(error.message, `cannot open the SQLite file ${filename}`)
    }),
  )

  it.effect("must be named, and its time-out be a duration", () =>
    Effect.gen(function* () {
      const options = { filename: "", busyTimeout: -1 }
      const error = yield* Effect.flip(Effect.provide(Effect.void, Sqlite.layer(options)))
      assert.strictEqual(error._tag, "SentError")
      assert.include(error.message, "filename")
      assert.include(error.message, "busyTimeout")
    }),
  )

  it.live("that another process locks is read meanwhile, and waited for", () =>
    Effect.gen(function* () {
      const filename = yield* newFile
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* things
        const other = yield* Effect.acquireRelease(
          Effect.sync(() => new DatabaseSync(filename)),
          (database) => Effect.sync(() => database.close()),
        )
        const insert = sql`insert into things (name) values ('a')`
        for (const write of [insert, sql.withTransaction(insert)]) {
          other.exec("begin immediate")
          const writing = yield* Effect.forkChild(Effect.result(write))
          const startedAt = performance.now()
          yield* Effect.sleep("20 millis")
          assert.isUndefined(writing.pollUnsafe())
          // The event loop goes on while the write waits: the time-out is 5 seconds.
          assert.isBelow(performance.now() - startedAt, 2500)
          other.exec("commit")
          assert.isTrue(Result.isSuccess(yield* Fiber.join(writing)))
        }
        assert.strictEqual(yield* count, 2)
      }).pipe(inFile(filename))
    }),
  )

  it.live("that another process keeps locked fails when the time is over", () =>
    Effect.gen(function* () {
      const filename = yield* newFile
      yield* inFile(filename)(things)
      const other = yield* Effect.acquireRelease(
        Effect.sync(() => new DatabaseSync(filename)),
        (database) => Effect.sync(() => database.close()),
      )
      other.exec("begin immediate")
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const insert = sql`insert into things (name) values ('a')`
        for (const write of [insert, sql.withTransaction(insert)]) {
          const error = yield* Effect.flip(write)
          assert.strictEqual(error.reason._tag, "LockTimeoutError")
          assert.isTrue(error.isRetryable)
        }
        assert.strictEqual(yield* count, 0)
      }).pipe(Effect.provide(Sqlite.layer({ filename, busyTimeout: "100 millis" })))
    }),
  )
})

describe("two processes", () => {
  it.live(
    "that read and write in transactions lose nothing",
    () =>
      Effect.gen(function* () {
        const filename = yield* newFile
        const program = Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          yield* sql`create table counter (value integer)`
          yield* sql`insert into counter values (0)`
          const processes = [
            yield* start("counting.ts", filename, "200"),
            yield* start("counting.ts", filename, "200"),
          ]
          yield* Effect.forEach(processes, ({ succeeds }) => succeeds, { concurrency: 2 })
          assert.deepStrictEqual(yield* sql`select value from counter`, [{ value: 400 }])
        })
        yield* inFile(filename)(program)
      }),
    60_000,
  )

  it.live(
    "of which one is killed while it writes, leave a sound file with all that was committed",
    () =>
      Effect.gen(function* () {
        const filename = yield* newFile
        const program = Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          yield* sql`create table written (pair integer, half integer, text text, primary key (pair, half))`
          const writing = yield* start("writing.ts", filename)
          let committed = 0
          while (committed < 100) {
            const line = yield* writing.line
            assert.isDefined(line, "the process has ended")
            committed = Number(line)
          }
          assert.strictEqual(yield* writing.kill, "SIGKILL")
          // What it still printed before it ended.
          for (let line = yield* writing.line; line !== undefined; line = yield* writing.line) {
            committed = Number(line)
          }
          assert.deepStrictEqual(yield* sql`pragma integrity_check`, [{ integrity_check: "ok" }])
          const halves = yield* sql<{ readonly n: number; readonly last: number }>`
            select count(*) as n, max(pair) as last from written`
          const [{ last, n } = { last: 0, n: 0 }] = halves
          assert.isAtLeast(last, committed)
          assert.strictEqual(n, last * 2)
        })
        yield* inFile(filename)(program)
      }),
    60_000,
  )
})
