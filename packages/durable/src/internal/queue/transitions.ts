/**
 * Every change of a durable send's state: one statement each, which the database decides as a compare-and-set.
 *
 * ```text
 * pending → claimed → attempting → accepted | refused | unknown
 * pending → expired; pending, claimed → cancelled
 * claimed past its lease → pending; attempting past its lease → unknown, or over v3 → attempting with the same key
 * attempting, unknown → pending, if it was certainly not sent and the failure passes with time
 * any state → accepted, by an update
 * ```
 *
 * What was attempting is never attempted again by itself, but with the same idempotency key, with which the service executes it
 * once. Whoever claims a row gets a new fence, and every later step of that
 * claim names it: a process that slept past its lease finds another fence, or another state, and sends nothing.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { dialectOf } from "../sql/dialect.ts"
import type { NewRow, Row, State } from "./row.ts"

/** A claim on a row. */
export interface Holder {
  readonly key: string
  readonly fence: number
}

/** How an attempt ended. */
export interface Ending extends Holder {
  readonly state: Extract<State, "accepted" | "refused" | "unknown" | "pending" | "attempting">
  /** The tag of the error's reason. Null if there was no error. */
  readonly reason: string | null
  readonly now: number
  /** When a pending one is due, or one that is to be settled. */
  readonly dueAt: number
}

/** The idempotency key of an attempt. */
export interface OwnKey {
  readonly key: string
  readonly usedAt: number
  readonly until: number
}

/** What an attempt needs to write before the message is sent. */
export interface Beginning extends Holder {
  readonly now: number
  readonly leaseUntil: number
  readonly sendId: string | null
  readonly callbackUrl: string | null
  readonly callbackUntil: number | null
  /** Undefined over v1. */
  readonly ownKey: OwnKey | undefined
}

/** The changes, each of which returns whether it happened, how often, or the rows. */
export interface Transitions {
  /** Adds rows, unless there is one with the same key. Returns the keys of those that were added. */
  readonly add: (
    rows: NonEmptyReadonlyArray<NewRow>,
  ) => Effect.Effect<ReadonlyArray<string>, SqlError>
  /** Claims pending rows of a priority that are due, the earliest first. */
  readonly claim: (options: {
    readonly priority: number
    readonly now: number
    readonly leaseUntil: number
    readonly limit: number
  }) => Effect.Effect<ReadonlyArray<Row>, SqlError>
  /** Takes over attempts whose process died, or that are to be settled, and whose idempotency key still holds. */
  readonly resume: (options: {
    readonly now: number
    readonly leaseUntil: number
    readonly limit: number
  }) => Effect.Effect<ReadonlyArray<Row>, SqlError>
  /** Leaves an attempt that was taken over, of which nothing was sent, to be settled later. */
  readonly postpone: (
    holder: Holder & { readonly dueAt: number },
  ) => Effect.Effect<boolean, SqlError>
  /** Claims the row of a key, whoever has it, unless the message was attempted. It gets its message anew. */
  readonly takeOver: (options: {
    readonly key: string
    readonly leaseUntil: number
    readonly columns: Readonly<Record<string, string | number | null>>
  }) => Effect.Effect<ReadonlyArray<Row>, SqlError>
  /** Before the wire: the claim is still held, not cancelled and not late. */
  readonly begin: (beginning: Beginning) => Effect.Effect<boolean, SqlError>
  /** After the answer, which may come after the lease. */
  readonly settle: (ending: Ending) => Effect.Effect<boolean, SqlError>
  /** Returns a claim of which nothing was sent, for sure. A worker's is pending again; that of a caller is refused. */
  readonly giveBack: (
    holder: Holder & { readonly now: number; readonly dueAt?: number | undefined },
  ) => Effect.Effect<boolean, SqlError>
  readonly cancel: (options: {
    readonly key: string
    readonly now: number
  }) => Effect.Effect<boolean, SqlError>
  /** Pending rows whose time has passed. */
  readonly expire: (now: number) => Effect.Effect<number, SqlError>
  /** Claims of workers that never began. */
  readonly reclaim: (now: number) => Effect.Effect<number, SqlError>
  /** Attempts whose process died, or is late. */
  readonly lose: (now: number) => Effect.Effect<number, SqlError>
  /** An update proves that the message of a token was sent. */
  readonly prove: (sendId: string, now: number) => Effect.Effect<boolean, SqlError>
  /** Sends a settled message anew. One that is unknown only if a duplicate is accepted. */
  readonly requeue: (options: {
    readonly key: string
    readonly now: number
    readonly notAfter: number | null
    readonly acceptDuplicate: boolean
  }) => Effect.Effect<boolean, SqlError>
}

/** Makes the changes, in a database. */
export const makeTransitions = (sql: SqlClient): Transitions => {
  const { skipLocked } = dialectOf(sql)
  // Of what was sent, or must not be, only the digest is needed.
  const blank = sql.literal(
    "message_body = null, webhook_url = null, callback_url = null, is_complete = 0",
  )
  const timesOf = ({ dueAt, now, state }: Pick<Ending, "dueAt" | "now" | "state">) => {
    if (state === "pending") return sql`due_at = ${dueAt}, settled_at = null`
    return state === "attempting"
      ? sql`lease_until = ${dueAt}, settled_at = null`
      : sql`settled_at = ${now}`
  }
  const happened = Effect.map(({ length }: ReadonlyArray<unknown>) => length > 0)
  const count = Effect.map(({ length }: ReadonlyArray<unknown>) => length)

  return {
    add: (rows) =>
      Effect.map(
        sql<{ readonly key: string }>`insert into effect_sent_queue ${sql.insert(rows)}
          on conflict (key) do nothing returning key`,
        (added) => added.map(({ key }) => key),
      ),

    claim: ({ leaseUntil, limit, now, priority }) =>
      sql<Row>`with next as (
          select key from effect_sent_queue
          where state = 'pending' and priority = ${priority} and due_at <= ${now}
            and (not_after is null or not_after > ${now})
          order by due_at limit ${limit} ${skipLocked})
        update effect_sent_queue
        set state = 'claimed', fence = fence + 1, lease_until = ${leaseUntil}
        where key in (select key from next) and state = 'pending'
        returning *`,

    resume: ({ leaseUntil, limit, now }) =>
      sql<Row>`with next as (
          select key from effect_sent_queue
          where state = 'attempting' and settled_at is null and lease_until <= ${now}
            and is_queued = 1 and key_until > ${now}
          order by lease_until limit ${limit} ${skipLocked})
        update effect_sent_queue
        set fence = fence + 1, attempts = attempts + 1, lease_until = ${leaseUntil}
        where key in (select key from next) and state = 'attempting' and lease_until <= ${now}
        returning *`,

    postpone: ({ dueAt, fence, key }) =>
      happened(sql`update effect_sent_queue set lease_until = ${dueAt}, attempts = attempts - 1
        where key = ${key} and state = 'attempting' and fence = ${fence}
        returning key`),

    takeOver: ({ columns, key, leaseUntil }) =>
      sql<Row>`update effect_sent_queue
        set state = 'claimed', fence = fence + 1, lease_until = ${leaseUntil}, is_queued = 0,
          settled_at = null, ${sql.update(columns)}
        where key = ${key} and state in ('pending', 'claimed', 'refused')
        returning *`,

    begin: ({ callbackUntil, callbackUrl, fence, key, leaseUntil, now, ownKey, sendId }) =>
      happened(sql`update effect_sent_queue
        set state = 'attempting', attempts = attempts + 1, lease_until = ${leaseUntil},
          send_id = ${sendId}, callback_url = ${callbackUrl}, callback_until = ${callbackUntil},
          idempotency_key = ${ownKey?.key ?? null}, key_used_at = ${ownKey?.usedAt ?? null},
          key_until = ${ownKey?.until ?? null}
        where key = ${key} and state = 'claimed' and fence = ${fence}
          and (not_after is null or not_after > ${now})
        returning key`),

    settle: ({ dueAt, fence, key, now, reason, state }) =>
      happened(sql`update effect_sent_queue
        set state = ${state}, reason = ${reason},
          ${timesOf({ dueAt, now, state })}
          ${state === "accepted" ? sql`, ${blank}` : sql.literal("")}
        where key = ${key} and state in ('attempting', 'unknown') and fence = ${fence}
        returning key`),

    giveBack: ({ dueAt, fence, key, now }) =>
      happened(sql`update effect_sent_queue
        set state = case when is_queued = 1 then 'pending' else 'refused' end,
          settled_at = case when is_queued = 1 then null else ${now} end,
          fence = fence + 1 ${dueAt === undefined ? sql.literal("") : sql`, due_at = ${dueAt}`}
        where key = ${key} and state in ('claimed', 'attempting') and fence = ${fence}
        returning key`),

    cancel: ({ key, now }) =>
      happened(sql`update effect_sent_queue
        set state = 'cancelled', settled_at = ${now}, ${blank}
        where key = ${key} and state in ('pending', 'claimed')
        returning key`),

    expire: (now) =>
      count(sql`update effect_sent_queue set state = 'expired', settled_at = ${now}
        where state = 'pending' and not_after is not null and not_after <= ${now}
        returning key`),

    reclaim: (now) =>
      count(sql`update effect_sent_queue set state = 'pending'
        where state = 'claimed' and settled_at is null and lease_until <= ${now} and is_queued = 1
        returning key`),

    lose: (now) =>
      count(sql`update effect_sent_queue set state = 'unknown', settled_at = ${now}
        where state = 'attempting' and settled_at is null and lease_until <= ${now}
          and (key_until is null or key_until <= ${now} or is_queued = 0)
        returning key`),

    prove: (sendId, now) =>
      happened(sql`update effect_sent_queue
        set state = 'accepted', settled_at = ${now}, ${blank}
        where send_id = ${sendId} and state <> 'accepted'
        returning key`),

    requeue: ({ acceptDuplicate, key, notAfter, now }) =>
      happened(sql`update effect_sent_queue
        set state = 'pending', fence = fence + 1, is_queued = 1, due_at = ${now},
          not_after = ${notAfter}, send_id = null, callback_url = null, callback_until = null,
          reason = null, settled_at = null
        where key = ${key} and is_complete = 1 and state in ('refused', 'expired'
          ${sql.literal(acceptDuplicate ? ", 'unknown'" : "")})
        returning key`),
  }
}
