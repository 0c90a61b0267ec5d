/** The model of durable sends, which `pnpm test` explores up to small bounds, up to large ones. */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

describe("two callers at one key", () => {
  it("send it at most once, in all interleavings up to large bounds", { timeout: 900_000 }, () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      ["node_modules/vitest/vitest.mjs", "run", "--project=durable", "DurableSender.model.test.ts"],
      { cwd: root, encoding: "utf8", env: { ...process.env, EFFECT_SENT_FAR: "1" } },
    )
    const explored = stdout.split("\n").filter((line) => line.includes('"states"'))
    console.log(explored.join("\n"))
    assert.isAtLeast(explored.length, 3)
    assert.strictEqual(status, 0, stdout)
  })
})
