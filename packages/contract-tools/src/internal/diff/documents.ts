/** The two documents that are compared, from files or out of git. Every effect fails with a message for people. */
import { messageOf, oneLine } from "@effect-sent/contract/ContractError"
import { readText, resolvePath } from "@effect-sent/contract/File"
import * as Effect from "effect/Effect"
import { stat } from "node:fs/promises"
import { basename, dirname, relative } from "node:path"
import { at, isObject, type JsonObject, objectAt, textOf } from "../document/json.ts"
import { openDocument, type Place } from "../document/redocly.ts"
import { run } from "./run.ts"

export interface Compared {
  /** A path, or a git ref and a path: `main:contracts/sent-v1.openapi.yaml`. */
  readonly name: string
  readonly document: JsonObject
  readonly version: string | undefined
  readonly placeOf: (pointer: string) => Place | undefined
}

// -----------------------------------------------------------------------------
// Reading
// -----------------------------------------------------------------------------

export const readNew = Effect.fnUntraced(function* (
  path: string | URL,
): Effect.fn.Return<Compared, string> {
  const file = yield* pathOf(path)
  const text = yield* readText(file).pipe(Effect.mapError(({ message }) => message))
  return yield* make(relativeName(file), text, file)
})

/** Reads a file if there is one of that name. Otherwise it is a git ref, and the new file is read as of that ref. */
export const readOld = Effect.fnUntraced(function* (
  old: string | URL,
  newPath: string | URL,
): Effect.fn.Return<Compared, string> {
  const file = yield* pathOf(old)
  if (old instanceof URL || (yield* isFile(file))) return yield* readNew(file)
  const { name, text } = yield* readFromGit(old, yield* pathOf(newPath))
  return yield* make(name, text, undefined)
})

const isFile = (path: string): Effect.Effect<boolean> =>
  Effect.promise(() =>
    stat(path).then(
      (stats) => stats.isFile(),
      () => false,
    ),
  )

const readFromGit = Effect.fnUntraced(function* (
  old: string,
  newFile: string,
): Effect.fn.Return<{ readonly name: string; readonly text: string }, string> {
  const folder = dirname(newFile)
  const git = (...args: ReadonlyArray<string>) =>
    run("git", args, { cwd: folder }).pipe(
      Effect.mapError(({ message }) => `${old} is not a file, and git cannot be run: ${message}`),
    )
  // `main:contracts/other.yaml` also names the file.
  const [ref = "", ownPath] = old.split(/:(.*)/s)

  const inside = yield* git("rev-parse", "--show-prefix")
  if (inside.exitCode !== 0) {
    return yield* Effect.fail(
      `${old} is not a file, and not a git ref either: ${folder} is not in a git repository (${oneLine(inside.stderr)})`,
    )
  }
  const path = ownPath ?? `${inside.stdout.trim()}${basename(newFile)}`
  // With the suffix, git cannot take a ref for an option.
  const commit = yield* git("rev-parse", "--verify", "--quiet", `${ref}^{commit}`)
  if (commit.exitCode !== 0) {
    return yield* Effect.fail(
      `${old} is neither a file nor a git ref in ${folder}; in a shallow clone, fetch the ref first`,
    )
  }
  const shown = yield* git("show", `${commit.stdout.trim()}:${path}`)
  if (shown.exitCode !== 0) {
    return yield* Effect.fail(
      `${ref} has no file ${path}; if the file had another name, pass ${ref}:<path>`,
    )
  }
  return { name: `${ref}:${path}`, text: shown.stdout }
})

const pathOf = (path: string | URL): Effect.Effect<string, string> =>
  resolvePath(path).pipe(Effect.mapError(({ message }) => message))

// -----------------------------------------------------------------------------
// Checking
// -----------------------------------------------------------------------------

/** `file`: the file that the text is from, unless it is from git. */
const make = Effect.fnUntraced(function* (
  name: string,
  text: string,
  file: string | undefined,
): Effect.fn.Return<Compared, string> {
  const opened = yield* Effect.tryPromise({
    try: () => openDocument(text, file ?? name),
    catch: (cause) => `${name} is not YAML or JSON: ${messageOf(cause)}`,
  })
  const { parsed } = opened
  if (!isObject(parsed) || !textOf(parsed["openapi"]).startsWith("3.")) {
    return yield* Effect.fail(`${name} is not an OpenAPI 3 document`)
  }
  const { version } = objectAt(parsed, "info")
  const [unresolved] = yield* Effect.tryPromise({
    try: () => opened.lint({ config: { rules: { "no-unresolved-refs": "error" } } }),
    catch: (cause) => `${name} cannot be read: ${messageOf(cause)}`,
  })
  const refersElsewhere = opened.otherFiles().length > 0
  if (file === undefined && refersElsewhere) {
    return yield* Effect.fail(
      `${name} refers to other files, which are not read from git; check out the commit in a worktree ` +
        "(git worktree add) and pass the file in it",
    )
  }
  if (unresolved !== undefined) {
    const { column, file: where, line, message, pointer } = unresolved
    const place = `${where === file ? name : relativeName(where)}:${line}:${column}`
    const reference = where === file ? at(parsed, pointer) : undefined
    const target = isObject(reference) ? ` to ${textOf(reference["$ref"])}` : ""
    return yield* Effect.fail(
      `${place}: the reference${target} cannot be resolved, at ${pointer} (${oneLine(message)})`,
    )
  }
  const document = refersElsewhere
    ? yield* Effect.tryPromise({
        try: () => opened.bundle(),
        catch: (cause) => `${name} cannot be bundled: ${messageOf(cause)}`,
      })
    : parsed
  return {
    name,
    document,
    version: version === undefined ? undefined : textOf(version),
    placeOf: opened.placeOf,
  }
})

/** Relative to the current folder where the file is in it, as the annotations of a CI expect. */
const relativeName = (path: string): string => {
  const short = relative(process.cwd(), path)
  return short.startsWith("..") ? path : short
}
