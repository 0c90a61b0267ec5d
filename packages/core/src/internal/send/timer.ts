/** Timers of a clock. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/**
 * Calls a function when the time of a clock is up. Returns what cancels it.
 *
 * The default clock sleeps by `setTimeout`, which is called as it is: a fiber that sleeps costs more than the timer, and a send
 * has at least one. Any other clock, such as `TestClock`, is asked to sleep.
 */
export const startTimer = (
  clock: Clock.Clock,
  timeout: Duration.Duration,
  onUp: () => void,
): (() => void) => {
  const millis = Duration.toMillis(timeout)
  if (clock === defaultClock && millis <= longestMillis) {
    // oxlint-disable-next-line no-restricted-globals -- what the default clock sleeps by
    const timer = setTimeout(onUp, millis)
    return () => clearTimeout(timer)
  }
  const sleeping = Effect.runFork(clock.sleep(timeout))
  sleeping.addObserver((exit) => {
    if (Exit.isSuccess(exit)) onUp()
  })
  return () => sleeping.interruptUnsafe()
}

const defaultClock = /* @__PURE__ */ Context.get(/* @__PURE__ */ Context.empty(), Clock.Clock)

// `setTimeout` takes a longer time for 1 ms.
const longestMillis = 2 ** 31 - 1
