/** Durable sends, by a client that accepts at once. */
import { SentClient } from "@effect-sent/core"
import { DurableSender } from "@effect-sent/durable"
import { DateTime, Deferred, Effect, Layer, Logger, ManagedRuntime, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { concurrency, message, type Queue } from "./queue.ts"

/** Makes a queue in a database. */
export const durableQueue = (database: Layer.Layer<SqlClient.SqlClient, unknown>): Queue => {
  const runtime = ManagedRuntime.make(
    DurableSender.layer({
      secret: "a secret of the benchmark, long enough to sign with",
      timeout: "1 minute",
    }).pipe(Layer.provideMerge(database), Layer.provide(Logger.layer([]))),
  )
  let count = 0
  const itemOf = () => ({ input: message, key: `message ${count++}` })

  const work = Effect.fnUntraced(function* (times: number) {
    const sender = yield* DurableSender.DurableSender
    const done = yield* Deferred.make<void>()
    let sent = 0
    const client = Layer.succeed(SentClient.SentClient, {
      sendToPhone: () =>
        Effect.map(DateTime.now, (acceptedAt) => {
          if (++sent === times) Deferred.doneUnsafe(done, Effect.void)
          return { acceptedAt, status: 204, attempts: 1 }
        }),
    })
    yield* Effect.provide(sender.work({ concurrency }), client)
    yield* Deferred.await(done)
    // The end of the scope waits for what is being settled.
  }, Effect.scoped)

  return {
    enqueue: (times) =>
      runtime.runPromise(
        DurableSender.DurableSender.use((sender) =>
          Effect.forEach(
            Array.from({ length: times }, itemOf),
            ({ input, key }) => sender.enqueue(input, { key }),
            { concurrency, discard: true },
          ),
        ),
      ),
    enqueueAll: (times) =>
      runtime.runPromise(
        Effect.asVoid(
          DurableSender.DurableSender.use((sender) =>
            sender.enqueueAll(Stream.map(Stream.range(1, times), itemOf)),
          ),
        ),
      ),
    work: (times) => runtime.runPromise(work(times)),
    clear: () =>
      runtime.runPromise(
        Effect.asVoid(SqlClient.SqlClient.use((sql) => sql`delete from effect_sent_queue`)),
      ),
    [Symbol.asyncDispose]: () => runtime.dispose(),
  }
}
