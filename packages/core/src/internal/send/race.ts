/** Runs an effect until it ends, or until something else ends the wait for it. */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"

/** What ends the wait for an effect, apart from its own end. */
export interface Ends<A, E> {
  readonly timeout: Duration.Duration
  /** What happens when the time is up. */
  readonly onTimeout: Effect.Effect<A, E>
  /** Is given a function that ends the wait with a result. */
  readonly onStop?: (stop: (result: A) => void) => void
}

/**
 * Runs an effect in a fiber with this context, which is interrupted when the wait for it ends. An effect that ends at once
 * needs no timer.
 *
 * The same as `Effect.raceFirst` of the effect, a time-out and a `Deferred`, which need two fibers for each of the two races.
 */
export const raceUntil = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  context: Context.Context<R>,
  { onStop, onTimeout, timeout }: Ends<A, E>,
): Effect.Effect<A, E> =>
  Clock.clockWith((clock) =>
    Effect.callback<A, E>((resume) => {
      const running = Effect.runForkWith(context)(effect)
      const endWith = (result: Effect.Effect<A, E>): void =>
        resume(Effect.andThen(Fiber.interrupt(running), result))
      onStop?.((result) => endWith(Effect.succeed(result)))
      // It needs nothing of the context, whose stack frames it would copy when it is interrupted.
      const timer =
        running.pollUnsafe() === undefined ? Effect.runFork(clock.sleep(timeout)) : undefined
      timer?.addObserver((exit) => {
        if (Exit.isSuccess(exit)) endWith(onTimeout)
      })
      running.addObserver((exit) => {
        timer?.interruptUnsafe()
        resume(exit)
      })
      return Effect.suspend(() => {
        timer?.interruptUnsafe()
        return Fiber.interrupt(running)
      })
    }),
  )
