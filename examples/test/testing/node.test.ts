/** Runs the tests for `node:test`. */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { assert, it } from "vitest"

it("the tests for node:test pass", async () => {
  const file = fileURLToPath(new URL("../../testing/signup.node.ts", import.meta.url))
  // Not as a part of another run of node:test, and of vitest's.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, ["--test", file], { env })
  assert.match(stdout, /pass [1-9]/)
  assert.match(stdout, /fail 0/)
})
