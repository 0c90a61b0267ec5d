/** No relative import leaves its package: packages use each other only through their exports. */
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

/** The folder of a file's package. Top-level folders of the repository count as packages. */
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
  it("by a relative path stays in its package", () => {
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
