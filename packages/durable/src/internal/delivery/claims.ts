/** The rows of claims: who handles an event, or that it was handled. */
import type { Claim, ClaimResult } from "@effect-sent/core/DeliveryStore"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { millisOf, toColumn } from "../sql/column.ts"
import { dialectOf } from "../sql/dialect.ts"

/** The rows of claims, in a database. */
export interface Claims {
  readonly claim: (claim: Claim) => Effect.Effect<ClaimResult, SqlError>
  readonly complete: (claim: Claim) => Effect.Effect<void, SqlError>
  readonly release: (claim: Claim) => Effect.Effect<void, SqlError>
  /** Removes claims whose time has come, and returns how many. */
  readonly forget: (before: number, limit: number) => Effect.Effect<number, SqlError>
}

/** Makes the questions about claims. */
export const makeClaims = (sql: SqlClient): Claims => {
  const { latest, skipLocked } = dialectOf(sql)

  return {
    claim: Effect.fnUntraced(function* (claim) {
      const now = yield* Clock.currentTimeMillis
      const row = rowOf(claim, 0)
      const claimed = yield* sql`insert into effect_sent_claims as known ${sql.insert(row)}
        on conflict (key) do update set
          owner = excluded.owner, until = excluded.until, is_completed = 0
        where known.until <= ${now} or (known.is_completed = 0 and known.owner = excluded.owner)
        returning key`
      if (claimed.length > 0) return "claimed"
      const completed = yield* sql`select 1 from effect_sent_claims
        where key = ${row.key} and is_completed = 1`
      return completed.length > 0 ? "completed" : "held"
    }),

    complete: (claim) =>
      sql`insert into effect_sent_claims as known ${sql.insert(rowOf(claim, 1))}
        on conflict (key) do update set
          until = ${latest}(known.until, excluded.until),
          is_completed = 1`.pipe(Effect.asVoid),

    release: ({ key, owner }) =>
      sql`delete from effect_sent_claims
        where key = ${toColumn(key)} and owner = ${toColumn(owner)} and is_completed = 0`.pipe(
        Effect.asVoid,
      ),

    forget: (before, limit) =>
      sql`delete from effect_sent_claims where key in (
          select key from effect_sent_claims where until <= ${before}
          order by until limit ${limit} ${skipLocked})
        returning key`.pipe(Effect.map(({ length }) => length)),
  }
}

const rowOf = ({ key, owner, until }: Claim, is_completed: 0 | 1) => ({
  key: toColumn(key),
  owner: toColumn(owner),
  until: millisOf(until),
  is_completed,
})
