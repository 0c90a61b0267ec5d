/** The application without the service, and with the time of the test. */
import { FetchHttpClient } from "@effect/platform"
import { SentClient, SentCredentials, SentError } from "@effect-sent/effect-3"
import { assert, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, Layer, Stream, TestClock } from "effect"
import { Calendar, remind } from "./reminders.ts"

const calendar = (...phoneNumbers: ReadonlyArray<string>) =>
  Layer.succeed(Calendar, {
    tomorrow: Stream.fromIterable(phoneNumbers).pipe(
      Stream.map((phoneNumber) => ({ person: "Ada", phoneNumber, at: "9:00" })),
    ),
  })

it.effect("reminds everybody, and counts who was not", () =>
  Effect.gen(function* () {
    const summary = yield* remind
    assert.deepStrictEqual(summary, { total: 2, accepted: 1, unknown: 1, rejected: {} })
  }).pipe(
    Effect.provide(calendar("+1234567890", "+1234567891")),
    Effect.provide(
      Layer.succeed(SentClient.SentClient, {
        sendToPhone: ({ phoneNumber }) =>
          phoneNumber === "+1234567891"
            ? Effect.fail(
                new SentError.SentError({ reason: new SentError.ConnectionLost({}), attempts: 1 }),
              )
            : Effect.succeed({
                acceptedAt: DateTime.unsafeMake(0),
                status: 204,
                attempts: 1,
              }),
      }),
    ),
  ),
)

it.effect("waits as long as the service says", () => {
  let requests = 0
  const fetch = () => {
    requests += 1
    return Promise.resolve(
      requests === 1
        ? new Response("{}", { status: 503, headers: { "retry-after": "20" } })
        : new Response(null, { status: 204 }),
    )
  }
  const SentLive = SentClient.layer().pipe(
    Layer.provide(
      SentCredentials.layer({
        senderId: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        apiKey: "sk_test_1234",
      }),
    ),
    Layer.provide(FetchHttpClient.layer),
  )
  return Effect.gen(function* () {
    const fiber = yield* Effect.fork(remind)
    yield* TestClock.adjust("19 seconds")
    assert.strictEqual(requests, 1)
    yield* TestClock.adjust("1 second")
    const { accepted } = yield* Fiber.join(fiber)
    assert.strictEqual(accepted, 1)
  }).pipe(
    Effect.provide(calendar("+1234567890")),
    Effect.provide(SentLive),
    Effect.provideService(FetchHttpClient.Fetch, fetch),
  )
})
