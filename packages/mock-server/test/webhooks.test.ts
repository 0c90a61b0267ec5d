/** The receiver of an account, which ten failed deliveries in a row disable. */
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { post, sample } from "./support/calls.ts"
import { makeReceiver } from "./support/receiver.ts"
import { at, call, manual, type Mock, send, to } from "./support/v3.ts"

const admin = (mock: Mock, path: string, init: RequestInit = {}) =>
  Effect.promise(() => fetch(`${mock.baseUrl}/__mock/${path}`, init))

const infoOf = (mock: Mock) =>
  Effect.map(
    Effect.promise(() => call(mock, "/__mock/info", {})),
    ({ body }) => at(body, "disabledWebhooks"),
  )

/** Sends a message of four updates, and plays them and their retries. */
const sendOne = (mock: Mock) =>
  Effect.gen(function* () {
    yield* send(mock, to("2040"))
    yield* mock.clock.advance("1 hour")
  })

describe("the webhook of an account", () => {
  it.effect(
    "is disabled after ten failures in a row, and nothing is sent until it is enabled",
    () =>
      Effect.gen(function* () {
        const mock = yield* manual()
        let status = 500
        const receiver = yield* makeReceiver(() => status)
        yield* mock.setWebhookUrl(receiver.url)
        assert.deepStrictEqual(yield* mock.webhook, {
          url: receiver.url,
          consecutiveFailures: 0,
          isActive: true,
        })
        yield* sendOne(mock)
        // Four updates, of up to three attempts each.
        assert.lengthOf(receiver.updates, 10)
        const [message] = yield* mock.messages()
        assert.deepStrictEqual(
          message?.updates.map(({ state }) => state),
          ["given-up", "given-up", "given-up", "given-up"],
        )
        const attempts = message?.updates.flatMap((update) => update.attempts) ?? []
        assert.lengthOf(
          attempts.filter(({ problem }) => problem?.includes("webhook is disabled") === true),
          2,
        )
        const disabled = { url: receiver.url, consecutiveFailures: 10, isActive: false }
        assert.deepStrictEqual(yield* mock.webhook, disabled)
        assert.deepStrictEqual(yield* infoOf(mock), [receiver.url])

        status = 204
        yield* sendOne(mock)
        assert.lengthOf(receiver.updates, 10)
        const shown = yield* admin(mock, "webhook")
        assert.deepStrictEqual(yield* Effect.promise(() => shown.json()), disabled)
        const resent = yield* admin(mock, `messages/${message?.id}/updates/1/resend`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: "{}",
        })
        assert.strictEqual(resent.status, 409)

        yield* mock.enableWebhook
        yield* sendOne(mock)
        assert.lengthOf(receiver.updates, 14)
        assert.deepStrictEqual(yield* infoOf(mock), [])
        assert.isTrue((yield* mock.webhook)?.isActive)
      }),
  )

  it.effect("is not disabled by failures that a success comes between", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      let count = 0
      const receiver = yield* makeReceiver(() => (++count % 10 === 0 ? 204 : 503))
      yield* mock.setWebhookUrl(receiver.url)
      for (let round = 0; round < 3; round++) yield* sendOne(mock)
      assert.lengthOf(receiver.updates, count)
      assert.isAbove(count, 20)
      assert.isTrue((yield* mock.webhook)?.isActive)
    }),
  )

  it.effect("is enabled by the route of the page, by another URL and by a reset", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const receiver = yield* makeReceiver([500])
      const disable = Effect.gen(function* () {
        yield* mock.setWebhookUrl(receiver.url)
        yield* sendOne(mock)
        assert.isFalse((yield* mock.webhook)?.isActive)
      })
      yield* disable
      const enabled = yield* admin(mock, "webhook/enable", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      })
      assert.strictEqual(enabled.status, 204)
      assert.isTrue((yield* mock.webhook)?.isActive)
      yield* disable
      yield* mock.setWebhookUrl(`${receiver.url}/other`)
      assert.isTrue((yield* mock.webhook)?.isActive)
      yield* disable
      yield* mock.reset
      assert.isUndefined(yield* mock.webhook)
      assert.strictEqual((yield* admin(mock, "webhook")).status, 404)
    }),
  )

  it.effect("of one account leaves those of others alone, and so do the callbacks of v1", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const failing = yield* makeReceiver([500])
      const other = yield* makeReceiver()
      const account = MockServer.senderOfKey("sk_test_of_one_account")
      yield* mock.setWebhookUrl(other.url)
      yield* mock.forSender(account).setWebhookUrl(failing.url)
      yield* sendOne(mock)
      assert.isFalse((yield* mock.forSender(account).webhook)?.isActive)
      assert.isTrue((yield* mock.webhook)?.isActive)
      // Each message of v1 has a URL of its own, which nothing disables.
      for (let count = 0; count < 2; count++) {
        yield* post(mock, { ...sample, webhookUrl: failing.url })
        yield* mock.clock.advance("1 hour")
      }
      assert.lengthOf(failing.updates, 10 + 2 * 12)
    }),
  )
})
