/**
 * A driver of `effect/sql` for SQLite, over `node:sqlite`.
 *
 * **Details**
 *
 * One connection, which one fiber uses at a time. The file is in WAL mode with `synchronous=FULL`: a commit is on the disk when it
 * returns. With `NORMAL`, a power cut loses the last commits, and an update that was answered 2xx is never told again.
 *
 * Several processes may use one file. SQLite lets one of them write at a time; a statement that finds the file locked is repeated
 * for up to `busyTimeout`, without blocking the event loop meanwhile.
 *
 * **Gotchas**
 *
 * - All processes must run on one machine: WAL does not work over a network file system.
 * - `node:sqlite` is synchronous, so the event loop waits while a commit is flushed to the disk.
 * - Statements cannot be streamed: a stream would hold the only connection. Read pages instead.
 * - A transaction takes the write lock when it begins, since one that begins with a read cannot always write later.
 *
 * @example
 * ```ts
 * import { Sqlite } from "@effect-sent/durable"
 * import { Effect } from "effect"
 * import { SqlClient } from "effect/sql"
 *
 * const program = Effect.gen(function* () {
 *   const sql = yield* SqlClient.SqlClient
 *   yield* sql`create table orders (id integer primary key, phone text)`
 *   yield* sql`insert into orders ${sql.insert({ id: 1, phone: "+1234567890" })}`
 *   return yield* sql<{ readonly phone: string }>`select phone from orders where id = ${1}`
 * })
 *
 * const rows = await program.pipe(
 *   Effect.provide(Sqlite.layer({ filename: ":memory:" })),
 *   Effect.runPromise,
 * )
 * console.assert(rows[0]?.phone === "+1234567890")
 * ```
 */
import type * as SentError from "@effect-sent/core/SentError"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import { checkDuration, rejectInvalid } from "./internal/options.ts"
import { makeConnection } from "./internal/sqlite/connection.ts"

/** The options of the driver. */
export interface Options {
  /** The file, which is created if it does not exist, in a folder that exists. `:memory:` is a database of this process alone. */
  readonly filename: string
  /** How long a statement waits while another process writes. Default: 5 seconds. */
  readonly busyTimeout?: Duration.Input | undefined
}

/**
 * Makes a client for a file. It is closed with the scope. Fails with a `SqlError` if the file cannot be opened, and with the reason
 * `InvalidOptions` if an option is invalid.
 *
 * @example
 * ```ts
 * import { Sqlite } from "@effect-sent/durable"
 * import { Effect } from "effect"
 * import { Reactivity } from "effect/reactivity"
 *
 * const mode = await Effect.gen(function* () {
 *   const sql = yield* Sqlite.make({ filename: ":memory:" })
 *   return yield* sql`pragma synchronous`
 * }).pipe(Effect.scoped, Effect.provide(Reactivity.layer), Effect.runPromise)
 * // 2 is FULL.
 * console.assert(mode[0]?.["synchronous"] === 2)
 * ```
 */
export const make = Effect.fnUntraced(function* (
  options: Options,
): Effect.fn.Return<
  SqlClient.SqlClient,
  SqlError | SentError.SentError,
  Scope.Scope | Reactivity.Reactivity
> {
  const { busyTimeout = "5 seconds", filename } = options
  yield* rejectInvalid([
    ...(typeof filename === "string" && filename !== ""
      ? []
      : [{ path: ["filename"], message: 'must be the path of a file, e.g. "sent.sqlite"' }]),
    ...checkDuration(busyTimeout, "busyTimeout"),
  ])
  const connection = yield* makeConnection(filename, Duration.fromInputUnsafe(busyTimeout))
  return yield* SqlClient.make({
    ...SqlClient.makeSqliteAcquirers({
      connection: Effect.succeed(connection),
      semaphore: yield* Semaphore.make(1),
      isTransaction: ({ inTransaction }) => inTransaction(),
    }),
    compiler: Statement.makeCompilerSqlite(),
    driver: "effect-sent-sqlite",
    spanAttributes: [["db.system.name", "sqlite"]],
    // A transaction that begins with a read fails at once if another process has written by the time it writes.
    beginTransaction: "begin immediate",
    prepareTransactionControls: true,
    releaseSavepoint: (name) => `release savepoint ${name}`,
  })
})

/**
 * Provides the `SqlClient` of a file.
 *
 * @example
 * ```ts
 * import { Sqlite } from "@effect-sent/durable"
 * import { Effect } from "effect"
 * import { SqlClient } from "effect/sql"
 *
 * const rows = await SqlClient.SqlClient.use((sql) => sql`select 1 as one`).pipe(
 *   Effect.provide(Sqlite.layer({ filename: ":memory:" })),
 *   Effect.runPromise,
 * )
 * console.assert(rows[0]?.["one"] === 1)
 * ```
 */
export const layer = (
  options: Options,
): Layer.Layer<SqlClient.SqlClient, SqlError | SentError.SentError> =>
  Layer.effect(SqlClient.SqlClient, make(options)).pipe(Layer.provide(Reactivity.layer))

/**
 * Provides the `SqlClient` of a file that the configuration names.
 *
 * @example
 * ```ts
 * import { Sqlite } from "@effect-sent/durable"
 * import { Config, ConfigProvider, Effect } from "effect"
 * import { SqlClient } from "effect/sql"
 *
 * const SqliteLive = Sqlite.layerConfig({ filename: Config.String("SENT_SQLITE_FILE") })
 *
 * const rows = await SqlClient.SqlClient.use((sql) => sql`select 1 as one`).pipe(
 *   Effect.provide(SqliteLive),
 *   Effect.provideService(
 *     ConfigProvider.ConfigProvider,
 *     ConfigProvider.fromUnknown({ SENT_SQLITE_FILE: ":memory:" }),
 *   ),
 *   Effect.runPromise,
 * )
 * console.assert(rows.length === 1)
 * ```
 */
export const layerConfig = (
  options: Config.Wrap<Options>,
): Layer.Layer<SqlClient.SqlClient, Config.ConfigError | SqlError | SentError.SentError> =>
  Layer.unwrap(Effect.map(Config.unwrap(options), layer))
