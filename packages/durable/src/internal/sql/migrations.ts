/** The tables of this package, in the order in which its versions added them. */
import * as Effect from "effect/Effect"
import * as Migrator from "effect/sql/Migrator"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { createDeliveryTables } from "../delivery/tables.ts"
import { addIdempotencyKeys, createQueueTable } from "../queue/table.ts"

/** Makes the tables, or brings them up to date. */
export const createTables: Effect.Effect<
  void,
  Migrator.MigrationError | SqlError,
  SqlClient.SqlClient
> = Migrator.make({})({
  loader: Migrator.fromRecord({
    "1_delivery_store": createDeliveryTables,
    "2_durable_sends": createQueueTable,
    "3_idempotency_keys": addIdempotencyKeys,
  }),
  table: "effect_sent_delivery_migrations",
}).pipe(Effect.asVoid)
