/** Runs the command of `action.yml` as GitHub would, except for the installation. */
import { Contract } from "@effect-sent/contract"
import { startMockServer } from "@effect-sent/mock-server"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, describe, it } from "vitest"
import { parse } from "yaml"

const root = fileURLToPath(new URL("../..", import.meta.url))

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>
  readonly runs: {
    readonly steps: ReadonlyArray<{
      readonly name?: string
      readonly run?: string
      readonly env?: Readonly<Record<string, string>>
    }>
  }
}

const action: Action = parse(readFileSync(join(root, "action.yml"), "utf8"))
const verify = action.runs.steps.find(({ name }) => name === "Verify")

const folder = mkdtempSync(join(tmpdir(), "effect-sent-"))
afterAll(() => rmSync(folder, { recursive: true }))

/** The contract with a short delay in the scenario `slow`, which would take five seconds. */
const contract = join(folder, "quick.yaml")
writeFileSync(
  contract,
  readFileSync(Contract.bundledPath, "utf8").replace("delay: 5 }", "delay: 0.01 }"),
)

/** Runs the step with these inputs, with its expressions evaluated. */
const run = async (inputs: Readonly<Record<string, string>>) => {
  const given: Readonly<Record<string, string | undefined>> = {
    ...Object.fromEntries(
      Object.entries(action.inputs).map(([name, input]) => [name, input.default]),
    ),
    ...inputs,
  }
  const env = Object.entries(verify?.env ?? {}).map(([name, expression]) => {
    const [, source = ""] = /^\$\{\{ (.+) \}\}$/.exec(expression) ?? []
    return [name, source === "github.action_path" ? root : given[source.replace("inputs.", "")]]
  })
  const child = spawn("bash", ["-eo", "pipefail", "-c", verify?.run ?? ""], {
    env: { ...process.env, ...Object.fromEntries(env) },
    stdio: ["ignore", "pipe", "inherit"],
  })
  const ended = once(child, "exit")
  const out = (await child.stdout.setEncoding("utf8").toArray()).join("")
  const [code]: ReadonlyArray<unknown> = await ended
  return { code, out }
}

describe("the action", () => {
  it("passes each of its inputs through the environment, not in the command", () => {
    const used = Object.values(verify?.env ?? {}).flatMap(
      (value) => /inputs\.([\w-]+)/.exec(value)?.[1] ?? [],
    )
    assert.sameMembers(used, Object.keys(action.inputs))
    assert.notInclude(verify?.run, "${{")
  })

  // Windows has no bash that these tests can rely on.
  it.skipIf(process.platform === "win32")(
    "passes when the server conforms",
    { timeout: 60_000 },
    async () => {
      await using mock = await startMockServer({ contract })
      const { code, out } = await run({ target: mock.baseUrl, contract, runs: "2" })
      assert.strictEqual(code, 0, out)
      assert.notInclude(out, "::error")
    },
  )

  it.skipIf(process.platform === "win32")(
    "fails with annotations when the server does not conform, and sends only what is allowed",
    { timeout: 60_000 },
    async () => {
      await using mock = await startMockServer({ contract })
      await mock.addFault({ answer: { status: 503, example: "service-unavailable" } })
      const number = "+14155552671"
      const { code, out } = await run({
        target: mock.baseUrl,
        contract,
        live: "true",
        "allow-send": number,
        runs: "1",
      })
      assert.strictEqual(code, 2, "a live service needs credentials")
      assert.strictEqual(out, "")
      const refused = await run({ target: mock.baseUrl, contract, runs: "1" })
      assert.strictEqual(refused.code, 1)
      assert.include(refused.out, "::error title=successes%3A")
    },
  )
})
