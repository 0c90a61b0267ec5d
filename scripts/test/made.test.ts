/** What is generated and committed is what its source generates now. */
import { readFile } from "node:fs/promises"
import { assert, describe, it } from "vitest"
import { pagePath, withScenarioTable } from "../scenarioTable.ts"

describe("the committed table", () => {
  it("of magic numbers is what `pnpm build:docs` makes of the contract", async () => {
    const page = await readFile(pagePath, "utf8")
    assert.strictEqual(page, await withScenarioTable(page))
  })
})
