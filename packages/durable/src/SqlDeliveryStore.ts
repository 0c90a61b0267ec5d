/**
 * Keeps sends and claims in SQL, for any number of processes: in SQLite, or in Postgres beyond one machine.
 *
 * **Details**
 *
 * What is learned of a send is a row that is added, never a row that is rewritten: two processes that write at the same moment
 * cannot overwrite each other. Claims are decided by the database, in one statement. The layer makes the tables, whose names begin
 * with `effect_sent_`, and brings them up to date.
 *
 * | database | with |
 * | --- | --- |
 * | SQLite | `Sqlite.layer` of this package |
 * | Postgres | `PgClient.layer` of `@effect/sql-pg` |
 *
 * **Gotchas**
 *
 * - In Postgres, `synchronous_commit` must be on, as it is by default, and a standby must be synchronous to take over without losing
 *   the last updates.
 * - Within `sql.withTransaction` of the same client, what the store writes is part of the transaction and is rolled back with it.
 *
 * @example
 * ```ts
 * import { DeliveryStore } from "@effect-sent/core"
 * import { SqlDeliveryStore, Sqlite } from "@effect-sent/durable"
 * import { DateTime, Effect, Layer } from "effect"
 *
 * const StoreLive = SqlDeliveryStore.layer().pipe(
 *   Layer.provide(Sqlite.layer({ filename: ":memory:" })),
 * )
 *
 * const program = Effect.gen(function* () {
 *   const store = yield* DeliveryStore.DeliveryStore
 *   const openedAt = yield* DateTime.now
 *   const expiresAt = DateTime.add(openedAt, { days: 3 })
 *   yield* store.append({ id: "a", reference: "order 12345", openedAt, expiresAt })
 *   return yield* store.find({ reference: "order 12345" })
 * })
 *
 * const sends = await program.pipe(Effect.provide(StoreLive), Effect.runPromise)
 * console.assert(sends[0]?.id === "a")
 * ```
 */
import * as DeliveryStore from "@effect-sent/core/DeliveryStore"
import type * as SentError from "@effect-sent/core/SentError"
import * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { makeAsk } from "./internal/sql/answer.ts"
import { makeClaims } from "./internal/delivery/claims.ts"
import { millisOf } from "./internal/sql/column.ts"
import { formatPlace, parsePlace } from "./internal/delivery/place.ts"
import { makeSends, placeOf } from "./internal/delivery/sends.ts"
import { always } from "./internal/delivery/tables.ts"
import { createTables } from "./internal/sql/migrations.ts"
import { checkClient, checkDuration, rejectInvalid } from "./internal/options.ts"

/** The options of the store. */
export interface Options {
  /** How long the database may take to answer. After that, an operation fails. Default: 5 seconds. */
  readonly timeout?: Duration.Input | undefined
  /**
   * Whether the layer makes the tables and brings them up to date. Set it to false if the database user may not create tables, and
   * run {@link migrate} before a new version starts. Default: true.
   */
  readonly migrate?: boolean | undefined
}

/**
 * Makes the tables, or brings them up to date. Several processes may run it at the same time.
 *
 * @example
 * ```ts
 * import { SqlDeliveryStore, Sqlite } from "@effect-sent/durable"
 * import { Effect } from "effect"
 *
 * await SqlDeliveryStore.migrate().pipe(
 *   Effect.provide(Sqlite.layer({ filename: ":memory:" })),
 *   Effect.runPromise,
 * )
 * ```
 */
export const migrate = (): Effect.Effect<
  void,
  Migrator.MigrationError | SqlError,
  SqlClient.SqlClient
> => createTables

/**
 * Makes a store with the `SqlClient` in the context. Fails with the reason `InvalidOptions` if an option is invalid, or if the
 * database is neither SQLite nor Postgres.
 *
 * @example
 * ```ts
 * import { SqlDeliveryStore, Sqlite } from "@effect-sent/durable"
 * import { DateTime, Effect } from "effect"
 *
 * const results = await Effect.gen(function* () {
 *   const store = yield* SqlDeliveryStore.make()
 *   const until = DateTime.add(yield* DateTime.now, { minutes: 1 })
 *   return [
 *     yield* store.claim({ key: "event 1", owner: "process 1", until }),
 *     yield* store.claim({ key: "event 1", owner: "process 2", until }),
 *   ]
 * }).pipe(Effect.provide(Sqlite.layer({ filename: ":memory:" })), Effect.runPromise)
 * console.assert(results.join() === "claimed,held")
 * ```
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {},
): Effect.fn.Return<
  DeliveryStore.DeliveryStore["Service"],
  SentError.SentError | Migrator.MigrationError | SqlError,
  SqlClient.SqlClient
> {
  const { timeout = defaultTimeout } = options
  // The names of the tables are ours: the client's own spelling of names does not apply.
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  yield* rejectInvalid([...checkDuration(timeout, "timeout"), ...checkClient(sql)])
  if (options.migrate !== false) yield* createTables

  const ask = makeAsk(Duration.fromInputUnsafe(timeout), storeError)
  const sends = makeSends(sql)
  const claims = makeClaims(sql)

  return {
    append: (send) => ask("append", sql.withTransaction(sends.append(send))),

    find: (by) => ask("find", sends.find(by)),

    unknown: Effect.fnUntraced(function* ({ after, limit = 100, openedBefore } = {}) {
      if (!Number.isSafeInteger(limit) || limit < 1 || limit > maxPage) {
        return yield* invalidPage(`limit must be a whole number from 1 to ${maxPage}`)
      }
      const place = after === undefined ? undefined : parsePlace(after)
      if (after !== undefined && place === undefined) {
        return yield* invalidPage("after must be the next of another page")
      }
      const found = yield* ask(
        "unknown",
        sends.notAccepted({
          after: place,
          openedBefore: openedBefore === undefined ? always : millisOf(openedBefore),
          limit,
        }),
      )
      const last = found.length < limit ? undefined : found.at(-1)
      return {
        sends: found.filter((send) => DeliveryStore.deliveryOf(send) === "unknown"),
        next: last === undefined ? undefined : formatPlace(placeOf(last)),
      }
    }),

    claim: (claim, send) =>
      ask(
        "claim",
        send === undefined
          ? claims.claim(claim)
          : sql.withTransaction(Effect.andThen(sends.append(send), claims.claim(claim))),
      ),

    complete: (claim) => ask("complete", claims.complete(claim)),

    release: (claim) => ask("release", claims.release(claim)),

    forget: ({ before, limit = 1000 }) =>
      ask(
        "forget",
        Effect.gen(function* () {
          // Short transactions: whoever forgets repeats it until nothing is left.
          const most = Math.min(limit, maxForgotten)
          const forgotten = yield* claims.forget(millisOf(before), most)
          if (forgotten >= most) return forgotten
          const rest = sends.forget(millisOf(before), most - forgotten)
          return forgotten + (yield* sql.withTransaction(rest))
        }),
      ),
  }
})

/**
 * Finds many sends by their ids, e.g. those of `DurableSender.list`, for a report. Those that the store does not know, or no
 * longer, are left out.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 * import { SqlDeliveryStore, Sqlite } from "@effect-sent/durable"
 * import { Effect } from "effect"
 *
 * const statuses = await Effect.gen(function* () {
 *   yield* SqlDeliveryStore.migrate()
 *   const sends = yield* SqlDeliveryStore.findAll(["a", "b"])
 *   return sends.map(({ steps }) => DeliveryStatus.fromSteps(steps).status)
 * }).pipe(Effect.provide(Sqlite.layer({ filename: ":memory:" })), Effect.runPromise)
 * console.assert(statuses.length === 0)
 * ```
 */
export const findAll = Effect.fnUntraced(function* (
  ids: ReadonlyArray<string>,
): Effect.fn.Return<
  ReadonlyArray<DeliveryStore.StoredSend>,
  DeliveryStore.DeliveryStoreError,
  SqlClient.SqlClient
> {
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  const ask = makeAsk(defaultTimeout, storeError)
  const { findAll: find } = makeSends(sql)
  // A statement has a limited number of parameters.
  const pages = yield* Effect.forEach(Arr.chunksOf(ids, idsOfOneStatement), (some) =>
    ask("find", find(some)),
  )
  return pages.flat()
})

/** How many sends one statement finds by their ids. */
const idsOfOneStatement = 500

const defaultTimeout = Duration.seconds(5)

const storeError = (
  operation: DeliveryStore.DeliveryStoreError["operation"],
  problem: string,
  cause?: SqlError,
): DeliveryStore.DeliveryStoreError =>
  new DeliveryStore.DeliveryStoreError({
    operation,
    problem,
    ...(cause === undefined ? {} : { cause }),
  })

/** The largest page of unknown sends. */
const maxPage = 1000

const invalidPage = (problem: string): DeliveryStore.DeliveryStoreError =>
  storeError("unknown", problem)

/** How many rows are removed at once, at most. */
const maxForgotten = 1000

/**
 * Provides the store, with the `SqlClient` in the context.
 *
 * @example
 * ```ts
 * import { SqlDeliveryStore } from "@effect-sent/durable"
 * import { PgClient } from "@effect/sql-pg"
 * import { Config, Layer } from "effect"
 *
 * export const StoreLive = SqlDeliveryStore.layer({ timeout: "2 seconds" }).pipe(
 *   Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") })),
 * )
 * ```
 */
export const layer = (
  options?: Options,
): Layer.Layer<
  DeliveryStore.DeliveryStore,
  SentError.SentError | Migrator.MigrationError | SqlError,
  SqlClient.SqlClient
> => Layer.effect(DeliveryStore.DeliveryStore, make(options))
