/** What updates say, in every published form and in others. */
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

  const receivedAt = DateTime.makeUnsafe("2025-10-31T10:10:50Z")

  it.each<readonly [timestamp: unknown, read: string]>([
    ["2025-10-31T10:10:42Z", "2025-10-31T10:10:42.000Z"],
    ["2025-10-31T10:10:42", "2025-10-31T10:10:42.000Z"],
    ["2025-10-31 10:10:42", "2025-10-31T10:10:42.000Z"],
    ["2025-10-31T10:10:42.1234567", "2025-10-31T10:10:42.123Z"],
    ["2025-10-31T10:10:42,5Z", "2025-10-31T10:10:42.500Z"],
    ["2025-10-31T10:10:42+0000", "2025-10-31T10:10:42.000Z"],
    ["2025-10-31T12:10:42+0200", "2025-10-31T10:10:42.000Z"],
    ["2025-10-31T12:10:42+02", "2025-10-31T10:10:42.000Z"],
    ["2025-10-31T05:40:42-04:30", "2025-10-31T10:10:42.000Z"],
    ["2025-10-31 10:10:42 UTC", "2025-10-31T10:10:42.000Z"],
    [" 2025-10-31T10:10:42Z\n", "2025-10-31T10:10:42.000Z"],
    ["Fri, 31 Oct 2025 10:10:42 GMT", "2025-10-31T10:10:42.000Z"],
    ["2025-10-31T23:59:60Z", "2025-10-31T23:59:59.000Z"],
    [1_761_905_442, "2025-10-31T10:10:42.000Z"],
    [1_761_905_442.25, "2025-10-31T10:10:42.250Z"],
    ["1761905442", "2025-10-31T10:10:42.000Z"],
    ["1761905442123", "2025-10-31T10:10:42.123Z"],
    [1_761_905_442_123, "2025-10-31T10:10:42.123Z"],
    ["1761905442123456", "2025-10-31T10:10:42.123Z"],
    ["1761905442123456789", "2025-10-31T10:10:42.123Z"],
  ])("has the time %j, which is %s", (written, read) => {
    const event = DeliveryStatus.decode({ field: "message", timestamp: written, payload })
    const stated = event._tag === "MessageStatus" ? event.statedAt : undefined
    assert.strictEqual(stated === undefined ? "" : DateTime.formatIso(stated), read)
  })

  it.each<readonly [timestamp: unknown]>([
    [undefined],
    [null],
    [""],
    ["yesterday"],
    ["2025-10-31"],
    ["2025-02-30T10:10:42Z"],
    ["2025-10-31T25:10:42Z"],
    ["2025-10-31T10:10:42 CET"],
    ["2025-10-31T10:10:60Z"],
    ["31/10/2025 10:10:42"],
    [42],
    [-1],
    [Number.MAX_VALUE],
    [{ seconds: 1 }],
  ])("that has no time that can be read has the time of its receipt: %j", (stated) => {
    const body = { field: "message", timestamp: stated, payload }
    const event = DeliveryStatus.decode(body, { receivedAt })
    assert.strictEqual(event._tag, "MessageStatus")
    if (event._tag !== "MessageStatus") return
    assert.isUndefined(event.statedAt)
    assert.deepStrictEqual(event.at, receivedAt)
    // And it is an event all the same without one.
    assert.strictEqual(DeliveryStatus.decode(body)._tag, "Unknown")
  })

  it.each<readonly [id: unknown, read: string]>([
    ["8ba7b8309dad11d180b400c04fd430c8", "8ba7b830-9dad-11d1-80b4-00c04fd430c8"],
    ["8BA7B830-9DAD-11D1-80B4-00C04FD430C8", "8ba7b830-9dad-11d1-80b4-00c04fd430c8"],
    ["msg_1", "msg_1"],
    ["Msg_1", "Msg_1"],
    [17, "17"],
  ])("has the message id %j, which is %s", (message_id, read) => {
    const event = DeliveryStatus.decode({
      field: "message",
      timestamp,
      payload: { ...payload, message_id },
    })
    assert.strictEqual(event._tag, "MessageStatus")
    if (event._tag === "MessageStatus") assert.strictEqual(event.messageId, read)
  })

  it.each([
    "account_id",
    "channel",
    "inbound_number",
    "outbound_number",
    "template_id",
    "agent_id",
  ])("is decoded without %s where that does not fit", (name) => {
    for (const value of [7, true, [], {}, null]) {
      const body = { field: "message", timestamp, payload: { ...payload, [name]: value } }
      assert.strictEqual(statusOf(body), "DELIVERED")
    }
  })

  it("is decoded without its field, which the rest of it makes clear", () => {
    assert.strictEqual(statusOf({ timestamp, payload }), "DELIVERED")
  })

  it("keeps a status that is not known by its name", () => {
    const body = {
      field: "message",
      timestamp,
      payload: { ...payload, message_status: "undelivered" },
    }
    assert.strictEqual(statusOf(body), "UNDELIVERED")
    assert.isFalse(DeliveryStatus.isFinal("UNDELIVERED"))
  })

  it.each(DeliveryStatus.KnownMessageStatus.literals)("can be %s", (message_status) => {
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
    // No time that can be read, and no time of receipt.
    ["message DELIVERED", { field: "message", timestamp: "yesterday", payload }],
    ["message DELIVERED", { field: "message", payload }],
    [
      "message DELIVERED",
      { field: "message", timestamp, payload: { ...payload, message_id: "+1 234 567" } },
    ],
    ["message DELIVERED", { field: "message", timestamp, payload: { ...payload, message_id: "" } }],
    [
      "message DELIVERED",
      { field: "message", timestamp, payload: { ...payload, message_id: null } },
    ],
    ["message", { field: "message", timestamp, payload: { ...payload, message_status: "" } }],
    ["message", { field: "message", timestamp, payload: { ...payload, message_status: "+123" } }],
    [
      "contacts DELIVERED",
      { field: "contacts", timestamp, payload: { ...payload, message_status: "DELIVERED" } },
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
