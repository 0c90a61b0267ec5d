/** The mutations still fit what they break; `pnpm mutations` sees that each is noticed, which takes minutes. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { mutations } from "../mutationList.ts"

const read = (file: string): string =>
  readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), "utf8")

describe("the mutations", () => {
  it("are many, and no two of one name", () => {
    assert.isAtLeast(mutations.length, 25)
    assert.lengthOf(new Set(mutations.map(({ name }) => name)), mutations.length)
  })

  it.each(mutations)("fit: $name", ({ file, from, to }) => {
    assert.lengthOf(read(file).split(from), 2)
    assert.notStrictEqual(from, to)
  })
})
