/** The provider's v3 beside v1: ids, idempotency keys, the sandbox, look-ups, and updates to an account's receiver. */
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { type Duration, Effect, Fiber, Predicate } from "effect"
import { post } from "./support/calls.ts"
import { makeReceiver } from "./support/receiver.ts"

type Mock = MockServer.MockServer["Service"]

const key = "sk_test_of_one_account"

const templateId = "9ba7b840-9dad-11d1-80b4-00c04fd430c8"

interface Got {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

const call = (mock: Mock, path: string, init: RequestInit): Promise<Got> =>
  fetch(`${mock.baseUrl}${path}`, init).then(async (response) => ({
    status: response.status,
    headers: response.headers,
    body: await response.json(),
  }))

const initOf = (body: unknown, headers: Readonly<Record<string, string>>): RequestInit => ({
  method: "POST",
  headers: { "x-api-key": key, "content-type": "application/json", ...headers },
  body: JSON.stringify(body),
})

const send = (
  mock: Mock,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Effect.Effect<Got> => Effect.promise(() => call(mock, "/v3/messages", initOf(body, headers)))

const look = (mock: Mock, path: string, apiKey = key): Effect.Effect<Got> =>
  Effect.promise(() => call(mock, `/v3/messages/${path}`, { headers: { "x-api-key": apiKey } }))

const at = (value: unknown, ...names: ReadonlyArray<string | number>): unknown =>
  names.reduce<unknown>((node, name) => Object(node)[name], value)

const idsIn = ({ body }: Got): ReadonlyArray<string> => {
  const recipients = at(body, "data", "recipients")
  assert.isArray(recipients, JSON.stringify(body))
  return (Array.isArray(recipients) ? recipients : []).map((one: unknown) =>
    String(at(one, "message_id")),
  )
}

const codeIn = ({ body }: Got): unknown => at(body, "error", "code")

const to = (digits: string, more: object = {}): object => ({
  to: [`+1500555${digits}`],
  template: { id: templateId, parameters: { name: "Jane" } },
  ...more,
})

const isReplay = ({ headers }: Got): boolean => headers.get("idempotent-replayed") === "true"

const manual = (options: MockServer.Options = {}) =>
  MockServer.make({ clock: "manual", realistic: true, ...options })

/** Advances the clock until the work is over. */
const advancing = <A>(mock: Mock, step: Duration.Input, work: Effect.Effect<A>): Effect.Effect<A> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(work, { startImmediately: true })
    while (fiber.pollUnsafe() === undefined) {
      yield* Effect.orDie(mock.clock.advance(step))
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    }
    return yield* Fiber.join(fiber)
  })

const acceptedOf = (mock: Mock) => mock.messages({ accepted: true })

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
      const ofAnother = yield* send(mock, to("2040"), { ...keyed, "x-api-key": "another account" })
      assert.isFalse(isReplay(ofAnother))
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
