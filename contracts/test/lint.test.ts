import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { contract, contractPath, printDocument, sendToPhone } from "./support/contract.ts"
import { withValueAt, without } from "./support/edit.ts"
import type { JsonObject } from "../../packages/mock-server/src/internal/contract/lint/json.ts"
import { loadRedocly } from "../../packages/mock-server/src/internal/contract/lint/redocly.ts"

const redocly = await loadRedocly()

const rulesThatFire = async (text: string): Promise<ReadonlyArray<string>> =>
  (await redocly.lint(text, contractPath)).map(({ rule }) => rule)

describe("Redocly", () => {
  it("finds nothing wrong with the contract", async () => {
    expect(await rulesThatFire(readFileSync(contractPath, "utf8"))).toEqual([])
  })

  it("knows every rule that it is told to apply", async () => {
    expect(await redocly.problemsOfRules()).toEqual([])
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
      "no-required-schema-properties-undefined",
      "requires a field that it does not describe",
      withValueAt(contract, "#/components/schemas/SendToPhoneRequest/required/0", "phone"),
    ],
  ]

  it.for(broken)("reports %s where the document %s", async ([rule, , document]) => {
    expect(await rulesThatFire(printDocument(document))).toContain(rule)
  })
})
