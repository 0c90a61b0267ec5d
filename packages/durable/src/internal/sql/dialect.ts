/** What SQLite and Postgres call differently. */
import type { SqlClient } from "effect/sql/SqlClient"
import type { Fragment } from "effect/sql/Statement"

/** The words of a dialect. */
export interface Dialect {
  /** The function that returns the smaller of two values. */
  readonly earliest: Fragment
  /** The function that returns the larger of two values. */
  readonly latest: Fragment
  /** The end of a `select` that locks its rows, and leaves out those that others are changing: they are no longer what they were. */
  readonly skipLocked: Fragment
}

/** The dialect of a database. */
export const dialectOf = (sql: SqlClient): Dialect => {
  const [earliest, latest, skipLocked] = sql.onDialectOrElse({
    sqlite: () => ["min", "max", ""] as const,
    orElse: () => ["least", "greatest", "for update skip locked"] as const,
  })
  return {
    earliest: sql.literal(earliest),
    latest: sql.literal(latest),
    skipLocked: sql.literal(skipLocked),
  }
}
