/** The provider's v3 beside v1: ids, refusals, look-ups, and updates to an account's receiver. */
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Predicate } from "effect"
import { post } from "./support/calls.ts"
import { makeReceiver } from "./support/receiver.ts"
import {
  key,
  templateId,
  send,
  look,
  at,
  idsIn,
  codeIn,
  to,
  manual,
  acceptedOf,
} from "./support/v3.ts"

describe("a message of v3", () => {
  it.effect("has one id in the answer, the updates and the look-ups", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const receiver = yield* makeReceiver()
      yield* mock.setWebhookUrl(receiver.url)
      const answer = yield* send(mock, to("2041"))
      assert.strictEqual(answer.status, 202)
      const [id = ""] = idsIn(answer)

      const before = yield* look(mock, id)
      assert.deepStrictEqual(
        [at(before.body, "data", "status"), at(before.body, "data", "price")],
        ["QUEUED", null],
      )
      yield* mock.clock.advance("1 hour")
      assert.deepStrictEqual(
        receiver.updates.map(({ body }) => [
          body.payload["message_id"],
          body.payload["message_status"],
        ]),
        ["QUEUED", "ROUTED", "SENT", "DELIVERED", "READ"].map((status) => [id, status]),
      )
      const found = yield* look(mock, id)
      assert.strictEqual(found.status, 200)
      assert.deepInclude(at(found.body, "data"), {
        id,
        status: "READ",
        channel: "whatsapp",
        phone: "+15005552041",
        template_id: templateId,
        price: 0.005,
      })
      const log = yield* look(mock, `${id.toUpperCase()}/activities`)
      const activities = at(log.body, "data", "activities")
      assert.strictEqual(at(log.body, "data", "message_id"), id)
      assert.deepStrictEqual(
        (Array.isArray(activities) ? activities : []).map((one: unknown) => [
          at(one, "status"),
          at(one, "price"),
        ]),
        [
          ["READ", "0.0050"],
          ["DELIVERED", "0.0050"],
          ["SENT", "0.0050"],
          ["ROUTED", null],
          ["QUEUED", null],
        ],
      )
      const message = yield* mock.expectOne({ phoneNumber: "+15005552041" })
      assert.deepInclude(message, { id, price: 0.005, status: "READ" })
      assert.strictEqual(message.senderId, MockServer.senderOfKey(key))
    }),
  )

  it.effect("is not found by another account, nor when there is none", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const [id = ""] = idsIn(yield* send(mock, to("2045")))
      assert.strictEqual((yield* look(mock, id)).status, 200)
      const other = yield* look(mock, id, "sk_test_of_another_account")
      assert.deepStrictEqual([other.status, codeIn(other)], [404, "RESOURCE_003"])
      const none = yield* look(mock, "7ba7b820-9dad-11d1-80b4-00c04fd430c8")
      assert.deepStrictEqual([none.status, codeIn(none)], [404, "RESOURCE_003"])
      const malformed = yield* look(mock, "7")
      assert.deepStrictEqual([malformed.status, codeIn(malformed)], [400, "VALIDATION_003"])
    }),
  )

  it.effect("goes to each of 1,000 recipients with a result of its own, and to no more", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const numbers = Array.from({ length: 1000 }, (_, index) => `+1206555${1000 + index}`)
      const body = { to: numbers, template: { id: templateId } }
      const answer = yield* send(mock, body)
      assert.strictEqual(new Set(idsIn(answer)).size, 1000)
      const messages = yield* acceptedOf(mock)
      assert.deepStrictEqual(
        messages.map(({ id, phoneNumber }) => [id, phoneNumber]),
        idsIn(answer).map((id, index) => [id, numbers[index]]),
      )
      assert.isTrue(messages.every(({ recipients }) => recipients === 1000))
      const more = yield* send(mock, { ...body, to: [...numbers, "+12065550000"] })
      assert.deepStrictEqual([more.status, codeIn(more)], [400, "VALIDATION_001"])
    }),
  )

  it.effect("is one for each channel, and plays the scenario of each number", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const numbers = ["+15005552042", "+15005552049"]
      yield* send(mock, { to: numbers, text: "Hello", channel: ["sms", "rcs"] })
      yield* mock.clock.advance("1 minute")
      assert.deepStrictEqual(
        (yield* acceptedOf(mock)).map((one) => [
          one.phoneNumber,
          one.channel,
          one.status,
          one.text,
        ]),
        [
          ["+15005552042", "sms", "FAILED", "Hello"],
          ["+15005552042", "rcs", "FAILED", "Hello"],
          ["+15005552049", "sms", "BLOCKED", "Hello"],
          ["+15005552049", "rcs", "BLOCKED", "Hello"],
        ],
      )
      // The first number that does more than accept decides the answer.
      const refused = yield* send(mock, { to: ["+15005552041", "+15005554220"], text: "Hello" })
      assert.deepStrictEqual([refused.status, codeIn(refused)], [422, "BUSINESS_003"])
    }),
  )

  it.effect("may have updates before its answer", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const receiver = yield* makeReceiver()
      yield* mock.setWebhookUrl(receiver.url)
      const answered = yield* Effect.forkChild(send(mock, to("2053")), { startImmediately: true })
      yield* mock.awaitMessage({ phoneNumber: "+15005552053" }, "10 seconds")
      yield* mock.clock.advance("1 second")
      assert.lengthOf(receiver.updates, 4)
      assert.isUndefined(answered.pollUnsafe())
      yield* mock.clock.advance("1 second")
      const answer = yield* Fiber.join(answered)
      assert.deepStrictEqual(
        receiver.updates.map(({ body }) => body.payload["message_id"]),
        Array.from({ length: 4 }, () => idsIn(answer)[0]),
      )
    }),
  )

  it.effect("stands beside those of v1 on one port, which need a sender id", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      assert.strictEqual((yield* post(mock)).status, 204)
      assert.strictEqual((yield* send(mock, to("2045"))).status, 202)
      assert.lengthOf(yield* mock.messages(), 2)
      assert.lengthOf(yield* mock.forSender(MockServer.senderOfKey(key)).messages(), 1)
    }),
  )
})

describe("a request of v3", () => {
  it.effect.each([
    ["no recipient", { to: [], text: "Hello" }, {}, 400, "VALIDATION_001", "to"],
    ["a template and a text", to("2040", { text: "Hello" }), {}, 400, "VALIDATION_001", "$"],
    ["neither of both", { to: ["+15005552040"] }, {}, 400, "VALIDATION_001", "text"],
    ["an unknown field", to("2040", { webhookUrl: "x" }), {}, 400, "VALIDATION_001", "webhookUrl"],
    [
      "a malformed key",
      to("2040"),
      { "idempotency-key": "a key" },
      400,
      "VALIDATION_007",
      "header.idempotency-key",
    ],
    ["no API key", to("2040"), { "x-api-key": "" }, 401, "AUTH_001", undefined],
    [
      "a malformed profile",
      to("2040"),
      { "x-profile-id": "7" },
      400,
      "VALIDATION_003",
      "header.x-profile-id",
    ],
  ] as const)("with %s is refused in the envelope", ([, body, headers, status, code, field]) =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const answer = yield* send(mock, body, headers)
      assert.deepStrictEqual([answer.status, codeIn(answer)], [status, code])
      assert.match(String(at(answer.body, "meta", "request_id")), /^req_[0-9a-f]{16}$/)
      if (field !== undefined) assert.property(at(answer.body, "error", "details"), field)
      assert.lengthOf(yield* acceptedOf(mock), 0)
      assert.lengthOf(yield* mock.refused, 1)
    }),
  )

  it.effect("meets the faults that are limited to its operation", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* mock.addFault({ operation: "POST /v3/messages", answer: { status: 422 } })
      assert.strictEqual((yield* post(mock)).status, 204)
      assert.strictEqual((yield* send(mock, to("2040"))).status, 422)
      const wrong = yield* Effect.flip(mock.addFault({ operation: "GET /", latencyMillis: 1 }))
      assert.include(wrong.message, "operations: POST /v1/messages/phone, POST /v3/messages")
    }),
  )

  it.effect("meets a fault only where its operation declares the answer", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* mock.addFault({ times: 1, answer: { status: 409 } })
      assert.strictEqual((yield* post(mock)).status, 204)
      assert.strictEqual((yield* send(mock, to("2040"))).status, 409)
      assert.strictEqual((yield* send(mock, to("2040"))).status, 202)
    }),
  )
})

describe("the receiver of an account", () => {
  it.effect("is an option, a call or a route, and each account may have its own", () =>
    Effect.gen(function* () {
      const all = yield* makeReceiver()
      const own = yield* makeReceiver()
      const mock = yield* manual({ webhookUrl: all.url })
      const response = yield* Effect.promise(() =>
        fetch(`${mock.inboxUrl}webhook?senderId=${MockServer.senderOfKey("own")}`, {
          method: "PUT",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ url: own.url }),
        }),
      )
      assert.strictEqual(response.status, 204)
      yield* send(mock, to("2040"))
      yield* send(mock, to("2048"), { "x-api-key": "own" })
      yield* mock.clock.advance("1 hour")
      assert.deepStrictEqual([all.updates.length, own.updates.length], [4, 2])
      yield* mock.setWebhookUrl(undefined)
      yield* send(mock, to("2040"))
      yield* mock.clock.advance("1 hour")
      assert.lengthOf(all.updates, 4)
      const wrong = yield* Effect.flip(mock.setWebhookUrl("ftp://127.0.0.1/"))
      assert.include(wrong.message, "option webhookUrl: must be an http or https URL")
    }),
  )

  it.effect("gets no template id for a text", () =>
    Effect.gen(function* () {
      const receiver = yield* makeReceiver()
      const mock = yield* manual({ webhookUrl: receiver.url })
      yield* send(mock, { to: ["+15005552048"], text: "Hello" })
      yield* mock.clock.advance("1 hour")
      assert.deepStrictEqual(
        receiver.updates.map(({ text }) => at(JSON.parse(text), "payload", "template_id")),
        [null, null],
      )
      const { updates } = yield* mock.expectMessage({ text: "Hello" })
      assert.isTrue(updates.every(({ state }) => state === "received"))
      assert.isTrue(Predicate.isNotUndefined(updates[0]))
    }),
  )
})
