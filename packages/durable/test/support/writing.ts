/** `writing.ts <file>`: writes pairs of rows, each pair in a transaction, and prints the number of each pair that was committed. */
import { Sqlite } from "@effect-sent/durable"
import { Console, Effect, Stream } from "effect"
import { SqlClient } from "effect/sql"

const [filename = ""] = process.argv.slice(2)

const write = (pair: number) =>
  SqlClient.SqlClient.use((sql) =>
    sql.withTransaction(
      Effect.andThen(
        sql`insert into written ${sql.insert({ pair, half: 1, text: "x".repeat(3000) })}`,
        sql`insert into written ${sql.insert({ pair, half: 2, text: "x".repeat(3000) })}`,
      ),
    ),
  ).pipe(Effect.andThen(Console.log(pair)))

await Stream.range(1, 1_000_000).pipe(
  Stream.runForEach(write),
  Effect.provide(Sqlite.layer({ filename })),
  Effect.runPromise,
)
