/**
 * The promise over v3, held against servers that fail and keep idempotency keys as documented: no message is accepted twice,
 * no error lies, and a message is unknown only where the tries or the time ran out, or the provider's word is missing. And
 * what a server that forgets the keys does to it.
 */
import { RetryPolicy, SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { clients } from "@effect-sent/faults/clients"
import type { Fault } from "@effect-sent/faults/Fault"
import { faultRun, type Report, type Sent } from "@effect-sent/faults/FaultRun"
import type { Keys } from "@effect-sent/faults/FaultServer"
import { accepts, faults } from "@effect-sent/faults/faults"
import { isOverSession, meet, rightClaims } from "@effect-sent/faults/Meeting"
import { isLostOnTheWay, keyFaults } from "@effect-sent/faults/playing/keys"
import { misleadingAnswers } from "@effect-sent/faults/playing/answers"
import { plainFaults } from "@effect-sent/faults/playing/plain"
import { Effect, type Layer, Schedule } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"

// The waits are left out, and nothing else: what is repeated does not depend on them.
const atOnce = (options: RetryPolicy.Options): RetryPolicy.RetryPolicy =>
  RetryPolicy.make({ ...options, schedule: Schedule.forever })

const threeTimes = atOnce({ times: 3, budget: false })
const tenTimes = atOnce({ times: 10, budget: false })

const noLies = { acceptedTwice: 0, notSentButAccepted: 0, receiptButNotAccepted: 0 }

// None of these clients speaks HTTP/2 to this server.
const faultsOfV3: ReadonlyArray<Fault> = [
  ...faults.filter((fault) => !isOverSession(fault)),
  ...keyFaults,
]

// Seconds, on a slow machine.
const patience = 60_000

/** Whether another request may follow, by the table of the reasons. */
const isSettledByKey = ({ reason }: SentError.SentError): boolean => {
  const facts = SentError.reasonTable[reason._tag].settledByKey
  // Each fact is about the reason of its own row.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return (typeof facts === "string" ? facts : facts.of(reason as never)) === "yes"
}

// -----------------------------------------------------------------------------
// Each fault
// -----------------------------------------------------------------------------

// Over the others, and of TLS, those at random.
describe.each(clients.slice(0, 1))("each fault, over %s", (name, http) => {
  it.effect.each([...plainFaults, ...misleadingAnswers, ...keyFaults])(
    "$name, and then an acceptance",
    (fault) =>
      Effect.gen(function* () {
        const met = yield* meet({ http, fault, policy: threeTimes, times: 1, keys: "kept" })
        const { accepted, lies, requests, sent } = met
        const message = sent.error?.message ?? "no error"
        assert.deepStrictEqual(lies, noLies, message)
        assert.deepStrictEqual(met.elsewhere, { requests: 0, credentials: 0 })
        const claims = rightClaims(name, met)
        // What was lost on the way is settled: if it was accepted, by its key, and else by another request.
        const isLost = isLostOnTheWay(fault) || isLostOnTheWay({ ...fault, accepts: true })
        if (claims.includes("unknown") && isLost && sent.attempts > 1) {
          assert.strictEqual(sent.claim, "accepted", message)
          // One may be lost before the server sees it, on a connection that was ended.
          assert.deepStrictEqual([accepted, requests], [1, 2])
        } else if (requests === 1) {
          // Also `fetch` repeats a request by itself, after a 421. It has the same key.
          assert.include(claims, sent.claim, message)
        }
      }),
  )
})

describe("an answer that is lost on the way", () => {
  const http = FetchHttpClient.layer
  const lost = plainFaults.filter(isLostOnTheWay)

  it.effect.each([...lost])("is settled by its key, and unknown without: $name", (fault) =>
    Effect.gen(function* () {
      const options = { http, fault, policy: threeTimes, times: 1 }
      const [settled, overV1, careful] = yield* Effect.all([
        meet({ ...options, keys: "kept" }),
        meet(options),
        meet({ ...options, policy: RetryPolicy.notSent, keys: "kept" }),
      ])
      assert.deepStrictEqual(
        [settled, overV1, careful].map(({ accepted, requests, sent }) => [
          sent.claim,
          accepted,
          requests,
        ]),
        [
          ["accepted", 1, 2],
          ["unknown", 1, 1],
          ["unknown", 1, 1],
        ],
      )
    }),
  )
})

// -----------------------------------------------------------------------------
// Many at random
// -----------------------------------------------------------------------------

const seed = 20261126

const run = (
  http: Layer.Layer<HttpClient.HttpClient>,
  policy: RetryPolicy.RetryPolicy,
  keys: Keys,
  drawn: ReadonlyArray<Fault> = faultsOfV3,
): Effect.Effect<Report> =>
  Effect.orDie(faultRun({ http, policy, sends: 200, seed, keys, faults: drawn }))

/** Why a send is unknown, if it may be. */
const excuseOf = (times: number, { attempts, error }: Sent): string | undefined => {
  if (error === undefined) return undefined
  if (attempts > times) return "no tries left"
  // Some sends have a deadline of milliseconds.
  if (error.reason._tag === "TimedOut" && error.attempts <= times) return "no time left"
  if (!error.isTransient) return "what came after it does not pass with time"
  return isSettledByKey(error) ? undefined : "the provider's word is missing"
}

describe.each(clients)("hundreds of sends that meet faults at random, over %s", (_, http) => {
  it.live(
    "are accepted once, and unknown only for a reason",
    () =>
      Effect.gen(function* () {
        const { keysChanged, lies, outcomes, unknown } = yield* run(http, tenTimes, "kept")
        assert.deepStrictEqual(lies, noLies, `seed ${seed}`)
        assert.strictEqual(keysChanged, 0)
        assert.isAbove(outcomes.accepted, 50)
        assert.isAbove(outcomes["not-sent"], 10)
        for (const sent of unknown) {
          assert.isDefined(excuseOf(tenTimes.times, sent), sent.error?.message)
        }
      }),
    patience,
  )
})

describe("the same counts catch what breaks the promise", () => {
  it.live(
    "a server that forgets keys accepts messages twice, and nobody can see it",
    () =>
      Effect.gen(function* () {
        const { lies } = yield* run(FetchHttpClient.layer, tenTimes, "forgotten")
        assert.isAbove(lies.acceptedTwice, 10)
        assert.deepStrictEqual({ ...lies, acceptedTwice: 0 }, noLies)
      }),
    patience,
  )

  it.live(
    "without the key, nothing is accepted twice by such a server",
    () =>
      Effect.gen(function* () {
        const policy = atOnce({ times: 10, budget: false, sameKey: false })
        const { lies } = yield* run(FetchHttpClient.layer, policy, "forgotten")
        assert.deepStrictEqual(lies, noLies)
      }),
    patience,
  )

  it.live(
    "a policy that repeats failures of the service too has messages accepted twice",
    () =>
      Effect.gen(function* () {
        const policy = atOnce({ times: 10, budget: false, atLeastOnce: true })
        const drawn = [accepts, ...plainFaults]
        const { lies } = yield* run(FetchHttpClient.layer, policy, "kept", drawn)
        assert.isAbove(lies.acceptedTwice, 5)
      }),
    patience,
  )
})
