/** No import leaves its package by a path: what a package needs of another, that package exports. */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.ts", "*.tsx"], {
  cwd: root,
  encoding: "utf8",
})
  .trim()
  .split("\n")

/** The folder of the package that a file belongs to. The root's own parts count as packages. */
const packageOf = (file: string): string =>
  /^(?:packages\/[^/]+|[^/]+)(?=\/)/.exec(file)?.[0] ?? "."

const relativeImports = (file: string): ReadonlyArray<string> =>
  Array.from(
    readFileSync(join(root, file), "utf8").matchAll(
      /(?:\bfrom|\bimport\(|^import)\s*"(\.[^"]*)"/gm,
    ),
    ([, specifier = ""]) => specifier,
  )

describe("an import", () => {
  it("by a path stays in its package", () => {
    assert.isAbove(files.length, 200)
    const leaving = files.flatMap((file) =>
      relativeImports(file)
        .map((specifier) => relative(root, join(root, dirname(file), specifier)))
        .filter((target) => packageOf(target) !== packageOf(file))
        .map((target) => `${file} imports ${target}`),
    )
    assert.deepStrictEqual(leaving, [])
  })
})
