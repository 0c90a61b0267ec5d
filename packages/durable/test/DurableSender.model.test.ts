/** No interleaving of two workers, crashes, leases and late answers sends a message twice; and without a guard, one does. */
import { DurableSender } from "@effect-sent/durable"
import { guardedClient, type Guards } from "@effect-sent/faults/crash/guards"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type Bound, explore } from "./support/model.ts"
import { message, secret } from "./support/sender.ts"

const exploring = (bound: Bound, guards: Guards) =>
  Effect.gen(function* () {
    const sender = yield* DurableSender.make({ secret })
    yield* sender.enqueue(message, { key: "key" })
    return yield* explore(yield* SqlClient.SqlClient, bound)
  }).pipe(Effect.provide(guardedClient(":memory:", guards)))

describe("two workers at one message", () => {
  it.effect.each([
    { fence: 3, leases: 2, requeues: 0, withLies: true },
    { fence: 3, leases: 1, requeues: 1, withLies: true },
  ])(
    "send it at most once, in all interleavings up to %j",
    (bound) =>
      Effect.gen(function* () {
        const { problem, states, steps } = yield* exploring(bound, "all")
        console.log(`${states} states, ${steps} steps, up to ${JSON.stringify(bound)}`)
        assert.isUndefined(problem, problem?.join("\n"))
        assert.isAbove(states, 500)
      }),
    60_000,
  )

  it.effect.each(["withoutFence", "withoutCompareAndSet", "repeating"] as const)(
    "send it twice with the guards %s",
    (guards) =>
      Effect.gen(function* () {
        const { problem } = yield* exploring({ fence: 4, leases: 1, requeues: 0 }, guards)
        console.log(`${guards}:\n  ${problem?.join("\n  ")}`)
        assert.isDefined(problem)
      }),
    60_000,
  )
})
