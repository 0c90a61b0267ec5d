/** The mutations can be applied. Whether tests fail with them takes minutes to check: run `pnpm mutations`. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { mutate, problemOf } from "../mutations/mutant.ts"
import { mutants } from "../mutations/mutants.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

const textOf = (file: string): string => readFileSync(join(root, file), "utf8")

describe("the mutations", () => {
  it("are at least 25, each with a unique name", () => {
    assert.isAtLeast(mutants.length, 25)
    assert.strictEqual(new Set(mutants.map(({ name }) => name)).size, mutants.length)
  })

  it.each(mutants)("change a text that occurs once: $name", (mutant) => {
    const text = textOf(mutant.file)
    assert.isUndefined(problemOf(mutant, text))
    assert.notStrictEqual(mutate(mutant, text), text)
  })

  it("name tests that exist", () => {
    for (const file of new Set(mutants.flatMap(({ tests }) => tests.files))) {
      assert.isTrue(existsSync(join(root, file)), file)
    }
  })

  it("are reported as stale when their text is missing or occurs twice", () => {
    const [mutant] = mutants
    assert.isDefined(mutant)
    for (const text of ["", `${mutant?.from}${mutant?.from}`]) {
      assert.include(mutant === undefined ? "" : problemOf(mutant, text), "is stale")
    }
  })
})
