/** The errors of `node:sqlite` as those of `effect/sql`. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { classifySqliteError, SqlError } from "effect/sql/SqlError"

/** Runs a synchronous call of `node:sqlite`. What it throws is a `SqlError`, classified by SQLite's result code. */
export const attempt = <A>(
  operation: string,
  call: () => A,
  advice?: string,
): Effect.Effect<A, SqlError> =>
  Effect.try({
    try: call,
    catch: (cause) => {
      const message = Predicate.hasProperty(cause, "message") ? String(cause.message) : "it failed"
      return new SqlError({
        reason: classifySqliteError(
          {
            cause,
            message,
            errno: Predicate.hasProperty(cause, "errcode") ? cause.errcode : undefined,
          },
          {
            operation,
            message: advice === undefined ? `SQLite: ${message}` : `${advice} (${message})`,
          },
        ),
      })
    },
  })
