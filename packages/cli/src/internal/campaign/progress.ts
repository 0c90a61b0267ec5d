/** The bar on a terminal. Piped output has none. */
import { SingleBar } from "cli-progress"
import { Effect, type Scope } from "effect"
import type { Counts } from "./work.ts"
import { countOf, waiting } from "./work.ts"

const quiet = (): void => undefined

/** Shows how far a campaign is, with the rate and the time left. */
export const progressBar: Effect.Effect<(counts: Counts) => void, never, Scope.Scope> = Effect.gen(
  function* () {
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
    return (counts: Counts) => {
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
    }
  },
)
