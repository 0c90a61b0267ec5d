/** The database of a durable sender with guards taken out, to show that a test would notice. */
import type { SentError } from "@effect-sent/core/SentError"
import * as Sqlite from "@effect-sent/durable/Sqlite"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"

/** What is done to the text of a statement. */
type Change = (sql: string) => string

const replaced = (sql: string, part: string, by: string): string => {
  if (!sql.includes(part)) throw new Error(`the statement has no "${part}": ${sql}`)
  return sql.replaceAll(part, by)
}

/** Whether a statement is the last one before the wire. */
export const isBegin = (sql: string): boolean => sql.includes("set state = 'attempting'")
const isLose = (sql: string): boolean => sql.includes("set state = 'unknown'")

const withoutFence: Change = (sql) => sql.replaceAll("fence = ?", "(fence = ? or true)")

const withoutCompareAndSet: Change = (sql) =>
  isBegin(sql)
    ? replaced(sql, "and state = 'claimed' and fence = ?", "and (fence = ? or true)")
    : sql

const repeating: Change = (sql) =>
  isLose(sql)
    ? replaced(
        sql,
        "set state = 'unknown', settled_at = ?",
        "set state = 'pending', settled_at = (? and null)",
      )
    : sql

const takingAnything: Change = (sql) =>
  sql.includes("is_queued = 0,")
    ? replaced(sql, "and state in ('pending', 'claimed', 'refused')", "and state <> 'accepted'")
    : sql

const withoutDeadline: Change = (sql) =>
  isBegin(sql) ? replaced(sql, "and (not_after is null or not_after > ?)", "and (? or true)") : sql

const changes = {
  /** As it is. */
  all: (sql) => sql,
  /** Nobody looks at the fence. */
  withoutFence,
  /** Whoever claimed a row once may send it, whatever has happened since. */
  withoutCompareAndSet,
  /** What was attempting when its lease ended is sent again. */
  repeating,
  /** `sendOnce` takes over what was attempted, too. */
  takingAnything,
  /** What was claimed in time is sent, however late. */
  withoutDeadline,
  /** A lease and nothing else. */
  leaseOnly: (sql) => repeating(withoutFence(withoutCompareAndSet(sql))),
} as const satisfies Readonly<Record<string, Change>>

/** Which guards there are. */
export type Guards = keyof typeof changes

/** Whether a text names guards. */
export const isGuards = (text: string): text is Guards => text in changes

/** Provides the client of an SQLite file, with some guards. `before` is run before each statement. */
export const guardedClient = (
  filename: string,
  guards: Guards,
  before?: (sql: string) => Effect.Effect<void>,
): Layer.Layer<SqlClient.SqlClient, SqlError | SentError> =>
  Layer.effect(
    SqlClient.SqlClient,
    Effect.gen(function* () {
      const client = yield* Sqlite.make({ filename, busyTimeout: "30 seconds" })
      if (guards === "all" && before === undefined) return client
      const change: Change = changes[guards]
      const acquirer = Effect.map(client.reserve, (connection) => ({
        ...connection,
        execute: (sql: string, ...rest: Tail<Parameters<typeof connection.execute>>) =>
          Effect.andThen(
            before === undefined ? Effect.void : before(sql),
            connection.execute(change(sql), ...rest),
          ),
      }))
      return yield* SqlClient.make({
        acquirer,
        transactionAcquirer: acquirer,
        compiler: Statement.makeCompilerSqlite(),
        driver: client.driver,
        spanAttributes: [],
        beginTransaction: "begin immediate",
        prepareTransactionControls: true,
      })
    }),
  ).pipe(Layer.provide(Reactivity.layer))

type Tail<T extends ReadonlyArray<unknown>> = T extends readonly [unknown, ...infer Rest]
  ? Rest
  : []
