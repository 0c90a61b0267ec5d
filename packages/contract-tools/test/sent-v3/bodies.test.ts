/** Requests and updates that the v3 contract accepts and refuses. */
import { Contract } from "@effect-sent/contract"
import { Ajv2020 } from "ajv/dist/2020.js"
import formats from "ajv-formats"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { parse } from "yaml"
import { at, isObject, type JsonObject } from "../../src/internal/document/json.ts"
import { withValueAt, without } from "../sent-v1/support/edit.ts"

const parsed: unknown = parse(readFileSync(Contract.bundledV3Path, "utf8"))
const contract: JsonObject = isObject(parsed) ? parsed : {}

const ajv = new Ajv2020({ strict: false, allErrors: true })
// CommonJS in an ES module: the plugin is a member of what is imported.
formats.default(ajv)
ajv.addSchema(contract, "v3")

const accepts = (schema: string, value: unknown): boolean =>
  ajv.compile({ $ref: `v3#/components/schemas/${schema}` })(value)

const id = "9ba7b840-9dad-11d1-80b4-00c04fd430c8"
const to = ["+1234567890"]

describe("A request of v3", () => {
  it.for<readonly [string, unknown]>([
    ["a template by its id", { to, template: { id } }],
    ["a template by its id in upper case", { to, template: { id: id.toUpperCase() } }],
    ["a template by its name", { to, template: { name: "welcome", parameters: { name: "Jane" } } }],
    ["a template whose other reference is null", { to, template: { id, name: null } }],
    ["a template without parameters", { to, template: { id, parameters: null } }],
    ["a text", { to, text: "Hello" }],
    ["a text and no template", { to, text: "Hello", template: null }],
    ["a template and no text", { to, text: null, template: { id } }],
    ["several channels", { to, text: "Hello", channel: ["sms", "whatsapp", "rcs", "sent"] }],
    ["no channels", { to, text: "Hello", channel: null }],
    ["the sandbox", { to, text: "Hello", sandbox: true }],
    ["1,000 recipients", { to: Array.from({ length: 1000 }, () => to[0]), text: "Hello" }],
  ])("may have %s", ([, body]) => {
    expect(accepts("SendMessageRequest", body)).toBe(true)
  })

  it.for<readonly [string, unknown]>([
    ["no recipients", { text: "Hello" }],
    ["an empty list of recipients", { to: [], text: "Hello" }],
    ["1,001 recipients", { to: Array.from({ length: 1001 }, () => to[0]), text: "Hello" }],
    ["one recipient that is not a list", { to: to[0], text: "Hello" }],
    ["a recipient without a plus sign", { to: ["1234567890"], text: "Hello" }],
    ["neither template nor text", { to }],
    ["template and text", { to, template: { id }, text: "Hello" }],
    ["both as null", { to, template: null, text: null }],
    ["an empty text", { to, text: "" }],
    ["a template by id and name", { to, template: { id, name: "welcome" } }],
    ["a template by nothing", { to, template: {} }],
    ["a template by nulls", { to, template: { id: null, name: null } }],
    ["a template id that is not a GUID", { to, template: { id: "welcome" } }],
    ["a parameter that is a number", { to, template: { id, parameters: { count: 1 } } }],
    ["an unknown channel", { to, text: "Hello", channel: ["email"] }],
    ["a channel that is not a list", { to, text: "Hello", channel: "sms" }],
    ["a sandbox that is a text", { to, text: "Hello", sandbox: "true" }],
    ["a sandbox that is null", { to, text: "Hello", sandbox: null }],
    ["the webhook URL of v1", { to, text: "Hello", webhookUrl: "https://example.com/" }],
    ["the number of v1", { phoneNumber: to[0], text: "Hello" }],
  ])("may not have %s", ([, body]) => {
    expect(accepts("SendMessageRequest", body)).toBe(false)
  })
})

const sample = at(contract, "#/components/examples/delivered/value")
const delivered: JsonObject = isObject(sample) ? sample : {}

describe("An update of v3", () => {
  it.for<readonly [string, JsonObject]>([
    ["as sub_type says", delivered],
    ["in the older form", { ...without(delivered, "#/sub_type"), field: "messages" }],
    ["about a text", withValueAt(delivered, "#/payload/template_id", null)],
    ["without a template", without(delivered, "#/payload/template_id")],
    ["with members that are new", { ...withValueAt(delivered, "#/payload/region", "eu"), new: 1 }],
  ])("comes %s", ([, update]) => {
    expect(accepts("MessageStatusUpdate", update)).toBe(true)
  })

  it.for<readonly [string, JsonObject]>([
    ["of an unknown status", withValueAt(delivered, "#/payload/message_status", "LOST")],
    [
      "of the status that only look-ups have",
      withValueAt(delivered, "#/payload/message_status", "PROCESSED"),
    ],
    ["without a message", without(delivered, "#/payload/message_id")],
    ["about a template", { ...delivered, field: "templates" }],
    ["without its time", without(delivered, "#/timestamp")],
  ])("does not come %s", ([, update]) => {
    expect(accepts("MessageStatusUpdate", update)).toBe(false)
  })
})
