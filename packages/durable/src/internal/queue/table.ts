/** The table of durable sends. */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"

/**
 * A row for each key.
 *
 * - `fence` grows with each claim: who has an older one has lost the row.
 * - `is_queued` says whether workers may claim it; the rows of `sendOnce` are their caller's.
 * - `digest` recognises the message of a key after its parts are blanked; `is_complete` says that they are not.
 * - `send_id` and `callback_url` are of the token that updates come with; written before the message is sent.
 * - `settled_at` says since when the state is one that nobody works on, and how long the personal data is kept.
 *
 * Times are in milliseconds since 1970. Each index serves one question, and has only the rows that it is about.
 */
export const createQueueTable: Effect.Effect<void, SqlError, SqlClient.SqlClient> = Effect.gen(
  function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`create table effect_sent_queue (
      key text primary key,
      state text not null,
      fence bigint not null,
      is_queued integer not null,
      priority integer not null,
      due_at bigint not null,
      not_after bigint,
      quiet_hours text,
      lease_until bigint not null,
      attempts integer not null,
      digest text not null,
      phone_number text,
      template_id text not null,
      message_body text,
      is_complete integer not null,
      webhook_url text,
      reference text,
      send_id text,
      callback_url text,
      callback_until bigint,
      reason text,
      trace text,
      enqueued_at bigint not null,
      settled_at bigint
    )`
    yield* sql`create index effect_sent_queue_due on effect_sent_queue (priority, due_at) where state = 'pending'`
    yield* sql`create index effect_sent_queue_late on effect_sent_queue (not_after) where state = 'pending' and not_after is not null`
    yield* sql`create index effect_sent_queue_leases on effect_sent_queue (state, lease_until) where settled_at is null`
    yield* sql`create index effect_sent_queue_unknown on effect_sent_queue (key) where state = 'unknown'`
    yield* sql`create index effect_sent_queue_sends on effect_sent_queue (send_id) where send_id is not null`
    yield* sql`create index effect_sent_queue_bodies on effect_sent_queue (settled_at) where settled_at is not null and is_complete = 1`
    yield* sql`create index effect_sent_queue_numbers on effect_sent_queue (settled_at) where settled_at is not null and phone_number is not null`
    yield* sql`create index effect_sent_queue_settled on effect_sent_queue (settled_at) where settled_at is not null`
  },
)

/**
 * The idempotency key of an attempt over v3, when it was first used, and until when it is relied upon. They are of the attempts of
 * a row that is `attempting`, and mean nothing in another state.
 */
export const addIdempotencyKeys: Effect.Effect<void, SqlError, SqlClient.SqlClient> = Effect.gen(
  function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`alter table effect_sent_queue add column idempotency_key text`
    yield* sql`alter table effect_sent_queue add column key_used_at bigint`
    yield* sql`alter table effect_sent_queue add column key_until bigint`
  },
)
