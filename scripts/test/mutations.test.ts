/** What `pnpm mutations` applies can be applied. That tests notice it takes minutes, and is not shown here. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { mutants, mutate, problemOf } from "../mutants.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

const textOf = (file: string): string => readFileSync(join(root, file), "utf8")

describe("the mutations", () => {
  it("are at least 25, each with a name of its own", () => {
    assert.isAtLeast(mutants.length, 25)
    assert.strictEqual(new Set(mutants.map(({ name }) => name)).size, mutants.length)
  })

  it.each(mutants)("change what is there once: $name", (mutant) => {
    const text = textOf(mutant.file)
    assert.isUndefined(problemOf(mutant, text))
    assert.notStrictEqual(mutate(mutant, text), text)
  })

  it("name tests that there are", () => {
    for (const file of new Set(mutants.flatMap(({ tests }) => tests.files))) {
      assert.isTrue(existsSync(join(root, file)), file)
    }
  })

  it("are called stale when the text is gone, or there twice", () => {
    const [mutant] = mutants
    assert.isDefined(mutant)
    for (const text of ["", `${mutant?.from}${mutant?.from}`]) {
      assert.include(mutant === undefined ? "" : problemOf(mutant, text), "is stale")
    }
  })
})
