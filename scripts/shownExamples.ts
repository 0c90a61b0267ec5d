/**
 * `tsx scripts/shownExamples.ts`: shows files of `examples/` in the pages, as they are there, where the test run runs them. A test checks
 * that the pages are up to date.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { type GeneratedBlock, write } from "./generatedTable.ts"

const shown: Readonly<Record<string, ReadonlyArray<string>>> = {
  "docs/testing.md": [
    "examples/test/testing/effect.test.ts",
    "examples/test/testing/vitest.test.ts",
    "examples/testing/signup.node.ts",
    "examples/testing/playwright/signup.spec.ts",
  ],
  "docs/composition.md": ["examples/application.ts"],
  "docs/what-to-tell-your-user.md": ["examples/failures.ts"],
  "docs/production.md": ["examples/telemetry.ts", "examples/proxied.ts"],
  "docs/recipes.md": ["examples/configured.ts"],
}

export const blocks: ReadonlyArray<GeneratedBlock> = Object.entries(shown).flatMap(
  ([page, files]) =>
    files.map((file) => ({
      page,
      script: `scripts/shownExamples.ts of ${file}`,
      // Not `ts`: the examples of a page are run one by one, and these are run by their tests.
      language: "typescript",
      code: readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), "utf8").trim(),
    })),
)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // One after the other: they are parts of one page.
  for (const block of blocks) {
    // oxlint-disable-next-line no-await-in-loop
    await write(block)
  }
}
