/** Credentials that rotate: when they are loaded, and what a 401 does to them. */
import { RetryPolicy, SentClient, SentCredentials, SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Data, Deferred, Duration, Effect, Fiber, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { keyed } from "./support/keyed.ts"
import { credentials, sample } from "@effect-sent/faults/sample"

class VaultError extends Data.TaggedError("VaultError")<{ readonly detail: string }> {}

const { senderId } = credentials

/** A vault whose content can be changed, and that counts how often it was asked. */
const vault = (first: Effect.Effect<SentCredentials.CredentialsInput, VaultError>) => {
  const state = { content: first, loads: 0 }
  const load = Effect.suspend(() => {
    state.loads += 1
    return state.content
  })
  return { state, load }
}

const withKey = (apiKey: string) => Effect.succeed({ senderId, apiKey })

const keyOf = Effect.flatMap(SentCredentials.SentCredentials, ({ get }) =>
  Effect.map(get, ({ apiKey }) => Redacted.value<string>(apiKey)),
)

const clientOf = (
  load: ReturnType<typeof vault>["load"],
  service: ReturnType<typeof keyed>,
  retryPolicy?: RetryPolicy.RetryPolicy,
) =>
  SentClient.layer({ retryPolicy }).pipe(
    Layer.provide(SentCredentials.layerEffect({ load })),
    Layer.provide(service.layer),
  )

describe("loading", () => {
  it.effect("happens for the first send, and once for fifty concurrent sends", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { load, state } = vault(Effect.andThen(Deferred.await(gate), withKey("k1")))
      yield* Effect.gen(function* () {
        assert.strictEqual(state.loads, 0)
        const keys = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 50 }, () => keyOf),
            { concurrency: "unbounded" },
          ),
        )
        yield* Effect.yieldNow
        yield* Deferred.succeed(gate, undefined)
        assert.deepStrictEqual(new Set(yield* Fiber.join(keys)), new Set(["k1"]))
        assert.strictEqual(state.loads, 1)
      }).pipe(Effect.provide(SentCredentials.layerEffect({ load })))
    }),
  )

  it.effect.each([
    ["5 minutes by default", undefined, 300_000],
    ["`timeToLive`", "10 seconds", 10_000],
  ] as const)("happens again after %s, and not before", ([, timeToLive, millis]) =>
    Effect.gen(function* () {
      const { load, state } = vault(withKey("k1"))
      yield* Effect.gen(function* () {
        assert.strictEqual(yield* keyOf, "k1")
        state.content = withKey("k2")
        yield* TestClock.adjust(Duration.millis(millis - 1))
        assert.strictEqual(yield* keyOf, "k1")
        yield* TestClock.adjust(Duration.millis(1))
        assert.strictEqual(yield* keyOf, "k2")
        assert.strictEqual(state.loads, 2)
      }).pipe(Effect.provide(SentCredentials.layerEffect({ load, timeToLive })))
    }),
  )

  it.effect.each([
    [
      "fails",
      Effect.fail(new VaultError({ detail: "token s.verysecret expired" })),
      "credentials unavailable: they could not be loaded (VaultError)",
    ],
    [
      "returns malformed credentials",
      Effect.succeed({ senderId, apiKey: "sk verysecret" }),
      "credentials unavailable: apiKey must be visible ASCII characters, without spaces or line breaks, and not be empty",
    ],
  ] as const)("that %s is CredentialsUnavailable, and is not cached", ([, content, message]) =>
    Effect.gen(function* () {
      const { load, state } = vault(content)
      yield* Effect.gen(function* () {
        const error = yield* Effect.flip(keyOf)
        assert.instanceOf(error.reason, SentError.CredentialsUnavailable)
        assert.strictEqual(error.reason.message, message)
        assert.deepStrictEqual([error.delivery, error.attempts], ["not-sent", 0])
        assert.notInclude(inspect(error, { depth: 9 }), "verysecret")
        state.content = withKey("k1")
        assert.strictEqual(yield* keyOf, "k1")
      }).pipe(Effect.provide(SentCredentials.layerEffect({ load })))
    }),
  )

  it.effect("that fails, fails the sends that waited for it, and sends nothing", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { load, state } = vault(
        Effect.andThen(Deferred.await(gate), Effect.fail(new VaultError({ detail: "sealed" }))),
      )
      const service = keyed(() => 204)
      yield* Effect.gen(function* () {
        const { sendToPhone } = yield* SentClient.SentClient
        const sends = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 50 }, () => Effect.flip(sendToPhone(sample))),
            { concurrency: "unbounded" },
          ),
        )
        yield* Effect.yieldNow
        yield* Deferred.succeed(gate, undefined)
        for (const error of yield* Fiber.join(sends)) {
          assert.strictEqual(error.reason._tag, "CredentialsUnavailable")
          assert.deepStrictEqual([error.delivery, error.attempts], ["not-sent", 0])
        }
        assert.deepStrictEqual([state.loads, service.keys.length], [1, 0])
        state.content = withKey("k1")
        yield* sendToPhone(sample)
        assert.deepStrictEqual([state.loads, service.keys], [2, ["k1"]])
      }).pipe(Effect.provide(clientOf(load, service)))
    }),
  )

  it.effect("that hangs is ended by the deadline, and the next send loads again", () =>
    Effect.gen(function* () {
      const { load, state } = vault(Effect.never)
      const service = keyed(() => 204)
      yield* Effect.gen(function* () {
        const { sendToPhone } = yield* SentClient.SentClient
        const hanging = yield* Effect.forkChild(
          Effect.flip(sendToPhone(sample, { deadline: "1 second" })),
        )
        yield* TestClock.adjust("1 second")
        const error = yield* Fiber.join(hanging)
        assert.strictEqual(error.reason._tag, "TimedOut")
        assert.deepStrictEqual([error.delivery, error.attempts], ["not-sent", 0])
        state.content = withKey("k1")
        assert.strictEqual((yield* sendToPhone(sample)).attempts, 1)
        assert.strictEqual(state.loads, 2)
      }).pipe(Effect.provide(clientOf(load, service)))
    }),
  )

  it.effect("continues for the other sends if the first one is interrupted", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { load, state } = vault(Effect.andThen(Deferred.await(gate), withKey("k1")))
      yield* Effect.gen(function* () {
        const first = yield* Effect.forkChild(keyOf)
        yield* Effect.yieldNow
        const second = yield* Effect.forkChild(keyOf)
        yield* Effect.yieldNow
        yield* Fiber.interrupt(first)
        yield* Deferred.succeed(gate, undefined)
        assert.strictEqual(yield* Fiber.join(second), "k1")
        assert.strictEqual(state.loads, 1)
      }).pipe(Effect.provide(SentCredentials.layerEffect({ load })))
    }),
  )

  it.effect.each(["soon", "-1 seconds", 0] as const)("rejects a timeToLive of %j", (timeToLive) =>
    Effect.gen(function* () {
      const error = yield* Layer.build(
        SentCredentials.layerEffect({
          load: withKey("k1"),
          // A caller whom TypeScript does not check.
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion
          timeToLive: timeToLive as Duration.Input,
        }),
      ).pipe(Effect.flip)
      assert.instanceOf(error.reason, SentError.InvalidOptions)
      assert.deepStrictEqual(error.reason.issues, [
        {
          path: ["timeToLive"],
          message: `must be a duration above zero, e.g. "30 seconds" (got ${JSON.stringify(timeToLive)})`,
        },
      ])
    }),
  )
})

/** A client whose service takes one key only, and whose vault has what the test puts in. */
const sendWith = (
  goodKey: string,
  { load }: ReturnType<typeof vault>,
  retryPolicy?: RetryPolicy.RetryPolicy,
) => {
  const service = keyed((key) => (key === goodKey ? 204 : 401))
  return { ...service, layer: clientOf(load, service, retryPolicy) }
}

describe("a 401", () => {
  it.effect("loads the credentials again, and sends once more if they have changed", () =>
    Effect.gen(function* () {
      const keys = vault(withKey("old"))
      const { keys: sent, layer } = sendWith("new", keys)
      yield* Effect.gen(function* () {
        const { sendToPhone } = yield* SentClient.SentClient
        assert.strictEqual(
          (yield* Effect.flip(sendToPhone(sample))).reason._tag,
          "CredentialsRejected",
        )
        // The same key is not sent a second time.
        assert.deepStrictEqual(sent, ["old"])
        assert.strictEqual(keys.state.loads, 2)

        keys.state.content = withKey("new")
        const receipt = yield* sendToPhone(sample)
        assert.strictEqual(receipt.attempts, 2)
        assert.deepStrictEqual(sent, ["old", "old", "new"])
        assert.strictEqual(keys.state.loads, 3)
      }).pipe(Effect.provide(layer))
    }),
  )

  it.effect("is retried once, even if the credentials change every time", () =>
    Effect.gen(function* () {
      let version = 0
      const keys = vault(Effect.suspend(() => withKey(`k${version++}`)))
      const { keys: sent, layer } = sendWith("never", keys)
      const error = yield* SentClient.sendToPhone(sample).pipe(Effect.provide(layer), Effect.flip)
      assert.strictEqual(error.reason._tag, "CredentialsRejected")
      assert.strictEqual(error.attempts, 2)
      assert.deepStrictEqual(sent, ["k0", "k1"])
    }),
  )

  it.effect("is not retried without retries, but the next send loads again", () =>
    Effect.gen(function* () {
      const keys = vault(withKey("old"))
      const { keys: sent, layer } = sendWith("new", keys, RetryPolicy.none)
      yield* Effect.gen(function* () {
        const { sendToPhone } = yield* SentClient.SentClient
        const first = Effect.flip(sendToPhone(sample))
        keys.state.content = Effect.tap(withKey("old"), () =>
          Effect.sync(() => (keys.state.content = withKey("new"))),
        )
        assert.strictEqual((yield* first).attempts, 1)
        assert.strictEqual((yield* sendToPhone(sample)).attempts, 1)
        assert.deepStrictEqual(sent, ["old", "new"])
      }).pipe(Effect.provide(layer))
    }),
  )

  it.effect.each([
    ["and each is retried once with the changed ones", "new", 40, "accepted"],
    ["and none is retried with the same ones", "old", 20, "CredentialsRejected"],
  ] as const)("of many concurrent sends loads them again once, %s", ([, next, requests, end]) =>
    Effect.gen(function* () {
      const keys = vault(withKey("old"))
      const all = yield* Deferred.make<void>()
      // The key is good at first, so that twenty may be in flight when it is revoked.
      const service = keyed(
        (key, request) => (key === "old" && request > 1 ? 401 : 204),
        (request) => {
          if (request === 1) return Effect.void
          return request < 21
            ? Deferred.await(all)
            : Effect.asVoid(Deferred.succeed(all, undefined))
        },
      )
      yield* Effect.gen(function* () {
        const { sendToPhone } = yield* SentClient.SentClient
        yield* sendToPhone(sample)
        keys.state.content = withKey(next)
        const ends = yield* Effect.all(
          Array.from({ length: 20 }, () =>
            sendToPhone(sample).pipe(
              Effect.map(({ attempts }) => [attempts, "accepted"]),
              Effect.catchTag("SentError", ({ attempts, reason }) =>
                Effect.succeed([attempts, reason._tag]),
              ),
            ),
          ),
          { concurrency: "unbounded" },
        )
        assert.deepStrictEqual(
          ends,
          Array.from({ length: 20 }, () => [requests / 20, end]),
        )
        assert.strictEqual(service.keys.length, 1 + requests)
        assert.strictEqual(keys.state.loads, 2)
      }).pipe(Effect.provide(clientOf(keys.load, service)))
    }),
  )

  it.effect("is the reason even if nothing can be loaded after it", () =>
    Effect.gen(function* () {
      const keys = vault(withKey("old"))
      const { layer } = sendWith("new", keys)
      const sending = SentClient.sendToPhone(sample).pipe(Effect.provide(layer), Effect.flip)
      keys.state.content = Effect.tap(withKey("old"), () =>
        Effect.sync(() => (keys.state.content = Effect.fail(new VaultError({ detail: "gone" })))),
      )
      const error = yield* sending
      assert.strictEqual(error.reason._tag, "CredentialsRejected")
      assert.deepStrictEqual([error.attempts, keys.state.loads], [1, 2])
    }),
  )

  it.effect("counts even if an older load ends after a newer one", () =>
    Effect.gen(function* () {
      const slow = yield* Deferred.make<void>()
      let version = 0
      const { load } = vault(
        Effect.suspend(() => {
          version += 1
          const loaded = withKey(`k${version}`)
          return version === 2 ? Effect.andThen(Deferred.await(slow), loaded) : loaded
        }),
      )
      yield* Effect.gen(function* () {
        const { get, invalidate = () => Effect.die("these rotate") } =
          yield* SentCredentials.SentCredentials
        const first = yield* get
        yield* TestClock.adjust("5 minutes")
        const older = yield* Effect.forkChild(keyOf)
        yield* Effect.yieldNow
        yield* invalidate(first)
        const newer = yield* get
        assert.strictEqual(yield* keyOf, "k3")
        yield* Deferred.succeed(slow, undefined)
        assert.strictEqual(yield* Fiber.join(older), "k2")
        yield* invalidate(newer)
        assert.strictEqual(yield* keyOf, "k4")
      }).pipe(Effect.provide(SentCredentials.layerEffect({ load })))
    }),
  )
})

/** A client whose vault has the old key, and whose service takes the new one. */
const lockedOut = () => {
  const keys = vault(withKey("old"))
  return { ...sendWith("new", keys), state: keys.state }
}

describe("after three 401s in a row", () => {
  const refuse = Effect.gen(function* () {
    for (let send = 0; send < 3; send++) yield* Effect.exit(SentClient.sendToPhone(sample))
  })

  it.effect("a vault that lags behind a rotation is asked again a second later", () =>
    Effect.gen(function* () {
      const { keys: sent, layer, state } = lockedOut()
      yield* Effect.gen(function* () {
        yield* refuse
        state.content = withKey("new")
        const early = yield* Effect.flip(SentClient.sendToPhone(sample))
        assert.strictEqual(early.reason._tag, "CredentialsUnavailable")
        assert.deepStrictEqual([early.delivery, early.attempts], ["not-sent", 0])
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* SentClient.sendToPhone(sample)).attempts, 1)
        assert.deepStrictEqual(sent, ["old", "old", "old", "new"])
      }).pipe(Effect.provide(layer))
    }),
  )

  it.effect("a vault whose key stays wrong is asked ever more rarely, and nothing is sent", () =>
    Effect.gen(function* () {
      const { keys: sent, layer, state } = lockedOut()
      yield* Effect.gen(function* () {
        yield* refuse
        const before = state.loads
        const askedAt: Array<number> = []
        // Two sends at once every half second, for less than the time to live.
        for (let half = 1; half <= 400; half++) {
          yield* TestClock.adjust("500 millis")
          const loads = state.loads
          const send = Effect.exit(SentClient.sendToPhone(sample))
          yield* Effect.all([send, send], { concurrency: 2 })
          if (state.loads > loads) askedAt.push(half / 2)
        }
        assert.deepStrictEqual(askedAt, [1, 3, 7, 15, 31, 61, 91, 121, 151, 181])
        assert.strictEqual(state.loads - before, askedAt.length)
        assert.deepStrictEqual(sent, ["old", "old", "old"])

        state.content = withKey("new")
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual((yield* SentClient.sendToPhone(sample)).attempts, 1)
      }).pipe(Effect.provide(layer))
    }),
  )

  it.effect("a new key that is wrong, too, has its own count", () =>
    Effect.gen(function* () {
      const { keys: sent, layer, state } = lockedOut()
      yield* Effect.gen(function* () {
        yield* refuse
        state.content = withKey("other")
        yield* TestClock.adjust("1 second")
        yield* refuse
        yield* refuse
        assert.deepStrictEqual(sent, ["old", "old", "old", "other", "other", "other"])
      }).pipe(Effect.provide(layer))
    }),
  )
})
