/**
 * `pnpm bench store [--postgres]`: compares what the operations of `SqlDeliveryStore` cost with 10,000 sends and with a million, in
 * SQLite, or in a Postgres server that it starts. They take turns, round by round, so that other work on the machine slows both.
 */
import { DeliveryStore } from "@effect-sent/core"
import { SqlDeliveryStore, Sqlite } from "@effect-sent/durable"
import { startPostgres } from "@effect-sent/faults/postgres"
import { PgClient } from "@effect/sql-pg"
import { Context, DateTime, Effect, Layer, Redacted, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { median } from "./support/median.ts"

const sizes = [10_000, 1_000_000] as const
const rounds = 25
/** How often each operation runs in a round. */
const times = 8

const usesPostgres = process.argv.includes("--postgres")

const expiresFrom = 4_102_444_800_000
const openedFrom = 1_761_905_442_000

/** So many sends, of which one in a hundred is not known to be accepted; each has a part, a key and a claim. */
const fill = Effect.fnUntraced(function* (size: number) {
  const sql = yield* SqlClient.SqlClient
  const insert = (table: string, columns: string): Effect.Effect<unknown, unknown> =>
    sql.unsafe(`insert into effect_sent_${table}
      with recursive numbers(i) as (select 1 union all select i + 1 from numbers where i < ${size})
      select ${columns} from numbers`)
  const id = "'send ' || i"
  yield* insert(
    "sends",
    `${id}, ${expiresFrom} + i, ${openedFrom} + i, case when i % 100 = 0 then 0 else 1 end`,
  )
  yield* insert("parts", `${id}, '{"reference":"order ' || i || '"}'`)
  yield* insert("keys", `${id}, 'reference', 'order ' || i, ${openedFrom} + i`)
  yield* insert("claims", `'event ' || i, 'a process', ${expiresFrom} + i, 1`)
  yield* sql`analyze`
})

type Store = DeliveryStore.DeliveryStore["Service"]

const open = Effect.fnUntraced(function* (
  size: number,
): Effect.fn.Return<Store, unknown, Scope.Scope> {
  const client = usesPostgres
    ? Layer.unwrap(
        Effect.acquireRelease(Effect.promise(startPostgres), (server) =>
          Effect.promise(() => server[Symbol.asyncDispose]()),
        ).pipe(Effect.map(({ url }) => PgClient.layer({ url: Redacted.make(url) }))),
      )
    : Layer.unwrap(
        Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-sent-bench-"))),
          (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true })),
        ).pipe(Effect.map((folder) => Sqlite.layer({ filename: join(folder, "bench.sqlite") }))),
      )
  const context = yield* Layer.build(
    Layer.fresh(SqlDeliveryStore.layer({ timeout: "1 minute" }).pipe(Layer.provideMerge(client))),
  )
  yield* Effect.provide(fill(size), context)
  return Context.get(context, DeliveryStore.DeliveryStore)
})

/** What is measured: an operation, of a store of this size, for the n-th time. */
const operations: {
  readonly [name: string]: (
    store: Store,
    size: number,
    n: number,
  ) => Effect.Effect<unknown, DeliveryStore.DeliveryStoreError>
} = {
  "find by id": (store, size, n) => store.find({ id: `send ${anyOf(size, n)}` }),
  "find by reference": (store, size, n) => store.find({ reference: `order ${anyOf(size, n)}` }),
  "list unknown": (store, size, n) => {
    const openedBefore = DateTime.makeUnsafe(openedFrom + size)
    return store.unknown({ openedBefore, after: `${openedFrom + anyOf(size / 2, n)} -`, limit: 20 })
  },
  "append an update": (store, size, n) => {
    const receivedAt = DateTime.makeUnsafe(openedFrom + size)
    const step = { messageId: `message ${n}`, status: "SENT", receivedAt }
    return store.append({ id: `send ${anyOf(size, n)}`, expiresAt: last, steps: [step] })
  },
  claim: (store, _size, n) => store.claim({ key: `new ${n}`, owner: "bench", until: last }),
  complete: (store, _size, n) => store.complete({ key: `new ${n}`, owner: "bench", until: last }),
  "forget 10": (store, _size, n) => {
    // Ten claims, or as many sends, are always due.
    const before = DateTime.makeUnsafe(expiresFrom + 10 * (n + 1))
    return store.forget({ before, limit: 10 })
  },
}

const last = DateTime.makeUnsafe(4_200_000_000_000)

/** A number up to half of the size: the same few in each round, so that what is read is in the cache of the database. */
const anyOf = (size: number, n: number): number =>
  1 + Math.floor(((n % times) * size) / (2 * times))

const program = Effect.gen(function* () {
  const stores = yield* Effect.forEach(sizes, (size) =>
    Effect.map(open(size), (store) => ({ size, store })),
  )
  console.log(
    `${usesPostgres ? "Postgres" : "SQLite"}; µs an operation, median of ${rounds} rounds`,
  )
  for (const [name, operation] of Object.entries(operations)) {
    const measured = sizes.map((): Array<number> => [])
    for (let round = 0; round < rounds; round++) {
      for (const [index, { size, store }] of stores.entries()) {
        const startedAt = performance.now()
        for (let i = 0; i < times; i++) yield* operation(store, size, round * times + i)
        measured[index]?.push(((performance.now() - startedAt) * 1000) / times)
      }
    }
    const [few = Number.NaN, many = Number.NaN] = measured.map(median)
    const cells = [few.toFixed(0).padStart(7), many.toFixed(0).padStart(7)]
    console.log(`${name.padEnd(18)} ${cells.join(" ")}   × ${(many / few).toFixed(2)}`)
  }
})

await Effect.runPromise(Effect.scoped(program))
