/** Delivery updates: their order, times, signature, receivers and retries. */
import { Contract } from "@effect-sent/contract"
import { type Message, MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import { DateTime, Effect, Logger, References } from "effect"
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

/** Sends one message of a scenario and advances the clock past its last update. */
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
  ] as const)("of %s arrive in the order of the scenario", ([scenario, statuses, last]) =>
    Effect.gen(function* () {
      const { mock, receiver } = yield* play(scenario)
      assert.deepStrictEqual(statusesOf(receiver), [...statuses])
      const message = yield* mock.expectMessage({ scenario })
      assert.strictEqual(message.status, last)
      assert.isTrue(message.updates.every(({ state }) => state === "received"))
    }),
  )

  it.effect("contain the data of the message and conform to the contract's callback", () =>
    Effect.gen(function* () {
      const ajv = new Ajv2020({ strict: false })
      addFormats.default(ajv)
      // The contract has been checked, so this is a schema.
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

  it.effect("are sent when they are due, with the time of their event", () =>
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

  it.effect("are sent a hundred times as fast while the clock runs", () =>
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

  it.effect("do not follow a message that was refused or has no webhookUrl", () =>
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
  ] as const)("is verified by Standard Webhooks, with %j", ([options, secret]) =>
    Effect.gen(function* () {
      const { receiver } = yield* play("delivered", options)
      assert.deepStrictEqual(verify(secret, receiver), receiver.updates[0]?.body)
      const ids = new Set(receiver.updates.map(({ headers }) => headers["x-webhook-id"]))
      assert.strictEqual(ids.size, 1, "the id of the endpoint is the same on each")
    }),
  )

  it.effect("uses the given secret", () =>
    Effect.gen(function* () {
      const { receiver } = yield* play("delivered", { webhookSecret: key })
      assert.throws(() => verify(MockServer.defaultWebhookSecret, receiver))
    }),
  )
})

/** The expected state and attempts of both updates. */
const twice = (state: Message.UpdateState, outcomes: ReadonlyArray<unknown>) => [
  [state, outcomes],
  [state, outcomes],
]

describe("an update that is not received", () => {
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

  it.effect("is retried after one minute and after two more, and then given up", () =>
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

  it.effect(
    "is logged at each attempt, and shown with what was sent and what the receiver answered",
    () =>
      Effect.gen(function* () {
        const lines: Array<string> = []
        const logger = Logger.make(({ message }) => void lines.push([message].flat().join(" ")))
        const mock = yield* manual().pipe(
          Effect.provide(Logger.layer([logger])),
          Effect.provideService(References.MinimumLogLevel, "Debug"),
        )
        const receiver = yield* makeReceiver([500], {}, "no route for updates")
        yield* send(mock, receiver.url, "blocked")
        yield* mock.clock.advance("1 hour")
        assert.deepStrictEqual(
          lines.filter((line) => line.includes("BLOCKED")),
          [
            "update BLOCKED of message 1: 500, try 1, retry in 1m",
            "update BLOCKED of message 1: 500, try 2, retry in 2m",
            "update BLOCKED of message 1: 500, try 3, given up",
          ],
        )
        const { updates } = yield* mock.expectMessage({ scenario: "blocked" })
        for (const [index, { answer, headers }] of (updates[1]?.attempts ?? []).entries()) {
          assert.strictEqual(answer, "no route for updates")
          const sent = receiver.updates.filter(
            ({ body }) => body.payload["message_status"] === "BLOCKED",
          )
          for (const name of ["x-webhook-signature", "x-webhook-timestamp", "x-webhook-id"]) {
            assert.strictEqual(headers?.[name], sent[index]?.headers[name])
          }
        }
      }),
  )

  it.effect("is not retried after it was received", () =>
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

  it.effect("is retried when no answer arrives in time", () =>
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

  it.effect("is retried when nothing listens", () =>
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

  it.effect("does not follow a redirect", () =>
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

describe("a receiver that hangs", () => {
  it.effect("does not delay the updates of another one", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ webhookTimeout: "1 hour" })
      const hanging = yield* makeReceiver([undefined])
      const receiver = yield* makeReceiver()
      for (let sent = 0; sent < 100; sent++) yield* send(mock, hanging.url)
      yield* send(mock, receiver.url)
      yield* mock.awaitMessage({ webhookUrl: receiver.url, status: "DELIVERED" }, "10 seconds")
      assert.deepStrictEqual(statusesOf(receiver), ["QUEUED", "ROUTED", "SENT", "DELIVERED"])
    }),
  )

  it.effect("does not delay those of another path on the same port", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ webhookTimeout: "1 hour" })
      const receiver = yield* makeReceiver((url) => (url === "/hangs" ? undefined : 204))
      const at = (path: string): string => new URL(path, receiver.url).href
      for (let sent = 0; sent < 100; sent++) yield* send(mock, at(`/hangs`))
      yield* send(mock, at("/answers"))
      yield* mock.awaitMessage({ webhookUrl: at("/answers"), status: "DELIVERED" }, "10 seconds")
    }),
  )

  it.effect("has the whole time-out for an attempt that waited for its turn", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ webhookTimeout: 300 })
      const receiver = yield* makeReceiver([undefined])
      for (let sent = 0; sent < 40; sent++) yield* send(mock, receiver.url, "blocked")
      yield* mock.awaitMessage(
        ({ number, updates: [first] }) => number === 40 && (first?.attempts.length ?? 0) > 0,
        "10 seconds",
      )
      for (const { updates } of yield* mock.messages()) {
        const [attempt] = updates[0]?.attempts ?? []
        assert.strictEqual(attempt?.problem, "no answer within 300ms")
        assert.closeTo(attempt?.durationMillis ?? 0, 1000, 710, "from 290 ms")
      }
    }),
  )
})

describe("more messages with pending updates than allowed", () => {
  it.effect("lose the updates of the oldest, which is counted, logged and shown", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push([message].flat().join(" ")))
      const mock = yield* manual({ maxPending: 3 }).pipe(Effect.provide(Logger.layer([logger])))
      const receiver = yield* makeReceiver()
      for (let sent = 0; sent < 5; sent++) yield* send(mock, receiver.url)
      yield* mock.clock.advance("1 hour")
      assert.lengthOf(receiver.updates, 3 * 4)
      const states = (yield* mock.messages()).map(({ updates }) =>
        [...new Set(updates.map(({ state }) => state))].join(),
      )
      assert.deepStrictEqual(states, ["dropped", "dropped", "received", "received", "received"])
      const info = yield* Effect.promise(async () => (await fetch(`${mock.inboxUrl}info`)).json())
      assert.strictEqual(Object(info).droppedUpdates, 8)
      assert.include(lines.join("\n"), "more than 3 messages have pending updates")
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
  ])("is not called: %s", (webhookUrl) =>
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

  it.effect("is called when its host is allowed", () =>
    Effect.gen(function* () {
      // An unknown name: the failed lookup shows that the mock tried to send.
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

  it.effect("is local in every notation of loopback", () =>
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

  it.effect("is not called when the port of its URL is invalid", () =>
    Effect.gen(function* () {
      const mock = yield* manual()
      yield* send(mock, "http://127.0.0.1:99999/", "blocked")
      yield* mock.clock.advance("1 hour")
      const { updates } = yield* mock.expectMessage({ scenario: "blocked" })
      assert.deepStrictEqual(
        updates.map(({ attempts, state }): ReadonlyArray<unknown> => [
          state,
          attempts.map(({ problem }) => problem),
        ]),
        twice("given-up", ["the URL is invalid"]),
      )
    }),
  )
})

describe("the mock's own receiver", () => {
  it.effect("accepts updates for callers without a receiver", () =>
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
  it.effect("can be resent", () =>
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

  it.effect("cannot be resent before its first attempt", () =>
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

describe("pending updates", () => {
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

  it.effect("are not sent when another sender's clock is advanced", () =>
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

  it.effect("are cancelled when their messages are cleared", () =>
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
