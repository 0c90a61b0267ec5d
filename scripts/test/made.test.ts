/** What is generated and committed is what its source generates now. */
import { assert, describe, it } from "vitest"
import { generate } from "../generatedTable.ts"
import * as DecisionTree from "../decisionTree.ts"
import * as LayerDiagram from "../layerDiagram.ts"
import * as OptionsTable from "../optionsTable.ts"
import * as ReasonTable from "../reasonTable.ts"
import * as RuntimeTable from "../runtimeTable.ts"
import * as ScenarioTable from "../scenarioTable.ts"
import * as ShownExamples from "../shownExamples.ts"
import * as StatusChart from "../statusChart.ts"
import * as TracePicture from "../tracePicture.ts"

describe("what is generated and committed", () => {
  it.each([
    ...ScenarioTable.tables,
    ...ReasonTable.tables,
    ...RuntimeTable.tables,
    StatusChart.chart,
    DecisionTree.tree,
    LayerDiagram.diagram,
    ...ShownExamples.blocks,
    ...OptionsTable.tables,
  ])("is, for $script in $page, what `pnpm build:tables` makes", async (table) => {
    const { committed: page, generated } = await generate(table)
    assert.strictEqual(page, generated)
  })

  it("is, for the picture of a trace, what `pnpm build:tables` draws", async () => {
    const { committed, drawn } = await TracePicture.picture()
    assert.strictEqual(committed, drawn)
  })
})
