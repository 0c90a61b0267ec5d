/** `effect-sent-contract`, as its user starts it. */
import { Contract } from "@effect-sent/contract"
import { startMockServer } from "@effect-sent/mock-server"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, describe, it } from "vitest"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "effect-sent-"))
afterAll(() => rmSync(folder, { recursive: true }))

const file = (
  name: string,
  from: string,
  to: string,
  ...others: ReadonlyArray<readonly [from: string, to: string]>
): string => {
  const text = [[from, to] as const, ...others].reduce(
    (changed, [old, now]) => {
      assert.include(changed, old)
      return changed.replace(old, now)
    },
    readFileSync(Contract.bundledPath, "utf8"),
  )
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** Nobody waits five seconds for the scenario `slow`. */
const quick = file("quick.yaml", "delay: 5 }", "delay: 0.01 }")

const start = (env: Readonly<Record<string, string>>, flags: ReadonlyArray<string>): ChildProcess =>
  spawn(process.execPath, [bin, ...flags], {
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  })

const endOf = async (child: ChildProcess) => {
  const ended = once(child, "exit")
  const [out = "", err = ""] = await Promise.all(
    [child.stdout, child.stderr].map(async (stream) =>
      ((await stream?.setEncoding("utf8").toArray()) ?? []).join(""),
    ),
  )
  const [code]: ReadonlyArray<unknown> = await ended
  return { code, err, out }
}

const run = (...flags: ReadonlyArray<string>) => endOf(start({}, flags))

describe("effect-sent-contract", { timeout: 60_000 }, () => {
  it.each<readonly [flags: ReadonlyArray<string>, code: number, words: string]>([
    [["lint"], 0, ": passed"],
    [["lint", file("broken.yaml", "[0-9]{6,14}$'", "[0-9'")], 1, "patterns-that-do-not-compile"],
    [
      [
        "diff",
        Contract.bundledPath,
        file("new.yaml", "required: [phoneNumber,", "required: [messageBody, phoneNumber,"),
      ],
      1,
      "new major version",
    ],
    [["diff", Contract.bundledPath, quick, "--fail-on", "none"], 0, "plays something else"],
    [
      [
        "diff",
        Contract.bundledPath,
        file("major.yaml", "  version: 1.0.0", "  version: 2.0.0", [
          "required: [phoneNumber,",
          "required: [messageBody, phoneNumber,",
        ]),
        "--fail-on",
        "addition",
      ],
      0,
      "became required",
    ],
    [["diff", "no-such-ref"], 2, "no-such-ref"],
    [["verify", "--target", "http://127.0.0.1:1"], 2, "cannot be reached"],
    [["verify", "--target", "http://127.0.0.1:1", "--timeout", "0"], 2, "timeout must be"],
    [["verify", "--target", "https://staging.example.com"], 2, "needs the credentials"],
    [
      ["verify", "--target", "https://staging.example.com", "--skip-without-credentials"],
      0,
      "nothing was sent",
    ],
    [["verify"], 2, "Missing required flag"],
    [["--help"], 0, "with 2 when the checks could not run"],
  ])("%j exits with %i", async (flags, code, words) => {
    const ended = await run(...flags)
    assert.strictEqual(ended.code, code, ended.err)
    assert.include((ended.out + ended.err).replaceAll(/\s+/g, " "), words)
    assert.notMatch(ended.err, /^\s+at /m)
  })

  it("verifies with the credentials of the environment, and writes JUnit XML to a file", async () => {
    await using mock = await startMockServer({ contract: quick })
    const output = join(folder, "report.xml")
    const env = {
      SENT_SENDER_ID: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
      SENT_API_KEY: "sk_nobody_may_see",
    }
    const ended = await endOf(
      start(env, [
        "verify",
        "-t",
        mock.baseUrl,
        "--contract",
        quick,
        "--runs",
        "2",
        "-r",
        "junit",
        "-o",
        output,
      ]),
    )
    assert.strictEqual(ended.code, 0, ended.err)
    assert.strictEqual(ended.out, "")
    const xml = readFileSync(output, "utf8")
    assert.match(xml, /<testsuites name="verify Sent[^"]+" tests="6\d\d" failures="0"/)
    assert.notInclude(xml, "sk_nobody")
    const sent = await mock.messages()
    // What a mock counts by sender has a sender that nobody else has.
    const others = sent.filter(({ senderId }) => senderId !== env.SENT_SENDER_ID)
    assert.deepStrictEqual(
      [...new Set(others.map(({ phoneNumber }) => phoneNumber))],
      ["+15005554292"],
    )
    assert.isAbove(sent.length, 30)
  })

  it("prints the coverage as JSON", async () => {
    const ended = await run("coverage", "--contract", quick, "--runs", "0", "-r", "json")
    assert.strictEqual(ended.code, 0, ended.err)
    const report: { readonly summary: ReadonlyArray<string> } = JSON.parse(ended.out)
    assert.match(report.summary[0] ?? "", /^(\d+) of \1 exercised, 100 %$/)
  })

  // Windows has no signal that a program could be asked to end with.
  it.skipIf(process.platform === "win32")(
    "proxies until Ctrl-C, and then prints the report",
    async () => {
      await using mock = await startMockServer()
      const child = start({}, ["proxy", "--target", mock.baseUrl, "--port", "0"])
      const lines = child.stderr?.setEncoding("utf8")
      let said = ""
      lines?.on("data", (text: string) => (said += text))
      const url = async (): Promise<string> => {
        const found = /SENT_BASE_URL=(\S+)/.exec(said)?.[1]
        if (found !== undefined) return found
        if (lines !== undefined) await once(lines, "data")
        return url()
      }
      const ended = Promise.all([child.stdout?.setEncoding("utf8").toArray(), once(child, "exit")])
      const response = await fetch(`${await url()}/v1/messages/phone`, {
        method: "POST",
        body: "{",
      })
      assert.strictEqual(response.status, 401)
      child.kill("SIGINT")
      const [out, [code]] = await ended
      assert.strictEqual(code, 1)
      assert.include(out?.join(""), "1 exchanges")
      assert.include(said, "the header x-sender-id is missing")
    },
  )
})
