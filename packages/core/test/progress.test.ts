/**
 * What a send knows of its message at any moment: the state machine against a model that keeps every attempt, and whole
 * sends that end in the middle.
 */
import { RetryPolicy, SentClient, SentCredentials, SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, Layer, Result, Schedule, Schema } from "effect"
import { HttpClient, HttpClientError, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { type Knowledge, Progress } from "../src/internal/send/progress.ts"
import type { Verdict } from "../src/internal/send/verdict.ts"
import { credentials, sample } from "@effect-sent/faults/sample"

// -----------------------------------------------------------------------------
// The model
// -----------------------------------------------------------------------------

/** All that ever happened to one request. */
interface Attempt {
  /** The last verdict on it; undefined while it is in flight. */
  readonly verdict: Verdict | undefined
  /** Whether its connection was seen not to be established. */
  readonly isUnsent: boolean
  /** Whether the send has gone on without it, so that a reason no longer speaks of it. */
  readonly isPast: boolean
}

type Attempts = ReadonlyArray<Attempt>

const changeLast = (attempts: Attempts, change: (last: Attempt) => Attempt): Attempts =>
  attempts.map((attempt, index) => (index === attempts.length - 1 ? change(attempt) : attempt))

const afterNext = (attempts: Attempts): Attempts =>
  changeLast(attempts, (last) => ({ ...last, isPast: true }))

const afterBegin = (attempts: Attempts, isUnsent: boolean): Attempts => [
  ...afterNext(attempts),
  { verdict: undefined, isUnsent, isPast: false },
]

const afterVerdict = (attempts: Attempts, verdict: Verdict): Attempts =>
  changeLast(attempts, (last) => (last.isPast ? last : { ...last, verdict }))

const deliveryOf = (reason: SentError.Reason): SentError.Delivery =>
  new SentError.SentError({ reason, attempts: 0 }).delivery

const knowledgeOf = ({ isUnsent, verdict }: Attempt): Knowledge => {
  if (verdict === undefined) return isUnsent ? "not-sent" : "unknown"
  return Result.isSuccess(verdict) ? "accepted" : deliveryOf(verdict.failure)
}

const mayBeAccepted = (attempt: Attempt): boolean => knowledgeOf(attempt) !== "not-sent"

/** What an error for this reason must say. */
const expected = (attempts: Attempts, reason: SentError.Reason) => {
  // The reason speaks of the present attempt, unless it says that nothing was sent although something may have been.
  const isSpokenOf = ({ isPast }: Attempt): boolean => !isPast && deliveryOf(reason) === "unknown"
  const isUnknown = attempts.some(mayBeAccepted) || deliveryOf(reason) === "unknown"
  return {
    attempts: attempts.length,
    unknownAttempts: attempts.filter((one) => mayBeAccepted(one) && !isSpokenOf(one)).length,
    delivery: isUnknown ? "unknown" : "not-sent",
  }
}

const said = ({ attempts, delivery, unknownAttempts }: SentError.SentError) => ({
  attempts,
  unknownAttempts,
  delivery,
})

/** What is known of the message. */
const expectedKnowledge = (attempts: Attempts): Knowledge => {
  const present = attempts.at(-1)
  if (present !== undefined && !present.isPast && mayBeAccepted(present))
    return knowledgeOf(present)
  return attempts.some(mayBeAccepted) ? "unknown" : "not-sent"
}

// -----------------------------------------------------------------------------
// Random events
// -----------------------------------------------------------------------------

const Event = Schema.Literals([
  "begin",
  "begin, unconnected",
  "accepted",
  "not-sent",
  "unknown",
  "next",
])

const verdicts: Readonly<Record<Knowledge, Verdict>> = {
  accepted: Result.succeed({ status: 204, acceptedAt: DateTime.makeUnsafe(0) }),
  "not-sent": Result.fail(new SentError.RateLimited({})),
  unknown: Result.fail(new SentError.ServerFailed({ status: 500 })),
}

const reasons: ReadonlyArray<SentError.Reason> = [
  new SentError.RateLimited({}),
  new SentError.ServerFailed({ status: 500 }),
  new SentError.CircuitOpen({}),
  new SentError.ServiceOverloaded({}),
]

describe("the progress of a send", () => {
  it.effect.prop(
    "says the same as all of its attempts together, after any events",
    { events: Schema.Array(Event).check(Schema.isMaxLength(20)) },
    ({ events }) =>
      Effect.sync(() => {
        const progress = new Progress()
        let attempts: Attempts = []
        // Before the first event, and after each: an interruption can come at any of them.
        for (const event of [undefined, ...events]) {
          if (event === "begin" || event === "begin, unconnected") {
            const isUnsent = event !== "begin"
            progress.begin(() => isUnsent)
            attempts = afterBegin(attempts, isUnsent)
          } else if (event === "next") {
            progress.next()
            attempts = afterNext(attempts)
          } else if (event !== undefined) {
            progress.learn(() => verdicts[event])
            attempts = afterVerdict(attempts, verdicts[event])
          }
          assert.strictEqual(progress.attempts, attempts.length)
          assert.strictEqual(progress.knowledge, expectedKnowledge(attempts))
          for (const reason of reasons) {
            assert.deepStrictEqual(said(progress.fail(reason)), expected(attempts, reason))
          }
        }
      }),
    { arbitrary: { runs: 1000 } },
  )
})

// -----------------------------------------------------------------------------
// Whole sends
// -----------------------------------------------------------------------------

/** What a service does with a request, and whether it accepts the message. */
const plays = {
  accepted: { accepts: true, does: 204 },
  limited: { accepts: false, does: 429 },
  rejected: { accepts: false, does: 400 },
  failed: { accepts: false, does: 500 },
  "failed after acceptance": { accepts: true, does: 500 },
  overloaded: { accepts: false, does: 503 },
  "overloaded after acceptance": { accepts: true, does: 503 },
  reset: { accepts: false, does: "reset" },
  "reset after acceptance": { accepts: true, does: "reset" },
  refused: { accepts: false, does: "refused" },
  silent: { accepts: false, does: "silent" },
  "silent after acceptance": { accepts: true, does: "silent" },
} as const

const Play = Schema.Literals([
  "accepted",
  "limited",
  "rejected",
  "failed",
  "failed after acceptance",
  "overloaded",
  "overloaded after acceptance",
  "reset",
  "reset after acceptance",
  "refused",
  "silent",
  "silent after acceptance",
])

const Case = Schema.Struct({
  plays: Schema.Array(Play).check(Schema.isMinLength(1), Schema.isMaxLength(5)),
  latency: Schema.Literals([0, 50, 150]),
  deadline: Schema.Literals([25, 75, 125, 225, 325, 525, 1025, 60_000]),
  atLeastOnce: Schema.Boolean,
})

const causes = {
  reset: { code: "ECONNRESET", syscall: "read" },
  refused: { code: "ECONNREFUSED", syscall: "connect" },
}

/** A service that plays one after the other, the last one from then on, and counts. */
const service = ({ latency, plays: names }: typeof Case.Type) => {
  const counts = { requests: 0, accepted: 0 }
  const client = HttpClient.make((request) =>
    Effect.gen(function* () {
      const { accepts, does } =
        plays[names[Math.min(counts.requests, names.length - 1)] ?? "accepted"]
      counts.requests += 1
      if (accepts) counts.accepted += 1
      yield* Effect.sleep(latency)
      if (does === "silent") return yield* Effect.never
      if (does === "reset" || does === "refused") {
        return yield* new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, cause: causes[does] }),
        })
      }
      return HttpClientResponse.fromWeb(request, new Response(null, { status: does }))
    }),
  )
  return { counts, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

describe("a send whose deadline may pass at any moment", () => {
  it.effect.prop(
    "is never reported as not sent if the service accepted the message, nor as accepted if it did not",
    { one: Case },
    ({ one }) =>
      Effect.gen(function* () {
        const { counts, layer } = service(one)
        const sending = yield* SentClient.sendToPhone(sample).pipe(
          Effect.provide(
            SentClient.layer({
              timeout: "1 second",
              deadline: one.deadline,
              retryPolicy: RetryPolicy.make({
                schedule: Schedule.spaced("100 millis"),
                atLeastOnce: one.atLeastOnce,
                budget: false,
              }),
            }).pipe(Layer.provide([SentCredentials.layer(credentials), layer])),
          ),
          Effect.result,
          Effect.forkChild,
        )
        while (sending.pollUnsafe() === undefined) yield* TestClock.adjust("25 millis")
        const result = yield* Fiber.join(sending)
        if (Result.isSuccess(result)) {
          assert.isAtLeast(counts.accepted, 1)
          assert.strictEqual(result.success.attempts, counts.requests)
          return
        }
        const { attempts, delivery, unknownAttempts } = result.failure
        assert.strictEqual(attempts, counts.requests)
        assert.isAtMost(unknownAttempts, attempts)
        if (delivery === "not-sent") assert.strictEqual(counts.accepted, 0)
        if (!one.atLeastOnce) assert.isAtMost(counts.accepted, 1)
      }),
    { arbitrary: { runs: 1000 } },
  )
})
