/**
 * The packages as package managers install them, on the versions of Node.js of their `engines`: they compile without
 * `skipLibCheck`, and the programs of their pages run. Below these versions, a command says so in one line.
 */
import { globSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type InstalledMock, startInstalledMock } from "./support/installedMock.ts"
import { envOf, runWith, succeed, succeedWith } from "./support/outside.ts"
import {
  names,
  pack,
  type Packed,
  peers,
  pnpm,
  programsOf,
  supports,
  tsc,
} from "./support/packed.ts"

const work = mkdtempSync(join(tmpdir(), "effect-sent-installs-"))
afterAll(() => rmSync(work, { recursive: true, force: true }))

/** All packages, installed by npm on the Node.js of this repository. */
const all = join(work, "all")

let packed: Packed
let mock: InstalledMock
beforeAll(async () => {
  packed = pack(work)
  mkdirSync(all)
  writeFileSync(join(all, "package.json"), '{ "private": true }')
  succeed(all, "npm", "install", ...names.map(packed.tarballOf), ...peers)
  mock = await startInstalledMock(all)
})
afterAll(() => mock?.[Symbol.asyncDispose]())

const modules = fileURLToPath(new URL("../node_modules", import.meta.url))

/** Versions of Node.js: the oldest of each range in `engines`, and a newer one. They are optional, and only for Linux x64. */
const versions = readdirSync(modules)
  .filter((name) => /^node-\d+-linux-x64$/.test(name))
  .toSorted()
  .map((name) => {
    const node = join(modules, name, "bin/node")
    return { node, version: succeed(work, node, "--version").trim().slice(1) }
  })

const isRequired = process.env["EFFECT_SENT_REQUIRE_RUNTIMES"] !== undefined

it.runIf(isRequired)("finds four versions of Node.js", () => {
  assert.lengthOf(versions, 4)
})

/** Installs packages, some of which require others, into an empty folder. */
const installers = {
  npm: (packages: ReadonlyArray<string>) => ({
    manifest: {},
    files: {},
    command: ["npm", "install", ...packages.map(packed.tarballOf), ...peers],
    variables: {},
  }),
  pnpm: (packages: ReadonlyArray<string>) => ({
    manifest: {},
    files: {
      // Without hoisting, a package finds only what it declares.
      "pnpm-workspace.yaml": ["hoist: false", "overrides:", ...packages.map(overrideOf), ""].join(
        "\n",
      ),
    },
    command: [...pnpm, "add", ...packages.map(packed.tarballOf), ...peers],
    variables: {},
  }),
  yarn: (packages: ReadonlyArray<string>) => ({
    manifest: {
      resolutions: Object.fromEntries(packages.map((name) => [scoped(name), fileOf(name)])),
    },
    files: {
      ".yarnrc.yml": "nodeLinker: node-modules\nenableTelemetry: false\n",
      "yarn.lock": "",
    },
    command: [
      ..."npx --yes @yarnpkg/cli-dist@4.18.1 add".split(" "),
      ...packages.map((name) => `${scoped(name)}@${fileOf(name)}`),
      ...peers,
    ],
    variables: {
      YARN_NPM_REGISTRY_SERVER: succeed(work, "npm", "config", "get", "registry").trim(),
    },
  }),
}

const scoped = (name: string): string => `@effect-sent/${name}`
const fileOf = (name: string): string => `file:${packed.tarballOf(name)}`
const overrideOf = (name: string): string => `  "${scoped(name)}": "${fileOf(name)}"`

const pairs = (["npm", "pnpm", "yarn"] as const).flatMap((manager) =>
  versions.map(({ node, version }) => ({ manager, node, version })),
)

describe.each(pairs)("installed by $manager on Node.js $version", ({ manager, node, version }) => {
  const folder = join(work, `${manager}-${version}`)
  const packages = names.filter((name) => supports(name, version))

  it("compile without skipLibCheck, and run the programs of their pages", () => {
    mkdirSync(folder)
    const { command, files, manifest, variables } = installers[manager](packages)
    const texts = {
      ...files,
      "package.json": JSON.stringify({ private: true, type: "module", ...manifest }),
      "tsconfig.json": JSON.stringify({
        compilerOptions: {
          module: "nodenext",
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          // Core alone needs no types of Node.js.
          types: packages.includes("durable") ? ["node"] : [],
        },
      }),
    }
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text)
    succeedWith({ ...envOf(node), ...variables }, folder, command)

    const codes = packages.flatMap((name) => programsOf(name).map((code) => ({ name, code })))
    const written = codes.map(({ code, name }, index) => {
      const file = `${name}-${index}`
      writeFileSync(join(folder, `${file}.ts`), code)
      return `${file}.js`
    })
    assert.strictEqual(succeed(folder, process.execPath, tsc, "-p", "."), "")
    const printed = written.map((file) =>
      succeedWith({ ...envOf(node), ...mock.variables }, folder, [node, file]),
    )
    assert.include(written[0], "core-")
    assert.match(printed[0] ?? "", /^accepted at /)
  })

  const bins = (): ReadonlyArray<string> =>
    globSync("node_modules/.bin/effect-sent*", { cwd: folder }).filter(
      (file) => !/\.(?:cmd|ps1)$/.test(file),
    )

  it("have commands that run", () => {
    const expected = ["effect-sent-mock", "effect-sent-contract", "effect-sent"]
    const areSupported = packages.includes("cli")
    assert.sameMembers(
      bins().map((bin) => basename(bin)),
      areSupported ? expected : [],
    )
    for (const bin of bins()) {
      assert.include(succeedWith(envOf(node), folder, [bin, "--help"]), basename(bin))
    }
  })
})

describe.each(versions.filter(({ version }) => !supports("mock-server", version)))(
  "on Node.js $version, which they do not support",
  ({ node, version }) => {
    it.each([
      ["effect-sent-mock", "mock-server", 1],
      ["effect-sent-contract", "contract-tools", 2],
      ["effect-sent", "cli", 1],
    ])("%s prints the required version in one line", (command, name, code) => {
      const bin = join(all, `node_modules/@effect-sent/${name}/dist/bin.js`)
      const { output, status } = runWith(envOf(node), all, [node, bin])
      assert.strictEqual(status, code)
      const line = `${command}: Node\\.js [\\d.]+ or newer is required; this is ${version}`
      assert.match(output, new RegExp(`^${line}\\n$`))
    })

    it("startMockServer rejects with the required version in one line", () => {
      writeFileSync(
        join(all, "start.mjs"),
        'import { startMockServer } from "@effect-sent/mock-server"\n' +
          "await startMockServer().catch((error) => console.log(error.message))\n",
      )
      const output = succeedWith(envOf(node), all, [node, "start.mjs"])
      assert.match(
        output,
        /^@effect-sent\/mock-server: Node\.js [\d.]+ or newer is required; .*\n$/,
      )
    })
  },
)
