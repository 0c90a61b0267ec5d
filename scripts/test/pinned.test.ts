/** What is installed and run here is what was reviewed: every package has an integrity, and every action is pinned to a commit. */
import { globSync, readFileSync } from "node:fs"
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

const packages = { ".": packagesOf("."), long: packagesOf("long"), site: packagesOf("site") }

describe.each([".", "long", "site"] as const)("the workspace %s", (folder) => {
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

describe("the actions that workflows use", () => {
  const files = globSync(["action.yml", ".github/workflows/*.yml", "docs/**/*.md", "*.md"], {
    cwd: root,
  })
  const used = files.flatMap((file) =>
    Array.from(read(file).matchAll(/^ *(?:- )?uses: *(.*)$/gm), ([, action = ""]) => ({
      file,
      action,
    })),
  )

  it("are pinned to a commit, with the version in a comment", () => {
    const foreign = used.filter(({ action }) => action !== "./")
    assert.isAbove(foreign.length, 8)
    for (const { action, file } of foreign) {
      // The commit of a release of this repository is for the reader to fill in.
      assert.match(action, /^[\w./<>-]+@(?:[0-9a-f]{40}|<commit>) # v\d+\.\d+\.\d+\b/, file)
    }
  })

  it("are the same commit for the same version", () => {
    const commits = new Map(used.map(({ action }) => [action.split("@")[0], action]))
    for (const { action, file } of used) {
      if (action.includes("<commit>")) continue
      assert.strictEqual(action, commits.get(action.split("@")[0]), file)
    }
  })

  it("have a token that can only read, unless a job needs more", () => {
    for (const file of globSync(".github/workflows/*.yml", { cwd: root })) {
      const { permissions }: { readonly permissions?: Readonly<Record<string, string>> } = parse(
        read(file),
      )
      assert.isDefined(permissions, file)
      assert.notInclude(Object.values(permissions ?? {}), "write", file)
    }
  })
})
