/** Contracts other than the bundled one. */
import { Effect, type Scope } from "effect"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Writes files to a temporary folder for the duration of a test, and returns the path of the first. */
export const files = (
  ...contents: ReadonlyArray<readonly [name: string, content: object]>
): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-sent-other-"))),
      (root) => Effect.sync(() => rmSync(root, { recursive: true })),
    ),
    (root) => {
      // Characters that are special in a URL: a space, a fragment and an escape.
      const folder = join(root, "a b#c%20d")
      mkdirSync(folder)
      for (const [name, content] of contents) {
        writeFileSync(join(folder, name), JSON.stringify(content))
      }
      return join(folder, contents[0]?.[0] ?? "")
    },
  )
