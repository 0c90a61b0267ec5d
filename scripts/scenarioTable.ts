/**
 * `tsx scripts/scenarioTable.ts`: generates the tables of magic numbers and ids in `docs/mock.md` from the contracts. A test
 * checks that they are up to date.
 */
import { Contract, Scenario } from "@effect-sent/contract"
import { Effect } from "effect"
import { fileURLToPath } from "node:url"
import { type GeneratedTable, type Rows, write } from "./generatedTable.ts"

const rowsOf = async (path: string, kind: Scenario.Trigger["kind"]): Promise<Rows> => {
  const { operations } = await Effect.runPromise(Contract.load(path))
  const known = new Set<string>()
  const rows = operations
    .flatMap(({ scenarios }) => scenarios)
    .filter((scenario) => Scenario.triggerOf(scenario).kind === kind)
    // Look-ups of a message and of its activities share their ids.
    .filter((scenario) => {
      const { value } = Scenario.triggerOf(scenario)
      const isNew = !known.has(value)
      known.add(value)
      return isNew
    })
    .map((scenario) => {
      const { answers, name, summary, updates } = scenario
      const number = `\`${Scenario.triggerOf(scenario).value}\``
      const answer = answers.map(({ lost, status }) => String(lost ?? status)).join(", ")
      const follow = updates.map(({ example }) => example).join(", ")
      return kind === "phoneNumber"
        ? [number, name, answer, follow, summary]
        : [number, name, answer, summary]
    })
  const header =
    kind === "phoneNumber"
      ? ["number", "scenario", "answer", "updates", "what happens"]
      : ["id", "scenario", "answer", "what happens"]
  return [header, ...rows]
}

const tableOf = (script: string, path: string, kind: Scenario.Trigger["kind"]): GeneratedTable => ({
  page: "docs/mock.md",
  script,
  rows: () => rowsOf(path, kind),
})

export const tables: ReadonlyArray<GeneratedTable> = [
  tableOf("scripts/scenarioTable.ts", Contract.bundledPath, "phoneNumber"),
  tableOf("scripts/scenarioTable.ts, of v3", Contract.bundledV3Path, "phoneNumber"),
  tableOf("scripts/scenarioTable.ts, of look-ups", Contract.bundledV3Path, "messageId"),
]

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const one of tables) {
    // oxlint-disable-next-line no-await-in-loop -- all are in one page
    await write(one)
  }
}
