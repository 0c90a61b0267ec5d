/** What is generated and committed is what its source generates now. */
import { assert, describe, it } from "vitest"
import { generate } from "../generatedTable.ts"
import * as ReasonTable from "../reasonTable.ts"
import * as ScenarioTable from "../scenarioTable.ts"
import * as StatusChart from "../statusChart.ts"

describe("what is generated and committed", () => {
  it.each([...ScenarioTable.tables, ...ReasonTable.tables, StatusChart.chart])(
    "is, for $script in $page, what `pnpm build:docs` makes",
    async (table) => {
      const { committed: page, generated } = await generate(table)
      assert.strictEqual(page, generated)
    },
  )
})
