/** Redocly's own diff, as a command: it is no function that could be called. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

const Side = Schema.Struct({ value: Schema.optionalKey(Schema.Unknown) })

const RedoclyChange = Schema.Struct({
  /** From the root of the document inwards, through every reference. */
  path: Schema.String,
  typeName: Schema.String,
  kind: Schema.Literals(["added", "removed", "modified"]),
  impact: Schema.Literals(["major", "minor", "patch"]),
  verdicts: Schema.Array(Schema.Struct({ message: Schema.String })),
  property: Schema.optionalKey(Schema.String),
  base: Schema.optionalKey(Side),
  revision: Schema.optionalKey(Side),
})

export type RedoclyChange = typeof RedoclyChange.Type

const decode = Schema.decodeUnknownEffect(
  Schema.fromJsonString(Schema.Struct({ changes: Schema.Array(RedoclyChange) })),
)

/** What changed from one file to another; fails with what Redocly says. */
export const redoclyDiff = Effect.fnUntraced(function* (
  base: string,
  revision: string,
): Effect.fn.Return<ReadonlyArray<RedoclyChange>, string> {
  const output = join(dirname(revision), "diff.json")
  yield* run([base, revision, "--format", "json", "--fail-on", "none", "--output", output])
  const text = yield* Effect.tryPromise({
    try: () => readFile(output, "utf8"),
    catch: () => "Redocly has written no report",
  })
  const { changes } = yield* Effect.mapError(decode(text), ({ message }) => message)
  return changes
})

const run = (flags: ReadonlyArray<string>): Effect.Effect<void, string> =>
  Effect.callback((resume) => {
    const cli = join(
      dirname(createRequire(import.meta.url).resolve("@redocly/cli/package.json")),
      "bin/cli.js",
    )
    const child = execFile(
      process.execPath,
      [cli, "diff", ...flags],
      {
        cwd: dirname(cli),
        // It would look for a newer version, and report on its use.
        env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
      },
      (error, stdout, stderr) => {
        resume(error === null ? Effect.void : Effect.fail(firstLines(stderr || stdout)))
      },
    )
    return Effect.sync(() => child.kill())
  })

const firstLines = (text: string): string =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(0, 3)
    .join(" ")
