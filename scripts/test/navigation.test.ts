/** The list of pages in `docs/README.md`, which is the navigation of the site, has every page once, and no other. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, it } from "vitest"

const docs = fileURLToPath(new URL("../../docs", import.meta.url))

it("docs/README.md lists every page: add a new one where its question comes up", () => {
  const links = readFileSync(join(docs, "README.md"), "utf8").matchAll(/^- \[[^\]]+\]\(([^)]+)\)/gm)
  assert.deepStrictEqual(
    Array.from(links, ([, file = ""]) => file).toSorted(),
    [
      ...globSync("*.md", { cwd: docs }).filter((file) => file !== "README.md"),
      "decisions/README.md",
    ].toSorted(),
  )
})

it("docs/decisions/README.md lists every decision", () => {
  const list = readFileSync(join(docs, "decisions/README.md"), "utf8")
  assert.deepStrictEqual(
    Array.from(list.matchAll(/\]\((\d{4}-[^)]+)\)/g), ([, file = ""]) => file),
    globSync("*.md", { cwd: join(docs, "decisions") })
      .filter((file) => file !== "README.md")
      .toSorted(),
  )
})
