/** What the circuit breaker makes of time: deadlines, turns of the rate limit, and what the service asks for. */
import { CircuitBreak, RateLimit, SentClient } from "@effect-sent/core"
import { sample } from "@effect-sent/faults/sample"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { reasonsOf, send, timedService } from "./support/timedService.ts"

const within = (deadline: Duration.Input) =>
  SentClient.sendToPhone(sample, { deadline }).pipe(
    Effect.map(() => "accepted"),
    Effect.catchTag("SentError", ({ delivery, reason }) =>
      Effect.succeed(`${reason._tag} ${delivery}`),
    ),
  )

describe("a circuit breaker", () => {
  it.effect("counts attempts that the deadline ends", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService("silent")
      yield* Effect.gen(function* () {
        const sends = yield* Effect.forkChild(
          Effect.forEach(Array.from({ length: 20 }), () => within("150 millis")),
        )
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual((yield* Fiber.join(sends)).slice(3, 7), [
          "TimedOut unknown",
          "TimedOut unknown",
          "CircuitOpen not-sent",
          "CircuitOpen not-sent",
        ])
        assert.strictEqual(state.times.length, 5)
      }).pipe(Effect.provide(layer({ circuitBreak: CircuitBreak.make() })))
    }),
  )

  it.effect("does not count an attempt that began late", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService("silent")
      yield* Effect.gen(function* () {
        for (let round = 1; round <= 6; round++) {
          // An interrupted send says nothing, and takes the turn.
          const first = yield* Effect.forkChild(send)
          while (state.times.length < round * 2 - 1) yield* TestClock.adjust("100 millis")
          yield* Fiber.interrupt(first)
          // This one waits for four seconds of its five for the next turn.
          const late = yield* Effect.forkChild(within("5 seconds"))
          yield* TestClock.adjust("5 seconds")
          assert.strictEqual(yield* Fiber.join(late), "TimedOut unknown")
        }
      }).pipe(
        Effect.provide(
          layer({
            circuitBreak: CircuitBreak.make(),
            rateLimit: RateLimit.make({ limit: 1, window: "4 seconds" }),
          }),
        ),
      )
    }),
  )

  it.effect("is asked before a turn of the rate limit is waited for, and takes none", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService(500)
      yield* Effect.gen(function* () {
        const opening = yield* Effect.forkChild(reasonsOf(5))
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(opening)
        const before = yield* Clock.currentTimeMillis
        assert.deepStrictEqual(
          yield* reasonsOf(20),
          Array.from({ length: 20 }, () => "CircuitOpen"),
        )
        assert.strictEqual(yield* Clock.currentTimeMillis, before)

        yield* TestClock.adjust("30 seconds")
        state.answer = 204
        const sends = yield* Effect.forkChild(reasonsOf(5))
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(
          yield* Fiber.join(sends),
          Array.from({ length: 5 }, () => "accepted"),
        )
      }).pipe(
        Effect.provide(
          layer({
            circuitBreak: CircuitBreak.make(),
            rateLimit: RateLimit.make({ limit: 5, window: "1 second" }),
          }),
        ),
      )
    }),
  )

  it.effect("ends the wait for a turn when it opens", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService()
      yield* Effect.gen(function* () {
        // It proves the key: the others wait for their turns, and not for their places.
        yield* send
        state.answer = 500
        const sends = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 20 }, () => Effect.flip(send)),
            { concurrency: "unbounded" },
          ),
        )
        // Five turns open it. The next one would come a second later.
        yield* TestClock.adjust("5500 millis")
        assert.strictEqual((yield* Effect.flip(send)).reason._tag, "CircuitOpen")
        yield* TestClock.adjust("500 millis")
        const errors = yield* Fiber.join(sends)
        assert.strictEqual(errors.filter(({ reason }) => reason._tag === "CircuitOpen").length, 15)
        assert.strictEqual(state.times.length, 6)
      }).pipe(
        Effect.provide(
          layer({
            circuitBreak: CircuitBreak.make(),
            rateLimit: RateLimit.make({ limit: 1, window: "1 second" }),
          }),
        ),
      )
    }),
  )

  it.effect("of two responses, the later Retry-After counts", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService({ retryAfter: "90" })
      yield* Effect.gen(function* () {
        yield* reasonsOf(4)
        state.answer = { retryAfter: "10" }
        yield* reasonsOf(1)
        assert.deepStrictEqual((yield* Effect.flip(send)).retryAfter, Duration.seconds(90))
      }).pipe(Effect.provide(layer({ circuitBreak: CircuitBreak.make() })))
    }),
  )
})
