/** A rate limit in memory, on a clock that the tests move, and before a real server. */
import {
  CircuitBreak,
  RateLimit,
  RetryPolicy,
  SentClient,
  SentCredentials,
} from "@effect-sent/core"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { credentials, sample } from "@effect-sent/faults/sample"
import { Effect, Fiber, Layer, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { makeRandom } from "@effect-sent/faults/random"
import { mostWithin } from "./support/mostWithin.ts"
import { send, timedService } from "./support/timedService.ts"
import { answer, wire } from "./support/wire.ts"

const sendMany = (count: number) =>
  Effect.all(
    Array.from({ length: count }, () => send),
    { concurrency: "unbounded", discard: true },
  )

/** Moves the clock forward in small steps. */
const adjust = (steps: number, step: number) =>
  Effect.repeat(TestClock.adjust(step), { times: steps - 1 })

const perSecond = () => RateLimit.make({ limit: 10, window: "1 second" })

describe("a rate limit of 10 a second", () => {
  it.effect("lets one request through each tenth of a second and a little, from the first on", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService()
      const sends = yield* Effect.forkChild(
        Effect.provide(sendMany(45), layer({ rateLimit: perSecond() })),
      )
      yield* adjust(450, 10)
      yield* Fiber.join(sends)
      assert.deepStrictEqual(
        state.times,
        Array.from({ length: 45 }, (_, index) => index * 102),
      )
      assert.strictEqual(mostWithin(state.times, 1000), 10)
    }),
  )

  it.effect("saves up nothing for a burst", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService()
      yield* Effect.gen(function* () {
        yield* send
        yield* TestClock.adjust("1 hour")
        const sends = yield* Effect.forkChild(sendMany(11))
        yield* adjust(110, 10)
        yield* Fiber.join(sends)
        assert.strictEqual(mostWithin(state.times, 1000), 10)
        assert.strictEqual(mostWithin(state.times, 80), 1)
      }).pipe(Effect.provide(layer({ rateLimit: perSecond() })))
    }),
  )

  it.effect("is one limit for the layers that share it, and two limits if it is made twice", () =>
    Effect.gen(function* () {
      const shared = perSecond()
      for (const [limits, expected] of [
        [[shared, shared], 10],
        [[perSecond(), perSecond()], 20],
      ] as const) {
        const { layer, state } = timedService()
        const sends = yield* Effect.forkChild(
          Effect.forEach(
            limits,
            (rateLimit) => Effect.provide(sendMany(20), layer({ rateLimit }), { local: true }),
            { concurrency: "unbounded" },
          ),
        )
        yield* adjust(500, 10)
        yield* Fiber.join(sends)
        assert.strictEqual(mostWithin(state.times, 1000), expected)
      }
    }),
  )

  it.effect("outlives its layers: one that is provided anew for each send is limited, too", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService()
      const rateLimit = perSecond()
      const sends = yield* Effect.forkChild(
        Effect.repeat(
          Effect.suspend(() => Effect.provide(send, layer({ rateLimit }), { local: true })),
          { times: 14 },
        ),
      )
      yield* adjust(200, 10)
      yield* Fiber.join(sends)
      assert.strictEqual(state.times.length, 15)
      assert.strictEqual(mostWithin(state.times, 1000), 10)
    }),
  )

  it.effect("counts every request, retries included", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService(429)
      const atOnce = RetryPolicy.make({ schedule: Schedule.forever, times: 3, budget: false })
      const sending = Effect.flip(SentClient.sendToPhone(sample, { retryPolicy: atOnce })).pipe(
        Effect.provide(layer({ rateLimit: RateLimit.make({ limit: 1, window: "1 second" }) })),
      )
      const fiber = yield* Effect.forkChild(sending)
      yield* adjust(80, 51)
      assert.strictEqual((yield* Fiber.join(fiber)).attempts, 4)
      assert.deepStrictEqual(state.times, [0, 1020, 2040, 3060])
    }),
  )

  it.effect("is awaited until the deadline at most: not sent", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService()
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
          layer({
            rateLimit: RateLimit.make({ limit: 1, window: "1 minute" }),
            deadline: "5 seconds",
          }),
        ),
      )
    }),
  )

  it.effect("is used up even under a sustained load of twice the limit", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService()
      yield* Effect.gen(function* () {
        const seconds = 30
        for (let tick = 0; tick < seconds * 10; tick++) {
          for (let two = 0; two < 2; two++) yield* Effect.forkChild(Effect.exit(send))
          yield* TestClock.adjust("100 millis")
        }
        // Turns of sends that have reached their deadline are not lost.
        assert.strictEqual(state.times.filter((time) => time > 20_000 && time <= 30_000).length, 98)
      }).pipe(Effect.provide(layer({ rateLimit: perSecond(), deadline: "5 seconds" })))
    }),
  )

  it.effect("keeps the order in which requests came", () =>
    Effect.gen(function* () {
      const { layer } = timedService()
      const order: Array<number> = []
      const inOrder = Array.from({ length: 15 }, (_, index) => index)
      const sends = yield* Effect.forkChild(
        Effect.forEach(inOrder, (index) => Effect.map(send, () => order.push(index)), {
          concurrency: "unbounded",
        }).pipe(Effect.provide(layer({ rateLimit: perSecond() }))),
      )
      yield* adjust(15, 102)
      yield* Fiber.join(sends)
      assert.deepStrictEqual(order, inOrder)
    }),
  )
})

describe("any rate limit", () => {
  const seed = Number(process.env["RATE_LIMIT_SEED"] ?? Date.now() % 2 ** 31)

  it.effect(`lets no more than \`limit\` through in any window (RATE_LIMIT_SEED=${seed})`, () =>
    Effect.gen(function* () {
      const random = makeRandom(seed)
      const between = (least: number, most: number) => least + random() * (most - least)
      for (let run = 0; run < 30; run++) {
        const limit = Math.floor(between(1, 20))
        const window = between(10, 3000)
        const { layer, state } = timedService()
        const rateLimit = RateLimit.make({ limit, window })
        const one = yield* Layer.build(layer({ rateLimit }))
        const other = yield* Layer.build(layer({ rateLimit, deadline: window * 2 }))
        const arrivals = Math.floor(between(5, 40))
        let sends = 0
        for (let arrival = 0; arrival < arrivals; arrival++) {
          // Now and then many at once, and pauses in which a bucket would fill.
          const crowd = random() < 0.2 ? Math.floor(between(1, limit * 2)) : 1
          for (let each = 0; each < crowd; each++) {
            sends += 1
            yield* Effect.forkChild(Effect.exit(Effect.provide(send, random() < 0.5 ? one : other)))
          }
          yield* TestClock.adjust(between(0, random() < 0.1 ? window * 2 : window / limit))
        }
        yield* adjust(sends, Math.ceil((window / limit) * 1.02))
        const which = `RATE_LIMIT_SEED=${seed} run ${run}: ${limit} in ${window} ms`
        assert.isAtMost(mostWithin(state.times, window - 1e-6), limit, which)
        // It paces: half of them in half a window, but for what a late one makes up for.
        assert.isAtMost(mostWithin(state.times, window / 2), Math.ceil(limit * 0.52), which)
        // Every send of the patient client got its turn.
        assert.isAtLeast(state.times.length, sends / 4, which)
      }
    }),
  )
})

describe("before a real server", () => {
  it.live("no more than `limit` requests arrive in a window, but for a tenth of a second", () =>
    Effect.gen(function* () {
      const times: Array<number> = []
      const accept = answer(204)
      const server = yield* wire((socket, request) => {
        times.push(performance.now())
        accept(socket, request)
      })
      yield* sendMany(25).pipe(
        Effect.provide(
          SentClient.layer({
            baseUrl: server.baseUrl,
            rateLimit: RateLimit.make({ limit: 10, window: "500 millis" }),
          }).pipe(
            Layer.provide(SentCredentials.layer(credentials)),
            Layer.provide(NodeHttpClient.layerUndici),
          ),
        ),
      )
      assert.strictEqual(times.length, 25)
      assert.isAtMost(mostWithin(times, 400), 10)
      assert.isAtMost(mostWithin(times.slice(0, 12), 400), 10)
    }),
  )
})

describe("with a circuit breaker", () => {
  it.effect("a send that meets an open circuit does not wait, and takes no turn", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService(500)
      yield* Effect.gen(function* () {
        const sends = yield* Effect.forkChild(
          Effect.forEach(Array.from({ length: 20 }), () => Effect.flip(send), {
            concurrency: "unbounded",
          }),
        )
        // Five fail. The others wait, and learn it when their turn comes.
        yield* adjust(6, 900)
        const reasons = (yield* Fiber.join(sends)).map(({ reason }) => reason._tag)
        assert.deepStrictEqual(
          [reasons.filter((tag) => tag === "ServerFailed").length, reasons.at(-1)],
          [5, "CircuitOpen"],
        )
        const error = yield* Effect.flip(send)
        assert.deepStrictEqual([error.reason._tag, error.attempts], ["CircuitOpen", 0])

        // The turn at 5.1 seconds was not taken: half a second later, the probe leaves at once.
        yield* TestClock.adjust("200 millis")
        state.answer = 204
        yield* send
        assert.deepStrictEqual(state.times, [0, 1020, 2040, 3060, 4080, 5600])
      }).pipe(
        Effect.provide(
          layer({
            rateLimit: RateLimit.make({ limit: 1, window: "1 second" }),
            circuitBreak: CircuitBreak.make({ openDuration: "1500 millis" }),
          }),
        ),
      )
    }),
  )

  it.effect("a send does not wait for a turn while another request probes the service", () =>
    Effect.gen(function* () {
      const { layer, state } = timedService(500)
      yield* Effect.gen(function* () {
        const five = yield* Effect.forkChild(
          Effect.forEach(Array.from({ length: 5 }), () => Effect.flip(send)),
        )
        yield* adjust(5, 1000)
        yield* Fiber.join(five)
        yield* TestClock.adjust("30 seconds")
        state.answer = "silent"
        const probe = yield* Effect.forkChild(send)
        yield* Effect.yieldNow
        assert.strictEqual((yield* Effect.flip(send)).reason._tag, "CircuitOpen")
        assert.strictEqual(state.times.length, 6)
        yield* Fiber.interrupt(probe)
      }).pipe(
        Effect.provide(
          layer({
            rateLimit: RateLimit.make({ limit: 1, window: "1 second" }),
            circuitBreak: CircuitBreak.make(),
          }),
        ),
      )
    }),
  )
})
