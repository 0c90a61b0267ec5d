/**
 * `pnpm bench mock`: compares this repository's mock with `prism mock`. Both serve `contracts/sent-v1.openapi.yaml`. Measures the time
 * to the first answer, the accepted requests per second, and the memory. Exits with 1 when our mock misses a target.
 *
 *     pnpm bench mock
 *     pnpm bench mock --quick --json
 *     pnpm bench mock --updates              # only the rows about delivery updates
 *
 * The servers take turns, so that other work on the machine slows both. Only the ratios are meaningful; the numbers depend on the
 * machine.
 */
import { NodeRuntime } from "@effect/platform-node"
import { SingleBar } from "cli-progress"
import { Console, Data, Effect, Runtime } from "effect"
import { parseArgs } from "node:util"
import { comparedRows, comparedSteps } from "./mock/compared.ts"
import { Broken } from "./mock/load.ts"
import { type Done, full, quick } from "./mock/plan.ts"
import { updatesRows, updatesSteps } from "./mock/updates.ts"
import { type Row, table } from "./support/table.ts"

/** A target was missed. The figures have been printed, so only the exit code is set. */
class Missed extends Data.TaggedError("Missed") {
  override readonly [Runtime.errorExitCode] = 1
  override readonly [Runtime.errorReported] = false
}

const program = Effect.gen(function* () {
  const { values } = yield* Effect.try({
    try: () =>
      parseArgs({
        options: {
          quick: { type: "boolean", default: false },
          json: { type: "boolean", default: false },
          updates: { type: "boolean", default: false },
        },
      }),
    catch: (cause) => new Broken({ message: cause instanceof Error ? cause.message : "" }),
  })
  const plan = values.quick ? quick : full
  // Only on a terminal: piped output must not contain a progress bar.
  const bar = process.stderr.isTTY
    ? new SingleBar({
        stream: process.stderr,
        format: "{bar} {value} of {total} steps",
        clearOnComplete: true,
      })
    : undefined
  yield* Effect.acquireRelease(
    Effect.sync(() => bar?.start((values.updates ? 0 : comparedSteps(plan)) + updatesSteps, 0)),
    () => Effect.sync(() => bar?.stop()),
  )
  const done: Done = () => bar?.increment()
  const rows: Array<Row> = values.updates ? [] : yield* comparedRows(plan, done)
  rows.push(...(yield* updatesRows(plan, done)))
  bar?.stop()
  yield* Console.log(values.json ? JSON.stringify(rows, undefined, 2) : table(rows))
  if (!rows.every(({ met }) => met)) yield* new Missed()
})

// When the terminal is closed, ends this process in order, so that the servers do not outlive it.
process.once("SIGHUP", () => process.kill(process.pid, "SIGTERM"))

NodeRuntime.runMain(Effect.scoped(program))
