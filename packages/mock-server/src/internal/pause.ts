import * as Effect from "effect/Effect"

/** Waits by the machine's clock. `Effect.sleep` would wait for the clock of a test that uses `TestClock`. */
export const pause = (millis: number): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const timer = setTimeout(() => resume(Effect.void), millis)
    return Effect.sync(() => clearTimeout(timer))
  })
