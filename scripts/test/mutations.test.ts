/** The mutants still fit what they change; `pnpm mutations` sees that each is noticed, which takes minutes. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { mutants, problemOf } from "../mutants.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

describe("the mutants", () => {
  it("are many, and no two of one name", () => {
    assert.isAtLeast(mutants.length, 25)
    assert.lengthOf(new Set(mutants.map(({ name }) => name)), mutants.length)
  })

  it.each(mutants)("fit what they change: $name", (mutant) => {
    assert.isUndefined(problemOf(mutant, readFileSync(join(root, mutant.file), "utf8")))
    for (const file of mutant.tests.files) assert.isTrue(existsSync(join(root, file)), file)
  })
})
