/** What is made from a source and committed all the same is what its source makes now. */
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { buildInbox } from "../buildInbox.ts"
import { pagePath, withScenarioTable } from "../scenarioTable.ts"

const committed = (path: string): Promise<string> =>
  readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8")

describe("what is committed as it was made", () => {
  it("of the inbox page is what `pnpm build:inbox` makes", async () => {
    for (const [name, content] of await buildInbox()) {
      // One at a time, so that a failure names the file.
      // oxlint-disable-next-line no-await-in-loop
      assert.strictEqual(await committed(`packages/mock-server/page/${name}`), content, name)
    }
  })

  it("of the magic numbers is what `pnpm build:docs` makes of the contract", async () => {
    const page = await readFile(pagePath, "utf8")
    assert.strictEqual(page, await withScenarioTable(page))
  })
})
