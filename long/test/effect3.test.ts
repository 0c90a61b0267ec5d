/**
 * `@effect-sent/effect-3` as it is published, in applications at both ends of its ranges: its own tests, the runs against the server
 * that fails, the example, the types, the size and the cost.
 */
import { startMockServer } from "@effect-sent/mock-server"
import { build } from "esbuild"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { env, succeed } from "./support/outside.ts"
import { pnpm, programs, tsc } from "./support/packed.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const own = join(root, "packages/effect-3")
const work = mkdtempSync(join(tmpdir(), "effect-sent-effect-3-"))

afterAll(() => rmSync(work, { recursive: true, force: true }))

interface End {
  readonly name: string
  readonly effect: string
  readonly platform: string
  readonly platformNode: string
}

/** The ends of the ranges of the peers, and what they are tested with. */
const ends: ReadonlyArray<End> = [
  { name: "lowest", effect: "3.15.3", platform: "0.82.5", platformNode: "0.81.2" },
  { name: "highest", effect: "3.22.4", platform: "0.97.2", platformNode: "0.108.2" },
]

const install = (cwd: string, ...packages: ReadonlyArray<string>): string =>
  succeed(cwd, "npm", "install", "--no-audit", "--no-fund", ...packages)

const folderOf = ({ name }: Pick<End, "name">): string => join(work, name)

let tarball = ""

beforeAll(() => {
  succeed(own, ...pnpm, "pack", "--pack-destination", work)
  tarball = globSync("*.tgz", { cwd: work }).map((file) => join(work, file))[0] ?? ""
})

describe.each(ends)("with effect $effect and @effect/platform $platform, the $name", (end) => {
  const folder = folderOf(end)

  beforeAll(() => {
    mkdirSync(folder)
    writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }')
    install(folder, tarball, `effect@${end.effect}`, `@effect/platform@${end.platform}`)
  })

  it("is installed with the Effect of the application alone", () => {
    const versions = new Set(
      succeed(folder, "npm", "ls", "effect", "--all").match(/\beffect@[\d.]+/g),
    )
    assert.deepStrictEqual([...versions], [`effect@${end.effect}`])
    assert.lengthOf(globSync("node_modules/**/effect/package.json", { cwd: folder }), 1)
  })

  it("has declarations that name nothing of Effect 4, and compile without skipLibCheck", () => {
    const declarations = join(folder, "node_modules/@effect-sent/effect-3/dist")
    for (const file of globSync("**/*.d.ts", { cwd: declarations })) {
      const text = readFileSync(join(declarations, file), "utf8").replaceAll(/\/\*.*?\*\//gs, "")
      assert.notMatch(text, /@effect-sent\/(?:core|facade)|effect\/http/, file)
    }
    const [program = ""] = programs("packages/effect-3/README.md")
    writeFileSync(join(folder, "first.ts"), program)
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          module: "nodenext",
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          lib: ["es2024", "dom", "dom.iterable"],
          types: [],
        },
        include: ["first.ts"],
      }),
    )
    assert.strictEqual(succeed(folder, process.execPath, tsc, "-p", "."), "")
  })

  it("runs the first program of its README against the mock", async () => {
    await using mock = await disposable(startMockServer())
    const variables = {
      ...env,
      SENT_BASE_URL: mock.baseUrl,
      SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
      SENT_API_KEY: "anything",
    }
    const child = spawn(process.execPath, ["first.ts"], { cwd: folder, env: variables })
    const output: Array<string> = []
    child.stdout.on("data", (chunk) => output.push(String(chunk)))
    child.stderr.on("data", (chunk) => output.push(String(chunk)))
    await once(child, "close")
    assert.match(output.join(""), /^accepted at /)
    assert.lengthOf(await mock.messages(), 1)
  })

  describe("and its HTTP clients", () => {
    beforeAll(() => {
      // Its peers have peers of their own, which are of no use here.
      install(
        folder,
        "--legacy-peer-deps",
        `@effect/platform-node@${end.platformNode}`,
        "vitest@3.2.4",
        ...(end.name === "highest" ? ["@effect/vitest@0.30.0"] : []),
      )
      for (const name of ["core", "faults"]) {
        symlinkSync(join(root, "packages", name), join(folder, "node_modules/@effect-sent", name))
      }
      symlinkSync(join(root, "node_modules/effect"), join(folder, "node_modules/effect-4"))
      for (const file of globSync(
        ["{sending,time,bulk,updates}.test.ts", "support", "application"],
        { cwd: join(own, "test") },
      )) {
        cpSync(join(own, "test", file), join(folder, file), { recursive: true })
      }
    })

    it("passes its own tests", () => {
      const output = succeed(
        folder,
        process.execPath,
        "node_modules/vitest/vitest.mjs",
        "run",
        "--testTimeout=60000",
      )
      assert.match(output, /Tests +\d+ passed/)
    })

    it.each(["FetchHttpClient", "NodeHttpClient.layerUndici", "NodeHttpClient.layer"])(
      "says nothing false over %s",
      (client) => {
        const result: Result = JSON.parse(
          succeed(
            folder,
            process.execPath,
            "--conditions=@effect-sent/source",
            "application/faults.ts",
            client,
            "300",
            "1",
          ),
        )
        assert.deepStrictEqual(result.wrong, [])
        assert.deepStrictEqual(result.repeated, [])
        assert.lengthOf(result.runs, 2)
        for (const { elsewhere, lies } of result.runs) {
          assert.deepStrictEqual(lies, {
            acceptedTwice: 0,
            notSentButAccepted: 0,
            receiptButNotAccepted: 0,
          })
          assert.strictEqual(elsewhere.credentials, 0)
        }
      },
    )
  })
})

interface Result {
  readonly wrong: ReadonlyArray<string>
  readonly repeated: ReadonlyArray<string>
  readonly runs: ReadonlyArray<{
    readonly lies: object
    readonly elsewhere: { readonly credentials: number }
  }>
}

describe("the example", () => {
  it("passes its tests, with the @effect/vitest of its line", () => {
    const folder = join(work, "highest")
    const example = join(folder, "example")
    for (const file of globSync("*.ts", { cwd: join(root, "examples/effect-3") })) {
      cpSync(join(root, "examples/effect-3", file), join(example, file))
    }
    const output = succeed(example, process.execPath, "../node_modules/vitest/vitest.mjs", "run")
    assert.match(output, /Tests +2 passed/)
  })
})

describe("the entry for sending", () => {
  it("has at most 100 KB, compressed, in the bundle of an application", async () => {
    const entry = join(folderOf({ name: "highest" }), "entry.js")
    writeFileSync(
      entry,
      'export { layer, sendToPhone } from "@effect-sent/effect-3/SentClient"\nexport { layerConfig } from "@effect-sent/effect-3/SentCredentials"\n',
    )
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      minify: true,
      write: false,
      format: "esm",
      platform: "neutral",
      external: ["effect/*", "@effect/platform/*"],
    })
    const bytes = gzipSync(outputFiles[0]?.contents ?? "").length
    console.log(`the entry for sending: ${bytes} bytes, compressed`)
    assert.isAbove(bytes, 10_000)
    assert.isAtMost(bytes, 100_000)
  })
})

describe("a send", () => {
  it("costs at most five times the processor time of the bare client, in the same run", async () => {
    await using server = await answering()
    for (const client of ["FetchHttpClient", "NodeHttpClient.layerUndici"]) {
      const {
        bare,
        ratio,
        send,
      }: { readonly bare: number; readonly send: number; readonly ratio: number } = JSON.parse(
        succeed(
          folderOf({ name: "highest" }),
          process.execPath,
          "application/cost.ts",
          server.baseUrl,
          client,
        ),
      )
      console.log(
        `${client}: ${send.toFixed(0)} µs a send, ${bare.toFixed(0)} µs bare, ${ratio.toFixed(2)} ×`,
      )
      assert.isAtMost(ratio, 5)
    }
  })
})

/** A server that accepts everything, in a process of its own. */
const answering = async (): Promise<AsyncDisposable & { readonly baseUrl: string }> => {
  const code = `
    const server = require("node:http").createServer((request, response) => {
      request.resume().once("end", () => response.writeHead(204).end())
    })
    server.listen(0, "127.0.0.1", () => console.log(server.address().port))`
  const child: ChildProcess = spawn(process.execPath, ["-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  if (child.stdout === null) throw new Error("the server has no output")
  const [port] = await once(child.stdout, "data")
  return {
    baseUrl: `http://127.0.0.1:${String(port).trim()}`,
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit")
      child.kill()
      await ended
    },
  }
}

const disposable = async <A extends { readonly stop: () => Promise<void> }>(
  starting: Promise<A>,
): Promise<A & AsyncDisposable> => {
  const started = await starting
  return Object.assign(started, { [Symbol.asyncDispose]: () => started.stop() })
}
