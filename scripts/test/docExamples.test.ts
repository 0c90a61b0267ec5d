/**
 * Every example in a doc comment or on a page compiles and runs against the mock. Every public export has a doc comment,
 * and examples stand where they teach.
 */
import { startMockServer } from "@effect-sent/mock-server"
import { spawnSync } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import {
  type DocExample,
  examplesOf,
  exportsOf,
  moduleComment,
  pages,
  publicModules,
} from "../docExamples.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

const examples = [...publicModules(root), ...pages(root)].flatMap((file) => examplesOf(root, file))

// Each example is written into the folder of its package, where its imports resolve as a user's would.
const folderOf = ({ file }: DocExample): string =>
  join(root, /^packages\/[^/]+/.exec(file)?.[0] ?? ".", ".doc-examples")

const pathOf = (example: DocExample): string =>
  join(folderOf(example), `${basename(example.file).replaceAll(".", "-")}-${example.line}.ts`)

const folders = [...new Set(examples.map(folderOf))]

let mock: Awaited<ReturnType<typeof startMockServer>>

beforeAll(async () => {
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: join(root, "tsconfig.base.json"),
        include: ["*.ts"],
        compilerOptions: {
          composite: false,
          incremental: false,
          noEmit: true,
          lib: ["es2024", "dom"],
          types: ["node"],
          // Examples may show a value without using it.
          noUnusedLocals: false,
        },
      }),
    )
  }
  for (const example of examples) writeFileSync(pathOf(example), `${example.code}\nexport {}\n`)
  mock = await startMockServer()
  vi.stubEnv("SENT_BASE_URL", mock.baseUrl)
  vi.stubEnv("SENT_SENDER_ID", "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11")
  vi.stubEnv("SENT_API_KEY", "sk_test_example")
  // Node only prints the message of a failed `console.assert`.
  vi.spyOn(console, "assert").mockImplementation((value, ...message) => {
    assert.isOk(value, message.join(" "))
  })
  vi.spyOn(console, "log").mockImplementation(() => undefined)
})

afterAll(async () => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  await mock.stop()
})

describe("the examples", () => {
  it.each(folders)("in %s compile", { timeout: 60_000 }, (folder) => {
    const tsc = join(root, "node_modules/typescript/bin/tsc")
    const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", folder], {
      encoding: "utf8",
    })
    assert.strictEqual(status, 0, stdout)
  })

  it.each(examples)("of $file:$line runs", async (example) => {
    // A failed assertion or any other error fails the import.
    assert.exists(await import(pathToFileURL(pathOf(example)).href))
  })
})

const modules = publicModules(root)

describe("every public export", () => {
  it.each(modules.flatMap((file) => exportsOf(root, file)))(
    "$name of $file has a doc comment, with an example if it is a function",
    ({ comment, kind }) => {
      assert.isNotEmpty(comment, "no doc comment")
      if (kind === "function") assert.include(comment, "@example")
    },
  )
})

describe("every public module", () => {
  it.each(modules)("%s begins with a doc comment and an example", (file) => {
    assert.include(moduleComment(root, file), "@example")
  })
})
