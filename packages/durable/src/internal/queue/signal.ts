/** Tells the workers of this process that there is something to send. Those of other processes look by themselves. */
import * as Effect from "effect/Effect"

/** A signal between the sender and its workers. */
export interface Signal {
  /** Wakes all who listen. */
  readonly wake: Effect.Effect<void>
  /** Listens, and returns how to stop that. */
  readonly listen: (listener: () => void) => () => void
}

/** Makes a signal. */
export const makeSignal = (): Signal => {
  const listeners = new Set<() => void>()
  return {
    wake: Effect.sync(() => {
      for (const listener of listeners) listener()
    }),
    listen: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
