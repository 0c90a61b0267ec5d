/** The rows of sends. */
import * as DeliveryStore from "@effect-sent/core/DeliveryStore"
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import { fromColumn, millisOf, toColumn } from "../sql/column.ts"
import { contentOf, isReplaceable, sendOf } from "./content.ts"
import { dialectOf } from "../sql/dialect.ts"
import { makeTransitions } from "../queue/transitions.ts"
import type { Place } from "./place.ts"
import { notOpened } from "./tables.ts"

/** How many rows a send may have before they are joined to one. */
export const maxParts = 32

/** The rows of sends, in a database. */
export interface Sends {
  /** Adds a record; an update in it settles the durable send that it is about. It must run in a transaction. */
  readonly append: (send: DeliveryStore.SendRecord) => Effect.Effect<void, SqlError>
  readonly find: (
    by: DeliveryStore.SendKey,
  ) => Effect.Effect<ReadonlyArray<DeliveryStore.StoredSend>, SqlError>
  /** The sends with these ids, in any order. */
  readonly findAll: (
    ids: ReadonlyArray<string>,
  ) => Effect.Effect<ReadonlyArray<DeliveryStore.StoredSend>, SqlError>
  /** The sends that are not known to be accepted, in the order of their places. */
  readonly notAccepted: (options: {
    readonly after: Place | undefined
    readonly openedBefore: number
    readonly limit: number
  }) => Effect.Effect<ReadonlyArray<DeliveryStore.StoredSend>, SqlError>
  /** Removes sends that have expired, and returns how many. It must run in a transaction. */
  readonly forget: (before: number, limit: number) => Effect.Effect<number, SqlError>
}

/** The place of a send. */
export const placeOf = (send: DeliveryStore.StoredSend): Place => ({
  id: send.id,
  openedAt: openedOf(send),
})

const openedOf = ({ openedAt }: DeliveryStore.StoredSend): number =>
  openedAt === undefined ? notOpened : millisOf(openedAt)

/** Makes the questions about sends. */
export const makeSends = (sql: SqlClient): Sends => {
  const { earliest, latest, skipLocked } = dialectOf(sql)
  const { prove } = makeTransitions(sql)

  const read = (ids: Fragment): Effect.Effect<ReadonlyArray<DeliveryStore.StoredSend>, SqlError> =>
    Effect.map(
      sql<Row>`select s.id, s.expires_at, s.opened_at, p.content
        from effect_sent_sends s left join effect_sent_parts p on p.send_id = s.id
        where s.id in ${ids} order by s.opened_at, s.id`,
      sendsOf,
    )

  /** Joins the rows of a send to one when there are many, so that reading it costs no more after many updates. */
  const joinParts = Effect.fnUntraced(function* (id: string) {
    const rows = yield* sql<{ readonly content: string }>`
      select content from effect_sent_parts where send_id = ${id}
        and (select count(*) from effect_sent_parts where send_id = ${id}) > ${maxParts}`
    const contents = rows.map(({ content }) => content).filter(isReplaceable)
    const joined = sendOf({ id, expiresAt: epoch, openedAt: undefined, contents })
    const content = contentOf(joined)
    const replaced = contents.filter((other) => other !== content)
    if (content === undefined || replaced.length === 0) return
    yield* sql`insert into effect_sent_parts ${sql.insert({ send_id: id, content })}
      on conflict do nothing`
    yield* sql`delete from effect_sent_parts where send_id = ${id} and ${sql.in("content", replaced)}`
  })

  return {
    append: Effect.fnUntraced(function* (send) {
      const id = toColumn(send.id)
      const opened_at = send.openedAt === undefined ? notOpened : millisOf(send.openedAt)
      const row = {
        id,
        expires_at: millisOf(send.expiresAt),
        opened_at,
        is_accepted: DeliveryStore.deliveryOf(send) === "accepted" ? 1 : 0,
      }
      // Postgres locks the row even where nothing is to be updated: others that append to this send, or forget it, wait.
      yield* sql`insert into effect_sent_sends as known ${sql.insert(row)}
        on conflict (id) do update set
          expires_at = ${latest}(known.expires_at, excluded.expires_at),
          opened_at = case
            when known.opened_at = ${notOpened} then excluded.opened_at
            when excluded.opened_at = ${notOpened} then known.opened_at
            else ${earliest}(known.opened_at, excluded.opened_at) end,
          is_accepted = ${latest}(known.is_accepted, excluded.is_accepted)
        where excluded.expires_at > known.expires_at
          or (excluded.opened_at > ${notOpened} and
            (known.opened_at = ${notOpened} or excluded.opened_at < known.opened_at))
          or excluded.is_accepted > known.is_accepted`
      const content = contentOf(send)
      if (content === undefined) return
      yield* sql`insert into effect_sent_parts ${sql.insert({ send_id: id, content })}
        on conflict do nothing`
      const keys: ReadonlyArray<Record<string, unknown>> = keysOf(send).map(({ kind, value }) => ({
        send_id: id,
        kind,
        value,
        opened_at,
      }))
      if (Arr.isReadonlyArrayNonEmpty(keys)) {
        yield* sql`insert into effect_sent_keys ${sql.insert(keys)} on conflict do nothing`
      }
      yield* joinParts(id)
      if (send.steps !== undefined && send.steps.length > 0) {
        yield* prove(id, yield* Clock.currentTimeMillis)
      }
    }),

    find: (by) => {
      if ("id" in by) return read(sql`(${toColumn(by.id)})`)
      const { kind, value } = keyOf(by)
      const ids = sql`(select send_id from effect_sent_keys
        where kind = ${kind} and value = ${value}
        order by opened_at desc limit ${DeliveryStore.maxFound})`
      return Effect.map(read(ids), (sends) => sends.toSorted(latestFirst))
    },

    findAll: (ids) =>
      ids.length === 0 ? Effect.succeed([]) : read(sql`${sql.in(ids.map(toColumn))}`),

    notAccepted: ({ after, limit, openedBefore }) =>
      read(sql`(select id from effect_sent_sends
        where is_accepted = 0 and opened_at < ${openedBefore}
          and (opened_at, id) > (${after?.openedAt ?? notOpened}, ${toColumn(after?.id ?? "")})
        order by opened_at, id limit ${limit})`),

    forget: Effect.fnUntraced(function* (before, limit) {
      const rows = yield* sql<{ readonly id: string }>`delete from effect_sent_sends where id in (
          select id from effect_sent_sends where expires_at <= ${before}
          order by expires_at limit ${limit} ${skipLocked})
        returning id`
      const ids = rows.map(({ id }) => id)
      if (ids.length === 0) return 0
      yield* sql`delete from effect_sent_parts where ${sql.in("send_id", ids)}`
      yield* sql`delete from effect_sent_keys where ${sql.in("send_id", ids)}`
      return ids.length
    }),
  }
}

const epoch = DateTime.makeUnsafe(0)

interface Row {
  readonly id: string
  readonly expires_at: number | bigint
  readonly opened_at: number | bigint
  /** Null if the send has no rows in `parts`. */
  readonly content: string | null
}

/** The sends of rows, in the order of the rows. */
const sendsOf = (rows: ReadonlyArray<Row>): ReadonlyArray<DeliveryStore.StoredSend> =>
  [...Map.groupBy(rows, ({ id }) => id).values()].flatMap((group) =>
    group.slice(0, 1).map(({ expires_at, id, opened_at }) =>
      sendOf({
        id: fromColumn(id),
        expiresAt: DateTime.makeUnsafe(Number(expires_at)),
        openedAt:
          Number(opened_at) === notOpened ? undefined : DateTime.makeUnsafe(Number(opened_at)),
        contents: group.flatMap(({ content }) => (content === null ? [] : [content])),
      }),
    ),
  )

const latestFirst = (one: DeliveryStore.StoredSend, other: DeliveryStore.StoredSend): number =>
  openedOf(other) - openedOf(one)

interface Key {
  readonly kind: "message" | "reference" | "key"
  readonly value: string
}

const keyOf = (by: Exclude<DeliveryStore.SendKey, { readonly id: string }>): Key => {
  if ("messageId" in by) return { kind: "message", value: toColumn(by.messageId) }
  return "reference" in by
    ? { kind: "reference", value: toColumn(by.reference) }
    : { kind: "key", value: toColumn(by.idempotencyKey) }
}

/** What a record is found by, beside its id. */
const keysOf = ({
  idempotencyKey,
  outcome,
  reference,
  steps = [],
}: DeliveryStore.SendRecord): ReadonlyArray<Key> => [
  ...(reference === undefined ? [] : [keyOf({ reference })]),
  ...(idempotencyKey === undefined ? [] : [keyOf({ idempotencyKey })]),
  ...[...new Set([outcome?.messageId, ...steps.map(({ messageId }) => messageId)])].flatMap(
    (messageId) => (messageId === undefined ? [] : [keyOf({ messageId })]),
  ),
]
