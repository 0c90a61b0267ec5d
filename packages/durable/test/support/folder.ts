/** Files of the tests. */
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A new folder, removed with the scope. */
export const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-sent-durable-"))),
  // Windows may hold a file of a killed process for a moment.
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 10 })),
)

/** The path of a new SQLite file. */
export const newFile = Effect.map(folder, (path) => join(path, "test.sqlite"))
