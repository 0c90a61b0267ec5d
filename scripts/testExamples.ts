/**
 * `tsx scripts/testExamples.ts`: shows the examples of tests in `docs/testing.md`, as they are in `examples/`, where the test run
 * runs them. A test checks that the page is up to date.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { type GeneratedBlock, write } from "./generatedTable.ts"

const files = [
  "examples/test/testing/effect.test.ts",
  "examples/test/testing/vitest.test.ts",
  "examples/testing/signup.node.ts",
  "examples/testing/playwright/signup.spec.ts",
]

export const blocks: ReadonlyArray<GeneratedBlock> = files.map((file) => ({
  page: "docs/testing.md",
  script: `scripts/testExamples.ts of ${file}`,
  // Not `ts`: the examples of a page are run one by one, outside of a test runner.
  language: "typescript",
  code: readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), "utf8").trim(),
}))

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // One after the other: they are parts of one page.
  for (const block of blocks) {
    // oxlint-disable-next-line no-await-in-loop
    await write(block)
  }
}
