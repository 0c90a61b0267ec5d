/** The campaign of `campaign/`, sent with the command line to the mock, twice, while its receiver gets the mock's updates. */
import { startMockServer } from "@effect-sent/mock-server"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

const bin = fileURLToPath(new URL("../../packages/cli/src/bin.ts", import.meta.url))
const receiver = fileURLToPath(new URL("../campaign/receiver.ts", import.meta.url))
const recording = fileURLToPath(new URL("../../docs/images/campaign.svg", import.meta.url))
const list = fileURLToPath(new URL("../campaign/people.csv", import.meta.url))

const credentials = {
  SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
  SENT_API_KEY: "anything",
  SENT_TRACKER_SECRET: "a secret of the tests, long enough to sign with",
}

/** Starts the receiver of a store, on a free port. Returns the public URL of its route. */
const startReceiver = async (store: string) => {
  const child = spawn(process.execPath, [receiver], {
    env: {
      ...process.env,
      ...credentials,
      CAMPAIGN_STORE: store,
      PORT: "0",
      // A receiver verifies URLs by the secret alone.
      SENT_PUBLIC_URL: "https://campaigns.example.com/webhooks/sent",
    },
    stdio: ["ignore", "pipe", "inherit"],
  })
  const exited = once(child, "exit")
  const stop = async (): Promise<void> => {
    child.kill()
    await exited
  }
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /Listening on .*:(\d+)/.exec(line)?.[1]
    if (port === undefined) continue
    child.stdout.resume()
    return {
      publicUrl: `http://127.0.0.1:${port}/webhooks/sent`,
      [Symbol.asyncDispose]: stop,
    }
  }
  throw new Error("the receiver ended")
}

describe("campaign/people.csv", { timeout: 120_000 }, () => {
  it("reaches each person once, whose outcome and delivery are in the report", async () => {
    const folder = mkdtempSync(join(tmpdir(), "effect-sent-campaign-"))
    const store = join(folder, "spring.sqlite")
    const run = async (env: NodeJS.ProcessEnv, ...args: ReadonlyArray<string>) => {
      const child = spawn(
        process.execPath,
        [bin, ...args, "--campaign", "spring", "--store", store],
        {
          env: { ...process.env, ...credentials, ...env },
          stdio: ["ignore", "pipe", "pipe"],
        },
      )
      const ended = once(child, "exit")
      const [out, err] = await Promise.all([
        child.stdout.setEncoding("utf8").toArray(),
        child.stderr.setEncoding("utf8").toArray(),
      ])
      const [code]: ReadonlyArray<unknown> = await ended
      return { code, out: out.join(""), err: err.join("") }
    }
    try {
      // Each update comes when the test says so.
      await using mock = await startMockServer({ clock: "manual" })
      await using receiving = await startReceiver(store)
      const env = { SENT_BASE_URL: mock.baseUrl }
      const send = [
        "send",
        "--csv",
        list,
        "--template",
        "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
        "--public-url",
        receiving.publicUrl,
      ]
      const first = await run(env, ...send)
      assert.deepInclude(first, {
        code: 3,
        out: "spring: 3 accepted, 1 not sent (1 invalid phone number), 1 unknown\n",
      })
      // As in the recording of the guide, which `pnpm build:recording` makes.
      const recorded = readFileSync(recording, "utf8").split("\n")
      for (const line of `${first.err}${first.out}`.trimEnd().split("\n")) {
        assert.include(recorded, line)
      }
      await mock.clock.advance("1 minute")
      // The update settles what was unknown. Nothing is sent again.
      assert.deepInclude(await run(env, ...send), {
        code: 2,
        out: "spring: 4 accepted (2 delivered, 1 failed, 1 read), 1 not sent (1 invalid phone number), 0 unknown\n",
      })
      const { out } = await run({}, "report")
      assert.deepStrictEqual(
        out
          .trimEnd()
          .split("\n")
          .map((row) => row.split(",").slice(0, 4).join()),
        [
          "to,outcome,delivery,reason",
          "+15005552040,accepted,delivered,",
          "+15005552041,accepted,read,",
          "+15005554004,not sent,,invalid phone number",
          "+15005552052,accepted,delivered,",
          "+15005552042,accepted,failed,",
        ],
      )
      // Each once, though the answer to one was lost.
      assert.lengthOf(await mock.messages(), 5)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
