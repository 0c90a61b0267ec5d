/**
 * `tsx scripts/scenarioTable.ts`: generates the table of magic numbers in `docs/mock.md` from the contract. A test checks
 * that it is up to date.
 */
import { Contract } from "@effect-sent/contract"
import { Effect } from "effect"
import { fileURLToPath } from "node:url"
import { type GeneratedTable, write } from "./generatedTable.ts"

export const table: GeneratedTable = {
  page: "docs/mock.md",
  script: "scripts/scenarioTable.ts",
  rows: async () => {
    const { operations } = await Effect.runPromise(Contract.load())
    const rows = operations
      .flatMap(({ scenarios }) => scenarios)
      .map(({ answers, name, phoneNumber, summary, updates }) => [
        `\`${phoneNumber}\``,
        name,
        answers.map(({ lost, status }) => String(lost ?? status)).join(", "),
        updates.map(({ example }) => example).join(", "),
        summary,
      ])
    return [["number", "scenario", "answer", "updates", "what happens"], ...rows]
  },
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await write(table)
