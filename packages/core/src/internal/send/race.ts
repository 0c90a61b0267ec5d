/** Runs an effect until it ends, or until something else ends the wait for it. */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"

/** What ends the wait for an effect, apart from its own end. */
export interface Ends<A> {
  /** The time, and the result when it is up. */
  readonly timeout: Duration.Duration
  readonly onTimeout: A
  /** Is given a function that ends the wait with a result. */
  readonly onStop: (stop: (result: A) => void) => void
}

/**
 * Runs an effect in a fiber with this context. Whatever ends the wait for it, nothing of it runs on.
 *
 * The same as `Effect.raceFirst` of the effect, a time-out and a `Deferred`, which need two fibers for each of the two races.
 */
export const raceUntil = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  context: Context.Context<R>,
  { onStop, onTimeout, timeout }: Ends<A>,
): Effect.Effect<A, E> =>
  Clock.clockWith((clock) =>
    Effect.callback<A, E>((resume) => {
      const run = Effect.runForkWith(context)
      const running = run(effect)
      const stop = (result: A): void => resume(Effect.as(Fiber.interrupt(running), result))
      onStop(stop)
      const timer = running.pollUnsafe() === undefined ? run(clock.sleep(timeout)) : undefined
      timer?.addObserver((exit) => {
        if (Exit.isSuccess(exit)) stop(onTimeout)
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
