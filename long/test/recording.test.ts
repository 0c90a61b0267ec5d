/** The recording of the terminal in the guide is what the programs print now. */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

const script = fileURLToPath(new URL("../../packages/cli/scripts/recording.ts", import.meta.url))

describe("docs/images/campaign.svg", () => {
  it("is what `pnpm build:recording` records", () => {
    const { status, stderr } = spawnSync(process.execPath, [script, "--check"], {
      encoding: "utf8",
      env: { ...process.env, NODE_OPTIONS: "--conditions=@effect-sent/source" },
    })
    assert.strictEqual(status, 0, stderr)
  }, 120_000)
})
