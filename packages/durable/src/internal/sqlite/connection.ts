/** A connection to an SQLite file, over the synchronous `node:sqlite`. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { SafeIntegers } from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { SqlError, UnknownError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"
import { attempt } from "./errors.ts"
import { makeStatements } from "./statements.ts"

/** A connection that tells whether a transaction is open. */
export interface SqliteConnection extends Connection {
  readonly inTransaction: () => boolean
}

const settings = [
  // Readers do not wait for the one that writes.
  "journal_mode = wal",
  // A commit is on the disk when it returns. `normal` would lose the last ones in a power cut.
  "synchronous = full",
  // On macOS, `fsync` leaves the data in the cache of the disk. Elsewhere, this changes nothing.
  "fullfsync = on",
  "foreign_keys = on",
]

/** Opens a file. It is closed with the scope. */
export const makeConnection = Effect.fnUntraced(function* (
  filename: string,
  busyTimeout: Duration.Duration,
): Effect.fn.Return<SqliteConnection, SqlError, Scope.Scope> {
  const cannotOpen = `cannot open the SQLite file ${filename}: check that its folder exists and can be written`
  const database = yield* Effect.acquireRelease(
    // SQLite's own wait for a lock, `timeout`, would block the event loop.
    attempt("connect", () => new DatabaseSync(filename, { timeout: 0 }), cannotOpen),
    (opened) => Effect.sync(() => opened.close()),
  )
  const statements = makeStatements(database)
  const inTransaction = (): boolean => database.isTransaction
  const schedule = whileBusy(busyTimeout)

  const run = <A>(
    sql: string,
    params: ReadonlyArray<unknown>,
    use: (statement: StatementSync, params: ReadonlyArray<SQLInputValue>) => A,
    prepare: (sql: string) => StatementSync = statements.cached,
  ): Effect.Effect<A, SqlError> =>
    Effect.withFiber((fiber) => {
      const once = attempt("execute", () => {
        const statement = prepare(sql)
        statement.setReadBigInts(fiber.getRef(SafeIntegers))
        // node:sqlite refuses what it cannot bind with an error that names the parameter.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        return use(statement, params as ReadonlyArray<SQLInputValue>)
      })
      return Effect.retry(once, {
        schedule,
        // Within a transaction, only a repetition of all of it could help.
        while: ({ reason }) => reason._tag === "LockTimeoutError" && !inTransaction(),
      })
    })

  yield* Effect.forEach(settings, (setting) => run(`pragma ${setting}`, [], rowsOf), {
    discard: true,
  })

  return {
    inTransaction,
    execute: (sql, params, transform) => Effect.map(run(sql, params, rowsOf), transform ?? same),
    executeUnprepared: (sql, params, transform) =>
      Effect.map(run(sql, params, rowsOf, statements.prepare), transform ?? same),
    executeRaw: (sql, params) => run(sql, params, resultOf),
    executeValues: (sql, params) => run(sql, params, valuesOf),
    executeValuesUnprepared: (sql, params) => run(sql, params, valuesOf, statements.prepare),
    executeStream: () => Stream.fail(noStreams),
  }
})

type Row = Readonly<Record<string, unknown>>
type Use<A> = (statement: StatementSync, params: ReadonlyArray<SQLInputValue>) => A

const rowsOf: Use<ReadonlyArray<Row>> = (statement, params) => {
  statement.setReturnArrays(false)
  // The rows of node:sqlite have no prototype.
  return statement.all(...params).map((row) => Object.assign({}, row))
}

const valuesOf: Use<ReadonlyArray<ReadonlyArray<unknown>>> = (statement, params) => {
  statement.setReturnArrays(true)
  // With `setReturnArrays`, each row is an array, which the types do not say.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return statement.all(...params) as unknown as ReadonlyArray<ReadonlyArray<unknown>>
}

/** The rows of a query; of any other statement, what it changed. */
const resultOf: Use<unknown> = (statement, params) =>
  statement.columns().length > 0 ? rowsOf(statement, params) : statement.run(...params)

const same = <A>(rows: ReadonlyArray<A>): ReadonlyArray<A> => rows

/** Waits of 1 to 25 ms, as SQLite does it. */
const whileBusy = (busyTimeout: Duration.Duration): Schedule.Schedule<unknown> =>
  Schedule.min([Schedule.exponential("1 millis"), Schedule.spaced("25 millis")]).pipe(
    Schedule.jittered,
    Schedule.upTo({ duration: busyTimeout }),
  )

const noStreams = new SqlError({
  reason: new UnknownError({
    cause: undefined,
    message: "SQLite: statements cannot be streamed; read pages, e.g. `where id > … limit 1000`",
    operation: "executeStream",
  }),
})
