/** The program `send.ts`, started as a process. */
import { startMockServer } from "@effect-sent/mock-server"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

const program = fileURLToPath(new URL("../send.ts", import.meta.url))

const run = (baseUrl: string, phoneNumber: string): Promise<{ out: string; err: string }> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, phoneNumber, "7ba7b820-9dad-11d1-80b4-00c04fd430c8"],
      {
        env: {
          ...process.env,
          SENT_BASE_URL: baseUrl,
          SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
          SENT_API_KEY: "any",
        },
      },
      (_, out, err) => resolve({ out, err }),
    )
  })

describe("send.ts", { timeout: 30_000 }, () => {
  it("prints when the message was accepted", async () => {
    await using mock = await startMockServer()
    assert.match((await run(mock.baseUrl, "+1234567890")).out, /^accepted at \d{4}-/)
  })

  it("prints which input is invalid", async () => {
    await using mock = await startMockServer()
    assert.match(
      (await run(mock.baseUrl, "1234")).err,
      /^invalid request: phoneNumber must be an E\.164 phone number/,
    )
  })

  it("prints that a message can be sent again if there was no connection", async () => {
    const mock = await startMockServer()
    await mock.stop()
    assert.match(
      (await run(mock.baseUrl, "+1234567890")).err,
      /^not sent; it is safe to send again: connection to 127\.0\.0\.1:\d+ failed \(connect: ECONNREFUSED\)/,
    )
  })
})
