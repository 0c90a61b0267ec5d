/** Runs the steps of `action.yml` as GitHub would, except for the installation. */
import { Contract } from "@effect-sent/contract"
import { startMockServer } from "@effect-sent/mock-server"
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
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
const stepOf = (name: string) => action.runs.steps.find((step) => step.name === name)

const folder = mkdtempSync(join(tmpdir(), "effect-sent-"))
afterAll(() => rmSync(folder, { recursive: true }))

/** The contract with a short delay in the scenario `slow`, which would take five seconds. */
const contract = join(folder, "quick.yaml")
writeFileSync(
  contract,
  readFileSync(Contract.bundledPath, "utf8").replace("delay: 5 }", "delay: 0.01 }"),
)

interface Given {
  readonly inputs: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly baseRef?: string
  readonly cwd?: string
}

/** Runs a step with these inputs, with its expressions evaluated. */
const runStep = async (name: string, { baseRef = "", cwd = folder, env = {}, inputs }: Given) => {
  const step = stepOf(name)
  const given: Readonly<Record<string, string | undefined>> = {
    ...Object.fromEntries(
      Object.entries(action.inputs).map(([input, { default: value }]) => [
        `inputs.${input}`,
        value,
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(inputs).map(([input, value]) => [`inputs.${input}`, value]),
    ),
    "github.action_path": root,
    "github.base_ref": baseRef,
  }
  const own = Object.entries(step?.env ?? {}).map(([variable, expression]) => [
    variable,
    given[/^\$\{\{ (.+) \}\}$/.exec(expression)?.[1] ?? ""],
  ])
  const files = {
    GITHUB_OUTPUT: join(folder, "output"),
    GITHUB_STEP_SUMMARY: join(folder, "summary"),
  }
  for (const file of Object.values(files)) writeFileSync(file, "")
  const child = spawn("bash", ["-eo", "pipefail", "-c", step?.run ?? ""], {
    cwd,
    env: { ...process.env, ...Object.fromEntries(own), ...files, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  })
  const ended = once(child, "exit")
  const [out = "", err = ""] = await Promise.all(
    [child.stdout, child.stderr].map(async (stream) =>
      (await stream.setEncoding("utf8").toArray()).join(""),
    ),
  )
  const [code]: ReadonlyArray<unknown> = await ended
  return {
    code,
    out,
    err,
    result: readFileSync(files.GITHUB_OUTPUT, "utf8").trim().replace("result=", ""),
    summary: readFileSync(files.GITHUB_STEP_SUMMARY, "utf8"),
  }
}

const check = (inputs: Given["inputs"], more: Omit<Given, "inputs"> = {}) =>
  runStep("Check", { inputs, ...more })

describe("the action", () => {
  it("passes each of its inputs through the environment, not in the command", () => {
    const used = action.runs.steps.flatMap(({ env = {} }) =>
      Object.values(env).flatMap((value) => /inputs\.([\w-]+)/.exec(value)?.[1] ?? []),
    )
    assert.sameMembers(used, Object.keys(action.inputs))
    for (const { run = "" } of action.runs.steps) assert.notInclude(run, "${{")
  })

  it("is pinned in every example, which names the secrets", () => {
    const page = readFileSync(join(root, "docs/contract.md"), "utf8")
    const uses = [...page.matchAll(/uses: <owner>\/effect-sent@(.+)/g)]
    assert.isAbove(uses.length, 0)
    for (const [, version] of uses) assert.match(version ?? "", /^<commit> # v\d/)
    for (const secret of ["SENT_SENDER_ID", "SENT_API_KEY", "SENT_WEBHOOK_SECRET"]) {
      assert.include(page, `${secret}: \${{ secrets.${secret} }}`)
    }
  })
})

// Windows has no bash that these tests can rely on.
describe.skipIf(process.platform === "win32")("the action's command", { timeout: 60_000 }, () => {
  it("verify passes when the server conforms, and fails with annotations when it does not", async () => {
    await using mock = await startMockServer({ contract })
    const output = join(folder, "verify.xml")
    const inputs = { target: mock.baseUrl, contract, runs: "2", output }
    const passed = await check(inputs, { env: { SENT_SENDER_ID: "", SENT_API_KEY: "" } })
    assert.strictEqual(passed.code, 0, passed.out + passed.err)
    assert.notInclude(passed.out, "::error")
    assert.strictEqual(passed.result, "passed")
    assert.include(passed.summary, "### ✅ verify")
    assert.include(readFileSync(output, "utf8"), "<testsuites")
    await mock.addFault({ answer: { status: 503, example: "service-unavailable" } })
    const failed = await check({ ...inputs, runs: "1" })
    assert.deepStrictEqual([failed.code, failed.result], [1, "failed"])
    assert.include(failed.out, "::error title=successes%3A")
  })

  it("verify of a sandbox needs no credentials, and may be plain http", async () => {
    // This machine by an address that is not a loopback one.
    const target = "http://0.0.0.0:1"
    const env = { SENT_SENDER_ID: "", SENT_API_KEY: "" }
    const { err, out, result } = await check({ target, sandbox: "true" }, { env })
    assert.strictEqual(result, "not-run")
    assert.match(out + err, /http:\/\/0\.0\.0\.0:1: .*; is it running\?/)
    assert.strictEqual((await check({ target }, { env })).result, "skipped")
    assert.strictEqual(
      (await check({ target, sandbox: "true", live: "true" }, { env })).result,
      "skipped",
    )
  })

  it.each([
    [{ target: "https://staging.example.com" }, 0, "skipped"],
    [{ command: "lint", contract: "http://127.0.0.1:1/a.yaml" }, 2, "not-run"],
    [
      { command: "lint", contract: "http://127.0.0.1:1/a.yaml", "allow-network": "true" },
      2,
      "not-run",
    ],
    [{ target: "http://127.0.0.1:1", live: "true", command: "coverage" }, 0, "skipped"],
    [{ target: "https://staging.example.com", "without-credentials": "fail" }, 2, "not-run"],
    [{ target: "" }, 2, "not-run"],
    [{ command: "diff" }, 2, "not-run"],
    [{ command: "$(id)" }, 2, "not-run"],
  ] as const)("with %j exits with %i", async (inputs, code, result) => {
    const ended = await check(inputs, { env: { SENT_SENDER_ID: "", SENT_API_KEY: "" } })
    assert.deepStrictEqual([ended.code, ended.result], [code, result])
    const words =
      "allow-network" in inputs ? /bad port/ : /^::(?:warning|error)|credentials|--allow-network/m
    assert.match(ended.out + ended.err, words)
    assert.notInclude(ended.out, "uid=")
  })

  it("lint and diff check the files of the repository, diff against the base of the pull request", async () => {
    const repository = join(folder, "repository")
    mkdirSync(repository)
    const git = (...args: ReadonlyArray<string>) =>
      execFileSync("git", ["-c", "user.name=A", "-c", "user.email=a@example.com", ...args], {
        cwd: repository,
      })
    const file = join(repository, "api.yaml")
    writeFileSync(file, readFileSync(contract))
    git("init", "--quiet", "--initial-branch=trunk")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    writeFileSync(
      file,
      readFileSync(contract, "utf8").replace(
        "required: [phoneNumber,",
        "required: [messageBody, phoneNumber,",
      ),
    )
    const inputs = { contract: "api.yaml" }
    const lint = await check({ ...inputs, command: "lint", rules: "none" }, { cwd: repository })
    assert.deepStrictEqual([lint.code, lint.result], [0, "passed"], lint.out + lint.err)
    const diff = await check({ ...inputs, command: "diff" }, { cwd: repository, baseRef: "trunk" })
    assert.deepStrictEqual([diff.code, diff.result], [1, "failed"], diff.out + diff.err)
    assert.include(diff.out, "file=api.yaml")
  })

  it("waits for a server until the time is up", async () => {
    await using mock = await startMockServer()
    const there = await runStep("Wait", { inputs: { "wait-for": mock.baseUrl } })
    assert.strictEqual(there.code, 0)
    const gone = await runStep("Wait", {
      inputs: { "wait-for": "http://127.0.0.1:1", "wait-timeout": "1" },
    })
    assert.strictEqual(gone.code, 2)
    assert.include(gone.out, "http://127.0.0.1:1 does not respond")
  })
})
