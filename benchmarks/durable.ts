/**
 * `pnpm bench durable [--write]`: how many messages a second durable sends enqueue, claim and complete, in SQLite and in a Postgres
 * server that it starts, beside `pg-boss` on the same server; and what a claim costs with a thousand rows and with a million. With
 * `--write`, it writes docs/performance.md.
 *
 * The queues take turns, round by round, so that other work on the machine slows all of them.
 */
import { DurableSender, Sqlite } from "@effect-sent/durable"
import { startPostgres } from "@effect-sent/faults/postgres"
import {
  analyze,
  claimTen,
  claimText,
  explainClaim,
  fill,
  giveBack,
} from "@effect-sent/faults/queue/claims"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { durableQueue } from "./queues/durable.ts"
import { pgBossQueue } from "./queues/pgBoss.ts"
import { concurrency, type Queue } from "./queues/queue.ts"
import { median } from "./support/median.ts"
import { aligned, markdown, type Rows, writePage } from "./support/page.ts"

type Database = Layer.Layer<SqlClient.SqlClient, unknown>

const rounds = 5

/** What is measured, in this order, and how often in a round. */
const operations = [
  ["enqueue, a transaction each", "enqueue", 300],
  ["enqueue, 500 a transaction", "enqueueAll", 20_000],
  [`claim and complete, ${concurrency} at once`, "work", 300],
] as const

/** How many rows there are when claims are measured. */
const sizes = [1000, 1_000_000] as const

const compare = async (queues: ReadonlyMap<string, Queue>): Promise<Rows> => {
  const rates = new Map<string, Array<number>>()
  for (let round = 0; round <= rounds; round++) {
    for (const [name, queue] of queues) {
      for (const [what, operation, times] of operations) {
        const startedAt = performance.now()
        // One at a time, so that nothing else runs.
        // oxlint-disable-next-line no-await-in-loop
        await queue[operation](times)
        const rate = (times * 1000) / (performance.now() - startedAt)
        // The first round warms up.
        const of = `${name} ${what}`
        if (round > 0) rates.set(of, [...(rates.get(of) ?? []), rate])
      }
      // oxlint-disable-next-line no-await-in-loop
      await queue.clear()
    }
  }
  return [
    ["messages a second", ...queues.keys()],
    ...operations.map(([what]) =>
      Array.of<string>(what).concat(
        Array.from(queues.keys(), (name) => {
          const all = rates.get(`${name} ${what}`) ?? []
          return `${median(all).toFixed(0)} (${Math.min(...all).toFixed(0)}–${Math.max(...all).toFixed(0)})`
        }),
      ),
    ),
  ]
}

/** How often each size is measured, in turns. */
const turns = 50

/** The milliseconds of a claim in tables of each size, and the plan in the largest. */
const measureClaims = Effect.fnUntraced(function* (few: Database, many: Database) {
  const open = Effect.fnUntraced(function* (database: Database, size: number) {
    const context = yield* Layer.build(
      DurableSender.layer({ secret: "a secret of the benchmark, long enough to sign with" }).pipe(
        Layer.provideMerge(database),
      ),
    )
    const text = yield* Effect.provide(claimText, context)
    yield* Effect.provide(Effect.andThen(fill(1, size), analyze), context)
    return { context, text, took: new Array<number>() }
  })
  const tables = [yield* open(few, sizes[0]), yield* open(many, sizes[1])] as const
  for (let turn = 0; turn < turns; turn++) {
    for (const { context, text, took } of tables) {
      const startedAt = performance.now()
      yield* Effect.provide(claimTen(text), context)
      took.push(performance.now() - startedAt)
      yield* Effect.provide(giveBack, context)
    }
  }
  const [, { context, text }] = tables
  return {
    costs: tables.map(({ took }) => median(took)),
    plan: yield* Effect.provide(explainClaim(text), context),
  }
}, Effect.scoped)

const postgresIn = (url: string, database?: string): Database => {
  const target = new URL(url)
  if (database !== undefined) target.pathname = database
  return PgClient.layer({ url: Redacted.make(target.href) })
}

/** Makes another database in a Postgres server. */
const createDatabase = (url: string, name: string): Promise<void> =>
  SqlClient.SqlClient.use((sql) => Effect.asVoid(sql`create database ${sql(name)}`)).pipe(
    Effect.provide(postgresIn(url)),
    Effect.runPromise,
  )

const folder = mkdtempSync(join(tmpdir(), "effect-sent-bench-"))
try {
  await using postgres = await startPostgres()
  const sqliteIn = (name: string): Database => Sqlite.layer({ filename: join(folder, name) })
  await using queues = new AsyncDisposableStack()
  const rates = await compare(
    new Map([
      ["durable sends, SQLite", queues.use(durableQueue(sqliteIn("queue.sqlite")))],
      ["durable sends, Postgres", queues.use(durableQueue(postgresIn(postgres.url)))],
      ["pg-boss, Postgres", queues.use(await pgBossQueue(postgres.url))],
    ]),
  )
  console.log(`\n${aligned(rates)}`)

  const rows: Array<ReadonlyArray<string>> = [
    ["a claim of 10, ms", ...sizes.map((size) => `${size.toLocaleString("en")} rows`), "ratio"],
  ]
  const plans: Array<string> = []
  await createDatabase(postgres.url, "few")
  await createDatabase(postgres.url, "many")
  for (const [name, few, many] of [
    ["SQLite", sqliteIn("few.sqlite"), sqliteIn("many.sqlite")],
    ["Postgres", postgresIn(postgres.url, "few"), postgresIn(postgres.url, "many")],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop
    const { costs, plan } = await Effect.runPromise(measureClaims(few, many))
    const [fast = Number.NaN, slow = Number.NaN] = costs
    rows.push([name, ...costs.map((cost) => cost.toFixed(2)), (slow / fast).toFixed(2)])
    plans.push(`${name}, ${sizes[1].toLocaleString("en")} rows:\n\n\`\`\`text\n${plan}\n\`\`\``)
  }
  console.log(`\n${aligned(rows)}\n\n${plans.join("\n\n")}`)
  if (process.argv.includes("--write")) {
    await writePage("pnpm bench durable --write", [markdown(rates), markdown(rows), ...plans])
  }
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
}
