/** The circuit breaker of a layer, on a clock that the tests move, and the options of the limits. */
import { CircuitBreak, RateLimit, RetryPolicy, SentClient, SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer } from "effect"
import { CircuitBreaker } from "effect/persistence"
import { TestClock } from "effect/testing"
import { sample } from "@effect-sent/faults/sample"
import { type Answer, reasonsOf, send, timedService } from "./support/timedService.ts"

// -----------------------------------------------------------------------------
// Circuit breaker
// -----------------------------------------------------------------------------

const detail = (text: string): Answer => ({ status: 400, detail: text })

describe("a circuit breaker", () => {
  it.effect.each([
    [500, "ServerFailed"],
    ["reset", "ConnectionLost"],
    ["refused", "ConnectionFailed"],
  ] as const)("opens after five failures in a row: %j", ([answer, reason]) =>
    Effect.gen(function* () {
      const { layer, state } = timedService(answer)
      yield* Effect.gen(function* () {
        assert.deepStrictEqual(
          yield* reasonsOf(5),
          Array.from({ length: 5 }, () => reason),
        )
        const error = yield* Effect.flip(send)
        assert.instanceOf(error.reason, SentError.CircuitOpen)
        assert.deepStrictEqual([error.delivery, error.attempts], ["not-sent", 0])
        assert.deepStrictEqual(error.retryAfter, Duration.seconds(30))
        assert.strictEqual(state.times.length, 5)
      }).pipe(Effect.provide(layer({ circuitBreak: CircuitBreak.make() })))
    }),
  )

  it.effect("counts time-outs", () =>
    Effect.gen(function* () {
      const { layer } = timedService("silent")
      yield* Effect.gen(function* () {
        const failing = yield* Effect.forkChild(reasonsOf(6))
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual((yield* Fiber.join(failing)).slice(4), ["TimedOut", "CircuitOpen"])
      }).pipe(Effect.provide(layer({ circuitBreak: CircuitBreak.make(), timeout: "1 second" })))
    }),
  )

  it.effect("lets one request probe the service after a while, and closes if it is accepted", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService(500)
      yield* Effect.gen(function* () {
        yield* reasonsOf(5)
        yield* TestClock.adjust("29999 millis")
        assert.deepStrictEqual(yield* reasonsOf(1), ["CircuitOpen"])
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(yield* reasonsOf(2), ["ServerFailed", "CircuitOpen"])
        yield* TestClock.adjust("30 seconds")
        state.answer = 204
        assert.deepStrictEqual(yield* reasonsOf(3), ["accepted", "accepted", "accepted"])
      }).pipe(Effect.provide(layer({ circuitBreak: CircuitBreak.make() })))
    }),
  )

  it.effect("lets no second request probe while the first has no response", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService(500)
      yield* Effect.gen(function* () {
        yield* reasonsOf(5)
        yield* TestClock.adjust("30 seconds")
        state.answer = "silent"
        const probe = yield* Effect.forkChild(
          Effect.flip(SentClient.sendToPhone(sample, { deadline: "2 seconds" })),
        )
        yield* Effect.yieldNow
        const error = yield* Effect.flip(send)
        assert.deepStrictEqual([error.reason._tag, error.retryAfter], ["CircuitOpen", undefined])
        assert.strictEqual(state.times.length, 6)

        // An attempt that was given up says nothing; the next one is allowed.
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual((yield* Fiber.join(probe)).reason._tag, "TimedOut")
        state.answer = 204
        assert.deepStrictEqual(yield* reasonsOf(2), ["accepted", "accepted"])
      }).pipe(Effect.provide(layer({ circuitBreak: CircuitBreak.make() })))
    }),
  )

  it.effect.each([400, 401, 403, 404, 429] as const)("does not open for refusals: %i", (status) =>
    Effect.gen(function* () {
      const { layer } = timedService(status)
      const reasons = yield* Effect.provide(
        reasonsOf(20),
        layer({ circuitBreak: CircuitBreak.make() }),
      )
      assert.notInclude(reasons, "CircuitOpen")
    }),
  )

  it.effect.each<readonly [reason: string, answer: Answer, opens: boolean]>([
    ["RequestRejected", 400, false],
    ["InvalidPhoneNumber", detail("Invalid phone number"), false],
    ["TemplateNotFound", detail("Template not found"), false],
    ["InsufficientBalance", detail("Insufficient balance"), false],
    ["CredentialsRejected", 401, false],
    ["AccessDenied", 403, false],
    ["EndpointNotFound", 404, false],
    ["UnexpectedResponse", 405, false],
    ["RateLimited", 429, true],
  ])("a rejection resets the count, a 429 does not: %s", ([reason, answer, opens]) =>
    Effect.gen(function* () {
      const { layer, state } = timedService(500)
      yield* Effect.gen(function* () {
        yield* reasonsOf(4)
        state.answer = answer
        assert.deepStrictEqual(yield* reasonsOf(1), [reason])
        state.answer = 500
        assert.deepStrictEqual(yield* reasonsOf(2), [
          "ServerFailed",
          opens ? "CircuitOpen" : "ServerFailed",
        ])
      }).pipe(Effect.provide(layer({ circuitBreak: CircuitBreak.make() })))
    }),
  )

  it.effect.each([
    ["as long as the service asks for", "90", {}, 90],
    ["no shorter than `openDuration`", "1", {}, 30],
    ["no longer than an hour for it", "86400", {}, 3600],
    ["no longer than `maxOpenDuration` for it", "90", { maxOpenDuration: "40 seconds" }, 40],
    ["for `openDuration`", "0", { openDuration: "5 seconds" }, 5],
  ] as const)("stays open %s", ([, retryAfter, options, seconds]) =>
    Effect.gen(function* () {
      const { layer, state } = timedService({ retryAfter })
      yield* Effect.gen(function* () {
        yield* reasonsOf(5)
        state.answer = 204
        assert.deepStrictEqual((yield* Effect.flip(send)).retryAfter, Duration.seconds(seconds))
        yield* TestClock.adjust(Duration.millis(seconds * 1000 - 1))
        assert.deepStrictEqual(yield* reasonsOf(1), ["CircuitOpen"])
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(yield* reasonsOf(1), ["accepted"])
      }).pipe(Effect.provide(layer({ circuitBreak: CircuitBreak.make(options) })))
    }),
  )

  it.effect("is one circuit for the layers that share it, and outlives them", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService(500)
      const circuitBreak = CircuitBreak.make()
      yield* Effect.provide(reasonsOf(5), layer({ circuitBreak }), { local: true })
      const other = Effect.provide(reasonsOf(1), layer({ circuitBreak }), { local: true })
      assert.deepStrictEqual(yield* other, ["CircuitOpen"])
      assert.strictEqual(state.times.length, 5)
    }),
  )

  // A Redis client that has lost its connection answers nothing until it has it back.
  it.effect("sends while its store does not answer", () =>
    Effect.gen(function* () {
      let questions = 0
      const silent = Effect.suspend(() => {
        questions += 1
        return Effect.never
      })
      const { layer, state } = timedService()
      const circuitBreak = yield* CircuitBreak.makeShared({ key: "sent" }).pipe(
        Effect.provide(
          Layer.mock(CircuitBreaker.CircuitBreakerStore)({
            admit: () => silent,
            record: () => silent,
            state: () => silent,
          }),
        ),
      )
      const rateLimit = RateLimit.make({ limit: 1000, window: "1 second" })
      yield* Effect.gen(function* () {
        const first = yield* Effect.forkChild(send)
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(first)
        const second = yield* Effect.forkChild(send)
        yield* TestClock.adjust("2 millis")
        yield* Fiber.join(second)
        assert.deepStrictEqual([state.times.length, questions], [2, 1])
      }).pipe(Effect.provide(layer({ circuitBreak, rateLimit })))
    }),
  )

  it.effect("opens by a custom policy", () =>
    Effect.gen(function* () {
      const { layer } = timedService(500)
      const reasons = yield* reasonsOf(3).pipe(
        Effect.provide(
          layer({ circuitBreak: CircuitBreak.make({ tripPolicy: CircuitBreaker.consecutive(2) }) }),
        ),
      )
      assert.deepStrictEqual(reasons, ["ServerFailed", "ServerFailed", "CircuitOpen"])
    }),
  )

  it.effect("is not awaited by the default policy", () =>
    Effect.gen(function* () {
      const { layer } = timedService(500)
      yield* Effect.gen(function* () {
        yield* reasonsOf(5)
        assert.strictEqual((yield* Effect.flip(send)).reason._tag, "CircuitOpen")
      }).pipe(
        Effect.provide(
          layer({ circuitBreak: CircuitBreak.make(), retryPolicy: RetryPolicy.notSent }),
        ),
      )
    }),
  )
})

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

describe("invalid options", () => {
  it.effect.each<readonly [path: string, options: SentClient.Options]>([
    ["timeout", { timeout: 0 }],
    ["timeout", { timeout: "-1 seconds" }],
    ["deadline", { deadline: Number.NaN }],
    ["rateLimit.limit", { rateLimit: RateLimit.make({ limit: 0, window: "1 second" }) }],
    ["rateLimit.limit", { rateLimit: RateLimit.make({ limit: 1.5, window: "1 second" }) }],
    ["rateLimit.window", { rateLimit: RateLimit.make({ limit: 1, window: 0 }) }],
    // @ts-expect-error: the options themselves, as before
    ["rateLimit", { rateLimit: { limit: 1, window: "1 second" } }],
    // @ts-expect-error: the options themselves
    ["circuitBreak", { circuitBreak: {} }],
    // @ts-expect-error: a misspelt name
    ["rateLimit.burst", { rateLimit: RateLimit.make({ limit: 1, window: 1, burst: 2 }) }],
    ["circuitBreak.openDuration", { circuitBreak: CircuitBreak.make({ openDuration: 0 }) }],
    ["circuitBreak.maxOpenDuration", { circuitBreak: CircuitBreak.make({ maxOpenDuration: 0 }) }],
  ])("fail the layer, which names them: %s", ([path, options]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Layer.build(timedService().layer(options)))
      assert.instanceOf(error.reason, SentError.InvalidOptions)
      assert.deepStrictEqual(
        error.reason.issues.map((issue) => issue.path.join(".")),
        [path],
      )
    }),
  )

  it.effect("are all named at once", () =>
    Effect.gen(function* () {
      const error = yield* timedService()
        .layer({
          timeout: 0,
          deadline: "-1 seconds",
          rateLimit: RateLimit.make({ limit: Number.NaN, window: 0 }),
          circuitBreak: CircuitBreak.make({ openDuration: 0, maxOpenDuration: "-1 seconds" }),
        })
        .pipe(Layer.build, Effect.flip)
      assert.instanceOf(error.reason, SentError.InvalidOptions)
      assert.deepStrictEqual(
        error.reason.issues.map((issue) => issue.path.join(".")),
        [
          "timeout",
          "deadline",
          "rateLimit.limit",
          "rateLimit.window",
          "circuitBreak.openDuration",
          "circuitBreak.maxOpenDuration",
        ],
      )
    }),
  )

  it.effect("of a send fail the send", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService()
      const error = yield* SentClient.sendToPhone(sample, { timeout: 0 }).pipe(
        Effect.provide(layer({})),
        Effect.flip,
      )
      assert.include(error.message, "timeout must be a finite duration above zero")
      assert.strictEqual(state.times.length, 0)
    }),
  )
})
