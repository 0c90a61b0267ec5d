/** The waits of a send follow the `Clock` of Effect 3, and what it counts is in the metrics of Effect 3. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { RetryPolicy, SentClient } from "@effect-sent/effect-3"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as MetricState from "effect/MetricState"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import { assert, describe, it } from "vitest"
import { clientOf, message } from "./support/sample.ts"

/** A `fetch` that rejects the first requests with 429, and accepts the rest. */
const fetchAfter = (rejections: number, headers: HeadersInit = {}) => {
  const times: Array<number> = []
  const answers = Layer.succeed(FetchHttpClient.Fetch, () => {
    times.push(times.length)
    return Promise.resolve(
      times.length <= rejections
        ? Response.json({ status: 429, title: "Too Many Requests" }, { status: 429, headers })
        : new Response(null, { status: 204 }),
    )
  })
  return { times, answers }
}

const server = { baseUrl: "http://127.0.0.1:9999" }

describe("TestClock", () => {
  it("moves the waits between attempts, and the receipt has its time", async () => {
    const { answers, times } = fetchAfter(2)
    const receipt = await Effect.gen(function* () {
      const retryPolicy = RetryPolicy.make({ schedule: Schedule.spaced("1 hour") })
      const fiber = yield* Effect.fork(
        SentClient.sendToPhone(message, { retryPolicy, deadline: "1 day" }),
      )
      yield* TestClock.adjust("59 minutes")
      assert.lengthOf(times, 1)
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(times, 2)
      yield* TestClock.adjust("1 hour")
      return yield* Fiber.join(fiber)
    }).pipe(
      Effect.provide(clientOf(server)),
      Effect.provide(answers),
      Effect.provide(TestContext.TestContext),
      Effect.runPromise,
    )
    assert.strictEqual(receipt.attempts, 3)
    assert.strictEqual(DateTime.toEpochMillis(receipt.acceptedAt), 2 * 3_600_000)
  })

  it("moves core's own backoff, and a Retry-After", async () => {
    const { answers, times } = fetchAfter(3, { "retry-after": "30" })
    const receipt = await Effect.gen(function* () {
      const fiber = yield* Effect.fork(SentClient.sendToPhone(message))
      for (let waits = 1; waits <= 3; waits += 1) {
        yield* TestClock.adjust("29 seconds")
        assert.lengthOf(times, waits)
        yield* TestClock.adjust("1 second")
      }
      return yield* Fiber.join(fiber)
    }).pipe(
      Effect.provide(clientOf(server)),
      Effect.provide(answers),
      Effect.provide(TestContext.TestContext),
      Effect.runPromise,
    )
    assert.strictEqual(receipt.attempts, 4)
  })

  it("moves the time-out of a request", async () => {
    const error = await Effect.gen(function* () {
      const fiber = yield* Effect.fork(
        Effect.flip(SentClient.sendToPhone(message, { retryPolicy: RetryPolicy.none })),
      )
      yield* TestClock.adjust("30 seconds")
      return yield* Fiber.join(fiber)
    }).pipe(
      Effect.provide(clientOf(server)),
      Effect.provide(Layer.succeed(FetchHttpClient.Fetch, () => new Promise(() => undefined))),
      Effect.provide(TestContext.TestContext),
      Effect.runPromise,
    )
    assert.strictEqual(
      error.message,
      "timed out after 30s without a response [the message may have been sent]",
    )
  })
})

describe("a retry policy", () => {
  it("asks the application, in its own effects", async () => {
    const { answers } = fetchAfter(2)
    const retries: Array<string> = []
    const retryPolicy = RetryPolicy.make({
      schedule: Schedule.spaced(1),
      while: (error) => error.reason._tag === "RateLimited",
      onRetry: ({ attempts, error }) =>
        Effect.sync(() => void retries.push(`${attempts} ${error.delivery}`)),
    })
    await SentClient.sendToPhone(message).pipe(
      SentClient.withRetryPolicy(retryPolicy),
      Effect.provide(clientOf(server)),
      Effect.provide(answers),
      Effect.runPromise,
    )
    assert.deepStrictEqual(retries, ["1 not-sent", "2 not-sent"])
  })

  it("ends with its schedule", async () => {
    const { answers, times } = fetchAfter(9)
    const retryPolicy = RetryPolicy.make({
      schedule: Schedule.intersect(Schedule.spaced(1), Schedule.recurs(1)),
      times: 5,
    })
    const error = await SentClient.sendToPhone(message, { retryPolicy }).pipe(
      Effect.flip,
      Effect.provide(clientOf(server)),
      Effect.provide(answers),
      Effect.runPromise,
    )
    assert.strictEqual(error.attempts, 2)
    assert.lengthOf(times, 2)
  })
})

describe("the metrics of Effect 3", () => {
  it("have core's, by their names, with the labels of the application", async () => {
    const { answers } = fetchAfter(1)
    const retryPolicy = RetryPolicy.make({ schedule: Schedule.spaced(1) })
    const snapshot = await SentClient.sendToPhone(message, { retryPolicy }).pipe(
      Effect.provide(clientOf(server)),
      Effect.provide(answers),
      Effect.tagMetrics("test", "metrics"),
      Effect.zipRight(Metric.snapshot),
      Effect.runPromise,
    )
    const own = snapshot.filter(
      ({ metricKey }) =>
        metricKey.name.startsWith("sent.") &&
        metricKey.tags.some(({ key, value }) => key === "test" && value === "metrics"),
    )
    const found = own.map(({ metricKey, metricState }) => {
      const outcome = metricKey.tags.find(({ key }) => key === "sent.outcome")?.value ?? ""
      const count =
        MetricState.isCounterState(metricState) || MetricState.isHistogramState(metricState)
          ? Number(metricState.count)
          : -1
      return `${metricKey.name} ${outcome} ${count}`
    })
    assert.deepStrictEqual(found.toSorted(), [
      "sent.attempts  2",
      "sent.retry.wait  1",
      "sent.send.duration accepted 1",
      "sent.sends accepted 1",
    ])
  })
})
