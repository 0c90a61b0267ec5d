/** The rate limit and the circuit breaker of a layer, on a clock that the tests move. */
import { RetryPolicy, SentClient, SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Logger, Schedule } from "effect"
import { CircuitBreaker, RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import { sample } from "@effect-sent/faults/sample"
import { type Answer, reasonsOf, send, service } from "./support/unhealthy.ts"

// -----------------------------------------------------------------------------
// Rate limit
// -----------------------------------------------------------------------------

describe("a rate limit of 10 a second", () => {
  const perSecond = { limit: 10, window: "1 second" } as const

  it.effect.each([
    ["token-bucket", [100, 200, 300, 400, 500]],
    ["fixed-window", [1000, 1000, 1000, 1000, 1000]],
  ] as const)("lets ten through and the others in their turn: %s", ([algorithm, later]) =>
    Effect.gen(function* () {
      const { layer, state } = service()
      yield* Effect.gen(function* () {
        const sends = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 15 }, () => send),
            { concurrency: "unbounded" },
          ),
        )
        for (let tick = 0; tick < 120; tick++) yield* TestClock.adjust("10 millis")
        yield* Fiber.join(sends)
        assert.deepStrictEqual(state.times, [...Array.from({ length: 10 }, () => 0), ...later])
      }).pipe(Effect.provide(layer({ rateLimit: { ...perSecond, algorithm } })))
    }),
  )

  it.effect("counts every request, retries included", () =>
    Effect.gen(function* () {
      const { layer, state } = service(429)
      const atOnce = RetryPolicy.make({ schedule: Schedule.forever, times: 3, budget: false })
      const sending = Effect.flip(SentClient.sendToPhone(sample, { retryPolicy: atOnce })).pipe(
        Effect.provide(layer({ rateLimit: { limit: 1, window: "1 second" } })),
      )
      const fiber = yield* Effect.forkChild(sending)
      for (let tick = 0; tick < 40; tick++) yield* TestClock.adjust("100 millis")
      assert.strictEqual((yield* Fiber.join(fiber)).attempts, 4)
      assert.deepStrictEqual(state.times, [0, 1000, 2000, 3000])
    }),
  )

  it.effect("is awaited until the deadline at most: not sent", () =>
    Effect.gen(function* () {
      const { layer, state } = service()
      yield* Effect.gen(function* () {
        yield* send
        const late = yield* Effect.forkChild(Effect.flip(send))
        yield* TestClock.adjust("5 seconds")
        const error = yield* Fiber.join(late)
        assert.strictEqual(error.reason._tag, "TimedOut")
        assert.deepStrictEqual([error.delivery, error.attempts], ["not-sent", 0])
        assert.strictEqual(state.times.length, 1)
      }).pipe(
        Effect.provide(
          layer({ rateLimit: { limit: 1, window: "1 minute" }, deadline: "5 seconds" }),
        ),
      )
    }),
  )

  it.effect.each(["token-bucket", "fixed-window"] as const)(
    "is used up even under a sustained load of twice the limit: %s",
    (algorithm) =>
      Effect.gen(function* () {
        const { layer, state } = service()
        yield* Effect.gen(function* () {
          const seconds = 30
          for (let tick = 0; tick < seconds * 10; tick++) {
            for (let two = 0; two < 2; two++) yield* Effect.forkChild(Effect.exit(send))
            yield* TestClock.adjust("100 millis")
          }
          const last = state.times.filter((time) => time >= (seconds - 10) * 1000)
          // Turns of sends that have reached their deadline are not lost.
          assert.isAtLeast(last.length, 100)
          assert.isAtMost(state.times.length, (seconds + 1) * 10)
        }).pipe(
          Effect.provide(layer({ rateLimit: { ...perSecond, algorithm }, deadline: "5 seconds" })),
        )
      }),
  )

  it.effect("keeps the order in which requests came", () =>
    Effect.gen(function* () {
      const { layer } = service()
      yield* Effect.gen(function* () {
        const order: Array<number> = []
        const sends = yield* Effect.forkChild(
          Effect.forEach(
            Array.from({ length: 15 }, (_, index) => index),
            (index) => Effect.map(send, () => order.push(index)),
            { concurrency: "unbounded" },
          ),
        )
        for (let tick = 0; tick < 15; tick++) yield* TestClock.adjust("1 second")
        yield* Fiber.join(sends)
        assert.deepStrictEqual(
          order,
          Array.from({ length: 15 }, (_, index) => index),
        )
      }).pipe(Effect.provide(layer({ rateLimit: { limit: 1, window: "1 second" } })))
    }),
  )
})

describe("a rate limit whose store is unreachable", () => {
  it.effect("lets every request through, and logs a warning", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const away = Effect.fail(
        new RateLimiter.RateLimiterError({
          reason: new RateLimiter.RateLimitStoreError({
            message: "connect ECONNREFUSED redis://:password@10.0.0.1",
          }),
        }),
      )
      const { layer } = service()
      yield* send.pipe(
        Effect.provide(
          layer({ rateLimit: { limit: 1, window: "1 hour" } }).pipe(
            Layer.provide(Layer.mock(RateLimiter.RateLimiterStore)({ tokenBucket: () => away })),
          ),
        ),
        Effect.provide(
          Logger.layer([
            Logger.make((options) => {
              log.push(Logger.formatJson.log(options))
            }),
          ]),
        ),
      )
      assert.strictEqual(log.length, 1)
      assert.include(log[0], "the store of the rate limit is unreachable")
      assert.notInclude(log[0], "password")
    }),
  )
})

// A Redis client that has lost its connection answers nothing until it has it back.
describe("a store that does not respond", () => {
  it.effect("is queried for a second, and then not for a while", () =>
    Effect.gen(function* () {
      let questions = 0
      const silent = Layer.mock(RateLimiter.RateLimiterStore)({
        tokenBucket: () => {
          questions += 1
          return Effect.never
        },
      })
      const { layer, state } = service()
      yield* Effect.gen(function* () {
        const sends = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 50 }, () => send),
            { concurrency: "unbounded" },
          ),
        )
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(sends)
        assert.deepStrictEqual([state.times.length, questions], [50, 1])
        yield* TestClock.adjust("10 seconds")
        const next = yield* Effect.forkChild(send)
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(next)
        assert.strictEqual(questions, 2)
      }).pipe(
        Effect.provide(
          layer({ rateLimit: { limit: 1, window: "1 hour" } }).pipe(Layer.provide(silent)),
        ),
      )
    }),
  )

  it.effect("does not keep a circuit breaker from sending", () =>
    Effect.gen(function* () {
      let questions = 0
      const silent = Effect.suspend(() => {
        questions += 1
        return Effect.never
      })
      const { layer, state } = service()
      yield* Effect.gen(function* () {
        const first = yield* Effect.forkChild(send)
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(first)
        yield* send
        assert.deepStrictEqual([state.times.length, questions], [2, 1])
      }).pipe(
        Effect.provide(
          layer({ circuitBreaker: {} }).pipe(
            Layer.provide(
              Layer.mock(CircuitBreaker.CircuitBreakerStore)({
                admit: () => silent,
                record: () => silent,
              }),
            ),
          ),
        ),
      )
    }),
  )
})

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
      const { layer, state } = service(answer)
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
      }).pipe(Effect.provide(layer({ circuitBreaker: {} })))
    }),
  )

  it.effect("counts time-outs", () =>
    Effect.gen(function* () {
      const { layer } = service("silent")
      yield* Effect.gen(function* () {
        const failing = yield* Effect.forkChild(reasonsOf(6))
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual((yield* Fiber.join(failing)).slice(4), ["TimedOut", "CircuitOpen"])
      }).pipe(Effect.provide(layer({ circuitBreaker: {}, timeout: "1 second" })))
    }),
  )

  it.effect("lets one request probe the service after a while, and closes if it is accepted", () =>
    Effect.gen(function* () {
      const { layer, state } = service(500)
      yield* Effect.gen(function* () {
        yield* reasonsOf(5)
        yield* TestClock.adjust("29999 millis")
        assert.deepStrictEqual(yield* reasonsOf(1), ["CircuitOpen"])
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(yield* reasonsOf(2), ["ServerFailed", "CircuitOpen"])
        yield* TestClock.adjust("30 seconds")
        state.answer = 204
        assert.deepStrictEqual(yield* reasonsOf(3), ["accepted", "accepted", "accepted"])
      }).pipe(Effect.provide(layer({ circuitBreaker: {} })))
    }),
  )

  it.effect("lets no second request probe while the first has no response", () =>
    Effect.gen(function* () {
      const { layer, state } = service(500)
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
      }).pipe(Effect.provide(layer({ circuitBreaker: {} })))
    }),
  )

  it.effect.each([400, 401, 403, 404, 429] as const)("does not open for refusals: %i", (status) =>
    Effect.gen(function* () {
      const { layer } = service(status)
      const reasons = yield* Effect.provide(reasonsOf(20), layer({ circuitBreaker: {} }))
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
      const { layer, state } = service(500)
      yield* Effect.gen(function* () {
        yield* reasonsOf(4)
        state.answer = answer
        assert.deepStrictEqual(yield* reasonsOf(1), [reason])
        state.answer = 500
        assert.deepStrictEqual(yield* reasonsOf(2), [
          "ServerFailed",
          opens ? "CircuitOpen" : "ServerFailed",
        ])
      }).pipe(Effect.provide(layer({ circuitBreaker: {} })))
    }),
  )

  it.effect.each([
    ["as long as the service asks for", "90", {}, 90],
    ["no shorter than `openDuration`", "1", {}, 30],
    ["no longer than an hour for it", "86400", {}, 3600],
    ["no longer than `maxOpenDuration` for it", "90", { maxOpenDuration: "40 seconds" }, 40],
    ["for `openDuration`", "0", { openDuration: "5 seconds" }, 5],
  ] as const)("stays open %s", ([, retryAfter, circuitBreaker, seconds]) =>
    Effect.gen(function* () {
      const { layer, state } = service({ retryAfter })
      yield* Effect.gen(function* () {
        yield* reasonsOf(5)
        state.answer = 204
        assert.deepStrictEqual((yield* Effect.flip(send)).retryAfter, Duration.seconds(seconds))
        yield* TestClock.adjust(Duration.millis(seconds * 1000 - 1))
        assert.deepStrictEqual(yield* reasonsOf(1), ["CircuitOpen"])
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(yield* reasonsOf(1), ["accepted"])
      }).pipe(Effect.provide(layer({ circuitBreaker })))
    }),
  )

  it.effect("opens by a custom policy", () =>
    Effect.gen(function* () {
      const { layer } = service(500)
      const reasons = yield* reasonsOf(3).pipe(
        Effect.provide(layer({ circuitBreaker: { tripPolicy: CircuitBreaker.consecutive(2) } })),
      )
      assert.deepStrictEqual(reasons, ["ServerFailed", "ServerFailed", "CircuitOpen"])
    }),
  )

  it.effect("is not awaited by the default policy", () =>
    Effect.gen(function* () {
      const { layer } = service(500)
      yield* Effect.gen(function* () {
        yield* reasonsOf(5)
        assert.strictEqual((yield* Effect.flip(send)).reason._tag, "CircuitOpen")
      }).pipe(Effect.provide(layer({ circuitBreaker: {}, retryPolicy: RetryPolicy.notSent })))
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
    ["rateLimit.limit", { rateLimit: { limit: 0, window: "1 second" } }],
    ["rateLimit.limit", { rateLimit: { limit: 1.5, window: "1 second" } }],
    ["rateLimit.window", { rateLimit: { limit: 1, window: 0 } }],
    ["circuitBreaker.openDuration", { circuitBreaker: { openDuration: 0 } }],
    ["circuitBreaker.maxOpenDuration", { circuitBreaker: { maxOpenDuration: 0 } }],
  ])("fail the layer, which names them: %s", ([path, options]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Layer.build(service().layer(options)))
      assert.instanceOf(error.reason, SentError.InvalidOptions)
      assert.deepStrictEqual(
        error.reason.issues.map((issue) => issue.path.join(".")),
        [path],
      )
    }),
  )

  it.effect("are all named at once", () =>
    Effect.gen(function* () {
      const error = yield* service()
        .layer({
          timeout: 0,
          deadline: "-1 seconds",
          rateLimit: { limit: Number.NaN, window: 0 },
          circuitBreaker: { openDuration: 0, maxOpenDuration: "-1 seconds" },
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
          "circuitBreaker.openDuration",
          "circuitBreaker.maxOpenDuration",
        ],
      )
    }),
  )

  it.effect("of a send fail the send", () =>
    Effect.gen(function* () {
      const { layer, state } = service()
      const error = yield* SentClient.sendToPhone(sample, { timeout: 0 }).pipe(
        Effect.provide(layer({})),
        Effect.flip,
      )
      assert.include(error.message, "timeout must be a duration above zero")
      assert.strictEqual(state.times.length, 0)
    }),
  )
})
