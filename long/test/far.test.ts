/** Tests that `pnpm test` runs with small bounds, with large ones. */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** Runs a file of the suite with large bounds, and returns what it prints. */
const runFar = (project: string, file: string): string => {
  const { status, stdout } = spawnSync(
    process.execPath,
    ["node_modules/vitest/vitest.mjs", "run", `--project=${project}`, file],
    { cwd: root, encoding: "utf8", env: { ...process.env, EFFECT_SENT_FAR: "1" } },
  )
  assert.strictEqual(status, 0, stdout)
  return stdout
}

describe("with large bounds", { timeout: 900_000 }, () => {
  it("two callers at one key send it at most once, in all interleavings", () => {
    const explored = runFar("durable", "DurableSender.model.test.ts")
      .split("\n")
      .filter((line) => line.includes('"states"'))
    console.log(explored.join("\n"))
    assert.isAtLeast(explored.length, 3)
  })

  it("a hundred thousand updates are applied once, and memory stays flat", () => {
    assert.match(runFar("core", "load.test.ts"), /1 passed/)
  })
})
