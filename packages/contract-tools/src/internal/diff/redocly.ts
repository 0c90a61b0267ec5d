/** What Redocly's `diff` finds, which is to be had only as a command. It reaches into no network. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { JsonObject } from "../document/json.ts"
import { entry, layOut } from "./byDirection.ts"
import type { Compared } from "./documents.ts"
import { run } from "./run.ts"

const Side = Schema.Struct({
  /** In whichever file it is, a pointer into the document. */
  pointer: Schema.String,
  /** Absent when there is none. */
  value: Schema.optionalKey(Schema.Json),
})

const RedoclyChange = Schema.Struct({
  /** How it is reached from the root, references followed. */
  path: Schema.String,
  /** What OpenAPI calls it, e.g. `Schema`. */
  typeName: Schema.String,
  kind: Schema.Literals(["added", "removed", "modified"]),
  impact: Schema.Literals(["major", "minor", "patch"]),
  /** Why it is major; none for what is not. */
  verdicts: Schema.Array(Schema.Struct({ ruleId: Schema.String, message: Schema.String })),
  /** Of what was modified: the member that is another; `key` for its own name. */
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

/** Fails with what is the matter, in words. */
export const compareByRedocly = (
  old: Compared,
  next: Compared,
): Effect.Effect<ReadonlyArray<RedoclyChange>, string> =>
  Effect.acquireUseRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "effect-sent-diff-"))),
    Effect.fnUntraced(function* (folder) {
      yield* Effect.promise(() => write(join(folder, "old"), layOut(old.document)))
      yield* Effect.promise(() => write(join(folder, "new"), layOut(next.document)))
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
          // Where no configuration of Redocly is: whose rules these are is settled.
          cwd: folder,
          env: {
            REDOCLY_TELEMETRY: "off",
            REDOCLY_SUPPRESS_UPDATE_NOTICE: "true",
            NO_COLOR: "1",
          },
        },
      )
      if (ended.exitCode !== 0) return yield* Effect.fail(`Redocly says: ${oneLine(ended.stderr)}`)
      const { changes } = yield* decode(yield* Effect.promise(() => readFile(report, "utf8")))
      return changes
    }),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true })),
  ).pipe(
    Effect.catchTags({
      PlatformError: ({ message }) => Effect.fail(`Redocly cannot be run: ${message}`),
      SchemaError: ({ message }) => Effect.fail(`Redocly's report is not understood: ${message}`),
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

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim()
