/** Idempotency keys and the sandbox of the provider's v3. */
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { makeReceiver } from "./support/receiver.ts"
import {
  call,
  initOf,
  send,
  look,
  at,
  idsIn,
  codeIn,
  to,
  isReplay,
  manual,
  advancing,
  acceptedOf,
} from "./support/v3.ts"

describe("an idempotency key", () => {
  const keyed = { "idempotency-key": "order-1" }

  it.effect("brings back the first answer, marked, and nothing is sent again", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const first = yield* send(mock, to("2040"), keyed)
      const again = yield* send(mock, to("2040"), keyed)
      assert.isFalse(isReplay(first))
      assert.isTrue(isReplay(again))
      assert.deepStrictEqual(again.body, first.body)
      assert.strictEqual(
        again.headers.get("x-original-request-id"),
        at(first.body, "meta", "request_id"),
      )
      assert.lengthOf(yield* acceptedOf(mock), 1)
      const replay = yield* mock.expectMessage({ status: "REPLAYED" })
      assert.deepInclude(replay, { idempotencyKey: "order-1", replayOf: 1, accepted: false })
      const other = yield* send(mock, to("2040"), { "idempotency-key": "order-2" })
      assert.notDeepEqual(idsIn(other), idsIn(first))
      const ofAnother = yield* send(mock, to("2040"), { ...keyed, "x-api-key": "another-account" })
      assert.deepStrictEqual([ofAnother.status, isReplay(ofAnother)], [202, false])
    }),
  )

  it.effect("settles a lost answer", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const lost = yield* Effect.promise(() =>
        call(mock, "/v3/messages", initOf(to("2052"), keyed)).then(
          () => "answered",
          () => "lost",
        ),
      )
      assert.strictEqual(lost, "lost")
      const again = yield* send(mock, to("2052"), keyed)
      assert.isTrue(isReplay(again))
      assert.deepStrictEqual(
        (yield* acceptedOf(mock)).map(({ id }) => id),
        idsIn(again),
      )
    }),
  )

  it.effect("is kept although the caller left before the answer", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const controller = new AbortController()
      const left = call(mock, "/v3/messages", {
        ...initOf(to("2051"), keyed),
        signal: controller.signal,
      }).catch(() => "left")
      const { id } = yield* mock.awaitMessage({ phoneNumber: "+15005552051" }, "10 seconds")
      controller.abort()
      assert.strictEqual(yield* Effect.promise(() => left), "left")
      yield* mock.clock.advance("5 seconds")
      const again = yield* send(mock, to("2051"), keyed)
      assert.isTrue(isReplay(again))
      assert.deepStrictEqual(idsIn(again), [id])
    }),
  )

  it.effect("is forgotten a day of the mock's clock after its first use", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const first = yield* send(mock, to("2045"), keyed)
      yield* mock.clock.advance("23 hours")
      assert.isTrue(isReplay(yield* send(mock, to("2045"), keyed)))
      yield* mock.clock.advance("59 minutes")
      assert.isTrue(isReplay(yield* send(mock, to("2045"), keyed)))
      yield* mock.clock.advance("1 minute")
      const later = yield* send(mock, to("2045"), keyed)
      assert.isFalse(isReplay(later))
      assert.notDeepEqual(idsIn(later), idsIn(first))
    }),
  )

  it.effect("in flight makes another request wait, and then conflict", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      yield* mock.addFault({ times: 1, latencyMillis: 3_600_000 })
      const first = yield* Effect.forkChild(send(mock, to("2045"), keyed), {
        startImmediately: true,
      })
      yield* mock.awaitMessage({ idempotencyKey: "order-1" }, "10 seconds")
      const began = yield* mock.clock.now
      const second = yield* advancing(mock, "1 second", send(mock, to("2045"), keyed))
      assert.deepStrictEqual([second.status, codeIn(second)], [409, "CONFLICT_001"])
      const waited = (yield* mock.clock.now).epochMilliseconds - began.epochMilliseconds
      assert.isAtLeast(waited, 5000)
      assert.isUndefined(first.pollUnsafe())
      yield* mock.clock.advance("1 hour")
      const answer = yield* Fiber.join(first)
      const third = yield* send(mock, to("2045"), keyed)
      assert.isTrue(isReplay(third))
      assert.deepStrictEqual(idsIn(third), idsIn(answer))
      assert.lengthOf(yield* acceptedOf(mock), 1)
    }),
  )

  it.effect("in flight makes another request wait for the first answer", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const [first, second] = yield* advancing(
        mock,
        "100 millis",
        Effect.all([send(mock, to("2053"), keyed), send(mock, to("2053"), keyed)], {
          concurrency: "unbounded",
        }),
      )
      assert.lengthOf([first, second].filter(isReplay), 1)
      assert.deepStrictEqual(idsIn(first), idsIn(second))
      assert.lengthOf(yield* acceptedOf(mock), 1)
    }),
  )

  it.effect("keeps no refusal: neither of the store of keys nor of a fault", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* mock.addFault({ times: 1, answer: { status: 500 } })
      const statuses: Array<unknown> = []
      for (let turn = 0; turn < 4; turn++) {
        const answer = yield* send(mock, to("5033"), keyed)
        statuses.push([answer.status, codeIn(answer), isReplay(answer)])
      }
      assert.deepStrictEqual(statuses, [
        [500, "INTERNAL_001", false],
        [503, "SERVICE_001", false],
        [202, undefined, false],
        [202, undefined, true],
      ])
      assert.lengthOf(yield* acceptedOf(mock), 1)
    }),
  )

  it.effect("brings back the first answer to another body, too, and the record says so", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const first = yield* send(mock, to("2040"), keyed)
      const other = yield* send(mock, to("2041"), keyed)
      assert.isTrue(isReplay(other))
      assert.deepStrictEqual(other.body, first.body)
      const { because } = yield* mock.expectMessage({ status: "REPLAYED" })
      assert.strictEqual(because, "another body under a key that was used")
    }),
  )

  it.effect("meets faults of the network on a replay", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const first = yield* send(mock, to("2040"), keyed)
      yield* mock.addFault({ times: 1, reset: "after-acceptance" })
      const lost = yield* Effect.promise(() =>
        call(mock, "/v3/messages", initOf(to("2040"), keyed)).then(
          () => "answered",
          () => "lost",
        ),
      )
      assert.strictEqual(lost, "lost")
      assert.deepStrictEqual(idsIn(yield* send(mock, to("2040"), keyed)), idsIn(first))
      assert.lengthOf(yield* acceptedOf(mock), 1)
    }),
  )

  it.effect("is forgotten on demand, and by a reset", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* send(mock, to("2040"), keyed)
      yield* mock.clearKeys
      assert.isFalse(isReplay(yield* send(mock, to("2040"), keyed)))
      assert.isTrue(isReplay(yield* send(mock, to("2040"), keyed)))
      yield* mock.reset
      assert.isFalse(isReplay(yield* send(mock, to("2040"), keyed)))
    }),
  )
})

describe("the sandbox", () => {
  it.effect("sends nothing, and keeps its answer under the key: a live request gets it, too", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const receiver = yield* makeReceiver()
      yield* mock.setWebhookUrl(receiver.url)
      const keyed = { "idempotency-key": "order-1" }
      const fake = yield* send(mock, to("2040", { sandbox: true }), keyed)
      assert.deepStrictEqual([fake.status, fake.headers.get("x-sandbox")], [202, "true"])
      yield* mock.clock.advance("1 hour")
      assert.lengthOf(receiver.updates, 0)
      const [id = ""] = idsIn(fake)
      assert.strictEqual((yield* look(mock, id)).status, 404)
      const live = yield* send(mock, to("2040"), keyed)
      assert.isTrue(isReplay(live))
      assert.deepStrictEqual(idsIn(live), [id])
      assert.deepStrictEqual(
        (yield* mock.messages()).map(({ accepted, status }) => [accepted, status]),
        [
          [false, "SANDBOX"],
          [false, "REPLAYED"],
        ],
      )
    }),
  )
})
