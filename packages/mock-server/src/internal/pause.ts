import * as Effect from "effect/Effect"

/** Waits by the machine's clock: a test that stops Effect's must not stop the server. */
export const pause = (millis: number): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const timer = setTimeout(() => resume(Effect.void), millis)
    return Effect.sync(() => clearTimeout(timer))
  })
