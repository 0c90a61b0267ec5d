/**
 * A worker that is paused between its claim and the wire, for longer than its lease, sends nothing; with a lease and nothing else, it
 * sends what another worker has sent.
 */
import { DurableSender } from "@effect-sent/durable"
import { guardedClient, isBegin } from "@effect-sent/faults/crash/guards"
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { newFile } from "./support/folder.ts"
import { accepted, makeClient, message, secret } from "./support/sender.ts"

describe("a worker that is paused before the wire, for longer than its lease", () => {
  it.effect.each([
    { guards: "all", sent: 1 },
    { guards: "leaseOnly", sent: 2 },
  ] as const)("with the guards $guards: $sent sent", ({ guards, sent }) =>
    Effect.gen(function* () {
      const filename = yield* newFile
      const client = makeClient()
      const [reached, released, sentByOther] = [
        yield* Deferred.make<void>(),
        yield* Deferred.make<void>(),
        yield* Deferred.make<void>(),
      ]
      /** Runs a worker in a scope of its own, with what is run before its statements. */
      const start = Effect.fnUntraced(function* (
        before: (sql: string) => Effect.Effect<void>,
        { layer }: ReturnType<typeof makeClient>,
      ) {
        const context = yield* Layer.build(
          DurableSender.layer({ secret, timeout: "1 hour" }).pipe(
            Layer.provide(guardedClient(filename, guards, before)),
          ),
        )
        const sender = Context.get(context, DurableSender.DurableSender)
        const scope = yield* Scope.make()
        const run = sender
          .work({ lease: "1 minute", pollInterval: "1 hour" })
          .pipe(Effect.provide(layer), Scope.provide(scope))
        return { sender, run, stop: Scope.close(scope, Exit.void) }
      })

      const first = yield* start(
        (sql) =>
          isBegin(sql)
            ? Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(released))
            : Effect.void,
        client,
      )
      const others = makeClient(() =>
        Effect.andThen(Deferred.succeed(sentByOther, undefined), accepted),
      )
      const second = yield* start(() => Effect.void, others)
      yield* first.sender.enqueue(message, { key: "order 12345 shipped" })
      yield* first.run
      yield* Deferred.await(reached)
      yield* TestClock.adjust("2 minutes")
      yield* second.run
      yield* Deferred.await(sentByOther)
      yield* second.stop
      yield* Deferred.succeed(released, undefined)
      yield* first.stop
      assert.strictEqual(client.inputs.length + others.inputs.length, sent)
      const send = yield* second.sender.find("order 12345 shipped")
      assert.strictEqual(send?.state, "accepted")
    }),
  )
})
