/** The output of `pnpm demo`, and its end. */
import { SentError } from "@effect-sent/core"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

const startDemo = (environment: Readonly<Record<string, string>> = {}): ChildProcess =>
  spawn(process.execPath, ["scripts/demo.ts"], {
    cwd: root,
    // The test does not inherit the settings for colours.
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: undefined, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  })

const outputOf = async (stream: ChildProcess["stdout"]): Promise<string> =>
  (await stream?.setEncoding("utf8").toArray())?.join("") ?? ""

describe("the demo", { timeout: 60_000 }, () => {
  it("sends the sample, shows every refusal of the contract, and ends", async () => {
    const demo = startDemo()
    const ended = once(demo, "exit")
    const [output, complaints] = await Promise.all([outputOf(demo.stdout), outputOf(demo.stderr)])
    assert.deepStrictEqual(await ended, [0, null])
    assert.strictEqual(complaints, "")
    assert.match(output, /accepted with status 204 at \d{4}-\d\d-\d\dT[\d:.]+Z, attempts: 1\n/)
    // The reasons that no answer of the contract leads to.
    const without = new Set<string>([
      "CredentialsUnavailable",
      "UnexpectedResponse",
      "RequestRepeated",
      "ConnectionLost",
      "TimedOut",
      "InvalidOptions",
      "CircuitOpen",
      // Of v3.
      "MessageNotFound",
      "KeyConflict",
    ])
    const reasons = SentError.Reason.members
      .map((member) => member.fields._tag.schema.literal)
      .filter((tag) => !without.has(tag))
    for (const reason of reasons) assert.match(output, new RegExp(`^  ${reason} +(?:not|unk)`, "m"))
    // The same lost answer, without a key and with one.
    assert.match(output, /^ {2}v1 {2}unknown {3}after 1 request: connection lost/m)
    assert.match(
      output,
      /^ {2}v3 {2}accepted {2}after 2 requests with one key, once: [\da-f-]{36}$/m,
    )
    // It ends with the delivery updates of three messages, in order.
    for (const [number, way] of [
      ["15005552040", ["QUEUED", "ROUTED", "SENT", "DELIVERED"]],
      ["15005552041", ["QUEUED", "ROUTED", "SENT", "DELIVERED", "READ"]],
      ["15005552042", ["QUEUED", "ROUTED", "SENT", "FAILED"]],
    ] as const) {
      const steps = output.matchAll(new RegExp(`^ +\\d+ ms {2}\\+${number} +\\w+ +(\\w+)$`, "gm"))
      assert.deepStrictEqual(
        [...steps].map(([, status]) => status),
        [...way],
      )
    }
    assert.notInclude(output, "\u001B", "colours in a pipe")
  })

  it("uses colours when they are forced", async () => {
    const demo = startDemo({ FORCE_COLOR: "1" })
    assert.include(await outputOf(demo.stdout), "\u001B[32m")
  })

  // Windows has no signal that asks a program to stop.
  it.skipIf(process.platform === "win32")("ends at once on Ctrl-C", async () => {
    const demo = startDemo()
    const ended = once(demo, "exit")
    assert.isDefined(demo.stdout)
    await once(demo.stdout ?? demo, "data")
    demo.kill("SIGINT")
    assert.deepStrictEqual(await ended, [130, null])
  })
})
