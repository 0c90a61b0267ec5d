/** The tables of the delivery store. */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"

/** The `opened_at` of a send that is not known to have been opened: before all others. */
export const notOpened = -8_640_000_000_000_000

/** Later than any `opened_at`. */
export const always = 8_640_000_000_000_001

/**
 * - `sends`: a row for each send, with what it is found and forgotten by. It only grows: the latest expiry, the earliest opening.
 * - `parts`: what is known of a send, as JSON. Rows are added; the only ones removed are those whose content another row has.
 * - `keys`: what sends are found by, beside their id.
 * - `claims`: who handles an event, or that it was handled.
 *
 * Times are in milliseconds since 1970.
 */
export const createDeliveryTables: Effect.Effect<void, SqlError, SqlClient.SqlClient> = Effect.gen(
  function* () {
    const sql = yield* SqlClient.SqlClient
    const sqliteOnly = sql.onDialectOrElse({
      sqlite: () => sql.literal("without rowid"),
      orElse: () => sql.literal(""),
    })

    yield* sql`create table effect_sent_sends (
    id text primary key,
    expires_at bigint not null,
    opened_at bigint not null,
    is_accepted integer not null
  ) ${sqliteOnly}`
    yield* sql`create index effect_sent_sends_expires on effect_sent_sends (expires_at)`
    yield* sql`create index effect_sent_sends_unknown on effect_sent_sends (opened_at, id) where is_accepted = 0`

    // The same content is one row. By the content itself, so that a damaged row is never taken for the content it had.
    yield* sql.onDialectOrElse({
      sqlite: () => sql`create table effect_sent_parts (
      send_id text not null,
      content text not null,
      primary key (send_id, content)
    ) without rowid`,
      // An index of Postgres cannot hold long texts.
      orElse: () =>
        Effect.andThen(
          sql`create table effect_sent_parts (send_id text not null, content text not null)`,
          sql`create unique index effect_sent_parts_content on effect_sent_parts (send_id, md5(content))`,
        ),
    })

    yield* sql`create table effect_sent_keys (
    send_id text not null,
    kind text not null,
    value text not null,
    opened_at bigint not null,
    primary key (send_id, kind, value)
  ) ${sqliteOnly}`
    yield* sql`create index effect_sent_keys_value on effect_sent_keys (kind, value, opened_at, send_id)`

    yield* sql`create table effect_sent_claims (
    key text primary key,
    owner text not null,
    until bigint not null,
    is_completed integer not null
  ) ${sqliteOnly}`
    yield* sql`create index effect_sent_claims_until on effect_sent_claims (until)`
  },
)
