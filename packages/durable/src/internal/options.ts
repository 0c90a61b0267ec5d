/** Checks options when a layer is built. What is wrong is told by core's error. */
import { InvalidOptions, type Issue, SentError } from "@effect-sent/core/SentError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SqlClient } from "effect/sql/SqlClient"

/** Checks that an option is a duration above zero. */
export const checkDuration = (input: Duration.Input, path: string): ReadonlyArray<Issue> =>
  Option.exists(Duration.fromInput(input), Duration.isPositive)
    ? []
    : [{ path: [path], message: 'must be a duration above zero, e.g. "5 seconds"' }]

/** Checks that a client is of a database that this package supports. */
export const checkClient = (sql: SqlClient): ReadonlyArray<Issue> =>
  sql.onDialectOrElse({
    sqlite: () => [],
    pg: () => [],
    orElse: () => [{ path: ["SqlClient"], message: "must be of SQLite or Postgres" }],
  })

/** Fails if there is any issue. */
export const rejectInvalid = (issues: ReadonlyArray<Issue>): Effect.Effect<void, SentError> =>
  issues.length === 0
    ? Effect.void
    : Effect.fail(new SentError({ reason: new InvalidOptions({ issues }), attempts: 0 }))
