/** The committed page is up to date with its sources. */
import { readFile } from "node:fs/promises"
import { assert, describe, it } from "vitest"
import { buildInbox } from "../scripts/buildInbox.ts"

describe("the committed inbox page", () => {
  it("equals the output of `pnpm build:inbox`", async () => {
    for (const [name, content] of await buildInbox()) {
      // One by one, so that a failure names the file.
      // oxlint-disable-next-line no-await-in-loop
      const committed = await readFile(new URL(`../page/${name}`, import.meta.url), "utf8")
      assert.strictEqual(committed, content, name)
    }
  })
})
