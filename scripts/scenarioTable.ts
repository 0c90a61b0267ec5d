/**
 * `tsx scripts/scenarioTable.ts`: writes the table of magic numbers in `docs/mock.md` anew, from the contract. A test
 * sees that it was done.
 */
import { Contract } from "@effect-sent/contract"
import { Effect } from "effect"
import { readFile, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { format, resolveConfig } from "prettier"

export const pagePath: string = fileURLToPath(new URL("../docs/mock.md", import.meta.url))

const begin = "<!-- made by scripts/scenarioTable.ts -->"
const end = "<!-- end of what is made -->"

/** The page with the table that its contract makes. */
export const withScenarioTable = async (page: string): Promise<string> => {
  const { operations } = await Effect.runPromise(Contract.load())
  const rows = operations
    .flatMap(({ scenarios }) => scenarios)
    .map(({ answers, name, phoneNumber, summary, updates }) => {
      const answered = answers.map(({ lost, status }) => (lost === undefined ? status : lost))
      const follow = updates.map(({ example }) => example).join(", ")
      return `| \`${phoneNumber}\` | ${name} | ${answered.join(", ")} | ${follow} | ${summary} |`
    })
  const table = [
    "| number | scenario | answer | updates | what happens |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n")
  const [before, rest = ""] = page.split(begin)
  const [, after] = rest.split(end)
  if (before === undefined || after === undefined) {
    throw new Error(`${pagePath} has no place for the table: ${begin} … ${end}`)
  }
  return format(`${before}${begin}\n\n${table}\n\n${end}${after}`, {
    ...(await resolveConfig(pagePath)),
    filepath: pagePath,
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(pagePath, await withScenarioTable(await readFile(pagePath, "utf8")))
}
