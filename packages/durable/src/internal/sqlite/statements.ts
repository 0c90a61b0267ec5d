/** The prepared statements of a connection. */
import type { DatabaseSync, StatementSync } from "node:sqlite"

/** The most statements that a connection keeps prepared. */
export const maxStatements = 128

/** Prepares statements. */
export interface Statements {
  /** Prepares a statement anew. */
  readonly prepare: (sql: string) => StatementSync
  /** The statement as it was prepared before, if it was among the last {@link maxStatements}. */
  readonly cached: (sql: string) => StatementSync
}

/** Makes the statements of a database. */
export const makeStatements = (database: DatabaseSync): Statements => {
  // In the order of their last use.
  const kept = new Map<string, StatementSync>()

  const prepare = (sql: string): StatementSync => {
    const statement = database.prepare(sql)
    if (!onlyComments.test(sql.slice(statement.sourceSQL.length))) {
      throw new Error("only one statement can be run at a time; run the second one by itself")
    }
    return statement
  }

  return {
    prepare,
    cached: (sql) => {
      const statement = kept.get(sql) ?? prepare(sql)
      kept.delete(sql)
      kept.set(sql, statement)
      const oldest = kept.keys().next().value
      if (kept.size > maxStatements && oldest !== undefined) kept.delete(oldest)
      return statement
    },
  }
}

/** What may follow a statement. SQLite would silently leave out a second one. */
const onlyComments = /^(?:\s|;|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)*$/
