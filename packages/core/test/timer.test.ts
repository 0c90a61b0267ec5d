/** A timer is up when the clock says so: the runtime's own timer for the default clock, and the sleep of any other one. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, identity } from "effect"
import { TestClock } from "effect/testing"
import { afterEach, beforeEach, vi } from "vitest"
import { raceUntil } from "../src/internal/send/race.ts"
import { startTimer } from "../src/internal/send/timer.ts"

/** Starts a timer, and counts how often it is up. */
const counted = (clock: Clock.Clock, timeout: Duration.Input) => {
  let ups = 0
  const cancel = startTimer(clock, Duration.fromInputUnsafe(timeout), () => {
    ups += 1
  })
  return { cancel, ups: () => ups }
}

describe("a timer of the default clock", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const clock = Effect.runSync(Clock.clockWith(Effect.succeed))

  it("is up once, at its time", () => {
    const { ups } = counted(clock, "30 seconds")
    vi.advanceTimersByTime(29_999)
    assert.strictEqual(ups(), 0)
    vi.advanceTimersByTime(60_000)
    assert.strictEqual(ups(), 1)
  })

  it("leaves nothing when it is cancelled", () => {
    const { cancel, ups } = counted(clock, "30 seconds")
    cancel()
    assert.strictEqual(vi.getTimerCount(), 0)
    vi.advanceTimersByTime(60_000)
    assert.strictEqual(ups(), 0)
  })

  it("may take longer than setTimeout can wait, or forever", () => {
    const month = counted(clock, "30 days")
    const never = counted(clock, "Infinity")
    vi.advanceTimersByTime(Duration.toMillis("30 days") - 1)
    assert.strictEqual(month.ups(), 0)
    vi.advanceTimersByTime(1)
    assert.strictEqual(month.ups(), 1)
    assert.strictEqual(never.ups(), 0)
    never.cancel()
  })
})

const race = (effect: Effect.Effect<string>) =>
  raceUntil(() => effect, identity, {
    timeout: Duration.seconds(30),
    onTimeout: Effect.succeed("timed out"),
  })

describe("a race", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  // A timer that is left keeps a process from its end for as long.
  it("leaves no timer when its effect has ended", async () => {
    assert.strictEqual(await Effect.runPromise(race(Effect.as(Effect.yieldNow, "ended"))), "ended")
    assert.strictEqual(vi.getTimerCount(), 0)
  })

  it("leaves no timer when it is interrupted", async () => {
    const fiber = Effect.runFork(race(Effect.never))
    assert.strictEqual(vi.getTimerCount(), 1)
    await Effect.runPromise(Fiber.interrupt(fiber))
    assert.strictEqual(vi.getTimerCount(), 0)
  })

  it("interrupts its effect when the time is up", async () => {
    let isInterrupted = false
    const running = race(
      Effect.onInterrupt(Effect.never, () =>
        Effect.sync(() => {
          isInterrupted = true
        }),
      ),
    )
    const raced = Effect.runPromise(running)
    vi.advanceTimersByTime(30_000)
    assert.strictEqual(await raced, "timed out")
    assert.isTrue(isInterrupted)
  })
})

describe("a timer of another clock", () => {
  it.effect("is up when that clock says so", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.clockWith(Effect.succeed)
      const first = counted(clock, "30 seconds")
      const second = counted(clock, "30 seconds")
      yield* TestClock.adjust("29999 millis")
      second.cancel()
      assert.strictEqual(first.ups(), 0)
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual([first.ups(), second.ups()], [1, 0])
    }),
  )
})
