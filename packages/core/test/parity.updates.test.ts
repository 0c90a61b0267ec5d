/**
 * Core understands every update that the contract promises, and takes no other for a message's status but for what it
 * forgives. Core's decoder is compared with the contract's callback: by its schema, keyword by keyword, and by its verdict on
 * many bodies. The contract speaks through Prism.
 */
import { DeliveryStatus } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Predicate, Redacted, Schema } from "effect"
import { agree, patience } from "./support/agree.ts"
import { changedUpdates, either, updatesOfContract, updatesOfCore } from "./support/bodies.ts"
import { at, component, sendToPhone, update, updates } from "./support/contract.ts"
import { differences, jsonSchemaOf, unmet } from "./support/jsonSchema.ts"
import { sample } from "@effect-sent/faults/sample"

// -----------------------------------------------------------------------------
// Keyword by keyword
// -----------------------------------------------------------------------------

describe("the JSON Schema of core", () => {
  it("has the contract's statuses, in either letter case", () => {
    const { literals } = DeliveryStatus.KnownMessageStatus
    const lower = Schema.Literals(literals.map((status) => status.toLowerCase()))
    for (const [name, schema] of [
      ["MessageStatus", DeliveryStatus.KnownMessageStatus],
      ["LowerCaseMessageStatus", lower],
    ] as const) {
      assert.deepStrictEqual(differences(jsonSchemaOf(schema), component("schemas", name)), [])
    }
  })

  it("demands nothing of an update that the contract does not promise", () => {
    const core = jsonSchemaOf(DeliveryStatus.MessageStatusBody)
    assert.deepStrictEqual(unmet(core, sendToPhone.updates?.schema), [])
  })

  it("has every member of an update's payload, and none besides", () => {
    const { fields } = DeliveryStatus.MessageStatusBody.fields.payload
    const members = component("schemas", "MessageStatusPayload", "properties")
    assert.sameMembers(Object.keys(fields), Object.keys(Object(members)))
  })
})

// -----------------------------------------------------------------------------
// Verdict by verdict
// -----------------------------------------------------------------------------

/**
 * A time as RFC 3339 writes it. Prism's `date-time` takes more: offsets such as `+02`, `+0200` and `+99:99`, any white
 * space for the `T`, and a leap second that is none in UTC. Core keeps to the RFC.
 */
const isRfc3339 = (timestamp: unknown): boolean =>
  Predicate.isString(timestamp) &&
  /^.{10}[T ].{8}(?:\.\d+)?(?:Z|(?<!:60(?:\.\d+)?)[+-](?:[01]\d|2[0-3]):[0-5]\d)$/iu.test(timestamp)

const encoder = new TextEncoder()

const isPromised = Effect.fnUntraced(function* (body: unknown) {
  if (!isRfc3339(at(body, "timestamp"))) return false
  const violations = yield* updates.request(update, {
    method: update.method,
    target: update.path,
    headers: { "content-type": "application/json" },
    body: encoder.encode(JSON.stringify(body)),
  })
  return violations.length === 0
})

/** Members of the payload that core has no need of. */
const dispensable = {
  account_id: sample.templateId,
  channel: "sms",
  inbound_number: "+1234567890",
  outbound_number: "+1987654321",
  template_id: sample.templateId,
}

/** A message id that core takes as it is. */
const isName = (id: unknown): boolean =>
  (Predicate.isString(id) || Predicate.isNumber(id)) && /^[\w.:-]{1,128}$/.test(String(id).trim())

/** A status that core keeps by its name. */
const isWord = (status: unknown): boolean =>
  Predicate.isString(status) && /^[A-Z][A-Z0-9_.-]{0,63}$/.test(status.trim().toUpperCase())

/**
 * The update without what core forgives: any time or none, whatever `sub_type` and `event` say, no `field`, any name for a
 * message id or a status, and anything in the place of what it has no need of. All else it must refuse as the contract
 * does.
 */
const mended = (body: unknown): unknown => {
  const payload = at(body, "payload")
  if (!Predicate.isObject(body) || !Predicate.isObject(payload)) return body
  const { event: _, ...named } = { field: "message", ...body, event: undefined }
  const { agent_id: _agent, message_id, message_status, ...rest } = Object(payload)
  return {
    ...named,
    sub_type: "message.any",
    timestamp: "2025-10-31T10:10:42Z",
    payload: {
      ...rest,
      ...dispensable,
      message_id: isName(message_id) ? sample.templateId : message_id,
      message_status: isWord(message_status) ? "DELIVERED" : message_status,
    },
  }
}

const textOf = (text: Redacted.Redacted<string> | undefined): string | undefined =>
  text === undefined ? undefined : Redacted.value(text)

/** What an event says, under the update's names. */
const said = (event: DeliveryStatus.MessageStatusEvent) => ({
  timestamp: event.statedAt?.epochMilliseconds,
  payload: {
    account_id: event.accountId,
    message_id: event.messageId,
    message_status: event.status,
    channel: event.channel,
    inbound_number: textOf(event.recipient),
    outbound_number: textOf(event.sender),
    template_id: event.templateId,
    agent_id: event.agentId,
  },
})

/** What the event of an update must say. */
const meant = (body: unknown): ReturnType<typeof said> => {
  const { payload, timestamp } = Object(body)
  return {
    // JavaScript has no leap second: it counts as the second before.
    timestamp: Date.parse(
      String(timestamp)
        .toUpperCase()
        .replace(/:60(?=[.Z])/, ":59"),
    ),
    payload: {
      account_id: payload.account_id,
      message_id: payload.message_id.toLowerCase(),
      message_status: payload.message_status.toUpperCase(),
      channel: payload.channel,
      inbound_number: payload.inbound_number,
      outbound_number: payload.outbound_number,
      template_id: payload.template_id,
      agent_id: payload.agent_id ?? undefined,
    },
  }
}

const verdictsOn = Effect.fnUntraced(function* (generated: unknown) {
  const body: unknown = JSON.parse(JSON.stringify(generated))
  const event = DeliveryStatus.decode(body, { receivedAt: DateTime.makeUnsafe(0) })
  if (!(yield* isPromised(body))) {
    return { core: event._tag === "MessageStatus", contract: yield* isPromised(mended(body)) }
  }
  if (event._tag !== "MessageStatus") return { core: false, contract: true }
  yield* Effect.try({
    try: () => assert.deepStrictEqual(said(event), meant(body)),
    catch: (cause) => `core reads something else: ${String(cause)}`,
  })
  return { core: true, contract: true }
})

describe("core's decoder and the contract agree", () => {
  it.effect(
    "on 20,000 updates, made from either's schema or with one thing changed",
    () => agree(either<unknown>([updatesOfCore, updatesOfContract, changedUpdates]), verdictsOn),
    patience,
  )
})
