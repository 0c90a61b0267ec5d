/**
 * `pnpm crash`: sends messages through worker processes that are killed, stopped and paused at random, over v1 and v3, in SQLite and, if
 * there is one, in Postgres. Three numbers must be zero: messages sent twice, states that say what is not so, and unknown sends whose
 * update has arrived. Over v3, where answers are lost, late or broken, no send may be unknown at all. Then once with a lease and nothing else, where chance decides how many are sent twice, and with a worker that is stopped
 * with its request on the wire, where chance has no part: its message must be sent twice with a lease and nothing else, and once with
 * all guards; over v3 it must also be known to be accepted.
 */
import { type CrashOptions, crashRun } from "@effect-sent/faults/crash/CrashRun"
import { pausedRun } from "@effect-sent/faults/crash/PausedRun"
import { postgresFolder, startPostgres } from "@effect-sent/faults/postgres"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Option, Random } from "effect"
import { Command, Flag } from "effect/cli"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const flags = {
  sends: Flag.Int("sends").pipe(
    Flag.withDescription("How many messages each run sends"),
    Flag.withDefault(400),
  ),
  disruptions: Flag.Int("disruptions").pipe(
    Flag.withDescription("How often each run kills, stops or pauses a process"),
    Flag.withDefault(24),
  ),
  seed: Flag.Int("seed").pipe(
    Flag.withDescription("Draws the same signals as an earlier run"),
    Flag.optional,
  ),
}

/** Runs once, and returns whether the run found nothing that is wrong. */
const runOnce = Effect.fnUntraced(function* (name: string, options: CrashOptions) {
  const report = yield* Effect.promise(() => crashRun(options))
  const { left, lies, signals, states, twice, unsettled } = report
  yield* Console.log(
    `${name}: ${twice} sent twice, ${lies} lies, ${unsettled} not settled by their update, ${left} left; ` +
      `${JSON.stringify(states)}, ${JSON.stringify(signals)}, ${Math.round(report.millis / 1000)} s`,
  )
  const unknown = options.api === "v3" ? (states["unknown"] ?? 0) : 0
  return twice + lies + unsettled + left + unknown === 0
})

const program = Effect.fnUntraced(function* ({
  disruptions,
  seed: given,
  sends,
}: {
  readonly disruptions: number
  readonly seed: Option.Option<number>
  readonly sends: number
}) {
  const drawn = yield* Random.nextIntBetween(0, 2 ** 31)
  const seed = Option.getOrElse(given, () => drawn)
  yield* Console.log(`seed ${seed}`)
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-sent-crash-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 10 })),
  )
  const run = { sends, disruptions, seed }
  const results: Array<boolean> = []
  const apis = ["v1", "v3"] as const
  for (const api of apis) {
    const target = join(folder, `${api}.sqlite`)
    results.push(yield* runOnce(`SQLite, ${api}`, { ...run, api, target }))
  }
  if (postgresFolder === undefined) yield* Console.log("Postgres: not found, skipped")
  for (const api of postgresFolder === undefined ? [] : apis) {
    const postgres = yield* Effect.acquireRelease(
      Effect.promise(() => startPostgres()),
      (server) => Effect.promise(() => server[Symbol.asyncDispose]()),
    )
    results.push(yield* runOnce(`Postgres, ${api}`, { ...run, api, target: postgres.url }))
  }
  // Chance decides what it finds.
  yield* runOnce("SQLite, a lease and nothing else", {
    ...run,
    target: join(folder, "lease.sqlite"),
    guards: "leaseOnly",
    endsAtTwice: true,
  })
  for (const [api, guards, arrived, state] of [
    ["v1", "all", 1, "unknown"],
    ["v1", "leaseOnly", 2, "accepted"],
    ["v3", "all", 1, "accepted"],
  ] as const) {
    const target = join(folder, `paused-${api}-${guards}.sqlite`)
    const found = yield* Effect.promise(() => pausedRun({ target, api, guards }))
    yield* Console.log(
      `A worker that is stopped, ${api}, ${guards}: ${found.arrived} accepted, ${found.state}`,
    )
    results.push(found.arrived === arrived && found.state === state)
  }
  if (!results.every(Boolean)) {
    yield* Console.error("at least one run found what it must not find")
    process.exitCode = 1
  }
})

const command = Command.make("crash", flags, (given) => Effect.scoped(program(given))).pipe(
  Command.withDescription(
    "Kills workers of durable sends at random, and counts what was sent twice",
  ),
)

Command.run(command, { version: "0.1.0" }).pipe(
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain,
)
