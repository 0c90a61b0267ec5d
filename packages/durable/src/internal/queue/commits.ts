/** Whether a commit is on the disk when it returns. */
import type { Issue } from "@effect-sent/core/SentError"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"

/** What is wrong with how a database commits: a power cut must not lose that a message was attempted. */
export const commitIssues = (sql: SqlClient): Effect.Effect<ReadonlyArray<Issue>, SqlError> =>
  sql.onDialectOrElse({
    sqlite: () =>
      Effect.map(
        sql<{ readonly synchronous: number }>`pragma synchronous`,
        ([row]): ReadonlyArray<Issue> =>
          // 2 is FULL, and 3 is EXTRA.
          Number(row?.synchronous) >= 2
            ? []
            : [
                {
                  path: ["SqlClient"],
                  message:
                    "must run SQLite with `synchronous=FULL`, so that a power cut loses no commit",
                },
              ],
      ),
    orElse: () =>
      Effect.map(
        sql<{ readonly synchronous_commit: string }>`show synchronous_commit`,
        ([row]): ReadonlyArray<Issue> =>
          row?.synchronous_commit === "off"
            ? [
                {
                  path: ["SqlClient"],
                  message:
                    "must run Postgres with `synchronous_commit` on, so that a crash loses no commit",
                },
              ]
            : [],
      ),
  })
