/** The page that is committed is the one that its sources make. */
import { readFile } from "node:fs/promises"
import { assert, describe, it } from "vitest"
import { buildInbox } from "../scripts/buildInbox.ts"

describe("the committed inbox page", () => {
  it("is what `pnpm build:inbox` makes", async () => {
    for (const [name, content] of await buildInbox()) {
      // One at a time, so that a failure names the file.
      // oxlint-disable-next-line no-await-in-loop
      const committed = await readFile(new URL(`../page/${name}`, import.meta.url), "utf8")
      assert.strictEqual(committed, content, name)
    }
  })
})
