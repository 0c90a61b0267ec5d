/** Delivery updates: what follows an accepted message, to whom, signed how, and what happens when nobody takes it. */
import { Contract } from "@effect-sent/contract"
import { type Message, MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import { DateTime, Effect } from "effect"
import { Webhook } from "standardwebhooks"
import { credentials, post, sample } from "./support/calls.ts"
import { makeReceiver, type Receiver, statusesOf } from "./support/receiver.ts"

const contract = await Effect.runPromise(Contract.load())
const scenarios = contract.operations.flatMap((one) => one.scenarios)
const numberOf = (name: string): string =>
  scenarios.find((scenario) => scenario.name === name)?.phoneNumber ?? ""

type Mock = MockServer.MockServer["Service"]

const send = (mock: Mock, webhookUrl: string, scenario = "delivered") =>
  Effect.gen(function* () {
    const answer = yield* post(mock, {
      ...sample,
      phoneNumber: numberOf(scenario),
      webhookUrl,
    })
    assert.strictEqual(answer.status, 204)
  })

const manual = (options: MockServer.Options = {}) =>
  MockServer.make({ clock: "manual", realistic: true, ...options })

/** Sends one message of a scenario and lets all its time pass. */
const play = Effect.fnUntraced(function* (scenario: string, options?: MockServer.Options) {
  const mock = yield* manual(options)
  const receiver = yield* makeReceiver()
  yield* send(mock, receiver.url, scenario)
  yield* mock.clock.advance("1 hour")
  return { mock, receiver }
})

describe("the updates of an accepted message", () => {
  it.effect.each([
    ["delivered", ["QUEUED", "ROUTED", "SENT", "DELIVERED"], "DELIVERED"],
    ["read", ["QUEUED", "ROUTED", "SENT", "DELIVERED", "READ"], "READ"],
    ["failed", ["QUEUED", "ROUTED", "SENT", "FAILED"], "FAILED"],
    ["delivered-then-failed", ["QUEUED", "ROUTED", "SENT", "DELIVERED", "FAILED"], "FAILED"],
    [
      "repeated-and-out-of-order",
      ["QUEUED", "DELIVERED", "SENT", "ROUTED", "DELIVERED", "QUEUED"],
      "DELIVERED",
    ],
    ["never", [], "ACCEPTED"],
    ["older-forms", ["RECEIVED", "delivered", "DELIVERED", "DELIVERED"], "DELIVERED"],
  ] as const)("of %s come in its order", ([scenario, statuses, last]) =>
    Effect.gen(function* () {
      const { mock, receiver } = yield* play(scenario)
      assert.deepStrictEqual(statusesOf(receiver), [...statuses])
      const message = yield* mock.expectMessage({ scenario })
      assert.strictEqual(message.status, last)
      assert.isTrue(message.updates.every(({ state }) => state === "received"))
    }),
  )

  it.effect("are about this message, and what the contract's callback allows", () =>
    Effect.gen(function* () {
      const ajv = new Ajv2020({ strict: false })
      addFormats.default(ajv)
      // It is a schema, or the contract would not have been loaded.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const validate = ajv.compile(contract.operations[0]?.updates?.schema as object)
      const plain = scenarios.filter(
        ({ answers: [{ delay, lost }, ...others], updates }) =>
          updates.length > 0 && others.length === 0 && delay === undefined && lost === undefined,
      )
      for (const { name, updates } of plain) {
        const { mock, receiver } = yield* play(name)
        const message = yield* mock.expectMessage({ scenario: name })
        assert.lengthOf(receiver.updates, updates.length)
        for (const { body } of receiver.updates) {
          assert.isTrue(validate(body), ajv.errorsText(validate.errors))
          assert.strictEqual(body.payload["message_id"], message.id)
          assert.strictEqual(body.payload["account_id"], credentials["x-sender-id"])
          assert.strictEqual(body.payload["template_id"], sample.templateId)
          assert.strictEqual(body.payload["inbound_number"], numberOf(name))
        }
      }
    }),
  )

  it.effect("come when their time has come, and say when it happened", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const receiver = yield* makeReceiver()
      const sentAt = DateTime.toEpochMillis(yield* mock.clock.now)
      yield* send(mock, receiver.url, "repeated-and-out-of-order")
      const seen: Array<readonly [seconds: number, status: string | undefined, after: number]> = []
      for (let tenths = 1; tenths <= 80; tenths++) {
        yield* mock.clock.advance(100)
        for (const { body } of receiver.updates.splice(0)) {
          const happened = (Date.parse(body.timestamp) - sentAt) / 1000
          seen.push([tenths / 10, body.payload["message_status"], happened])
        }
      }
      assert.deepStrictEqual(seen, [
        [0.2, "QUEUED", 0.2],
        [4, "DELIVERED", 4],
        [5, "SENT", 1.5],
        [6, "ROUTED", 0.6],
        [7, "DELIVERED", 4],
        [8, "QUEUED", 0.2],
      ])
    }),
  )

  it.effect("come by themselves where the clock runs, a hundred times as fast", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const receiver = yield* makeReceiver()
      yield* send(mock, receiver.url)
      const message = yield* mock.awaitMessage({ status: "DELIVERED" }, "10 seconds")
      assert.deepStrictEqual(statusesOf(receiver), ["QUEUED", "ROUTED", "SENT", "DELIVERED"])
      const [last] = message.updates.slice(-1)
      assert.strictEqual(
        Date.parse(last?.dueAt ?? "") - Date.parse(message.receivedAt),
        40,
        "four seconds, a hundred times as fast",
      )
    }),
  )

  it.effect("are none for a message that was refused, or that names no receiver", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const receiver = yield* makeReceiver()
      for (const { answers, name, phoneNumber } of scenarios) {
        if (answers.some(({ status }) => status < 300)) continue
        const { status } = yield* post(mock, { ...sample, phoneNumber, webhookUrl: receiver.url })
        assert.isAtLeast(status, 400, name)
      }
      const { webhookUrl: _, ...unheard } = sample
      assert.strictEqual((yield* post(mock, unheard)).status, 204)
      yield* mock.clock.advance("1 hour")
      assert.lengthOf(receiver.updates, 0)
      for (const message of yield* mock.messages()) assert.lengthOf(message.updates, 0)
    }),
  )
})

const verify = (secret: string, { updates: [update] }: Receiver): unknown =>
  new Webhook(secret).verify(update?.text ?? "", {
    "webhook-id": update?.headers["x-webhook-id"] ?? "",
    "webhook-timestamp": update?.headers["x-webhook-timestamp"] ?? "",
    "webhook-signature": update?.headers["x-webhook-signature"] ?? "",
  })

describe("the signature of an update", () => {
  const key = `whsec_${Buffer.from("a key of the tests, and no other").toString("base64")}`

  it.effect.each([
    [{}, MockServer.defaultWebhookSecret],
    [{ webhookSecret: key }, key],
  ] as const)("is that of Standard Webhooks, with %j", ([options, secret]) =>
    Effect.gen(function* () {
      const { receiver } = yield* play("delivered", options)
      assert.deepStrictEqual(verify(secret, receiver), receiver.updates[0]?.body)
      const ids = new Set(receiver.updates.map(({ headers }) => headers["x-webhook-id"]))
      assert.strictEqual(ids.size, 1, "the id of the endpoint is the same on each")
    }),
  )

  it.effect("is made with the secret that was given", () =>
    Effect.gen(function* () {
      const { receiver } = yield* play("delivered", { webhookSecret: key })
      assert.throws(() => verify(MockServer.defaultWebhookSecret, receiver))
    }),
  )
})

/** What is expected of each of two updates. */
const twice = (state: Message.UpdateState, outcomes: ReadonlyArray<unknown>) => [
  [state, outcomes],
  [state, outcomes],
]

describe("an update that is not taken", () => {
  /** Sends one message whose only updates are QUEUED and BLOCKED, and advances the clock by these steps. */
  const attempts = Effect.fnUntraced(function* (
    statuses: ReadonlyArray<number | undefined>,
    options?: MockServer.Options,
  ) {
    const mock = yield* manual(options)
    const receiver = yield* makeReceiver(statuses)
    const sentAt = DateTime.toEpochMillis(yield* mock.clock.now)
    yield* send(mock, receiver.url, "blocked")
    yield* mock.clock.advance("1 hour")
    const message = yield* mock.expectMessage({ scenario: "blocked" })
    return {
      receiver,
      updates: message.updates.map((update) => ({
        state: update.state,
        tries: update.attempts.map(({ at, problem, status }) => [
          (Date.parse(at) - sentAt) / 1000,
          status ?? problem,
        ]),
      })),
    }
  })

  it.effect("is tried again after a minute and after two more, and then given up", () =>
    Effect.gen(function* () {
      const { updates } = yield* attempts([500, 404, 302, 429, 503])
      assert.deepStrictEqual(updates, [
        {
          state: "given-up",
          tries: [
            [0.2, 500],
            [60.2, 302],
            [180.2, 503],
          ],
        },
        {
          state: "given-up",
          tries: [
            [1, 404],
            [61, 429],
            [181, 503],
          ],
        },
      ])
    }),
  )

  it.effect("is tried no more once it is taken", () =>
    Effect.gen(function* () {
      const { receiver, updates } = yield* attempts([500, 204, 204])
      assert.deepStrictEqual(
        updates.map(({ state, tries }) => [state, tries]),
        [
          [
            "received",
            [
              [0.2, 500],
              [60.2, 204],
            ],
          ],
          ["received", [[1, 204]]],
        ],
      )
      const [first, , again] = receiver.updates
      assert.strictEqual(first?.text, again?.text)
    }),
  )

  it.effect("is one that nobody answers in time", () =>
    Effect.gen(function* () {
      const { updates } = yield* attempts([undefined], { webhookTimeout: 20 })
      assert.deepStrictEqual(
        updates.map(({ state, tries }): ReadonlyArray<unknown> => [
          state,
          tries.map(([, outcome]) => outcome),
        ]),
        twice("given-up", [
          "no answer within 20ms",
          "no answer within 20ms",
          "no answer within 20ms",
        ]),
      )
    }),
  )

  it.effect("is one where nobody listens", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const { url } = yield* Effect.scoped(makeReceiver())
      yield* send(mock, url, "blocked")
      yield* mock.clock.advance("1 hour")
      const { updates } = yield* mock.expectMessage({ scenario: "blocked" })
      assert.deepStrictEqual(
        updates.map(({ attempts: tries, state }): ReadonlyArray<unknown> => [
          state,
          tries.map(({ problem }) => problem),
        ]),
        twice("given-up", ["connection refused", "connection refused", "connection refused"]),
      )
    }),
  )

  it.effect("is not sent on to where the receiver redirects", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const elsewhere = yield* makeReceiver()
      const receiver = yield* makeReceiver([307], { location: elsewhere.url })
      yield* send(mock, receiver.url)
      yield* mock.clock.advance("1 hour")
      assert.lengthOf(receiver.updates, 12)
      assert.lengthOf(elsewhere.updates, 0)
    }),
  )
})

describe("a receiver that is not on this machine", () => {
  it.effect.each([
    "https://example.com/webhook",
    "http://10.0.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://0.0.0.0:1/",
    "http://127.0.0.1.example.com/",
    "http://localhost.example.com/",
    "http://app.localhost/",
  ])("hears nothing: %s", (webhookUrl) =>
    Effect.gen(function* () {
      const mock = yield* manual()
      yield* send(mock, webhookUrl)
      yield* mock.clock.advance("1 hour")
      const { updates } = yield* mock.expectMessage({ scenario: "delivered" })
      assert.lengthOf(updates, 4)
      for (const { attempts, state } of updates) {
        assert.deepStrictEqual([state, attempts.length], ["not-allowed", 0])
      }
    }),
  )

  it.effect("hears of its messages when its host is allowed", () =>
    Effect.gen(function* () {
      // A name that no resolver knows: that it was asked for is all there is to see.
      const mock = yield* manual({ allowedHosts: ["Receiver.invalid"] })
      yield* send(mock, "http://receiver.invalid/updates", "blocked")
      yield* mock.clock.advance("1 hour")
      const { updates } = yield* mock.expectMessage({ scenario: "blocked" })
      for (const { attempts, state } of updates) {
        assert.strictEqual(state, "given-up")
        assert.match(attempts[0]?.problem ?? "", /ENOTFOUND|EAI_AGAIN/)
      }
    }),
  )

  it.effect("may be written in any way that means loopback", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const receiver = yield* makeReceiver()
      const { port } = new URL(receiver.url)
      for (const host of ["localhost", "127.1", "0x7f.0.0.1"]) {
        yield* send(mock, `http://${host}:${port}/`, "blocked")
      }
      yield* mock.clock.advance("1 hour")
      assert.lengthOf(receiver.updates, 6)
    }),
  )

  it.effect("is none when its URL has a port that there is not", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      yield* send(mock, "http://127.0.0.1:99999/", "blocked")
      yield* mock.clock.advance("1 hour")
      const { updates } = yield* mock.expectMessage({ scenario: "blocked" })
      assert.deepStrictEqual(
        updates.map(({ attempts: tries, state }): ReadonlyArray<unknown> => [
          state,
          tries.map(({ problem }) => problem),
        ]),
        twice("given-up", ["the URL cannot be called"]),
      )
    }),
  )
})

describe("the mock's own receiver", () => {
  it.effect("takes the updates of those who have none yet", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      yield* send(mock, `${mock.inboxUrl}receiver`, "read")
      yield* mock.clock.advance("1 minute")
      const { status, updates } = yield* mock.expectMessage({})
      assert.strictEqual(status, "READ")
      assert.isTrue(updates.every(({ state }) => state === "received"))
    }),
  )
})

describe("an update that was sent", () => {
  it.effect("can be sent once more", () =>
    Effect.gen(function* () {
      const { mock, receiver } = yield* play("blocked")
      const { id } = yield* mock.expectMessage({})
      const resend = (update: string) =>
        Effect.promise(() =>
          fetch(`${mock.inboxUrl}messages/${id}/updates/${update}/resend`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: "{}",
          }),
        )
      assert.strictEqual((yield* resend("2")).status, 200)
      assert.deepStrictEqual(statusesOf(receiver), ["QUEUED", "BLOCKED", "BLOCKED"])
      const { updates } = yield* mock.expectMessage({})
      assert.lengthOf(updates[1]?.attempts ?? [], 2)
      assert.strictEqual((yield* resend("3")).status, 404)
    }),
  )

  it.effect("cannot be sent before its time", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const receiver = yield* makeReceiver()
      yield* send(mock, receiver.url)
      const { id } = yield* mock.expectMessage({})
      const { status } = yield* Effect.promise(() =>
        fetch(`${mock.inboxUrl}messages/${id}/updates/1/resend`, {
          method: "POST",
          headers: { "content-type": "application/json" },
        }),
      )
      assert.strictEqual(status, 409)
      assert.lengthOf(receiver.updates, 0)
    }),
  )
})

describe("the updates that are still to come", () => {
  it.effect("are sent when the mock stops", () =>
    Effect.gen(function* () {
      const receiver = yield* makeReceiver()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const mock = yield* MockServer.make({ realistic: true })
          yield* send(mock, receiver.url, "read")
        }),
      )
      assert.deepStrictEqual(statusesOf(receiver), [
        "QUEUED",
        "ROUTED",
        "SENT",
        "DELIVERED",
        "READ",
      ])
    }),
  )

  it.effect("are not sent when somebody else moves the clock", () =>
    Effect.gen(function* () {
      const receiver = yield* makeReceiver()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const mock = yield* manual()
          yield* send(mock, receiver.url)
        }),
      )
      assert.lengthOf(receiver.updates, 0)
    }),
  )

  it.effect("are not sent of messages that were cleared away", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      const receiver = yield* makeReceiver()
      yield* send(mock, receiver.url)
      yield* mock.clock.advance("1 second")
      yield* mock.clearMessages
      yield* mock.clock.advance("1 hour")
      assert.deepStrictEqual(statusesOf(receiver), ["QUEUED", "ROUTED"])
    }),
  )
})
