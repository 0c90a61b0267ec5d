/** No interleaving of two callers, crashes, leases and late answers sends a message twice; and without a guard, one does. */
import { DurableSender } from "@effect-sent/durable"
import { guardedClient, type Guards } from "@effect-sent/faults/crash/guards"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type Bound, explore } from "./support/model.ts"

const exploring = (bound: Bound, guards: Guards) =>
  Effect.gen(function* () {
    yield* DurableSender.migrate()
    const sql = yield* SqlClient.SqlClient
    const { problem, ...counts } = yield* sql.withTransaction(explore(sql, bound))
    console.log(`${guards}: ${JSON.stringify(counts)}, up to ${JSON.stringify(bound)}`)
    return problem?.join("\n")
  }).pipe(Effect.withTracerEnabled(false), Effect.provide(guardedClient(":memory:", guards)))

const bounds: ReadonlyArray<Bound> = [
  { callers: "both", fence: 3, leases: 1, requeues: 1, withLies: true },
  { callers: "both", fence: 3, leases: 1, requeues: 0, expires: true, withLies: true },
  { callers: "both", fence: 2, leases: 2, requeues: 1, withLies: true },
]

/** The bounds of `long/`, which runs this file. */
const farBounds: ReadonlyArray<Bound> = [
  { callers: "both", fence: 4, leases: 2, requeues: 1, withLies: true },
  { callers: "both", fence: 4, leases: 2, requeues: 1, expires: true, withLies: true },
  { callers: "both", fence: 5, leases: 1, requeues: 0, withLies: true },
]

describe("two callers at one key", () => {
  it.effect.each(process.env["EFFECT_SENT_FAR"] === "1" ? farBounds : bounds)(
    "send it at most once, and not too late, in all interleavings up to %j",
    (bound) =>
      Effect.gen(function* () {
        assert.isUndefined(yield* exploring(bound, "all"))
      }),
    600_000,
  )

  it.effect.each([
    ["workers", "withoutFence"],
    ["workers", "withoutCompareAndSet"],
    ["workers", "repeating"],
    ["sendOnce", "withoutFence"],
    ["sendOnce", "withoutCompareAndSet"],
    ["sendOnce", "takingAnything"],
  ] as const)(
    "of %s send it twice with the guards %s",
    ([callers, guards]) =>
      Effect.gen(function* () {
        const problem = yield* exploring({ callers, fence: 4, leases: 1, requeues: 0 }, guards)
        console.log(problem)
        assert.match(String(problem), /sends[^]*sends$/)
      }),
    60_000,
  )

  it.effect("send it too late without the comparison of times", () =>
    Effect.gen(function* () {
      const bound = { callers: "workers", fence: 2, leases: 1, requeues: 0, expires: true } as const
      assert.match(String(yield* exploring(bound, "withoutDeadline")), /begins$/)
    }),
  )
})
