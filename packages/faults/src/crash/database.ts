/** The database of a crash run. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as SqlClient from "effect/sql/SqlClient"
import { guardedClient, type Guards } from "./guards.ts"

/** The secret of all processes of a run. */
export const secret = "a secret of the tests, long enough to sign with"

/** The client of a target: the URL of a Postgres server, or the path of an SQLite file. */
export const clientOf = (
  target: string,
  guards: Guards = "all",
): Layer.Layer<SqlClient.SqlClient, unknown> =>
  target.startsWith("postgres:") ? postgres(target) : guardedClient(target, guards)

// Loaded where it is used only.
const postgres = (url: string): Layer.Layer<SqlClient.SqlClient, unknown> =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("@effect/sql-pg/PgClient")),
      (PgClient) => PgClient.layer({ url: Redacted.make(url), connectTimeout: "10 seconds" }),
    ),
  )
