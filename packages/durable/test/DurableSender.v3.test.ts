/** Durable sends over v3: what may have been sent is sent again with the same idempotency key, while that holds. */
import { type SentClient, SentError, type SendToPhone } from "@effect-sent/core"
import { DurableSender } from "@effect-sent/durable"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, DateTime, Deferred, Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { accepted, failure, makeClient, message, senderIn } from "./support/sender.ts"

/** `silent` does not answer until the test ends. */
type Played = Effect.Effect<SendToPhone.SendReceipt, SentError.SentError> | "silent"

const key = "order 12345 shipped"

const lost: Played = Effect.fail(failure(new SentError.ConnectionLost({})))
const failed: Played = Effect.fail(failure(new SentError.ServerFailed({ status: 500 })))
const refused: Played = Effect.fail(
  new SentError.SentError({
    reason: new SentError.RequestRejected({ status: 422 }),
    attempts: 1,
    unknownAttempts: 1,
  }),
)

/** A client of v3 that plays these one after the other, and the last one forever. */
const clientOf = (keyLifetime: Duration.Duration | undefined, ...plays: ReadonlyArray<Played>) => {
  const keys: Array<SentClient.SendOptions["idempotencyKey"]> = []
  const end = Deferred.makeUnsafe<never, SentError.SentError>()
  const client = makeClient((_, options) => {
    keys.push(options?.idempotencyKey)
    const played = plays[Math.min(keys.length, plays.length) - 1] ?? accepted
    return played === "silent" ? Deferred.await(end) : played
  }, keyLifetime)
  /** A worker that stops waits for its answers. */
  const release = Effect.addFinalizer(() =>
    Deferred.fail(end, failure(new SentError.ConnectionLost({}))),
  )
  return { ...client, keys, release }
}

const inRealTime = Effect.provideService(Clock.Clock, Context.get(Context.empty(), Clock.Clock))

const stateOf = DurableSender.DurableSender.use((sender) => sender.find(key)).pipe(
  Effect.map((send) => send?.state),
)

/** Advances the clock second by second, until a send has a state that is final here. */
const untilSettled = Effect.sleep("2 millis").pipe(
  inRealTime,
  Effect.andThen(TestClock.adjust("1 second")),
  Effect.andThen(stateOf),
  Effect.repeat({ until: (state) => state === "accepted" || state === "unknown" }),
)

const sending = (
  client: ReturnType<typeof clientOf>,
  options: Partial<DurableSender.EnqueueOptions> = {},
) =>
  Effect.gen(function* () {
    const sender = yield* DurableSender.DurableSender
    yield* sender.enqueue(message, { key, ...options })
    yield* Effect.provide(
      sender.work({ lease: "30 seconds", pollInterval: "1 second" }),
      client.layer,
    )
    // Before the worker's own finalizer.
    yield* client.release
    // The clock stands still until the first attempt has begun.
    yield* Effect.sleep("2 millis").pipe(
      Effect.repeat({ until: () => client.keys.length > 0 }),
      inRealTime,
    )
    return yield* untilSettled
  }).pipe(Effect.scoped, Effect.provide(senderIn()))

const day = Duration.hours(23)

describe("a durable send over v3", () => {
  it.effect.each<readonly [what: string, first: Played]>([
    ["whose process does not answer within the lease", "silent"],
    ["whose answer is lost", lost],
  ])("%s is settled by its key", ([, first]) =>
    Effect.gen(function* () {
      const client = clientOf(day, first, lost, accepted)
      assert.strictEqual(yield* sending(client), "accepted")
      const [own, ...later] = client.keys
      assert.match(typeof own === "string" ? own : "", /^[A-Za-z0-9_-]{32}$/)
      assert.lengthOf(later, 2)
      for (const used of later) {
        assert.isObject(used)
        if (typeof used !== "object") continue
        assert.strictEqual(used.key, own)
        assert.strictEqual(DateTime.toEpochMillis(used.firstUsedAt), 0)
      }
    }),
  )

  it.effect.each<
    readonly [why: string, keyLifetime: Duration.Duration | undefined, plays: ReadonlyArray<Played>]
  >([
    ["the key does not hold any more", Duration.seconds(20), ["silent"]],
    ["the provider does not say what becomes of the key", day, [failed]],
    ["a refusal says nothing about the first request", day, [lost, refused]],
    ["the client keeps no keys", undefined, [lost]],
    ["the client keeps no keys, and does not answer", undefined, ["silent"]],
  ])("is unknown if %s", ([, keyLifetime, plays]) =>
    Effect.gen(function* () {
      const client = clientOf(keyLifetime, ...plays)
      assert.strictEqual(yield* sending(client), "unknown")
      assert.lengthOf(client.keys, plays.length)
    }),
  )

  it.effect("is not sent again after its time", () =>
    Effect.gen(function* () {
      const client = clientOf(day, "silent")
      const notAfter = DateTime.add(yield* DateTime.now, { seconds: 20 })
      assert.strictEqual(yield* sending(client, { notAfter }), "unknown")
      assert.lengthOf(client.keys, 1)
    }),
  )

  it.effect("is not cancelled, and does not expire, while it may have been sent", () =>
    Effect.gen(function* () {
      const client = clientOf(day, "silent", "silent", accepted)
      const sender = yield* DurableSender.DurableSender
      yield* sender.enqueue(message, { key })
      yield* Effect.provide(
        sender.work({ lease: "30 seconds", pollInterval: "1 second" }),
        client.layer,
      )
      yield* client.release
      yield* Effect.sleep("2 millis").pipe(
        inRealTime,
        Effect.andThen(TestClock.adjust("1 second")),
        Effect.repeat({ until: () => client.keys.length === 2 }),
      )
      assert.strictEqual(yield* stateOf, "attempting")
      yield* Effect.ignore(sender.cancel(key))
      assert.strictEqual(yield* stateOf, "attempting")
      assert.strictEqual(yield* untilSettled, "accepted")
    }).pipe(Effect.scoped, Effect.provide(senderIn())),
  )
})
