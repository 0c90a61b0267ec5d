/** Credentials that the service rejects are not sent again and again: ten failures in a row lock them at the provider. */
import { RateLimit, RetryPolicy, SentClient, SentCredentials } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { type Answer, keyed } from "./support/keyed.ts"
import { credentials, sample } from "@effect-sent/faults/sample"

/** Sends one message after the other over one client and says how each ended. */
const outcomes = (
  sends: number,
  answerOf: (key: string, request: number) => Answer,
  credentialsLayer: Layer.Layer<SentCredentials.SentCredentials, unknown> = SentCredentials.layer(
    credentials,
  ),
) =>
  Effect.gen(function* () {
    const service = keyed(answerOf)
    const ended = yield* Effect.gen(function* () {
      const { sendToPhone } = yield* SentClient.SentClient
      return yield* Effect.forEach(Array.from({ length: sends }), () =>
        sendToPhone(sample).pipe(
          Effect.map(() => "accepted"),
          Effect.catchTag("SentError", ({ attempts, delivery, reason }) =>
            Effect.succeed(
              reason._tag === "CredentialsUnavailable"
                ? `${reason._tag} ${delivery} ${attempts}`
                : reason._tag,
            ),
          ),
        ),
      )
    }).pipe(
      Effect.provide(
        SentClient.layer({ retryPolicy: RetryPolicy.none, timeout: "1 second" }).pipe(
          Layer.provide(credentialsLayer),
          Layer.provide(service.layer),
        ),
      ),
    )
    return { ended, requests: service.keys.length }
  })

const locked = "CredentialsUnavailable not-sent 0"

describe("after three 401s in a row", () => {
  it.effect("nothing more is sent", () =>
    Effect.gen(function* () {
      const { ended, requests } = yield* outcomes(10, () => 401)
      assert.deepStrictEqual(ended.slice(0, 4), [
        "CredentialsRejected",
        "CredentialsRejected",
        "CredentialsRejected",
        locked,
      ])
      assert.deepStrictEqual(new Set(ended.slice(3)), new Set([locked]))
      assert.strictEqual(requests, 3)
    }),
  )

  it.effect("sending continues once the credentials have changed", () =>
    Effect.gen(function* () {
      let gets = 0
      const rotating = Layer.succeed(SentCredentials.SentCredentials, {
        get: Effect.suspend(() => {
          gets += 1
          return SentCredentials.make({
            ...credentials,
            apiKey: gets <= 5 ? "old" : "new",
          })
        }),
      })
      const { ended } = yield* outcomes(7, (key) => (key === "old" ? 401 : 204), rotating)
      assert.deepStrictEqual(ended, [
        "CredentialsRejected",
        "CredentialsRejected",
        "CredentialsRejected",
        locked,
        locked,
        "accepted",
        "accepted",
      ])
    }),
  )

  it.effect("rotating credentials are loaded again when they expire", () =>
    Effect.gen(function* () {
      const state = { apiKey: "old", loads: 0 }
      const service = keyed((key) => (key === "old" ? 401 : 204))
      const load = Effect.sync(() => {
        state.loads += 1
        return { ...credentials, apiKey: state.apiKey }
      })
      yield* Effect.gen(function* () {
        const { sendToPhone } = yield* SentClient.SentClient
        for (let send = 0; send < 5; send++) yield* Effect.exit(sendToPhone(sample))
        assert.deepStrictEqual(service.keys, ["old", "old", "old"])
        // The first, and one after each 401; a send that is rejected locally does not load them again.
        assert.strictEqual(state.loads, 4)

        state.apiKey = "new"
        const early = yield* Effect.flip(sendToPhone(sample))
        assert.strictEqual(early.reason._tag, "CredentialsUnavailable")
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* sendToPhone(sample)).attempts, 1)
        assert.deepStrictEqual(service.keys, ["old", "old", "old", "new"])
      }).pipe(
        Effect.provide(
          SentClient.layer().pipe(
            Layer.provide(SentCredentials.layerEffect({ load, timeToLive: "1 minute" })),
            Layer.provide(service.layer),
          ),
        ),
      )
    }),
  )

  it.effect("the client says what to do", () =>
    Effect.gen(function* () {
      const error = yield* Effect.gen(function* () {
        const { sendToPhone } = yield* SentClient.SentClient
        for (let send = 0; send < 3; send++) yield* Effect.exit(sendToPhone(sample))
        return yield* Effect.flip(sendToPhone(sample))
      }).pipe(
        Effect.provide(
          SentClient.layer().pipe(
            Layer.provide(SentCredentials.layer(credentials)),
            Layer.provide(keyed(() => 401).layer),
          ),
        ),
      )
      assert.strictEqual(
        error.message,
        "credentials unavailable: the service rejected them 3 times in a row (401); nothing is sent until they change [not sent]",
      )
    }),
  )

  it.effect("another client still sends", () =>
    Effect.gen(function* () {
      yield* outcomes(4, () => 401)
      const { requests } = yield* outcomes(1, () => 401)
      assert.strictEqual(requests, 1)
    }),
  )
})

/** Eight sends, all refused but for the third. */
const afterThird = (answer: Answer) =>
  Effect.gen(function* () {
    const sends = yield* Effect.forkChild(
      outcomes(8, (_, request) => (request === 3 ? answer : 401)),
    )
    // For the one whose answer never comes.
    yield* TestClock.adjust("1 second")
    const { ended, requests } = yield* Fiber.join(sends)
    return { third: ended[2], requests }
  })

const because = (detail: string): Answer => ({ status: 400, body: { status: 400, detail } })

describe("the row", () => {
  // What the service says only to those whom it knows.
  it.effect.each<readonly [outcome: string, answer: Answer]>([
    ["accepted", 204],
    ["AccessDenied", 403],
    ["AccessDenied", { status: 403, body: { status: 403, title: "Forbidden" } }],
    ["RequestRejected", because("Invalid channel: email. Supported channels are: sms, whatsapp")],
    ["ValidationFailed", { status: 400, body: { errors: { phoneNumber: ["is required"] } } }],
    ["InvalidPhoneNumber", because("Invalid phone number format")],
    ["TemplateNotFound", because("Template not found")],
    ["InsufficientBalance", because("Insufficient balance. Current balance: $1.00")],
  ])("is reset by: %s", ([outcome, answer]) =>
    Effect.gen(function* () {
      const { requests, third } = yield* afterThird(answer)
      assert.strictEqual(third, outcome)
      // Two, the answer that shows that they are good, and three more.
      assert.strictEqual(requests, 6)
    }),
  )

  // Each may come before the service has looked at the credentials, a 400 that names nothing, too.
  it.effect.each<readonly [outcome: string, answer: Answer]>([
    ["RequestRejected", 400],
    ["RequestRejected", { status: 400, body: { message: "Bad Request" } }],
    ["RequestRejected", { status: 422, body: { status: 422, detail: "Unprocessable" } }],
    ["AccessDenied", { status: 403, body: { message: "Forbidden" } }],
    ["AccessDenied", { status: 403, body: { status: 404, title: "Forbidden" } }],
    ["EndpointNotFound", 404],
    ["UnexpectedResponse", 408],
    ["RateLimited", 429],
    ["ServerFailed", 500],
    ["ServiceOverloaded", 503],
    ["ConnectionLost", "reset"],
    ["TimedOut", "silent"],
  ])("is not reset by: %s", ([outcome, answer]) =>
    Effect.gen(function* () {
      const { requests, third } = yield* afterThird(answer)
      assert.strictEqual(third, outcome)
      assert.strictEqual(requests, 4)
    }),
  )
})

describe("sends that wait for a key to be proved good", () => {
  it.effect("give their place away when they are interrupted", () =>
    Effect.gen(function* () {
      const service = keyed((_, request) => (request <= 3 ? "silent" : 204))
      yield* Effect.gen(function* () {
        const send = SentClient.sendToPhone(sample)
        const hanging = yield* Effect.forkChild(Effect.all([send, send, send], { concurrency: 3 }))
        const waiting = yield* Effect.forkChild(
          Effect.all([send, send, send, send, send], { concurrency: "unbounded" }),
        )
        const last = yield* Effect.forkChild(send)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(service.keys.length, 3)
        yield* Fiber.interrupt(waiting)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(service.keys.length, 3)
        yield* Fiber.interrupt(hanging)
        assert.strictEqual((yield* Fiber.join(last)).attempts, 1)
        assert.strictEqual(service.keys.length, 4)
      }).pipe(
        Effect.provide(
          SentClient.layer().pipe(
            Layer.provide(SentCredentials.layer(credentials)),
            Layer.provide(service.layer),
          ),
        ),
      )
    }),
  )

  it.effect("do not wait for the places of another key", () =>
    Effect.gen(function* () {
      const service = keyed((key) => (key === "hangs" ? "silent" : 204))
      let gets = 0
      const alternating = Layer.succeed(SentCredentials.SentCredentials, {
        get: Effect.suspend(() => {
          gets += 1
          return SentCredentials.make({ ...credentials, apiKey: gets <= 5 ? "hangs" : "good" })
        }),
      })
      yield* Effect.gen(function* () {
        const send = SentClient.sendToPhone(sample)
        const hanging = yield* Effect.forkChild(
          Effect.all([send, send, send, send, send], { concurrency: "unbounded" }),
        )
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* send).attempts, 1)
        assert.deepStrictEqual(service.keys, ["hangs", "hangs", "hangs", "good"])
        yield* Fiber.interrupt(hanging)
      }).pipe(
        Effect.provide(
          SentClient.layer().pipe(Layer.provide(alternating), Layer.provide(service.layer)),
        ),
      )
    }),
  )
})

describe("sends that wait for their turn", () => {
  it.effect("are not sent with credentials that were rejected meanwhile", () =>
    Effect.gen(function* () {
      const service = keyed(() => 401)
      const sends = yield* Effect.all(
        Array.from({ length: 20 }, () => Effect.exit(SentClient.sendToPhone(sample))),
        { concurrency: "unbounded" },
      ).pipe(
        Effect.provide(
          SentClient.layer({ rateLimit: RateLimit.make({ limit: 1, window: "1 second" }) }).pipe(
            Layer.provide(SentCredentials.layer(credentials)),
            Layer.provide(service.layer),
          ),
        ),
        Effect.forkChild,
      )
      for (let second = 0; second < 30; second++) yield* TestClock.adjust("1 second")
      yield* Fiber.join(sends)
      assert.strictEqual(service.keys.length, 3)
    }),
  )
})
