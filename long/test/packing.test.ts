/**
 * The packages as a user installs them: packed from a clean checkout, installed with npm and pnpm into an empty folder, and used as
 * documented.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const work = mkdtempSync(join(tmpdir(), "effect-sent-packing-"))
const tarballs = join(work, "tarballs")

afterAll(() => rmSync(work, { recursive: true, force: true }))

const folders = [
  "contracts",
  "packages/core",
  "packages/contract",
  "packages/mock-server",
  "packages/contract-tools",
  "packages/durable",
  "packages/cli",
]
const names = folders.map((folder) => basename(folder))

/** The environment outside of this workspace, without the variables that pnpm sets for this test. */
const env = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(?:npm_|NODE_OPTIONS$|NODE_PATH$)/i.test(name),
    ),
  ),
  PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
}

interface Ended {
  readonly status: number | null
  readonly output: string
}

const run = (cwd: string, command: string, ...args: ReadonlyArray<string>): Ended => {
  const { status, stderr, stdout } = spawnSync(command, args, { cwd, env, encoding: "utf8" })
  return { status, output: `${stdout}${stderr}` }
}

const succeed = (cwd: string, command: string, ...args: ReadonlyArray<string>): string => {
  const { output, status } = run(cwd, command, ...args)
  assert.strictEqual(status, 0, `${command} ${args.join(" ")}\n${output}`)
  return output
}

/** Copies every file that git tracks or does not ignore: a checkout as it would be after a commit. */
const checkOut = (): string => {
  const checkout = join(work, "checkout")
  const list = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: root,
    encoding: "utf8",
  })
  for (const file of list.split("\0")) {
    if (file === "" || !existsSync(join(root, file))) continue
    mkdirSync(dirname(join(checkout, file)), { recursive: true })
    cpSync(join(root, file), join(checkout, file))
  }
  return checkout
}

const pnpm = "npx --yes pnpm@12.21.0".split(" ")
const runPnpm = (cwd: string, ...args: ReadonlyArray<string>): Ended =>
  run(cwd, pnpm[0] ?? "", ...pnpm.slice(1), ...args)

const tarballOf = (name: string): string =>
  join(tarballs, `effect-sent-${name}-${versionOf(name)}.tgz`)

const versionOf = (name: string): string => {
  const folder = name === "contracts" ? "contracts" : `packages/${name}`
  const { version }: { readonly version: string } = JSON.parse(
    readFileSync(join(root, folder, "package.json"), "utf8"),
  )
  return version
}

const install = join(work, "install")

beforeAll(() => {
  mkdirSync(tarballs)
  const checkout = checkOut()
  const installed = runPnpm(checkout, "install", "--frozen-lockfile", "--prefer-offline")
  assert.strictEqual(installed.status, 0, installed.output)
  for (const folder of folders) {
    const packed = runPnpm(join(checkout, folder), "pack", "--pack-destination", tarballs)
    assert.strictEqual(packed.status, 0, packed.output)
  }
  mkdirSync(install)
  writeFileSync(join(install, "package.json"), '{ "private": true, "type": "module" }')
  succeed(
    install,
    "npm",
    "install",
    ...names.map(tarballOf),
    "effect@4.1.0",
    "@effect/platform-node@4.1.0",
    "@effect/sql-pg@4.0.5",
  )
})

const filesIn = (name: string): ReadonlyArray<string> =>
  succeed(work, "tar", "-tzf", tarballOf(name)).trim().split("\n")

describe("each tarball", () => {
  it.each(names)("of %s contains the required files, and no sources", (name) => {
    const files = filesIn(name)
    assert.includeMembers([...files], ["package/README.md", "package/LICENSE"])
    assert.deepStrictEqual(
      files.filter((file) => /\.tsx?$/.test(file) && !file.endsWith(".d.ts")),
      [],
    )
    const text = succeed(work, "tar", "-xzOf", tarballOf(name), "package/package.json")
    assert.notMatch(text, /"(?:workspace|catalog):/)
    // The condition that leads to the sources, which are not there.
    assert.notInclude(text, "@effect-sent/source")
    const packageJson: Readonly<Record<string, unknown>> = JSON.parse(text)
    for (const member of ["repository", "homepage", "keywords", "engines", "license"]) {
      assert.property(packageJson, member)
    }
    if (name !== "contracts") assert.isAbove(files.length, 20)
  })

  it("has at most one bin, so that `npx` finds it by the name of the package", () => {
    for (const name of ["mock-server", "contract-tools"]) {
      const { bin }: { readonly bin: object } = JSON.parse(
        succeed(work, "tar", "-xzOf", tarballOf(name), "package/package.json"),
      )
      assert.lengthOf(Object.keys(bin), 1, name)
    }
  })

  it("of the contract contains the licences of the bundled packages", () => {
    const notices = succeed(
      work,
      "tar",
      "-xzOf",
      tarballOf("contract"),
      "package/dist/THIRD_PARTY_LICENSES.txt",
    )
    assert.match(notices, /@stoplight\/prism-http .*\n\n/)
    assert.include(notices, "Apache License")
  })

  it("cannot be made by npm, since only pnpm replaces the ranges of the workspace", () => {
    const { output, status } = run(join(work, "checkout/packages/mock-server"), "npm", "pack")
    assert.notStrictEqual(status, 0)
    assert.include(output, "use `pnpm pack`")
  })
})

const tsc = join(
  dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
  "bin/tsc",
)

/** The programs on a page. */
const programs = (page: string): ReadonlyArray<string> =>
  Array.from(
    readFileSync(join(root, page), "utf8").matchAll(/^```ts\n(.*?)^```$/gms),
    ([, code = ""]) => code,
  )

describe("an application with the packages", () => {
  it("runs the programs of the README and of durable against the installed mock", async () => {
    await using mock = await startMock()
    const variables = {
      ...env,
      SENT_BASE_URL: mock.url,
      SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
      SENT_API_KEY: "anything",
    }
    const [first = "", ...others] = programs("README.md")
    writeFileSync(join(install, "first.ts"), first)
    const { status, stderr, stdout } = spawnSync(process.execPath, ["first.ts"], {
      cwd: install,
      env: variables,
      encoding: "utf8",
    })
    assert.strictEqual(status, 0, stderr)
    assert.match(stdout, /^accepted at /)
    const programsOfDurable = programs("packages/durable/README.md")
    assert.isNotEmpty(programsOfDurable)
    for (const [index, code] of [...others, ...programsOfDurable].entries()) {
      writeFileSync(join(install, `other-${index}.ts`), code)
      const ended = spawnSync(process.execPath, [`other-${index}.ts`], {
        cwd: install,
        env: variables,
        encoding: "utf8",
      })
      assert.strictEqual(ended.status, 0, `${code}\n${ended.stderr}`)
    }
  })

  it.each([
    "packages/mock-server/README.md",
    "packages/contract/README.md",
    "packages/contract-tools/README.md",
  ])("runs the programs of %s", (page) => {
    const found = programs(page)
    assert.isNotEmpty(found)
    for (const code of found) {
      writeFileSync(join(install, "page.ts"), code)
      succeed(install, process.execPath, "page.ts")
    }
  })

  it("runs each command by the name of its package", async () => {
    await using mock = await startMock()
    succeed(install, "npx", "--no-install", "@effect-sent/mock-server", "--help")
    succeed(install, "npx", "--no-install", "@effect-sent/contract-tools", "lint")
    const help = succeed(install, "npx", "--no-install", "@effect-sent/cli", "send", "--help")
    assert.include(help, "--campaign")
    const verified = succeed(
      install,
      "npx",
      "--no-install",
      "@effect-sent/contract-tools",
      "verify",
      "--target",
      mock.url,
      "--runs",
      "5",
    )
    assert.match(verified, /✓ verify/)
  })

  it("serves the inbox", async () => {
    await using mock = await startMock()
    const page = await fetch(`${mock.url}/__mock/`)
    assert.strictEqual(page.status, 200)
    assert.include(await page.text(), "inbox.js")
  })

  it("passes TypeScript", () => {
    writeFileSync(
      join(install, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          module: "nodenext",
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          types: [],
        },
        include: ["first.ts"],
      }),
    )
    assert.strictEqual(succeed(install, process.execPath, tsc, "-p", "."), "")
  })

  it("can load core with `require`", () => {
    const program = 'console.log(typeof require("@effect-sent/core").SentClient.sendToPhone)'
    assert.strictEqual(
      succeed(install, process.execPath, "--input-type=commonjs", "-e", program).trim(),
      "function",
    )
  })
})

describe("the mock alone", () => {
  it("is installed by pnpm without install scripts to approve", () => {
    const folder = join(work, "pnpm")
    mkdirSync(folder)
    writeFileSync(join(folder, "package.json"), '{ "private": true }')
    const overrides = ["contracts", "contract"].map(
      (name) => `  "@effect-sent/${name}": "file:${tarballOf(name)}"`,
    )
    writeFileSync(join(folder, "pnpm-workspace.yaml"), `overrides:\n${overrides.join("\n")}\n`)
    const { output, status } = runPnpm(folder, "add", tarballOf("mock-server"), "effect@4.1.0")
    assert.strictEqual(status, 0, output)
    assert.notInclude(output, "IGNORED_BUILDS")
    assert.lengthOf(globSync("node_modules/.pnpm/@scarf*", { cwd: folder }), 0)
    assert.lengthOf(globSync("node_modules/.pnpm/@redocly*", { cwd: folder }), 0)
  })
})

/** A Node.js of another major version: an optional dependency, which is only installed on Linux x64. */
const nodeOf = (major: number): string | undefined =>
  globSync(`node_modules/node-${major}-linux-x64/bin/node`, {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
  }).map((file) => fileURLToPath(new URL(`../${file}`, import.meta.url)))[0]

/** The oldest Node.js of core's `engines`, the one of this repository, and a newer one. */
const nodes = { oldest: nodeOf(20), own: process.execPath, newer: nodeOf(26) }

/** Installs core into an empty folder. */
const installers = {
  npm: (folder: string, variables: NodeJS.ProcessEnv): Ended =>
    runWith(variables, folder, "npm", "install", tarballOf("core"), "effect@4.1.0"),
  pnpm: (folder: string, variables: NodeJS.ProcessEnv): Ended =>
    runWith(variables, folder, ...pnpm, "add", tarballOf("core"), "effect@4.1.0"),
  yarn: (folder: string, variables: NodeJS.ProcessEnv): Ended => {
    writeFileSync(join(folder, ".yarnrc.yml"), "nodeLinker: node-modules\nenableTelemetry: false\n")
    writeFileSync(join(folder, "yarn.lock"), "")
    const registry = succeed(folder, "npm", "config", "get", "registry").trim()
    return runWith(
      { ...variables, YARN_NPM_REGISTRY_SERVER: registry },
      folder,
      ..."npx --yes @yarnpkg/cli-dist@4.18.1 add".split(" "),
      `@effect-sent/core@file:${tarballOf("core")}`,
      "effect@4.1.0",
    )
  },
}

const runWith = (
  variables: NodeJS.ProcessEnv,
  cwd: string,
  command = "",
  ...args: ReadonlyArray<string>
): Ended => {
  const { status, stderr, stdout } = spawnSync(command, args, {
    cwd,
    env: variables,
    encoding: "utf8",
  })
  return { status, output: `${stdout}${stderr}` }
}

describe("core", () => {
  const pairs = (["npm", "pnpm", "yarn"] as const).flatMap((manager) =>
    (["oldest", "own", "newer"] as const).map((age) => ({ manager, age, node: nodes[age] })),
  )

  it.for(pairs)(
    "installed by $manager on the $age Node.js compiles without skipLibCheck, and runs the first program of the README",
    async ({ age, manager, node }, { skip }) => {
      if (node === undefined) {
        assert.isUndefined(process.env["EFFECT_SENT_REQUIRE_RUNTIMES"])
        skip()
        return
      }
      const folder = join(work, `core-${manager}-${age}`)
      mkdirSync(folder)
      writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }')
      const variables = { ...env, PATH: `${dirname(node)}:${env.PATH}` }
      const installed = installers[manager](folder, variables)
      assert.strictEqual(installed.status, 0, installed.output)
      const [program = ""] = programs("README.md")
      writeFileSync(join(folder, "first.ts"), program)
      writeFileSync(
        join(folder, "tsconfig.json"),
        JSON.stringify({
          compilerOptions: { module: "nodenext", strict: true, skipLibCheck: false, types: [] },
          include: ["first.ts"],
        }),
      )
      assert.strictEqual(succeed(folder, process.execPath, tsc, "-p", "."), "")
      await using mock = await startMock()
      const { output, status } = runWith(
        {
          ...variables,
          SENT_BASE_URL: mock.url,
          SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
          SENT_API_KEY: "anything",
        },
        folder,
        node,
        "first.js",
      )
      assert.strictEqual(status, 0, output)
      assert.match(output, /^accepted at /m)
    },
  )
})

const olderNode = nodeOf(22)

describe.skipIf(olderNode === undefined)("on an unsupported Node.js", () => {
  const node = olderNode ?? ""

  it.each([
    ["effect-sent-mock", "mock-server", 1],
    ["effect-sent-contract", "contract-tools", 2],
    ["effect-sent", "cli", 1],
  ])("%s prints the required version in one line", (command, name, code) => {
    const bin = join(install, `node_modules/@effect-sent/${name}/dist/bin.js`)
    const { output, status } = run(install, node, bin)
    assert.strictEqual(status, code)
    assert.match(
      output,
      new RegExp(`^${command}: Node\\.js [\\d.]+ or newer is required; this is 22\\.[\\d.]+\\n$`),
    )
  })

  it("startMockServer rejects with the required version in one line", () => {
    writeFileSync(
      join(install, "start.mjs"),
      'import { startMockServer } from "@effect-sent/mock-server"\n' +
        "await startMockServer().catch((error) => console.log(error.message))\n",
    )
    const { output, status } = run(install, node, "start.mjs")
    assert.strictEqual(status, 0, output)
    assert.match(output, /^@effect-sent\/mock-server: Node\.js [\d.]+ or newer is required; .*\n$/)
  })
})

interface Mock extends AsyncDisposable {
  readonly url: string
}

const startMock = async (): Promise<Mock> => {
  const bin = join(install, "node_modules/@effect-sent/mock-server/dist/bin.js")
  const child: ChildProcess = spawn(process.execPath, [bin, "--port", "0"], {
    cwd: install,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  })
  const ended = once(child, "exit")
  if (child.stdout === null) throw new Error("the mock has no output")
  for await (const line of createInterface(child.stdout)) {
    const [, url] = /SENT_BASE_URL=(\S+)/.exec(line) ?? []
    if (url === undefined) continue
    return {
      url,
      [Symbol.asyncDispose]: async () => {
        child.kill()
        await ended
      },
    }
  }
  throw new Error("the mock did not start")
}
