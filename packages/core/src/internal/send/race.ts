/** Runs an effect until it ends, or until something else ends the wait for it. */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { startTimer } from "./timer.ts"

/** How long an effect may take. */
export interface Limit<A, E = never> {
  readonly timeout: Duration.Duration
  /** What happens when the time is up. */
  readonly onTimeout: Effect.Effect<A, E>
}

/** What ends the wait for an effect, apart from its own end. */
export interface Ends<A, E> extends Limit<A, E> {
  /** Is given a function that ends the wait with a result. */
  readonly onStop?: (stop: (result: A) => void) => void
}

/**
 * Runs an effect in a fiber with the context that is made of the present one. The fiber is interrupted when the wait for it
 * ends. The effect is given a function that sets another limit in place of the present one. If it ends at once, it needs no
 * timer.
 *
 * The same as `Effect.raceFirst` of the effect, a time-out and a `Deferred`, which need two fibers for each of the two races.
 */
export const raceUntil = <A, E, R>(
  effectOf: (setLimit: (limit: Limit<A, E>) => void) => Effect.Effect<A, E, R>,
  contextOf: (context: Context.Context<never>) => Context.Context<R>,
  { onStop, ...limit }: Ends<A, E>,
): Effect.Effect<A, E> =>
  Effect.withFiber((waiting) =>
    Effect.callback<A, E>((resume) => {
      const clock = waiting.getRef(Clock.Clock)
      let cancel: (() => void) | undefined
      const setLimit = ({ onTimeout, timeout }: Limit<A, E>): void => {
        cancel?.()
        cancel = startTimer(clock, timeout, () => endWith(onTimeout))
      }
      const endWith = (result: Effect.Effect<A, E>): void =>
        resume(Effect.suspend(() => Effect.andThen(Fiber.interrupt(running), result)))
      onStop?.((result) => endWith(Effect.succeed(result)))
      const running = Effect.runForkWith(contextOf(waiting.context))(effectOf(setLimit))
      if (cancel === undefined && running.pollUnsafe() === undefined) setLimit(limit)
      running.addObserver((exit) => {
        cancel?.()
        resume(exit)
      })
      return Fiber.interrupt(running)
    }),
  )
