import { describe, expect, it } from "vitest"
import { contract, sendToPhone } from "./support/contract.ts"
import { withValueAt, without } from "./support/edit.ts"
import { lintDocument } from "./support/lintDocument.ts"
import { at, type JsonObject } from "../../src/internal/document/json.ts"
import { problemsOfRules } from "../../src/internal/document/redocly.ts"
import { allRules } from "../../src/internal/lint/rules.ts"

const rulesThatFire = async (document: JsonObject): Promise<ReadonlyArray<string>> =>
  (await lintDocument(document, allRules)).map(({ rule }) => rule)

describe("Redocly", () => {
  it("finds nothing wrong with the contract", async () => {
    expect(await rulesThatFire(contract)).toEqual([])
  })

  it("knows every rule that it is told to apply", async () => {
    expect(await problemsOfRules(allRules)).toEqual([])
  })

  const broken: ReadonlyArray<readonly [rule: string, what: string, document: JsonObject]> = [
    ["struct", "has a misspelt member", withValueAt(contract, `${sendToPhone}/sumary`, "Send")],
    [
      "no-unresolved-refs",
      "refers to nothing",
      without(contract, "#/components/examples/template-not-found"),
    ],
    [
      "no-unused-components",
      "keeps an example that nothing shows",
      withValueAt(contract, "#/components/examples/idle", { summary: "Idle", value: {} }),
    ],
    [
      "security-defined",
      "asks for an undeclared credential",
      withValueAt(contract, "#/security", [{ token: [] }]),
    ],
    [
      "no-invalid-media-type-examples",
      "shows a request that the schema refuses",
      withValueAt(contract, "#/components/examples/page-sample/value/phoneNumber", 1234567890),
    ],
    [
      "response-mime-type",
      "answers an error as HTML",
      withValueAt(contract, "#/components/responses/NotFound/content/text~1html", {}),
    ],
    [
      "response-contains-header",
      "answers 429 without Retry-After",
      without(contract, "#/components/responses/TooManyRequests/headers/Retry-After"),
    ],
    [
      "operation-description",
      "does not explain an operation",
      without(contract, `${sendToPhone}/description`),
    ],
    [
      "operation-singular-tag",
      "puts an operation under two tags",
      withValueAt(contract, `${sendToPhone}/tags`, ["Messages", "Phones"]),
    ],
    [
      "operation-tag-defined",
      "uses a tag that it does not explain",
      withValueAt(contract, `${sendToPhone}/tags`, ["Phones"]),
    ],
    [
      "parameter-description",
      "does not explain a parameter",
      without(contract, "#/components/parameters/WebhookId/description"),
    ],
    [
      "no-http-verbs-in-paths",
      "has a method in a path",
      withValueAt(contract, "#/paths/~1v1~1get-messages", {}),
    ],
    [
      "path-params-defined",
      "has a path whose parameter is nowhere",
      withValueAt(contract, "#/paths/~1v1~1messages~1{id}", {
        get: at(contract, sendToPhone) ?? null,
      }),
    ],
    [
      "spec-example-values",
      "shows an example both here and elsewhere",
      withValueAt(contract, "#/components/examples/forbidden/externalValue", "forbidden.json"),
    ],
    [
      "array-parameter-serialization",
      "takes a list without saying how it is written",
      withValueAt(contract, `${sendToPhone}/parameters`, [
        { name: "to", in: "query", schema: { type: "array", items: { type: "string" } } },
      ]),
    ],
    [
      "request-mime-type",
      "takes a request as text",
      withValueAt(contract, `${sendToPhone}/requestBody/content/text~1plain`, {}),
    ],
    [
      "no-required-schema-properties-undefined",
      "requires a field that it does not describe",
      withValueAt(contract, "#/components/schemas/SendToPhoneRequest/required/0", "phone"),
    ],
  ]

  it.for(broken)("reports %s where the document %s", async ([rule, , document]) => {
    expect(await rulesThatFire(document)).toContain(rule)
  })
})
