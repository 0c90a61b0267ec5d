/** What is true of the v3 contract, and what lint says of it when it was broken on purpose. */
import { Contract, Document } from "@effect-sent/contract"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { parse } from "yaml"
import {
  at,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  objectAt,
  resolve,
  textOf,
} from "../../src/internal/document/json.ts"
import { openDocument } from "../../src/internal/document/redocly.ts"
import { allRules, ownRulesOf, ruleSetOf } from "../../src/internal/lint/rules.ts"
import { withValueAt, without } from "../sent-v1/support/edit.ts"

const path = Contract.bundledV3Path

const parsed: unknown = parse(readFileSync(path, "utf8"))
const contract: JsonObject = isObject(parsed) ? parsed : {}

const lint = async (document: JsonObject, rules = ruleSetOf(ownRulesOf("strict"))) => {
  const read = () => Effect.succeed(JSON.stringify(document))
  const problems = await (
    await openDocument(await Effect.runPromise(Document.open(path, read)))
  ).lint(rules)
  return problems.map(({ message, pointer }) => `${pointer}: ${message}`)
}

const send = "#/paths/~1v3~1messages/post"
const message = "#/paths/~1v3~1messages~1{id}/get"
const activities = "#/paths/~1v3~1messages~1{id}~1activities/get"

const errorsOf = (pointer: string) =>
  Object.entries(objectAt(at(contract, pointer), "responses")).filter(
    ([status]) => !status.startsWith("2"),
  )

const put = (pointer: string, value: Json): JsonObject => withValueAt(contract, pointer, value)

describe("The contract of v3", () => {
  it("is found nothing wrong with", async () => {
    expect(await lint(contract, allRules)).toEqual([])
  })

  it.for<readonly [what: string, document: JsonObject, words: string]>([
    [
      "a webhook that is not there",
      put(`${send}/x-sent-webhook`, "messages"),
      "there is no webhook messages",
    ],
    [
      "no webhook for the updates of its scenarios",
      without(contract, `${send}/x-sent-webhook`),
      "delivered: the operation declares no update example queued",
    ],
    [
      "an update that no scenario plays",
      without(contract, `${send}/x-sent-scenarios/scheduled`),
      "no scenario plays the update scheduled",
    ],
    [
      "an id that a message could have",
      put(`${message}/x-sent-scenarios/found/messageId`, "8ba7b830-9dad-11d1-80b4-00c04fd430c8"),
      "8ba7b830-9dad-11d1-80b4-00c04fd430c8 is not of the fictitious range",
    ],
    [
      "an id that another scenario has",
      put(`${message}/x-sent-scenarios/found/messageId`, "00000000-0000-4000-8000-000000002001"),
      "found-failed: has the message id of found",
    ],
    [
      "a scenario with a number and an id",
      put(`${message}/x-sent-scenarios/found/phoneNumber`, "+15005552040"),
      "found: must have either phoneNumber or messageId",
    ],
    [
      "a number that the list of recipients cannot have",
      put("#/components/schemas/PhoneNumber/pattern", "^[0-9]+$"),
      "delivered: the value must match pattern",
    ],
    [
      "an id that the path cannot have",
      put("#/components/parameters/MessageId/schema/pattern", "^[0-9]+$"),
      "found: the value must match pattern",
    ],
    [
      "a value that varies on a whim",
      put("#/components/schemas/Meta/properties/request_id/x-sent-varies", false),
      "not a value that x-sent-varies accepts",
    ],
  ])("is refused with %s", async ([, document, words]) => {
    expect(await lint(document)).toContainEqual(expect.stringContaining(words))
  })

  it("asks for the key alone", () => {
    expect(contract["security"]).toEqual([{ apiKey: [] }])
    expect(at(contract, "#/components/securitySchemes/apiKey/name")).toBe("x-api-key")
    for (const operation of [send, message, activities]) {
      expect(objectAt({ operation: at(contract, operation) }, "operation")["security"]).toBe(
        undefined,
      )
    }
  })

  it("has an update of its own for each status, as v1 has", () => {
    const examples = objectAt(at(contract, "#/components"), "examples")
    const statuses = listAt(at(contract, "#/components/schemas/MessageStatus"), "enum").map(textOf)
    for (const status of statuses) {
      const update = objectAt(examples[status.toLowerCase()], "value")
      expect(objectAt(update, "payload")["message_status"]).toBe(status)
      expect(update["sub_type"]).toBe(`message.${status.toLowerCase()}`)
    }
    const v1: unknown = parse(readFileSync(Contract.bundledPath, "utf8"))
    expect(
      listAt(at(isObject(v1) ? v1 : {}, "#/components/schemas/MessageStatus"), "enum"),
    ).toEqual(statuses)
  })

  /** The family of each status that an error may have. */
  const families: Readonly<Record<string, RegExp>> = {
    400: /^VALIDATION_/,
    401: /^AUTH_00[12]$/,
    403: /^AUTH_/,
    404: /^RESOURCE_/,
    409: /^CONFLICT_001$/,
    413: /^VALIDATION_/,
    415: /^VALIDATION_/,
    422: /^BUSINESS_/,
    429: /^BUSINESS_002$/,
    500: /^INTERNAL_/,
    502: /^INTERNAL_/,
    503: /^(?:INTERNAL_|SERVICE_001$)/,
    504: /^INTERNAL_/,
  }

  it("answers each status with codes of its family, and ends the numbers of scenarios with it", () => {
    const kinds = { [send]: "phoneNumber", [message]: "messageId", [activities]: "messageId" }
    for (const [operation, kind] of Object.entries(kinds)) {
      const { responses, "x-sent-scenarios": scenarios } = objectAt(
        { operation: at(contract, operation) },
        "operation",
      )
      for (const [status, reference] of Object.entries(isObject(responses) ? responses : {})) {
        if (status.startsWith("2")) continue
        const content = objectAt(
          objectAt(resolve(contract, reference), "content"),
          "application/json",
        )
        for (const [name, entry] of Object.entries(objectAt(content, "examples"))) {
          const { error, success } = objectAt(resolve(contract, entry), "value")
          expect(success).toBe(false)
          const code = textOf(objectAt({ error: error ?? null }, "error")["code"])
          expect([name, families[status]?.test(code)]).toEqual([name, true])
        }
      }
      for (const [name, scenario] of Object.entries(isObject(scenarios) ? scenarios : {})) {
        const [first] = listAt(scenario, "answers")
        const status = textOf(isObject(first) ? (first["status"] ?? null) : null)
        const number = textOf(isObject(scenario) ? (scenario[kind] ?? null) : null)
        // A scenario that ends well may begin with a refusal, whose status its number begins with.
        const digits = number.slice(-4).slice(0, 3)
        const isSuccess = status.startsWith("2")
        expect([name, isSuccess ? digits.slice(0, 1) : digits]).toEqual([
          name,
          isSuccess ? "2" : status,
        ])
      }
    }
  })

  it("looks up messages and activities with the same errors", () => {
    expect(errorsOf(activities)).toEqual(errorsOf(message))
  })
})
