/** What is installed and run here is what was reviewed: every package has an integrity, and every action is pinned to a commit. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { parse } from "yaml"

const root = fileURLToPath(new URL("../..", import.meta.url))
const read = (file: string): string => readFileSync(join(root, file), "utf8")

interface Locked {
  readonly resolution: { readonly integrity?: string }
  readonly os?: ReadonlyArray<string>
  readonly cpu?: ReadonlyArray<string>
}

const packagesOf = (folder: string): ReadonlyArray<readonly [string, Locked]> => {
  const lockfile: { readonly packages: Readonly<Record<string, Locked>> } = parse(
    read(join(folder, "pnpm-lock.yaml")),
  )
  return Object.entries(lockfile.packages)
}

const packages = { ".": packagesOf("."), long: packagesOf("long") }

describe.each([".", "long"] as const)("the workspace %s", (folder) => {
  it("has an integrity for every package", () => {
    assert.isAbove(packages[folder].length, 100)
    for (const [name, { resolution }] of packages[folder]) {
      assert.match(resolution.integrity ?? "", /^sha512-/, name)
    }
  })

  it("runs no install script, which could download what has no integrity", () => {
    const { allowBuilds }: { readonly allowBuilds: Readonly<Record<string, boolean>> } = parse(
      read(join(folder, "pnpm-workspace.yaml")),
    )
    assert.isNotEmpty(allowBuilds)
    assert.notInclude(Object.values(allowBuilds), true)
  })
})

it("the Node.js of every platform is only installed on that platform", () => {
  const nodes = packages["."].filter(([name]) => /^node-.*(?:darwin|linux|win)-/.test(name))
  assert.lengthOf(nodes, 5)
  for (const [name, { cpu = [], os = [] }] of nodes) {
    const [, system = "", processor = ""] = /(darwin|linux|win)-(\w+)@/.exec(name) ?? []
    assert.deepStrictEqual([os, cpu], [[system === "win" ? "win32" : system], [processor]], name)
  }
})
