/** What updates say, in every published form, and what a series of them says together. */
import { DeliveryStatus } from "@effect-sent/core"
import { Contract } from "@effect-sent/contract"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Redacted, Schema } from "effect"

const contract = await Effect.runPromise(Contract.load())
const examples = contract.operations.flatMap(({ updates }) => updates?.examples ?? [])

const payload = {
  account_id: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  message_id: "8BA7B830-9dad-11d1-80b4-00c04fd430c8",
  message_status: "DELIVERED",
  channel: "sms",
  inbound_number: "+1234567890",
  outbound_number: "+1987654321",
  template_id: "9ba7b840-9dad-11d1-80b4-00c04fd430c8",
}

const timestamp = "2025-10-31T10:10:42Z"

const statusOf = (body: unknown): DeliveryStatus.MessageStatus | undefined => {
  const event = DeliveryStatus.decode(body)
  return event._tag === "MessageStatus" ? event.status : undefined
}

describe("an update about a message's status", () => {
  it.each(examples.map(({ name, value }) => [name, value] as const))(
    "is decoded as the contract shows it: %s",
    (_, body) => {
      const event = DeliveryStatus.decode(body)
      assert.strictEqual(event._tag, "MessageStatus")
      if (event._tag !== "MessageStatus") return
      const { message_id, message_status, ...rest } = Object(body).payload
      assert.strictEqual(event.status, message_status.toUpperCase())
      assert.strictEqual(event.messageId, message_id)
      assert.strictEqual(event.channel, rest.channel)
      assert.strictEqual(event.accountId, rest.account_id)
      assert.strictEqual(event.templateId, rest.template_id)
      assert.strictEqual(Redacted.value(event.recipient ?? Redacted.make("")), rest.inbound_number)
      assert.strictEqual(Redacted.value(event.sender ?? Redacted.make("")), rest.outbound_number)
      assert.strictEqual(event.at.epochMilliseconds, Date.parse(Object(body).timestamp))
    },
  )

  it.each([
    ["messages", { field: "messages", timestamp, payload }],
    ["sub_type", { field: "message", sub_type: "message.delivered", timestamp, payload }],
    ["event", { field: "message", event: "message.delivered", timestamp, payload }],
    [
      "lower case",
      { field: "messages", timestamp, payload: { ...payload, message_status: "delivered" } },
    ],
    [
      "only the required fields",
      {
        field: "message",
        timestamp,
        payload: { message_id: payload.message_id, message_status: "DELIVERED" },
      },
    ],
    [
      "nulls for absent fields",
      {
        field: "message",
        sub_type: null,
        timestamp,
        payload: { ...payload, agent_id: null, channel: null },
      },
    ],
    [
      "fractions and an offset",
      { field: "message", timestamp: "2025-10-31t12:10:42.120+02:00", payload },
    ],
  ])("is decoded with %s", (_, body) => {
    assert.strictEqual(statusOf(body), "DELIVERED")
  })

  it.each(DeliveryStatus.MessageStatus.literals)("can be %s", (message_status) => {
    const body = { field: "message", timestamp, payload: { ...payload, message_status } }
    assert.strictEqual(statusOf(body), message_status)
  })

  it("keeps unknown fields", () => {
    const body = { field: "message", timestamp, payload: { ...payload, cost: 0.01 }, region: "eu" }
    const event = DeliveryStatus.decode(body)
    assert.deepStrictEqual(Redacted.value<unknown>(event.body), body)
  })

  it("shows no phone number when it is inspected", () => {
    const body = { field: "message", timestamp, payload }
    const event = DeliveryStatus.decode(body)
    for (const shown of [JSON.stringify(event), String(Object.values(event))]) {
      assert.notInclude(shown, "1234567890")
      assert.notInclude(shown, "1987654321")
    }
  })
})

describe("an update about something else", () => {
  it("is an inbound message", () => {
    const event = DeliveryStatus.decode({
      field: "message",
      sub_type: "message.received",
      timestamp,
      payload: {
        account_id: payload.account_id,
        from: "+1234567890",
        to: "+1987654321",
        text: "Stop",
        channel: "sms",
        provider: "carrier",
        received_at: "2025-10-31T10:10:40Z",
      },
    })
    assert.strictEqual(event._tag, "MessageReceived")
    if (event._tag !== "MessageReceived") return
    assert.strictEqual(Redacted.value(event.from), "+1234567890")
    assert.strictEqual(event.text === undefined ? "" : Redacted.value(event.text), "Stop")
    assert.strictEqual(event.provider, "carrier")
    assert.strictEqual(DateTime.formatIso(event.at), "2025-10-31T10:10:40.000Z")
    assert.notInclude(JSON.stringify(event), "Stop")
  })

  it("is a template's status", () => {
    const event = DeliveryStatus.decode({
      field: "templates",
      timestamp,
      payload: {
        account_id: payload.account_id,
        template_id: payload.template_id,
        template_name: "order",
        whatsapp_template_id: "123",
        status: "REJECTED",
        language: "en",
        category: "UTILITY",
        channel: "whatsapp",
        reason: "wording",
      },
    })
    assert.strictEqual(event._tag, "TemplateStatus")
    if (event._tag !== "TemplateStatus") return
    assert.deepStrictEqual(
      [event.status, event.templateName, event.reason, event.whatsappTemplateId],
      ["REJECTED", "order", "wording", "123"],
    )
  })

  it.each<readonly [kind: string, body: unknown]>([
    [
      "message RETURNED",
      { field: "message", timestamp, payload: { ...payload, message_status: "RETURNED" } },
    ],
    ["message DELIVERED", { field: "message", timestamp: "yesterday", payload }],
    ["message DELIVERED", { field: "message", timestamp: "2025-10-31", payload }],
    ["message DELIVERED", { field: "message", payload }],
    [
      "message DELIVERED",
      { field: "message", timestamp, payload: { ...payload, message_id: "1" } },
    ],
    ["contacts contact.created", { field: "contacts", sub_type: "contact.created" }],
    ["unnamed", { field: "+1234567890" }],
    ["unnamed", null],
    ["unnamed", []],
    ["unnamed", "text"],
    ["unnamed", 1],
  ])("is unknown: %s", (kind, body) => {
    const event = DeliveryStatus.decode(body)
    assert.strictEqual(event._tag, "Unknown")
    if (event._tag === "Unknown") assert.strictEqual(event.kind, kind)
  })

  it.effect.prop("never fails, whatever it is", { body: Schema.Json }, ({ body }) =>
    Effect.sync(() => assert.isString(DeliveryStatus.decode(body)._tag)),
  )
})

const update = (status: string, seconds: number, more: object = {}): DeliveryStatus.DeliveryEvent =>
  DeliveryStatus.decode({
    field: "message",
    timestamp: new Date(seconds * 1000).toISOString(),
    payload: { ...payload, message_status: status, ...more },
  })

const stateOf = (events: ReadonlyArray<DeliveryStatus.DeliveryEvent>): DeliveryStatus.State =>
  events.reduce(DeliveryStatus.reduce, DeliveryStatus.empty)

describe("the state of a message", () => {
  it.each<
    readonly [sentence: string, steps: ReadonlyArray<readonly [string, number]>, status: string]
  >([
    [
      "goes its way",
      [
        ["QUEUED", 1],
        ["ROUTED", 2],
        ["SENT", 3],
        ["DELIVERED", 4],
        ["READ", 5],
      ],
      "READ",
    ],
    [
      "is that of the latest event, whatever arrived last",
      [
        ["DELIVERED", 4],
        ["SENT", 3],
      ],
      "DELIVERED",
    ],
    [
      "can fail after it was delivered",
      [
        ["FAILED", 9],
        ["DELIVERED", 4],
      ],
      "FAILED",
    ],
    [
      "can be routed anew",
      [
        ["QUEUED", 1],
        ["SENT", 3],
        ["QUEUED", 4],
        ["ROUTED", 5],
      ],
      "ROUTED",
    ],
    [
      "of two events with the same time, takes the one further along",
      [
        ["READ", 4],
        ["DELIVERED", 4],
      ],
      "READ",
    ],
  ])("%s", (_, steps, status) => {
    const state = stateOf(steps.map(([one, seconds]) => update(one, seconds)))
    assert.strictEqual(state.status, status)
    assert.lengthOf(state.steps, steps.length)
  })

  it("orders events with the same time by the usual sequence", () => {
    const sequence = ["QUEUED", "ROUTED", "SENT", "DELIVERED", "READ", "FAILED"]
    const state = stateOf(sequence.toReversed().map((status) => update(status, 1)))
    assert.deepStrictEqual(
      state.steps.map(({ status }) => status),
      sequence,
    )
  })

  it("ignores repeated and unrelated events", () => {
    const once = stateOf([update("SENT", 3)])
    assert.strictEqual(DeliveryStatus.reduce(once, update("SENT", 3)), once)
    assert.strictEqual(DeliveryStatus.reduce(once, DeliveryStatus.decode({})), once)
  })

  it("is final with an outcome", () => {
    const finals = DeliveryStatus.MessageStatus.literals.filter(
      (status) => stateOf([update(status, 1)]).isFinal,
    )
    assert.deepStrictEqual(finals, ["DELIVERED", "READ", "FAILED", "FILTERED", "BLOCKED"])
  })

  const Event = Schema.Struct({
    status: DeliveryStatus.MessageStatus,
    seconds: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 })),
    channel: Schema.Literals(["sms", "whatsapp"]),
    message_id: Schema.Literals([payload.message_id, "9ba7b830-9dad-11d1-80b4-00c04fd430c8"]),
  })
  const Case = Schema.Struct({
    events: Schema.Array(Event).check(Schema.isMaxLength(100)),
    order: Schema.Array(Schema.Finite).check(Schema.isMinLength(100), Schema.isMaxLength(100)),
    repeated: Schema.Array(Schema.Boolean).check(Schema.isMinLength(100), Schema.isMaxLength(100)),
  })

  it.effect.prop(
    "is the same for the same events, in any order and repeated in any way",
    { one: Case },
    ({ one: { events, order, repeated } }) =>
      Effect.sync(() => {
        const all = events.map(({ seconds, status, ...more }) => update(status, seconds, more))
        const shuffled = all
          .flatMap((event, index) => (repeated[index] === true ? [event, event] : [event]))
          .map((event, index) => [order[index % 100] ?? 0, event] as const)
          .toSorted(([a], [b]) => a - b)
          .map(([, event]) => event)
        assert.deepStrictEqual(stateOf(shuffled), stateOf(all))
        assert.deepStrictEqual(DeliveryStatus.fromSteps(stateOf(all).steps), stateOf(all))
        assert.isAtMost(stateOf(all).steps.length, DeliveryStatus.maxSteps)
      }),
  )

  it("keeps at most maxSteps steps, the latest", () => {
    const events = Array.from({ length: 100 }, (_, index) => update("QUEUED", index))
    const state = stateOf(events.toReversed())
    assert.lengthOf(state.steps, DeliveryStatus.maxSteps)
    assert.deepStrictEqual(state, stateOf(events))
    assert.strictEqual(state.steps[0]?.at.epochMilliseconds, 36_000)
  })
})
