/** Redocly's `diff`, which exists only as a command. It opens no connections. */
import { oneLine } from "@effect-sent/contract/ContractError"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { JsonObject } from "../document/json.ts"
import { entry, layOut } from "./byDirection.ts"
import { run } from "./run.ts"

const Side = Schema.Struct({
  /** A pointer into the document, the same in each file of it. */
  pointer: Schema.String,
  /** Absent for a part without a value. */
  value: Schema.optionalKey(Schema.Json),
})

const RedoclyChange = Schema.Struct({
  /** The path from the root, references followed. */
  path: Schema.String,
  /** OpenAPI's name for it, e.g. `Schema`. */
  typeName: Schema.String,
  kind: Schema.Literals(["added", "removed", "modified"]),
  impact: Schema.Literals(["major", "minor", "patch"]),
  /** Why the impact is major. Empty when it is not. */
  verdicts: Schema.Array(Schema.Struct({ ruleId: Schema.String, message: Schema.String })),
  /** For `modified`: the member that changed, or `key` for its own name. */
  property: Schema.optionalKey(Schema.String),
  base: Schema.optionalKey(Side),
  revision: Schema.optionalKey(Side),
})

export type RedoclyChange = typeof RedoclyChange.Type

const decode = Schema.decodeUnknownEffect(
  Schema.fromJsonString(Schema.Struct({ changes: Schema.Array(RedoclyChange) })),
)

const command = (): string =>
  join(createRequire(import.meta.url).resolve("@redocly/cli/package.json"), "../bin/cli.js")

/** Fails with a message for people. */
export const compareByRedocly = (
  old: JsonObject,
  next: JsonObject,
): Effect.Effect<ReadonlyArray<RedoclyChange>, string> =>
  Effect.acquireUseRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "effect-sent-diff-"))),
    Effect.fnUntraced(function* (folder) {
      yield* Effect.promise(() => write(join(folder, "old"), layOut(old)))
      yield* Effect.promise(() => write(join(folder, "new"), layOut(next)))
      const report = join(folder, "report.json")
      const ended = yield* run(
        process.execPath,
        [
          command(),
          "diff",
          join("old", entry),
          join("new", entry),
          "--format=json",
          `--output=${report}`,
          "--fail-on=none",
        ],
        {
          // No configuration of Redocly is there, so its rules apply as they are.
          cwd: folder,
          env: {
            REDOCLY_TELEMETRY: "off",
            REDOCLY_SUPPRESS_UPDATE_NOTICE: "true",
            NO_COLOR: "1",
          },
        },
      )
      if (ended.exitCode !== 0)
        return yield* Effect.fail(`Redocly failed: ${oneLine(ended.stderr)}`)
      const { changes } = yield* decode(yield* Effect.promise(() => readFile(report, "utf8")))
      return changes
    }),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true })),
  ).pipe(
    Effect.catchTags({
      PlatformError: ({ message }) => Effect.fail(`cannot run Redocly: ${message}`),
      SchemaError: ({ message }) => Effect.fail(`cannot read Redocly's report: ${message}`),
    }),
  )

const write = async (
  folder: string,
  files: Readonly<Record<string, JsonObject>>,
): Promise<void> => {
  await mkdir(folder)
  await Promise.all(
    Object.entries(files).map(([name, document]) =>
      writeFile(join(folder, name), JSON.stringify(document)),
    ),
  )
}
