/**
 * The promise, held against servers that fail: a message is accepted at most once, and no error lies about it. What
 * the client says is compared with what the server did.
 */
import { RetryPolicy } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schedule } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { clients } from "@effect-sent/faults/clients"
import {
  type Around,
  faultRun,
  liesOf,
  type Report,
  sendOnOwnClock,
} from "@effect-sent/faults/FaultRun"
import {
  accepts,
  type Claim,
  type Fault,
  faults,
  faultServer,
} from "@effect-sent/faults/FaultServer"
import { clientLayer } from "@effect-sent/faults/program"

// The waits are left out, and nothing else: what is repeated does not depend on them.
const atOnce = (policy: RetryPolicy.RetryPolicy): RetryPolicy.RetryPolicy => ({
  ...policy,
  schedule: Schedule.forever,
})

/** Policies under which no message may be accepted more than once. */
const atMostOnce: ReadonlyArray<readonly [name: string, policy: RetryPolicy.RetryPolicy]> = [
  ["none", RetryPolicy.none],
  ["notSent", atOnce(RetryPolicy.notSent)],
  ["ten times, without a budget", atOnce(RetryPolicy.make({ times: 10, budget: false }))],
]

const atLeastOnce = atOnce(RetryPolicy.make({ atLeastOnce: true, budget: false }))

const noLies = { acceptedTwice: 0, notSentButAccepted: 0, receiptButNotAccepted: 0 }

// -----------------------------------------------------------------------------
// Each fault
// -----------------------------------------------------------------------------

/** What else than the fault's `says` a client may say of it: less than could be known, and never a lie. */
const alsoSays: ReadonlyArray<readonly [client: string, fault: string, says: Claim]> = [
  // The reset may come before the client knows that it is connected.
  ...clients.map(([client]) => [client, "resets before it reads", "not-sent"] as const),
  // Undici takes it for a broken connection: nobody asked to continue.
  ["FetchHttpClient", "204 after 100 Continue", "unknown"],
  ["NodeHttpClient.layerUndici", "204 after 100 Continue", "unknown"],
  // The fetch standard makes it a network error, since it knows no proxy that asks it.
  ["FetchHttpClient", "407, proxy-authenticate: Basic", "unknown"],
  // The fetch standard repeats the request once, and what the first response said is not known.
  ["FetchHttpClient", "421", "unknown"],
]

/** The requests of one attempt, where the HTTP client repeats it by itself and cannot be kept from it. */
const requestsOf = (client: string, fault: Fault): number =>
  client === "FetchHttpClient" && fault.name === "421" ? 2 : 1

/** Sends one message that meets the fault each time, and another one after it, over the same client. */
const meet = (
  http: Layer.Layer<HttpClient.HttpClient>,
  fault: Fault,
  policy: RetryPolicy.RetryPolicy,
  /** The requests of the first message that meet the fault; the others are accepted. */
  times = Infinity,
) =>
  Effect.gen(function* () {
    const server = yield* faultServer((id, request) =>
      id === "first" && request <= times ? fault : accepts,
    )
    // More than the sockets' buffers hold, so that it is still being written when the answer comes.
    const padding = fault.at === "head" ? "x".repeat(8 << 20) : ""
    const [first, second] = yield* Effect.all([
      sendOnOwnClock(server, "first", policy, padding),
      sendOnOwnClock(server, "second", policy),
    ]).pipe(Effect.provide(clientLayer(server.route(http), { baseUrl: server.baseUrl })))
    yield* server.settle
    return {
      first,
      requests: server.requests("first"),
      accepted: server.accepted("first"),
      elsewhere: server.elsewhere,
      lies: liesOf(
        server,
        new Map([
          ["first", first.claim],
          ["second", second.claim],
        ]),
      ),
    }
  }).pipe(Effect.scoped)

describe.each(clients)("each fault, over %s", (name, http) => {
  it.effect.each([...faults])("$name", (fault) =>
    Effect.gen(function* () {
      const also = alsoSays.find(([client, title]) => client === name && title === fault.name)
      for (const [policyName, policy] of atMostOnce) {
        const { accepted, elsewhere, first, lies, requests } = yield* meet(http, fault, policy)
        const message = `${policyName}: ${first.error?.message}`
        assert.deepStrictEqual(lies, noLies, message)
        assert.include([fault.says, also?.[2]], first.claim, message)
        assert.strictEqual(accepted, fault.accepts ? 1 : 0, message)
        assert.deepStrictEqual(elsewhere, { requests: 0, credentials: 0 }, message)
        // What may have been accepted is never repeated.
        if (first.claim !== "not-sent")
          assert.deepStrictEqual([first.attempts, requests], [1, requestsOf(name, fault)], message)
      }
    }),
  )

  it.effect.each([...faults])("$name, sent at least once", (fault) =>
    Effect.gen(function* () {
      const always = yield* meet(http, fault, atLeastOnce)
      assert.deepStrictEqual({ ...always.lies, acceptedTwice: 0 }, noLies)
      const once = yield* meet(http, fault, atLeastOnce, 1)
      assert.deepStrictEqual({ ...once.lies, acceptedTwice: 0 }, noLies)
      if (once.first.attempts > 1) assert.strictEqual(once.first.claim, "accepted")
    }),
  )
})

// -----------------------------------------------------------------------------
// Many at random
// -----------------------------------------------------------------------------

const run = (
  http: Layer.Layer<HttpClient.HttpClient>,
  policy: RetryPolicy.RetryPolicy,
  around?: Around,
): Effect.Effect<Report> =>
  faultRun({ http, policy, around, sends: 1000, seed }).pipe(
    // The interrupted sends are logged.
    Effect.provide(Logger.layer([])),
    Effect.orDie,
  )

// Seconds, on a slow machine.
const patience = 60_000

// Another one each time would find more in the end; one that stays says the same to everybody. `pnpm faults` draws.
const seed = 20261031

describe.each(clients)("a thousand sends that meet faults at random, over %s", (_, http) => {
  it.live.each([...atMostOnce])(
    "are accepted at most once, by the policy %s",
    ([, policy]) =>
      Effect.gen(function* () {
        const report = yield* run(http, policy)
        assert.deepStrictEqual(report.lies, noLies, `seed ${seed}`)
        assert.deepStrictEqual(report.elsewhere, { requests: 0, credentials: 0 })
        // The run is worth something only when much of everything happened.
        assert.isAbove(report.outcomes.accepted, 200)
        assert.isAbove(report.outcomes.unknown, 200)
        assert.isAbove(report.outcomes["not-sent"], policy.times > 3 ? 20 : 50)
      }),
    patience,
  )

  it.live(
    "are reported truthfully when they are sent at least once",
    () =>
      Effect.gen(function* () {
        const { lies } = yield* run(http, atLeastOnce)
        assert.deepStrictEqual({ ...lies, acceptedTwice: 0 }, noLies, `seed ${seed}`)
        // That this number can be other than 0 is what the zeros above are worth.
        assert.isAbove(lies.acceptedTwice, 50)
      }),
    patience,
  )
})

// -----------------------------------------------------------------------------
// Clients that repeat
// -----------------------------------------------------------------------------

const changed =
  (change: (client: HttpClient.HttpClient) => HttpClient.HttpClient): Around =>
  (http) =>
    Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, change)).pipe(
      Layer.provide(http),
    )

/** What a careless user would do: the HTTP client repeats whatever fails, a 500 too, below the library. */
const blindRetry = changed((client) =>
  client.pipe(HttpClient.filterStatusOk, HttpClient.retry({ times: 2 })),
)

describe.each(clients)("a client that retries blindly, over %s", (_, http) => {
  it.live(
    "repeats nothing, and makes no error lie",
    () =>
      Effect.gen(function* () {
        const report = yield* run(http, RetryPolicy.none, blindRetry)
        assert.deepStrictEqual(report.lies, noLies, `seed ${seed}`)
        // Those that fetch repeats by itself.
        assert.isAtMost(report.untold, report.played.get("421") ?? 0)
        assert.deepStrictEqual(report.elsewhere, { requests: 0, credentials: 0 })
      }),
    patience,
  )
})

// -----------------------------------------------------------------------------
// The proof can fail
// -----------------------------------------------------------------------------

const answerWith = (client: HttpClient.HttpClient, from: number, to: number) =>
  HttpClient.transform(client, (sending, request) =>
    Effect.map(sending, (response) =>
      response.status === from
        ? HttpClientResponse.fromWeb(request, new Response(null, { status: to }))
        : response,
    ),
  )

describe.each(clients)("the same counts catch what breaks the promise, over %s", (_, http) => {
  it.live(
    "a failure mistaken for a rejection reports accepted messages as not sent",
    () =>
      Effect.gen(function* () {
        const { lies } = yield* run(
          http,
          RetryPolicy.none,
          changed((client) => answerWith(client, 500, 400)),
        )
        assert.isAbove(lies.notSentButAccepted, 2)
      }),
    patience,
  )

  it.live(
    "a failure mistaken for a rejection has messages accepted twice when it is retried",
    () =>
      Effect.gen(function* () {
        const { lies } = yield* run(
          http,
          // Without a budget, which would end the retries of a run with so many failures.
          atOnce(RetryPolicy.make({ budget: false })),
          changed((client) => answerWith(client, 500, 429)),
        )
        assert.isAbove(lies.acceptedTwice, 5)
      }),
    patience,
  )

  it.live(
    "a failure mistaken for an acceptance gives false receipts",
    () =>
      Effect.gen(function* () {
        const { lies } = yield* run(
          http,
          RetryPolicy.none,
          changed((client) => answerWith(client, 500, 204)),
        )
        assert.isAbove(lies.receiptButNotAccepted, 2)
      }),
    patience,
  )
})
