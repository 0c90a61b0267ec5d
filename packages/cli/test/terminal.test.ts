/** The question before the first message, on a real pseudo-terminal. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { startMockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "vitest"
import { openTerminal, type Running } from "../scripts/terminal.ts"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))

const numbers = ["+15005552040", "+15005552041"]

/** Sends a list on a terminal, and answers the question. Returns how that ended, and who got a message. */
const answer = async (reply: (program: Running) => void) => {
  const folder = mkdtempSync(join(tmpdir(), "effect-sent-terminal-"))
  const csv = join(folder, "people.csv")
  writeFileSync(csv, ["to", ...numbers].join("\n"))
  try {
    await using mock = await startMockServer()
    const terminal = openTerminal({
      columns: 120,
      rows: 30,
      cwd: folder,
      env: {
        ...process.env,
        TERM: "xterm-256color",
        SENT_BASE_URL: mock.baseUrl,
        SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
        SENT_API_KEY: "anything",
      },
    })
    const program = terminal.run(process.execPath, [
      bin,
      "send",
      "--csv",
      csv,
      "--campaign",
      "spring",
      "--store",
      join(folder, "spring.sqlite"),
      "--template",
      "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
    ])
    await terminal.until(/Send 2 messages of the campaign spring\?/)
    assert.lengthOf(await mock.messages(), 0)
    reply(program)
    const { exitCode, signal = 0 } = await program.ended
    const reached = (await mock.messages()).map(({ phoneNumber }) => phoneNumber)
    return { exitCode, signal, reached: new Set(reached), text: terminal.text() }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe("the question", { timeout: 60_000 }, () => {
  it.concurrent("is followed by the messages, with a bar, when it is answered with y", async () => {
    const { exitCode, reached, text } = await answer((program) => program.type("y"))
    assert.strictEqual(exitCode, 0, text)
    assert.deepStrictEqual(reached, new Set(numbers))
    assert.match(text, /=+ 2 of 2, .* left: 2 accepted, 0 not sent, 0 unknown$/m)
    assert.match(text, /^spring: 2 accepted, 0 not sent, 0 unknown$/m)
  })

  it.concurrent.each<readonly [how: string, exitCode: number, reply: (program: Running) => void]>([
    ["n", 1, (program) => program.type("n")],
    ["Ctrl-C", 130, (program) => program.type("\u0003")],
    ["the end of the input", 130, (program) => program.type("\u0004")],
  ])("is followed by nothing when it is answered with %s", async (_, exitCode, reply) => {
    const ended = await answer(reply)
    assert.deepStrictEqual(ended.reached, new Set())
    assert.strictEqual(ended.exitCode, exitCode, ended.text)
  })

  it.concurrent("is followed by nothing when the window is closed", async () => {
    const { exitCode, reached, signal } = await answer((program) => program.hangUp())
    assert.deepStrictEqual(reached, new Set())
    assert.isTrue(exitCode !== 0 || signal !== 0)
  })
})
