/** `effect-sent-mock`, as its user starts it. */
import { startMockServer } from "@effect-sent/mock-server"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { Effect } from "effect"
import { post } from "./support/calls.ts"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))

const start = (...flags: ReadonlyArray<string>): ChildProcess =>
  spawn(process.execPath, [bin, ...flags], {
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  })

/** What it prints, and the exit code, once it has ended by itself. */
const run = async (...flags: ReadonlyArray<string>) => {
  const child = start(...flags)
  const ended = once(child, "exit")
  const [out = "", err = ""] = await Promise.all(
    [child.stdout, child.stderr].map(async (stream) =>
      ((await stream?.setEncoding("utf8").toArray()) ?? []).join(""),
    ),
  )
  const [code]: ReadonlyArray<unknown> = await ended
  return { code, err, out }
}

describe("effect-sent-mock", { timeout: 30_000 }, () => {
  // Windows has no signal that a program could be asked to end with.
  it.skipIf(process.platform === "win32").each(["SIGINT", "SIGTERM"] as const)(
    "says where it is, answers there, and ends on %s",
    async (signal) => {
      const child = start("--port", "0")
      const ended = once(child, "exit")
      let out = ""
      for await (const chunk of child.stdout?.setEncoding("utf8") ?? []) {
        out += String(chunk)
        if (out.includes("Ctrl-C")) break
      }
      const baseUrl = /mocked at (http:\/\/127\.0\.0\.1:\d+)\n/.exec(out)?.[1] ?? ""
      assert.include(out, `\n  SENT_BASE_URL=${baseUrl}\n`)
      assert.strictEqual((await Effect.runPromise(post({ baseUrl }))).status, 204)
      child.kill(signal)
      assert.deepStrictEqual(await ended, [0, null])
    },
  )

  it("does not hang on a port that is taken", async () => {
    await using mock = await startMockServer()
    const { code, err } = await run("--port", String(mock.port))
    assert.strictEqual(code, 1)
    assert.include(err, `port ${mock.port} of 127.0.0.1 is in use`)
    assert.notInclude(err, "    at ", "a stack")
  })

  it.each<readonly [flags: ReadonlyArray<string>, message: RegExp]>([
    [["--port", "x"], /port/],
    [["--port", "70000"], /option port: must be a whole number from 0 to 65535/],
    [["--contract", "no/such.yaml"], /there is no contract at/],
    [["--prot", "1"], /--port/],
  ])("says what is wrong with %j", async (flags, message) => {
    const { code, err } = await run(...flags)
    assert.strictEqual(code, 1)
    assert.match(err, message)
  })

  it("explains itself", async () => {
    const { code, out } = await run("--help")
    assert.strictEqual(code, 0)
    for (const flag of ["--port", "--host", "--contract"]) assert.include(out, flag)
  })
})
