/**
 * The commands of the pages, as a reader types them: the `sh` blocks of a page run in order, in the checkout or, where the page says so,
 * in an application. A block that is not run has a comment before it that says why. What a `text` block after a block shows is what it
 * prints.
 */
import { freePort } from "@effect-sent/faults/freePort"
import { startMockServer } from "@effect-sent/mock-server"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import {
  chmodSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { stripVTControlCharacters } from "node:util"
import { afterAll, afterEach, assert, beforeAll, describe, it } from "vitest"
import { env } from "./support/outside.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const home = mkdtempSync(join(tmpdir(), "effect-sent-commands-"))
const application = join(home, "application")

interface Block {
  readonly page: string
  readonly line: number
  readonly commands: string
  /** Why it is not run. */
  readonly reason: string | undefined
  readonly isInApplication: boolean
  readonly exitCode: number
  /** What it prints, as the page shows it. */
  readonly output: string | undefined
}

const pages = globSync(
  ["*.md", "docs/**/*.md", "packages/*/README.md", "contracts/README.md", "examples/**/README.md"],
  { cwd: root, exclude: ["docs/api"] },
)

const textOf = (page: string): string => readFileSync(join(root, page), "utf8")

const blocksOf = (page: string): ReadonlyArray<Block> => {
  const text = textOf(page)
  const block =
    /(?:^<!-- (not run: [^>]+|in your application|ends with \d+) -->\n\n)?^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?/gms
  return Array.from(text.matchAll(block), ({ 1: mark, 2: commands = "", 3: output, index }) => ({
    page,
    line: text.slice(0, index).split("\n").length,
    commands,
    reason: /^not run: (.+)/s.exec(mark ?? "")?.[1],
    isInApplication: mark === "in your application",
    exitCode: Number(/^ends with (\d+)$/.exec(mark ?? "")?.[1] ?? 0),
    output,
  }))
}

/** The first code block of a language on a page. */
const codeOf = (page: string, language: string): string =>
  new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "ms").exec(textOf(page))?.[1] ?? assert.fail(page)

/** A command that a reader has installed. */
const install = (name: string, command: string): void => {
  const file = join(home, "bin", name)
  writeFileSync(file, `#!/bin/sh\nexec ${command} "$@"\n`)
  chmodSync(file, 0o755)
}

const environment = (port: number): NodeJS.ProcessEnv => ({
  ...env,
  PATH: `${join(home, "bin")}:${env["PATH"] ?? ""}`,
  // Each page has a campaign of its own.
  XDG_DATA_HOME: join(home, String(port)),
  EFFECT_SENT_MOCK_PORT: String(port),
  // A page has these from an earlier step.
  SENT_BASE_URL: `http://127.0.0.1:${port}`,
  SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
  SENT_API_KEY: "anything",
})

const running: Array<ChildProcess> = []

const start = (commands: string, cwd: string, port: number): ChildProcess => {
  const child = spawn("bash", ["-euo", "pipefail", "-c", commands], {
    cwd,
    env: environment(port),
    stdio: ["ignore", "pipe", "pipe"],
    // Ends with everything that it starts.
    detached: true,
  })
  running.push(child)
  return child
}

const stopAll = (): void => {
  for (const { pid } of running.splice(0)) {
    if (pid === undefined) continue
    try {
      process.kill(-pid)
    } catch {
      // It has ended.
    }
  }
}

const outputOf = async (child: ChildProcess, exitCode: number): Promise<string> => {
  let output = ""
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text))
  }
  const [code] = await once(child, "close")
  assert.strictEqual(code, exitCode, output)
  return stripVTControlCharacters(output)
}

/** A server runs until the page ends. */
const isServer = /^pnpm mock(?! scenarios)/m

const withoutTimes = (text: string): string => text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "…")

const play = async (block: Block, port: number): Promise<void> => {
  const cwd = block.isInApplication ? application : root
  // Another mock may listen on the port of the pages, and the home folder is the user's.
  const commands = block.commands.replaceAll("4010", String(port)).replaceAll("$HOME", home)
  const child = start(commands, cwd, port)
  if (isServer.test(block.commands)) {
    // It is ready when it prints how to stop it.
    for await (const text of child.stdout ?? []) if (String(text).includes("Ctrl-C")) break
    return
  }
  const output = await outputOf(child, block.exitCode)
  if (block.output !== undefined)
    assert.include(withoutTimes(output), withoutTimes(block.output.trim()))
  // curl succeeds whatever the answer is.
  if (block.commands.startsWith("curl -i")) assert.match(output, /^HTTP\/1\.1 2/m)
}

const blocks = pages.flatMap(blocksOf)

beforeAll(() => {
  mkdirSync(join(home, "bin"))
  mkdirSync(application)
  install("pnpm", "npx --yes pnpm@12.21.0")
  install(
    "effect-sent",
    `node --conditions=@effect-sent/source ${join(root, "packages/cli/src/bin.ts")}`,
  )
  // What the pages tell a reader to write.
  writeFileSync(join(application, "send.ts"), codeOf("docs/first-message.md", "ts"))
  writeFileSync(join(application, "people.csv"), codeOf("docs/send-a-list.md", "csv"))
})

afterEach(stopAll)
afterAll(() => rmSync(home, { recursive: true, force: true }))

describe("the commands of the pages", () => {
  it("are found, and none hides outside of a block", () => {
    assert.isAbove(blocks.length, 20)
    const hidden = pages.flatMap((page) =>
      textOf(page)
        .split("\n")
        .flatMap((line, index) =>
          /^ {4}(?:pnpm|npx|npm|effect-sent|curl) /.test(line) ? [`${page}:${index + 1}`] : [],
        ),
    )
    assert.deepStrictEqual(hidden, [])
  })

  // The first two pages are one way: what is installed on the first is used on the second.
  const tours = [
    ["docs/getting-started.md", "docs/first-message.md"],
    ...pages
      .filter((page) => !/getting-started|first-message/.test(page))
      .filter((page) => blocks.some((one) => one.page === page && one.reason === undefined))
      .map((page) => [page]),
  ].map((tour) => ({ tour, names: tour.join(" and ") }))

  it.skipIf(process.platform === "win32").each(tours)("of $names run", async ({ tour }) => {
    const port = await freePort()
    const run = tour.flatMap((page) =>
      blocks.filter((one) => one.page === page && one.reason === undefined),
    )
    assert.isNotEmpty(run)
    // A page that starts no mock takes it as given.
    await using servers = new AsyncDisposableStack()
    if (!run.some(({ commands }) => isServer.test(commands))) {
      servers.use(await startMockServer({ port }))
    }
    for (const block of run) {
      // One after the other.
      // oxlint-disable-next-line no-await-in-loop
      await play(block, port)
    }
  })
})
