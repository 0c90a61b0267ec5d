/**
 * A hundred sends at once with one key, over real sockets: three are on the wire at a time until the service has proved
 * the key good, and a wrong key is sent three times in all.
 */
import { RetryPolicy, SentClient, SentCredentials, type SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Result } from "effect"
import type { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { clients } from "@effect-sent/faults/clients"
import { credentials, sample } from "@effect-sent/faults/sample"
import { answer, json, type Play, wire } from "./support/wire.ts"

const crowd = 100

const keyIn = (request: string): string => /^x-api-key: *(\S+)/im.exec(request)?.[1] ?? ""

/** A server that keeps how many requests were unanswered at once, and answers each once it is told to. */
const server = (playOf: (nth: number, key: string) => Play) =>
  Effect.gen(function* () {
    const state = { arrived: 0, unanswered: 0, most: 0 }
    const held: Array<() => void> = []
    let isHolding = false
    const { baseUrl } = yield* wire((socket, request) => {
      state.arrived += 1
      const play = playOf(state.arrived, keyIn(request))
      state.unanswered += 1
      state.most = Math.max(state.most, state.unanswered)
      const respond = () => {
        state.unanswered -= 1
        play(socket, request)
      }
      if (isHolding) held.push(respond)
      // The others that may come come first.
      else setTimeout(respond, 5)
    })
    const release = Effect.sync(() => {
      isHolding = false
      for (const respond of held.splice(0)) respond()
    })
    return { baseUrl, state, hold: Effect.sync(() => void (isHolding = true)), release }
  })

const layerOf = (
  http: Layer.Layer<HttpClient.HttpClient>,
  options: SentClient.Options,
  from: Layer.Layer<SentCredentials.SentCredentials, SentError.SentError> = SentCredentials.layer(
    credentials,
  ),
) =>
  SentClient.layer({ retryPolicy: RetryPolicy.none, ...options }).pipe(
    Layer.provide(from),
    Layer.provide(http),
  )

const sendAll = Effect.all(
  Array.from({ length: crowd }, () => Effect.result(SentClient.sendToPhone(sample))),
  { concurrency: "unbounded" },
)

type Ends = Effect.Success<typeof sendAll>

/** How often each end came, as `reason delivery attempts`. */
const counted = (ends: Ends): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const end of ends) {
    const name = Result.match(end, {
      onSuccess: () => "accepted",
      onFailure: ({ attempts, delivery, reason }) => `${reason._tag} ${delivery} ${attempts}`,
    })
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

const waitUntil = (isSo: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() =>
    isSo()
      ? Effect.void
      : Effect.andThen(
          Effect.sleep(2),
          Effect.suspend(() => waitUntil(isSo)),
        ),
  )

const page = answer(403, { "content-type": "text/html" }, "<html>Request blocked</html>")

describe.each(clients)("a hundred sends at once, over %s", (_name, http) => {
  it.live("put a wrong key on the wire three times, and all end", () =>
    Effect.gen(function* () {
      const { baseUrl, state } = yield* server(() => answer(401))
      const layer = layerOf(http, { baseUrl, retryPolicy: RetryPolicy.notSent })
      assert.deepStrictEqual(counted(yield* Effect.provide(sendAll, layer)), {
        "CredentialsRejected not-sent 1": 3,
        "CredentialsUnavailable not-sent 0": 97,
      })
      assert.strictEqual(state.arrived, 3)
    }),
  )

  it.live(
    "are on the wire three at a time until the key is proved good, and all at once then",
    () =>
      Effect.gen(function* () {
        const { baseUrl, hold, release, state } = yield* server(() => answer(204))
        yield* hold
        const sending = yield* sendAll.pipe(
          Effect.provide(layerOf(http, { baseUrl })),
          Effect.forkChild,
        )
        yield* waitUntil(() => state.arrived === 3)
        // More would have come by now.
        yield* Effect.sleep(50)
        assert.strictEqual(state.arrived, 3)
        yield* release
        yield* hold
        // Each of the others is there before any of them has its response.
        yield* waitUntil(() => state.unanswered === crowd - 3)
        yield* release
        assert.deepStrictEqual(counted(yield* Fiber.join(sending)), { accepted: crowd })
      }),
  )

  it.live.each<readonly [what: string, end: string, play: Play]>([
    ["a firewall's page", "AccessDenied not-sent 1", page],
    [
      "a 403 in the form of a gateway",
      "AccessDenied not-sent 1",
      json(403, { message: "Forbidden" }),
    ],
    ["a 500", "ServerFailed unknown 1", answer(500)],
    ["a 429", "RateLimited not-sent 1", answer(429)],
    ["a 400 that names nothing", "RequestRejected not-sent 1", answer(400)],
    ["a 404", "EndpointNotFound not-sent 1", answer(404)],
    ["a reset", "ConnectionLost unknown 1", (socket) => void socket.resetAndDestroy()],
  ])("go on three at a time after what proves nothing: %s", ([, end, play]) =>
    Effect.gen(function* () {
      const { baseUrl, state } = yield* server((nth) => (nth <= 20 ? play : answer(401)))
      const ends = counted(yield* Effect.provide(sendAll, layerOf(http, { baseUrl })))
      assert.deepStrictEqual(ends, {
        [end]: 20,
        "CredentialsRejected not-sent 1": 3,
        "CredentialsUnavailable not-sent 0": 77,
      })
      assert.deepStrictEqual([state.arrived, state.most], [23, 3])
    }),
  )

  it.effect("wait until their deadline, not sent, while three have no response", () =>
    Effect.gen(function* () {
      const { baseUrl, hold, state } = yield* server(() => answer(204))
      yield* hold
      const sending = yield* sendAll.pipe(
        Effect.provide(layerOf(http, { baseUrl, deadline: "3 seconds" })),
        Effect.forkChild,
      )
      yield* TestClock.withLive(waitUntil(() => state.arrived === 3))
      yield* TestClock.adjust("3 seconds")
      const ends = counted(yield* Fiber.join(sending))
      assert.deepStrictEqual(ends, {
        "TimedOut unknown 1": 3,
        "TimedOut not-sent 0": 97,
      })
      assert.strictEqual(state.arrived, 3)
    }),
  )

  it.live("are all accepted when the key was rotated", () =>
    Effect.gen(function* () {
      const { baseUrl, state } = yield* server((_, key) => answer(key === "new" ? 204 : 401))
      let apiKey = "old"
      const load = Effect.sync(() => {
        const loaded = { ...credentials, apiKey }
        apiKey = "new"
        return loaded
      })
      const layer = layerOf(http, { baseUrl }, SentCredentials.layerEffect({ load }))
      const ends = yield* Effect.provide(sendAll, layer)
      // Without retries, those whose key was refused end there. Those that waited go on with the new one.
      assert.deepStrictEqual(counted(ends), {
        "CredentialsRejected not-sent 1": 3,
        accepted: 97,
      })
      assert.strictEqual(state.arrived, 100)
    }),
  )
})
