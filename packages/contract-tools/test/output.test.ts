/** What the commands write: whole reports however slow the reader, and what is known when they are interrupted. */
import { Contract } from "@effect-sent/contract"
import { startMockServer } from "@effect-sent/mock-server"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath, pathToFileURL } from "node:url"
import { afterAll, assert, describe, it, vi } from "vitest"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "effect-sent-"))
afterAll(() => rmSync(folder, { recursive: true }))

const start = (
  flags: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
): ChildProcess =>
  spawn(process.execPath, [bin, ...flags], {
    cwd: folder,
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: "1", GITHUB_STEP_SUMMARY: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  })

const textOf = async (stream: ChildProcess["stdout"]): Promise<string> =>
  ((await stream?.setEncoding("utf8").toArray()) ?? []).join("")

/** Reads nothing until the process had the time to end without its reader. */
const endOf = async (child: ChildProcess, readAfterMillis = 0) => {
  const ended = once(child, "exit")
  const err = textOf(child.stderr)
  await pause(readAfterMillis)
  const out = await textOf(child.stdout)
  const [code]: ReadonlyArray<unknown> = await ended
  return { code, err: await err, out }
}

/** A document with a finding for each of its properties, in a report of more than 200 KB. */
const large = (name: string, prefix: string): string => {
  const properties = Object.fromEntries(
    Array.from({ length: 1500 }, (_, index) => [
      `${prefix}${index}`,
      { type: "string", pattern: "(" },
    ]),
  )
  const document = {
    openapi: "3.1.0",
    info: { title: "Large", version: "1.0.0" },
    paths: {
      "/a": {
        get: {
          responses: {
            200: {
              description: "ok",
              content: { "application/json": { schema: { type: "object", properties } } },
            },
          },
        },
      },
    },
  }
  const file = join(folder, name)
  writeFileSync(file, JSON.stringify(document))
  return file
}

const old = large("old.json", "a")
const next = large("new.json", "b")

describe("a report", { timeout: 60_000 }, () => {
  it.each([
    ["lint", ["lint", old, "--reporter", "json"], 1, /^\{[^]*\n\}\n$/],
    [
      "diff",
      ["diff", old, next, "--reporter", "junit", "--fail-on", "none"],
      0,
      /^<\?xml[^]*<\/testsuites>\n$/,
    ],
  ] as const)(
    "is whole for a slow reader, and appended to the summary of a GitHub job: %s",
    async (command, flags, expected, whole) => {
      const summary = join(folder, `${command}.md`)
      writeFileSync(summary, "# before\n")
      const { code, err, out } = await endOf(start(flags, { GITHUB_STEP_SUMMARY: summary }), 3000)
      assert.strictEqual(code, expected, err)
      assert.isAbove(out.length, 200_000)
      assert.match(out, whole)
      assert.match(readFileSync(summary, "utf8"), /^# before\n### . [^]* more findings/u)
    },
  )

  it("sets the exit code without a reader, and without a stack trace", async () => {
    const child = start(["lint", old])
    child.stdout?.once("data", () => child.stdout?.destroy())
    const [code]: ReadonlyArray<unknown> = await once(child, "exit")
    assert.strictEqual(code, 1)
    assert.strictEqual(await textOf(child.stderr), "")
  })

  it("opens its file before the work", async () => {
    const server = createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    let requests = 0
    server.on("request", (_, response) => {
      requests += 1
      response.end()
    })
    const target = `http://127.0.0.1:${port}`
    const ended = await endOf(
      start(["verify", "-t", target, "-o", join("no", "such", "report.xml")]),
    )
    server.close()
    assert.strictEqual(ended.code, 2)
    assert.include(ended.err, "cannot write no/such/report.xml")
    assert.strictEqual(requests, 0)
  })

  // Windows has no signal that a program could be asked to end with.
  it.skipIf(process.platform === "win32")("has what is known at Ctrl-C", async () => {
    // Responds to the first requests only.
    let requests = 0
    const server = createServer((request, response) => {
      request.resume()
      if (++requests < 20) response.writeHead(200).end()
    }).listen(0, "127.0.0.1")
    await once(server, "listening")
    const address = server.address()
    const target = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
    const child = start(["verify", "-t", target, "-r", "json", "--timeout", "600"])
    const ended = endOf(child)
    await vi.waitUntil(() => requests >= 25, { timeout: 30_000 })
    child.kill("SIGINT")
    const { code, out } = await ended
    assert.strictEqual(code, 130)
    const report: {
      readonly checks: ReadonlyArray<{
        readonly skipped?: string
        readonly findings: ReadonlyArray<unknown>
      }>
    } = JSON.parse(out)
    assert.isTrue(report.checks.some(({ findings }) => findings.length > 0))
    assert.match(
      report.checks.at(-1)?.skipped ?? "",
      /^interrupted: \d+ of \d+ cases were not run$/,
    )
    server.closeAllConnections()
    server.close()
  })
})

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

interface Printed {
  readonly title: string
  readonly checks: ReadonlyArray<{
    readonly skipped?: string
    readonly findings: ReadonlyArray<{ readonly message: string }>
  }>
}

/** Interrupts a command once a file is there. */
const interrupted = async (
  marker: string,
  flags: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
): Promise<Printed> => {
  const child = start([...flags, "-r", "json"], env)
  const ended = endOf(child)
  await vi.waitUntil(() => existsSync(marker), { timeout: 30_000 })
  child.kill("SIGINT")
  const { code, err, out } = await ended
  assert.strictEqual(code, 130, err)
  const report: Printed = JSON.parse(out)
  return report
}

describe.skipIf(process.platform === "win32")("Ctrl-C", { timeout: 60_000 }, () => {
  it("in lint prints what is known of the document", async () => {
    const marker = join(folder, "lint-hangs")
    writeFileSync(
      join(folder, "hangs.mjs"),
      `import { writeFileSync } from "node:fs"
      writeFileSync(${JSON.stringify(marker)}, "")
      await new Promise((resolve) => setTimeout(resolve, 600_000))`,
    )
    writeFileSync(join(folder, "hangs.yaml"), "plugins: [./hangs.mjs]\n")
    const document = join(folder, "lost.yaml")
    writeFileSync(
      document,
      'openapi: 3.1.0\ninfo: { title: a, version: "1" }\npaths: { /a: { $ref: no.yaml } }\n',
    )
    const config = join(folder, "hangs.yaml")
    const { checks, title } = await interrupted(marker, ["lint", document, "--config", config])
    assert.strictEqual(title, `lint ${document}`)
    assert.include(checks[0]?.findings[0]?.message, "the reference to no.yaml cannot be followed")
    assert.strictEqual(checks.at(-1)?.skipped, "interrupted: no rule was applied")
  })

  it("in diff prints what is known of the change, and ends the comparison", async () => {
    const marker = join(folder, "diff-hangs")
    const hook = join(folder, "hook.mjs")
    // Redocly's command never begins.
    writeFileSync(
      hook,
      `import { writeFileSync } from "node:fs"
      if (process.argv.includes("--fail-on=none")) {
        writeFileSync(${JSON.stringify(marker)}, String(process.pid))
        await new Promise((resolve) => setTimeout(resolve, 600_000))
      }`,
    )
    const text = readFileSync(Contract.bundledPath, "utf8")
    const changed = join(folder, "changed.yaml")
    writeFileSync(changed, text.replaceAll("+15005554292", "+15005554293"))
    assert.notStrictEqual(readFileSync(changed, "utf8"), text)
    const { checks } = await interrupted(marker, ["diff", Contract.bundledPath, changed], {
      NODE_OPTIONS: `--import=${pathToFileURL(hook).href}`,
    })
    assert.isTrue(
      checks.some(({ findings }) => findings.some(({ message }) => message.includes("4292"))),
    )
    assert.match(checks.at(-1)?.skipped ?? "", /^interrupted: requests, responses and updates/)
    const redocly = Number(readFileSync(marker, "utf8"))
    await vi.waitUntil(() => !isRunning(redocly), { timeout: 30_000 })
  })

  it("while a document is read says so", async () => {
    const marker = join(folder, "asked")
    const server = createServer(() => writeFileSync(marker, "")).listen(0, "127.0.0.1")
    await once(server, "listening")
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const url = `http://127.0.0.1:${port}/a.yaml`
    const { checks } = await interrupted(marker, ["diff", "--allow-network", url, old])
    server.closeAllConnections()
    server.close()
    assert.strictEqual(
      checks.at(-1)?.skipped,
      "interrupted: the documents were not read to their end",
    )
  })
})

describe("the proxy", { timeout: 60_000 }, () => {
  it.skipIf(process.platform === "win32")("outlives the readers of its log", async () => {
    await using mock = await startMockServer()
    const output = join(folder, "proxy.json")
    const child = start(["proxy", "-t", mock.baseUrl, "--port", "0", "-r", "json", "-o", output])
    const exit = once(child, "exit")
    const url = await new Promise<string>((resolve) => {
      let said = ""
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        said += text
        const found = /SENT_BASE_URL=(\S+)/.exec(said)?.[1]
        if (found !== undefined) resolve(found)
      })
    })
    child.stderr?.destroy()
    child.stdout?.destroy()
    const send = async (): Promise<void> => {
      const { status } = await fetch(`${url}/v1/messages/phone`, { method: "POST", body: "{" })
      assert.strictEqual(status, 401)
      await pause(50)
    }
    await send()
    await send()
    await send()
    child.kill("SIGINT")
    assert.deepStrictEqual(await exit, [1, null])
    assert.include(readFileSync(output, "utf8"), "3 exchanges")
  })
})
