/**
 * What is repeated, when, and what is known of the message afterwards. Answers are scripted in memory; the wire has
 * its own tests.
 */
import {
  CircuitBreak,
  RetryPolicy,
  SentClient,
  SentCredentials,
  SentError,
} from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Layer, Random, Schedule } from "effect"
import { HttpClient, HttpClientError, HttpClientResponse } from "effect/http"
import { CircuitBreaker } from "effect/persistence"
import { TestClock } from "effect/testing"
import { credentials, sample } from "@effect-sent/faults/sample"
import { assertReason } from "./support/reason.ts"

// -----------------------------------------------------------------------------
// A scripted service
// -----------------------------------------------------------------------------

/** What happens to a request. */
type Step =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | "refused"
  | "reset"
  | "silent"

const ok: Step = { status: 204 }
const busy: Step = { status: 429 }
const broken: Step = { status: 500 }
const down: Step = { status: 503 }
const shedding: Step = { status: 503, headers: { "retry-after": "1" } }

const busyFor = (retryAfter: string): Step => ({
  status: 429,
  headers: { "retry-after": retryAfter },
})

/** Plays the steps, one for each request, the last one from then on, and records when each request came. */
const scripted = (...steps: ReadonlyArray<Step>) => {
  const times: Array<number> = []
  const client = HttpClient.make((request) =>
    Effect.gen(function* () {
      const step = steps[Math.min(times.length, steps.length - 1)] ?? ok
      times.push(yield* Clock.currentTimeMillis)
      if (step === "silent") return yield* Effect.never
      if (typeof step === "string") {
        const cause =
          step === "refused"
            ? { code: "ECONNREFUSED", syscall: "connect" }
            : { code: "ECONNRESET", syscall: "read" }
        return yield* new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, cause }),
        })
      }
      return HttpClientResponse.fromWeb(
        request,
        new Response(null, { status: step.status, headers: step.headers ?? {} }),
      )
    }),
  )
  return { times, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

type Script = ReturnType<typeof scripted>

const layerOf = ({ layer }: Script, options: SentClient.Options = {}) =>
  SentClient.layer(options).pipe(
    Layer.provide(SentCredentials.layer(credentials)),
    Layer.provide(layer),
  )

const sendOver = (
  script: Script,
  options?: SentClient.Options,
  sendOptions?: SentClient.SendOptions,
) => SentClient.sendToPhone(sample, sendOptions).pipe(Effect.provide(layerOf(script, options)))

/** Runs something while the clock moves on, a millisecond at a time, for as long as it takes. */
const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>, step: Duration.Input = "10 millis") =>
  Effect.gen(function* () {
    const clock = yield* Effect.forkChild(
      Effect.forever(Effect.andThen(TestClock.adjust(step), Effect.yieldNow)),
    )
    const exit = yield* Effect.exit(effect)
    yield* Fiber.interrupt(clock)
    return yield* exit
  })

/** Chance that always gives the same share. */
const share = (value: number) =>
  Effect.provideService(Random.Random, {
    nextIntUnsafe: () => Math.floor(value * 0xff_ff_ff_ff),
    nextDoubleUnsafe: () => value,
  })

/** Waits that do not depend on chance. */
const everySecond = Schedule.spaced("1 second")

const gaps = (times: ReadonlyArray<number>): ReadonlyArray<number> =>
  times.slice(1).map((time, index) => time - (times[index] ?? 0))

// -----------------------------------------------------------------------------
// What is repeated
// -----------------------------------------------------------------------------

const unlimited = { schedule: everySecond, budget: false as const }

const policies = {
  none: RetryPolicy.none,
  notSent: RetryPolicy.make(unlimited),
  atLeastOnce: RetryPolicy.make({ ...unlimited, atLeastOnce: true }),
}

type PolicyName = keyof typeof policies

const failures: ReadonlyArray<
  readonly [title: string, step: Step, repeatedBy: ReadonlyArray<PolicyName>]
> = [
  ["a 429", busy, ["notSent", "atLeastOnce"]],
  ["a 503 with Retry-After", shedding, ["notSent", "atLeastOnce"]],
  ["a refused connection", "refused", ["notSent", "atLeastOnce"]],
  ["a 500", broken, ["atLeastOnce"]],
  ["a 502", { status: 502 }, ["atLeastOnce"]],
  ["a 503 without Retry-After", down, ["atLeastOnce"]],
  ["a 504", { status: 504 }, ["atLeastOnce"]],
  ["a 408", { status: 408 }, ["atLeastOnce"]],
  ["a reset", "reset", ["atLeastOnce"]],
  ["a time-out", "silent", ["atLeastOnce"]],
  ["a 501", { status: 501 }, []],
  ["a redirect", { status: 307 }, []],
  ["a 400", { status: 400 }, []],
  ["a 401", { status: 401 }, []],
  ["a 403", { status: 403 }, []],
  ["a 404", { status: 404 }, []],
  ["a 422", { status: 422 }, []],
]

const rows = failures.flatMap(([title, step, repeatedBy]) =>
  (["none", "notSent", "atLeastOnce"] as const).map((name) => ({
    title,
    step,
    name,
    isRepeated: repeatedBy.includes(name),
  })),
)

describe("what is retried", () => {
  it.effect.each(rows)(
    "after $title, the policy $name retries: $isRepeated",
    ({ isRepeated, name, step }) =>
      Effect.gen(function* () {
        const script = scripted(step, ok)
        const exit = yield* sendOver(script, { retryPolicy: policies[name] }).pipe(
          inTime,
          Effect.exit,
        )
        assert.strictEqual(script.times.length, isRepeated ? 2 : 1)
        assert.strictEqual(exit._tag, isRepeated ? "Success" : "Failure")
        if (exit._tag === "Success") assert.strictEqual(exit.value.attempts, 2)
      }),
  )

  it.effect("four attempts, and then the last error with their number", () =>
    Effect.gen(function* () {
      const script = scripted(busy)
      const error = yield* sendOver(script).pipe(inTime, Effect.flip)
      assert.strictEqual(script.times.length, 4)
      assert.strictEqual(error.reason._tag, "RateLimited")
      assert.strictEqual(error.attempts, 4)
      assert.strictEqual(error.delivery, "not-sent")
    }),
  )

  it.effect("`while` narrows what is retried", () =>
    Effect.gen(function* () {
      const onlyBusy = RetryPolicy.make({
        ...unlimited,
        while: (error) => error.reason._tag === "RateLimited",
      })
      const script = scripted(busy, "refused", ok)
      const error = yield* sendOver(script, { retryPolicy: onlyBusy }).pipe(inTime, Effect.flip)
      assert.strictEqual(error.reason._tag, "ConnectionFailed")
      assert.strictEqual(error.attempts, 2)
    }),
  )

  it.effect.each([broken, "reset", "silent", down] as const)(
    "`while` never widens it to messages that may have been sent: %j",
    (step) =>
      Effect.gen(function* () {
        const everything = RetryPolicy.make({ ...unlimited, while: () => true })
        const script = scripted(step, ok)
        const error = yield* sendOver(script, { retryPolicy: everything }).pipe(inTime, Effect.flip)
        assert.strictEqual(script.times.length, 1)
        assert.strictEqual(error.delivery, "unknown")
      }),
  )

  it.effect("the end of the schedule is the end of the retries", () =>
    Effect.gen(function* () {
      const once = RetryPolicy.make({ ...unlimited, schedule: Schedule.recurs(1), times: 10 })
      const script = scripted(busy)
      const error = yield* sendOver(script, { retryPolicy: once }).pipe(inTime, Effect.flip)
      assert.strictEqual(error.attempts, 2)
    }),
  )

  it.effect("`onRetry` runs before each wait", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const telling = RetryPolicy.make({
        ...unlimited,
        onRetry: ({ attempts, delay, error }) =>
          Effect.sync(() => {
            heard.push(`${attempts} ${error.reason._tag} ${Duration.format(delay)}`)
          }),
      })
      yield* sendOver(scripted(busyFor("7"), "refused", ok), { retryPolicy: telling }).pipe(inTime)
      assert.deepStrictEqual(heard, ["1 RateLimited 7s", "2 ConnectionFailed 1s"])
    }),
  )
})

describe("make", () => {
  it.each([
    { times: -1 },
    { times: 1.5 },
    { times: Number.NaN },
    { budget: { tokens: 0, refund: 0.1 } },
    { budget: { tokens: 10, refund: -1 } },
    { budget: { tokens: Number.NaN, refund: 1 } },
  ])("keeps the issues of %j, and is then the default policy", (options) => {
    const { budget, issues, times } = RetryPolicy.make(options)
    assert.lengthOf(issues, 1)
    const { notSent } = RetryPolicy
    assert.deepStrictEqual({ budget, times }, { budget: notSent.budget, times: notSent.times })
  })
})

// -----------------------------------------------------------------------------
// An error after several attempts
// -----------------------------------------------------------------------------

describe("what is known after several attempts", () => {
  it.effect.each<readonly [title: string, steps: ReadonlyArray<Step>]>([
    ["a 500 and then a refusal", [broken, { status: 400 }]],
    ["a reset and then a refused connection", ["reset", "refused"]],
    ["a time-out and then 429s", ["silent", busy]],
  ])("%s: the message may have been sent", ([, steps]) =>
    Effect.gen(function* () {
      const error = yield* sendOver(scripted(...steps), { retryPolicy: policies.atLeastOnce }).pipe(
        inTime,
        Effect.flip,
      )
      // The last attempt alone was not sent.
      const last = new SentError.SentError({ reason: error.reason, attempts: 1 })
      assert.strictEqual(last.delivery, "not-sent")
      assert.strictEqual(error.unknownAttempts, 1)
      assert.strictEqual(error.delivery, "unknown")
      assert.include(error.message, "[the message may have been sent]")
    }),
  )

  it.effect.each([
    ["a 429", busy, 0, "not-sent"],
    ["a 500", broken, 1, "unknown"],
  ] as const)(
    "%s and then no credentials: the earlier attempt still counts",
    ([, step, unknownAttempts, delivery]) =>
      Effect.gen(function* () {
        let gets = 0
        const revoked = new SentError.SentError({
          reason: new SentError.CredentialsUnavailable({ description: "they were revoked" }),
          attempts: 0,
        })
        const once = Layer.effect(
          SentCredentials.SentCredentials,
          Effect.map(SentCredentials.make(credentials), (first) => ({
            get: Effect.suspend(() =>
              gets++ === 0 ? Effect.succeed(first) : Effect.fail(revoked),
            ),
          })),
        )
        const error = yield* SentClient.sendToPhone(sample).pipe(
          Effect.provide(
            SentClient.layer({ retryPolicy: policies.atLeastOnce }).pipe(
              Layer.provide([once, scripted(step).layer]),
            ),
          ),
          inTime,
          Effect.flip,
        )
        assert.strictEqual(error.reason._tag, "CredentialsUnavailable")
        assert.deepStrictEqual(
          [error.attempts, error.unknownAttempts, error.delivery],
          [1, unknownAttempts, delivery],
        )
      }),
  )

  it.effect("only rejections: the message was not sent", () =>
    Effect.gen(function* () {
      const error = yield* sendOver(scripted(busy, "refused", { status: 400 }), {
        retryPolicy: policies.atLeastOnce,
      }).pipe(inTime, Effect.flip)
      assert.strictEqual(error.attempts, 3)
      assert.strictEqual(error.unknownAttempts, 0)
      assert.strictEqual(error.delivery, "not-sent")
    }),
  )
})

// -----------------------------------------------------------------------------
// Waits
// -----------------------------------------------------------------------------

describe("the waits", () => {
  it.effect.each([
    [0, [0, 0, 0]],
    [0.5, [250, 500, 1000]],
    [0.99, [495, 990, 1980]],
  ] as const)("are drawn from between nothing and a bound that doubles: share %d", ([at, waits]) =>
    Effect.gen(function* () {
      const script = scripted(busy)
      yield* sendOver(script).pipe(share(at), (sending) => inTime(sending, "5 millis"), Effect.flip)
      assert.deepStrictEqual(gaps(script.times), waits)
    }),
  )

  it.effect("have a bound of 20 seconds", () =>
    Effect.gen(function* () {
      const script = scripted(busy)
      const long = RetryPolicy.make({ times: 9, budget: false })
      yield* sendOver(script, { retryPolicy: long, deadline: "1 hour" }).pipe(
        share(0.5),
        inTime,
        Effect.flip,
      )
      assert.deepStrictEqual(
        gaps(script.times),
        [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000],
      )
    }),
  )

  it.effect.each([
    ["in seconds", "7"],
    // The test clock stands at the epoch.
    ["as a date", "Thu, 01 Jan 1970 00:00:07 GMT"],
  ])("are at least as long as Retry-After %s", ([, retryAfter]) =>
    Effect.gen(function* () {
      const script = scripted(busyFor(retryAfter ?? ""), ok)
      yield* sendOver(script, { retryPolicy: policies.notSent }).pipe(inTime)
      assert.deepStrictEqual(gaps(script.times), [7000])
    }),
  )

  it.effect("are the schedule's where that is longer than Retry-After", () =>
    Effect.gen(function* () {
      const script = scripted(busyFor("0"), ok)
      yield* sendOver(script, { retryPolicy: policies.notSent }).pipe(inTime)
      assert.deepStrictEqual(gaps(script.times), [1000])
    }),
  )

  it.effect("a Retry-After of a minute is waited for", () =>
    Effect.gen(function* () {
      const script = scripted(busyFor("60"), ok)
      yield* sendOver(script).pipe(inTime)
      assert.deepStrictEqual(gaps(script.times), [60_000])
    }),
  )

  it.effect("a longer one fails the send at once, with the error that carries it", () =>
    Effect.gen(function* () {
      const script = scripted(busyFor("61"), ok)
      const error = yield* Effect.flip(sendOver(script))
      assert.strictEqual(script.times.length, 1)
      assert.strictEqual(error.reason._tag, "RateLimited")
      assert.deepStrictEqual(error.retryAfter, Duration.seconds(61))
    }),
  )

  it.effect("the maximum is an option of the policy", () =>
    Effect.gen(function* () {
      const script = scripted(busyFor("61"), ok)
      const patient = RetryPolicy.make({ maxRetryAfter: "2 minutes" })
      yield* sendOver(script, { retryPolicy: patient, deadline: "1 hour" }).pipe(inTime)
      assert.deepStrictEqual(gaps(script.times), [61_000])
    }),
  )
})

// -----------------------------------------------------------------------------
// Budget
// -----------------------------------------------------------------------------

describe("the retry budget", () => {
  it.effect(
    "ends the retries of all sends of a layer in an outage, and comes back with success",
    () =>
      Effect.gen(function* () {
        let isDown = true
        let requests = 0
        const http = Layer.succeed(
          HttpClient.HttpClient,
          HttpClient.make((request) =>
            Effect.sync(() => {
              requests += 1
              const status = isDown ? 429 : 204
              return HttpClientResponse.fromWeb(request, new Response(null, { status }))
            }),
          ),
        )
        yield* Effect.gen(function* () {
          const client = yield* SentClient.SentClient
          const trySending = Effect.exit(client.sendToPhone(sample))
          // Ten tokens, one a failure: nothing is repeated at five or below, so the first send has its three retries
          // (6 are left), the second none that counts (5 are left), the others none.
          for (let send = 0; send < 20; send++) yield* trySending
          assert.strictEqual(requests, 4 + 19)
          isDown = false
          // From none to above five, a tenth at a time.
          for (let send = 0; send < 60; send++) yield* trySending
          requests = 0
          isDown = true
          yield* trySending
          assert.strictEqual(requests, 1, "5 of 6 tokens are left after the first failure")
          isDown = false
          for (let send = 0; send < 20; send++) yield* trySending
          requests = 0
          isDown = true
          yield* trySending
          assert.strictEqual(requests, 2, "6 of 7 after the first, 5 after the second")
        }).pipe(
          Effect.provide(
            SentClient.layer().pipe(
              Layer.provide(SentCredentials.layer(credentials)),
              Layer.provide(http),
            ),
          ),
          inTime,
        )
      }),
  )

  it.effect("is not spent by failures that are never retried", () =>
    Effect.gen(function* () {
      const script = scripted(...Array.from({ length: 20 }, (): Step => ({ status: 400 })), busy)
      yield* Effect.gen(function* () {
        const client = yield* SentClient.SentClient
        for (let send = 0; send < 20; send++) yield* Effect.exit(client.sendToPhone(sample))
        const error = yield* Effect.flip(client.sendToPhone(sample))
        assert.strictEqual(error.attempts, 4)
      }).pipe(Effect.provide(layerOf(script)), inTime)
    }),
  )
})

// -----------------------------------------------------------------------------
// Whose policy counts
// -----------------------------------------------------------------------------

const attemptsOf = (
  layerPolicy: RetryPolicy.RetryPolicy | undefined,
  regionPolicy: RetryPolicy.RetryPolicy | undefined,
  sendPolicy: RetryPolicy.RetryPolicy | undefined,
) => {
  const sending = sendOver(
    scripted(busy),
    { retryPolicy: layerPolicy },
    { retryPolicy: sendPolicy },
  )
  return (
    regionPolicy === undefined ? sending : sending.pipe(SentClient.withRetryPolicy(regionPolicy))
  ).pipe(
    inTime,
    Effect.flip,
    Effect.map((error: SentError.SentError) => error.attempts),
  )
}

describe("the policy that applies", () => {
  const twice = RetryPolicy.make({ ...unlimited, times: 1 })
  it.effect.each([
    ["the default", undefined, undefined, undefined, 4],
    ["the layer's", twice, undefined, undefined, 2],
    ["the region's, before the layer's", twice, RetryPolicy.none, undefined, 1],
    ["the send's, before the region's", RetryPolicy.notSent, RetryPolicy.none, twice, 2],
    ["the send's, before the layer's", RetryPolicy.notSent, undefined, RetryPolicy.none, 1],
  ] as const)("is %s", ([, layerPolicy, regionPolicy, sendPolicy, attempts]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* attemptsOf(layerPolicy, regionPolicy, sendPolicy), attempts)
    }),
  )
})

// -----------------------------------------------------------------------------
// Deadline
// -----------------------------------------------------------------------------

describe("the deadline", () => {
  it.effect("ends a wait for a retry: not sent", () =>
    Effect.gen(function* () {
      const script = scripted(busy, ok)
      const slowly = RetryPolicy.make({ schedule: Schedule.spaced("1 minute") })
      const error = yield* sendOver(script, { deadline: "10 seconds", retryPolicy: slowly }).pipe(
        inTime,
        Effect.flip,
      )
      assert.strictEqual(yield* Clock.currentTimeMillis, 10_000)
      assert.strictEqual(error.reason._tag, "TimedOut")
      assert.deepStrictEqual(
        [error.delivery, error.attempts, error.message],
        ["not-sent", 1, "timed out after 10s while waiting to send [not sent]"],
      )
    }),
  )

  it.effect.each<readonly [tag: string, step: Step]>([
    ["RateLimited", busyFor("30")],
    ["ServiceOverloaded", { status: 503, headers: { "retry-after": "30" } }],
    ["RateLimited", busyFor("2")],
  ])("does not wait for a Retry-After beyond it: %s, at once", ([tag, step]) =>
    Effect.gen(function* () {
      const script = scripted(step, ok)
      const error = yield* sendOver(script, { deadline: "2 seconds" }).pipe(inTime, Effect.flip)
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
      assert.strictEqual(error.reason._tag, tag)
      assert.deepStrictEqual([error.delivery, error.attempts], ["not-sent", 1])
      assert.isDefined(error.retryAfter)
    }),
  )

  it.effect("waits for a Retry-After within it", () =>
    Effect.gen(function* () {
      const script = scripted(busyFor("1"), ok)
      const receipt = yield* sendOver(script, { deadline: "2 seconds" }).pipe(inTime)
      assert.strictEqual(receipt.attempts, 2)
    }),
  )

  it.effect("does not begin a request in its last tenth: not sent", () =>
    Effect.gen(function* () {
      const script = scripted(busy)
      const late = RetryPolicy.make({ schedule: Schedule.spaced("9100 millis") })
      const error = yield* sendOver(script, { deadline: "10 seconds", retryPolicy: late }).pipe(
        inTime,
        Effect.flip,
      )
      assert.deepStrictEqual([error.reason._tag, error.delivery], ["TimedOut", "not-sent"])
      assert.deepStrictEqual(script.times, [0])
    }),
  )

  it.effect("ends a request on its way: unknown", () =>
    Effect.gen(function* () {
      const script = scripted("silent")
      const error = yield* sendOver(script, { deadline: "10 seconds" }).pipe(inTime, Effect.flip)
      assert.strictEqual(error.reason._tag, "TimedOut")
      assert.deepStrictEqual([error.delivery, error.attempts], ["unknown", 1])
    }),
  )

  it.effect("ends a wait after an attempt that may have been accepted: unknown", () =>
    Effect.gen(function* () {
      const slowly = RetryPolicy.make({ atLeastOnce: true, schedule: Schedule.spaced("1 minute") })
      const error = yield* sendOver(scripted(broken), {
        deadline: "10 seconds",
        retryPolicy: slowly,
      }).pipe(inTime, Effect.flip)
      // The deadline passed in the wait, and not in a request.
      assertReason(error.reason, {
        _tag: "TimedOut",
        stage: "waiting",
        after: Duration.seconds(10),
      })
      assert.deepStrictEqual(
        [error.delivery, error.attempts, error.unknownAttempts],
        ["unknown", 1, 1],
      )
    }),
  )

  it.effect(
    "while the schedule is busy after an attempt that may have been accepted: unknown",
    () =>
      Effect.gen(function* () {
        const thoughtful = RetryPolicy.make({
          atLeastOnce: true,
          schedule: everySecond.pipe(
            Schedule.modifyDelay(({ duration }) =>
              Effect.delay(Effect.succeed(duration), "1 hour"),
            ),
          ),
        })
        const error = yield* sendOver(scripted(broken), {
          deadline: "10 seconds",
          retryPolicy: thoughtful,
        }).pipe(inTime, Effect.flip)
        // Of the two, what the response said is worth more.
        assert.strictEqual(error.reason._tag, "ServerFailed")
        assert.deepStrictEqual([error.delivery, error.attempts], ["unknown", 1])
      }),
  )

  it.effect.each([
    ["may have been accepted", broken, "unknown"],
    ["was accepted", ok, "accepted"],
  ] as const)("while the circuit breaker records that it %s", ([, step, known]) =>
    Effect.gen(function* () {
      const slowStore = Layer.effect(
        CircuitBreaker.CircuitBreakerStore,
        Effect.map(CircuitBreaker.CircuitBreakerStore, (store) => ({
          ...store,
          record: (options: Parameters<typeof store.record>[0]) =>
            Effect.delay(store.record(options), "900 millis"),
        })),
      ).pipe(Layer.provide(CircuitBreaker.layerStoreMemory()))
      const circuitBreak = yield* Effect.provide(
        CircuitBreak.makeShared({ key: "sent" }),
        slowStore,
      )
      const claim = yield* SentClient.sendToPhone(sample).pipe(
        Effect.provide(layerOf(scripted(step), { circuitBreak, deadline: "500 millis" })),
        inTime,
        Effect.as("accepted"),
        Effect.catchTag("SentError", (error) => Effect.succeed(error.delivery)),
      )
      assert.strictEqual(claim, known)
    }),
  )

  it.effect("of the send takes precedence over the client's", () =>
    Effect.gen(function* () {
      yield* sendOver(scripted("silent"), { deadline: "1 minute" }, { deadline: "3 seconds" }).pipe(
        inTime,
        Effect.flip,
      )
      assert.strictEqual(yield* Clock.currentTimeMillis, 3000)
    }),
  )

  it.effect("is two minutes by default", () =>
    Effect.gen(function* () {
      const patient = RetryPolicy.make({ schedule: Schedule.spaced("50 seconds"), budget: false })
      yield* sendOver(scripted(busy), { retryPolicy: patient }).pipe(inTime, Effect.flip)
      assert.strictEqual(yield* Clock.currentTimeMillis, 120_000)
    }),
  )
})
