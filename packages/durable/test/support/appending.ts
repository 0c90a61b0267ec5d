/** `appending.ts <file>`: opens sends one after the other, and prints the id of each that is stored. */
import { DeliveryStore } from "@effect-sent/core"
import { SqlDeliveryStore, Sqlite } from "@effect-sent/durable"
import { Console, DateTime, Effect, Layer, Stream } from "effect"

const [filename = ""] = process.argv.slice(2)

const open = Effect.fnUntraced(function* (number: number) {
  const store = yield* DeliveryStore.DeliveryStore
  const openedAt = yield* DateTime.now
  const id = `send ${number}`
  const expiresAt = DateTime.add(openedAt, { days: 3 })
  yield* store.append({ id, openedAt, expiresAt, reference: `order ${number}` })
  yield* Console.log(id)
})

await Stream.range(1, 1_000_000).pipe(
  Stream.runForEach(open),
  Effect.provide(SqlDeliveryStore.layer().pipe(Layer.provide(Sqlite.layer({ filename })))),
  Effect.runPromise,
)
