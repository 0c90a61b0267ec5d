/** The bar on a terminal. Piped output has none. */
import { SingleBar } from "cli-progress"
import { Console, Effect, type Scope } from "effect"
import { type Counts, countOf, waiting } from "./counts.ts"

/** Shows how far a campaign is. */
export interface Progress {
  /** Shows counts, with the rate and the time left. */
  readonly update: (counts: Counts) => void
  /** Prints a line above the bar. */
  readonly say: (line: string) => Effect.Effect<void>
}

const quiet: Progress = { update: () => undefined, say: (line) => Console.error(line) }

/** Makes the progress of a run. */
export const makeProgress: Effect.Effect<Progress, never, Scope.Scope> = Effect.gen(function* () {
  if (!process.stderr.isTTY) return quiet
  const startedAt = performance.now()
  let before: number | undefined
  const bar = yield* Effect.acquireRelease(
    Effect.sync(
      () =>
        new SingleBar({
          stream: process.stderr,
          format:
            "{bar} {value} of {total}, {rate} a second, {eta_formatted} left: {accepted} accepted, {refused} not sent, {unknown} unknown",
        }),
    ),
    (open) => Effect.sync(() => open.stop()),
  )
  return {
    update: (counts) => {
      const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
      const done = total - countOf(counts, ...waiting, "attempting")
      const seconds = (performance.now() - startedAt) / 1000
      const payload = {
        rate: before === undefined || seconds < 1 ? "-" : ((done - before) / seconds).toFixed(1),
        accepted: countOf(counts, "accepted"),
        refused: countOf(counts, "refused", "expired", "cancelled"),
        unknown: countOf(counts, "unknown"),
      }
      if (before === undefined) bar.start(total, done, payload)
      else bar.update(done, payload)
      before ??= done
    },
    // The bar is drawn anew below it.
    say: (line) => Console.error(before === undefined ? line : `\r\u001B[K${line}`),
  }
})
