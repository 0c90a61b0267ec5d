/** The delivery store in SQL, with real processes: on SQLite, and on a Postgres server that the test starts. */
import { DeliveryStore } from "@effect-sent/core"
// import * as DeliveryStoreConformance from "@effect-sent/core/DeliveryStoreConformance"
import { type Postgres, postgresFolder, startPostgres } from "@effect-sent/faults/postgres"
import { Context, DateTime, Effect, Layer, ManagedRuntime } from "effect"
import { SqlClient } from "effect/sql"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { storeOf } from "../store/layer.ts"
import { startProxy } from "../store/proxy.ts"
import { deliver, type Receiver, runAll, startReceiver } from "../store/receivers.ts"

// CI sets this where there must be one, so that the tests are not skipped by accident.
const needsPostgres = process.env["EFFECT_SENT_REQUIRE_POSTGRES"] === "1"
const skipsPostgres = postgresFolder === undefined && !needsPostgres
if (skipsPostgres) console.log("No Postgres found: the tests of the store in Postgres are skipped")

const folder = mkdtempSync(join(tmpdir(), "effect-sent-store-"))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

let postgres: Postgres
beforeAll(async () => {
  if (!skipsPostgres) postgres = await startPostgres()
})
afterAll(() => postgres?.[Symbol.asyncDispose]())

const databases: ReadonlyArray<readonly [name: string, target: () => string]> = [
  ["SQLite", () => join(folder, "store.sqlite")],
  ["Postgres", () => postgres.url],
]

const at = (seconds: number): DateTime.Utc =>
  DateTime.makeUnsafe(1_761_905_442_000 + seconds * 1000)

/** The first so many numbers. */
const upTo = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, i) => i)

describe.each(databases.filter(([name]) => name === "SQLite" || !skipsPostgres))(
  "in %s",
  (_, target) => {
    it("two processes lose none of 2,000 sends and 4,000 updates, when one of them is killed", async () => {
      await using stays = await startReceiver(target())
      const doomed = await startReceiver(target())
      let receivers: ReadonlyArray<Receiver> = [stays, doomed]
      const sends = upTo(2000).map((number) => `send-${number}`)
      await runAll(
        sends.map((send, i) => () => deliver(`/open?send=${send}`, () => receivers, i)),
        16,
      )

      // Each update to both processes at the same moment; and the two updates of a send cross.
      const answeredByDoomed = new Set<string>()
      let delivered = 0
      let killed: Promise<void> | undefined
      const tasks = sends.flatMap((send, i) =>
        ["SENT", "DELIVERED"].map((status, j) => async () => {
          const path = `/update?send=${send}&status=${status}&at=${1_761_905_442_000 + j}`
          const both = [0, 1].map(async (first) => {
            await deliver(path, () => receivers, first + i + j)
            if (killed === undefined) answeredByDoomed.add(`${send} ${status}`)
          })
          await Promise.all(both)
          delivered += 1
          if (delivered === 1500) {
            receivers = [stays]
            killed = doomed.kill("SIGKILL")
            await killed
            // It is replaced, as an application would be.
            receivers = [stays, await startReceiver(target())]
          }
        }),
      )
      await runAll(tasks, 16)
      const [, replacement] = receivers

      const runtime = ManagedRuntime.make(storeOf(target(), { timeout: "30 seconds" }))
      const found = await runtime.runPromise(
        Effect.forEach(sends, (id) =>
          DeliveryStore.DeliveryStore.use((store) => store.find({ id })),
        ),
      )
      for (const [index, [send]] of found.entries()) {
        assert.strictEqual(send?.reference, `order of ${sends[index]}`)
        assert.sameMembers(
          (send?.steps ?? []).map(({ status }) => status),
          ["SENT", "DELIVERED"],
        )
        assert.strictEqual(send?.unreadable, 0)
      }
      await runtime.dispose()

      const others = [...stays.handled, ...(replacement?.handled ?? [])]
      const events = sends.flatMap((send) => [`${send} SENT`, `${send} DELIVERED`])
      assert.sameMembers([...new Set([...doomed.handled, ...others])], events)
      assert.lengthOf(new Set(doomed.handled), doomed.handled.length)
      assert.lengthOf(new Set(others), others.length)
      const twice = others.filter((event) => doomed.handled.includes(event))
      // Handled once more: only what the killed process had begun and not yet answered for.
      for (const event of twice) assert.isFalse(answeredByDoomed.has(event), event)
      assert.isAtMost(twice.length, 16)
      assert.isAbove(doomed.handled.length, 100)
      console.log(
        `${doomed.handled.length} handled by the killed process, ${twice.length} once more`,
      )
      await replacement?.[Symbol.asyncDispose]()
    })
  },
)
