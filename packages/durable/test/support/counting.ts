/** `counting.ts <file> <times>`: adds one to a counter so often, each time by a read and a write. */
import { Sqlite } from "@effect-sent/durable"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

const [filename = "", times = ""] = process.argv.slice(2)

const increment = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ readonly value: number }>`select value from counter`
  yield* sql`update counter set value = ${(rows[0]?.value ?? 0) + 1}`
})

await SqlClient.SqlClient.use((sql) => sql.withTransaction(increment)).pipe(
  Effect.repeat({ times: Number(times) - 1 }),
  Effect.provide(Sqlite.layer({ filename, busyTimeout: "1 minute" })),
  Effect.runPromise,
)
