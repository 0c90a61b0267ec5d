/** The packages as a user installs them: what is in the tarballs, and an application with all of them that is used as documented. */
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { build } from "esbuild"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { startInstalledMock } from "./support/installedMock.ts"
import { env, run, succeed, succeedWith } from "./support/outside.ts"
import { names, pack, type Packed, peers, pnpm, programs, programsOf } from "./support/packed.ts"

const work = mkdtempSync(join(tmpdir(), "effect-sent-packing-"))
afterAll(() => rmSync(work, { recursive: true, force: true }))

const install = join(work, "install")

let packed: Packed
beforeAll(() => {
  packed = pack(work)
  mkdirSync(install)
  writeFileSync(join(install, "package.json"), '{ "private": true, "type": "module" }')
  succeed(install, "npm", "install", ...names.map(packed.tarballOf), ...peers)
})

const filesIn = (name: string): ReadonlyArray<string> =>
  succeed(work, "tar", "-tzf", packed.tarballOf(name)).trim().split("\n")

describe("each tarball", () => {
  it.each(names)("of %s contains the required files, and no sources", (name) => {
    const files = filesIn(name)
    assert.includeMembers([...files], ["package/README.md", "package/LICENSE"])
    assert.deepStrictEqual(
      files.filter((file) => /\.tsx?$/.test(file) && !file.endsWith(".d.ts")),
      [],
    )
    const text = succeed(work, "tar", "-xzOf", packed.tarballOf(name), "package/package.json")
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
        succeed(work, "tar", "-xzOf", packed.tarballOf(name), "package/package.json"),
      )
      assert.lengthOf(Object.keys(bin), 1, name)
    }
  })

  it("of the contract contains the licences of the bundled packages", () => {
    const notices = succeed(
      work,
      "tar",
      "-xzOf",
      packed.tarballOf("contract"),
      "package/dist/THIRD_PARTY_LICENSES.txt",
    )
    assert.match(notices, /@stoplight\/prism-http .*\n\n/)
    assert.include(notices, "Apache License")
  })

  it("cannot be made by npm, since only pnpm replaces the ranges of the workspace", () => {
    const { output, status } = run(join(packed.checkout, "packages/mock-server"), "npm", "pack")
    assert.notStrictEqual(status, 0)
    assert.include(output, "use `pnpm pack`")
  })
})

describe("an application with the packages", () => {
  it("runs the programs of the README, and of each package, against the installed mock", async () => {
    await using mock = await startInstalledMock(install)
    const all = [...programs("README.md"), ...names.flatMap(programsOf)]
    assert.isAbove(all.length, 8)
    for (const [index, code] of all.entries()) {
      writeFileSync(join(install, `program-${index}.ts`), code)
      const node = [process.execPath, `program-${index}.ts`]
      const printed = succeedWith({ ...env, ...mock.variables }, install, node)
      if (index === 0) assert.match(printed, /^accepted at /)
    }
  })

  it("runs each command by the name of its package", async () => {
    await using mock = await startInstalledMock(install)
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
    await using mock = await startInstalledMock(install)
    const page = await fetch(`${mock.url}/__mock/`)
    assert.strictEqual(page.status, 200)
    assert.include(await page.text(), "inbox.js")
  })

  it("can load core with `require`", () => {
    const program = 'console.log(typeof require("@effect-sent/core").SentClient.sendToPhone)'
    assert.strictEqual(
      succeed(install, process.execPath, "--input-type=commonjs", "-e", program).trim(),
      "function",
    )
  })

  // The sources are bundled by `packages/core/test/bundle.test.ts`: what is packed must be left out as well.
  it("bundles nothing of core that a program does not use", async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: `import { layer } from "@effect-sent/core/SentClient"; console.log(layer())`,
        resolveDir: install,
      },
      bundle: true,
      minify: true,
      external: ["effect/*"],
      format: "esm",
      write: false,
      logLevel: "silent",
    })
    const code = outputFiles.map(({ text }) => text).join("")
    assert.isBelow(gzipSync(code).length / 1024, 21.8)
    for (const unused of ["SENT_API_KEY", "sandbox", "must be a Config"]) {
      assert.notInclude(code, unused)
    }
  })
})

describe("the mock alone", () => {
  it("is installed by pnpm without install scripts to approve", () => {
    const folder = join(work, "pnpm")
    mkdirSync(folder)
    writeFileSync(join(folder, "package.json"), '{ "private": true }')
    const overrides = ["contracts", "contract"].map(
      (name) => `  "@effect-sent/${name}": "file:${packed.tarballOf(name)}"`,
    )
    writeFileSync(join(folder, "pnpm-workspace.yaml"), `overrides:\n${overrides.join("\n")}\n`)
    const { output, status } = run(
      folder,
      ...pnpm,
      "add",
      packed.tarballOf("mock-server"),
      "effect@4.1.0",
    )
    assert.strictEqual(status, 0, output)
    assert.notInclude(output, "IGNORED_BUILDS")
    assert.lengthOf(globSync("node_modules/.pnpm/@scarf*", { cwd: folder }), 0)
    assert.lengthOf(globSync("node_modules/.pnpm/@redocly*", { cwd: folder }), 0)
  })
})
