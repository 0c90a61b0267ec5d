/**
 * Worker processes that are killed, stopped and paused at random send no message twice. It is a short run of `pnpm crash`. That a lease
 * and nothing else is not enough, `DurableSender.lease.test.ts` shows.
 */
import { assert, describe, it } from "@effect/vitest"
import { crashRun } from "@effect-sent/faults/crash/CrashRun"
import { Effect } from "effect"
import { newFile } from "./support/folder.ts"

describe("three worker processes that are killed, stopped and paused", () => {
  it.live(
    "send no message twice, say nothing that is not so, and every update settles what is unknown",
    () =>
      Effect.gen(function* () {
        const target = yield* newFile
        const seed = Math.floor(Math.random() * 2 ** 31)
        console.log(`seed ${seed}`)
        const run = { target, sends: 40, disruptions: 3, seed, lease: 1000 }
        const { left, lies, twice, unsettled } = yield* Effect.promise(() => crashRun(run))
        assert.deepStrictEqual(
          { left, lies, twice, unsettled },
          { left: 0, lies: 0, twice: 0, unsettled: 0 },
        )
      }),
    180_000,
  )

  it.live(
    "over v3, leave nothing unknown: what was under way is settled by its key",
    () =>
      Effect.gen(function* () {
        const target = yield* newFile
        const seed = Math.floor(Math.random() * 2 ** 31)
        console.log(`seed ${seed}`)
        const run = { target, sends: 40, disruptions: 3, seed, lease: 1000, api: "v3" } as const
        const { left, lies, states, twice } = yield* Effect.promise(() => crashRun(run))
        assert.deepStrictEqual({ left, lies, twice }, { left: 0, lies: 0, twice: 0 })
        assert.deepStrictEqual(states, { accepted: 40 })
      }),
    180_000,
  )
})
