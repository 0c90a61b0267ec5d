/** The store of a target: the URL of a Postgres server, or the path of an SQLite file. */
import type { DeliveryStore, SentError } from "@effect-sent/core"
import { SqlDeliveryStore, Sqlite } from "@effect-sent/durable"
import { PgClient } from "@effect/sql-pg"
import { Layer, Redacted } from "effect"
import type { Migrator, SqlClient, SqlError } from "effect/sql"

type Provided = DeliveryStore.DeliveryStore | SqlClient.SqlClient
type Failure = SentError.SentError | Migrator.MigrationError | SqlError.SqlError

export const storeOf = (
  target: string,
  options?: SqlDeliveryStore.Options,
): Layer.Layer<Provided, Failure> => {
  const client = target.startsWith("postgres:")
    ? PgClient.layer({ url: Redacted.make(target), connectTimeout: "5 seconds" })
    : Sqlite.layer({ filename: target, busyTimeout: "30 seconds" })
  return SqlDeliveryStore.layer(options).pipe(Layer.provideMerge(client))
}
