/** The campaign of `campaign/`, sent with the command line to the mock, twice. */
import { startMockServer } from "@effect-sent/mock-server"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

const bin = fileURLToPath(new URL("../../packages/cli/src/bin.ts", import.meta.url))
const list = fileURLToPath(new URL("../campaign/people.csv", import.meta.url))

describe("campaign/people.csv", { timeout: 60_000 }, () => {
  it("reaches each person once, whose outcome is in the report", async () => {
    await using mock = await startMockServer()
    const folder = mkdtempSync(join(tmpdir(), "effect-sent-campaign-"))
    const run = async (...args: ReadonlyArray<string>) => {
      const store = join(folder, "spring.sqlite")
      const child = spawn(
        process.execPath,
        [bin, ...args, "--campaign", "spring", "--store", store],
        {
          env: {
            ...process.env,
            SENT_BASE_URL: mock.baseUrl,
            SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
            SENT_API_KEY: "anything",
          },
          stdio: ["ignore", "pipe", "ignore"],
        },
      )
      const ended = once(child, "exit")
      const out = await child.stdout.setEncoding("utf8").toArray()
      const [code]: ReadonlyArray<unknown> = await ended
      return { code, out: out.join("") }
    }
    try {
      const send = ["send", "--csv", list, "--template", "7ba7b820-9dad-11d1-80b4-00c04fd430c8"]
      const first = await run(...send)
      assert.deepStrictEqual(first, {
        code: 3,
        out: "spring: 3 accepted, 1 not sent (1 invalid phone number), 1 unknown\n",
      })
      assert.deepStrictEqual(await run(...send), first)
      const { out } = await run("report")
      assert.deepStrictEqual(
        out
          .trimEnd()
          .split("\n")
          .map((row) => row.split(",").slice(0, 3).join()),
        [
          "to,outcome,reason",
          "+15005552040,accepted,",
          "+15005552041,accepted,",
          "+15005554004,not sent,invalid phone number",
          "+15005552052,unknown,connection lost",
          "+15005552042,accepted,",
        ],
      )
      // Each once, though the answer to one was lost.
      assert.lengthOf(await mock.messages(), 5)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
