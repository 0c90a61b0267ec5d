import { createHmac } from "node:crypto"
import { describe, expect, it } from "vitest"
import { contract } from "./support/contract.ts"
import { at, isObject, objectAt, textOf } from "../../src/internal/document/json.ts"
import { withValueAt, without } from "./support/edit.ts"
import type { Json, JsonObject } from "../../src/internal/document/json.ts"
import { problemsOf } from "./support/validate.ts"

const problems = (update: Json): ReadonlyArray<string> =>
  problemsOf("#/components/schemas/DeliveryStatusUpdate", update)

const sample = at(contract, "#/components/examples/delivered/value")
const delivered: JsonObject = isObject(sample) ? sample : {}

describe("A delivery status update", () => {
  it.for<readonly [string, JsonObject]>([
    ["as sub_type says", delivered],
    ["as event says", { ...without(delivered, "#/sub_type"), event: "message.delivered" }],
    ["with both at once", { ...delivered, event: "message.delivered" }],
    ["as messages, without an event", { ...without(delivered, "#/sub_type"), field: "messages" }],
    ["with members that are new", { ...withValueAt(delivered, "#/payload/region", "eu"), new: 1 }],
    ["over a channel to come", withValueAt(delivered, "#/payload/channel", "rcs")],
    ["from a short code", withValueAt(delivered, "#/payload/outbound_number", "12345")],
    ["from an agent", withValueAt(delivered, "#/payload/agent_id", "support")],
    ["from no agent", withValueAt(delivered, "#/payload/agent_id", null)],
    ["in lower case", withValueAt(delivered, "#/payload/message_status", "delivered")],
    ["at a fraction of a second", { ...delivered, timestamp: "2025-10-31T10:10:42.1234567+02:00" }],
  ])("comes %s", ([, update]) => {
    expect(problems(update)).toEqual([])
  })

  it.for<readonly [string, Json]>([
    ["of an unknown status", withValueAt(delivered, "#/payload/message_status", "LOST")],
    ["in mixed case", withValueAt(delivered, "#/payload/message_status", "Delivered")],
    ["without a status", without(delivered, "#/payload/message_status")],
    ["without a message", without(delivered, "#/payload/message_id")],
    ["without an account", without(delivered, "#/payload/account_id")],
    ["without a payload", without(delivered, "#/payload")],
    ["without its time", without(delivered, "#/timestamp")],
    ["at no particular time", { ...delivered, timestamp: "yesterday" }],
    ["at a time without a zone", { ...delivered, timestamp: "2025-10-31T10:10:42" }],
    ["as message, without an event", without(delivered, "#/sub_type")],
    ["about a template", { ...delivered, field: "templates" }],
    ["with an event of another kind", { ...delivered, sub_type: "template.approved" }],
    ["over an unknown channel", withValueAt(delivered, "#/payload/channel", "email")],
    ["about a message id that is not a GUID", withValueAt(delivered, "#/payload/message_id", "42")],
  ])("never comes %s", ([, update]) => {
    expect(problems(update)).not.toEqual([])
  })

  it("carries an example signature that verifies", () => {
    const parameters = objectAt(objectAt(contract, "components"), "parameters")
    const [signature, id, timestamp] = ["WebhookSignature", "WebhookId", "WebhookTimestamp"].map(
      (name) => textOf(at(parameters[name], "#/example")),
    )
    const digest = createHmac("sha256", "an example secret of 32 bytes...")
      .update([id, timestamp, JSON.stringify(delivered)].join("."))
      .digest("base64")
    expect(signature).toBe(`v1,${digest}`)
  })

  const signature = `v1,${"A".repeat(43)}=`

  it.for([
    ["WebhookSignature", signature, true],
    ["WebhookSignature", `${signature} ${signature}`, true],
    ["WebhookSignature", signature.slice(3), false],
    ["WebhookSignature", `v2,${"A".repeat(43)}=`, false],
    ["WebhookSignature", `${signature},${signature}`, false],
    ["WebhookSignature", `${signature} `, false],
    ["WebhookId", "ep_1", true],
    ["WebhookId", "", false],
    ["WebhookId", "two words", false],
    ["WebhookTimestamp", 1_761_905_442, true],
    ["WebhookTimestamp", -1, false],
    ["WebhookTimestamp", 1.5, false],
  ] as const)("has a header %s of %j: %s", ([name, value, fits]) => {
    const found = problemsOf(`#/components/parameters/${name}/schema`, value)
    expect(found.length === 0).toBe(fits)
  })
})
