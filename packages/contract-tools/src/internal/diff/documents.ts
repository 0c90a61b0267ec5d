/** The two documents that are compared, from files or out of git. Every effect fails with a message for people. */
import {
  type ContractError,
  ContractError as Failure,
  ContractNotFound,
  messageOf,
  oneLine,
} from "@effect-sent/contract/ContractError"
import * as Document from "@effect-sent/contract/Document"
import { resolvePath } from "@effect-sent/contract/File"
import * as Effect from "effect/Effect"
import { stat } from "node:fs/promises"
import { dirname, join, relative, sep } from "node:path"
import { isObject, type JsonObject, objectAt, textOf } from "../document/json.ts"
import { openDocument, type Place } from "../document/redocly.ts"
import { run } from "./run.ts"

export interface Compared {
  /** A path, or a git ref and a path: `main:contracts/sent-v1.openapi.yaml`. */
  readonly name: string
  readonly document: JsonObject
  readonly title: string | undefined
  readonly version: string | undefined
  readonly placeOf: (pointer: string) => Place | undefined
}

/** At the old commit, there is no contract yet. */
export interface Absent {
  readonly name: string
  readonly document: undefined
}

// -----------------------------------------------------------------------------
// Reading
// -----------------------------------------------------------------------------

export const readNew = Effect.fnUntraced(function* (
  path: string | URL,
  options: Document.OpenOptions,
): Effect.fn.Return<Compared, string> {
  const opened = yield* Effect.mapError(Document.openWhole(path, options), messageOf)
  return yield* make(relativeName(opened.path), opened)
})

/** Reads a file if there is one of that name. Otherwise it is a git ref, and the new file is read as of that ref. */
export const readOld = Effect.fnUntraced(function* (
  old: string | URL,
  newPath: string | URL,
  options: Document.OpenOptions,
): Effect.fn.Return<Compared | Absent, string> {
  const isUrl = old instanceof URL || /^[a-z][a-z0-9+.-]+:\/\//i.test(old)
  if (isUrl || (yield* isFile(yield* pathOf(old)))) return yield* readNew(old, options)
  return yield* readFromGit(old, yield* pathOf(newPath), options)
})

const isFile = (path: string): Effect.Effect<boolean> =>
  Effect.promise(() =>
    stat(path).then(
      (stats) => stats.isFile(),
      () => false,
    ),
  )

/**
 * A hook of git sets these for its own repository, where they would hold for the folder of the contract, too. And in a clone
 * without blobs, git must not fetch any.
 */
const gitEnvironment = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_PREFIX: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_NO_LAZY_FETCH: "1",
}

const readFromGit = Effect.fnUntraced(function* (
  old: string,
  newFile: string,
  options: Document.OpenOptions,
): Effect.fn.Return<Compared | Absent, string> {
  const folder = dirname(newFile)
  const git = (...args: ReadonlyArray<string>) =>
    run("git", args, { cwd: folder, env: gitEnvironment }).pipe(
      Effect.mapError(({ message }) => `${old} is not a file, and git cannot be run: ${message}`),
    )
  // `main:contracts/other.yaml` also names the file.
  const [ref = "", ownPath] = old.split(/:(.*)/s)

  const root = yield* git("rev-parse", "--show-toplevel")
  if (root.exitCode !== 0) {
    return yield* Effect.fail(
      `${old} is not a file, and not a git ref either: ${folder} is not in a git repository (${oneLine(root.stderr)})`,
    )
  }
  const inside = yield* git("rev-parse", "--show-prefix")
  const top = root.stdout.trim()
  const path = ownPath ?? join(inside.stdout.trim(), relative(folder, newFile))
  // With the suffix, git cannot take a ref for an option. A clone of a CI has branches only as those of its remote.
  const commits = yield* Effect.forEach([ref, `refs/remotes/origin/${ref}`], (one) =>
    git("rev-parse", "--verify", "--quiet", `${one}^{commit}`),
  )
  const commit = commits.find(({ exitCode }) => exitCode === 0)?.stdout.trim()
  if (commit === undefined) {
    const shallow = yield* git("rev-parse", "--is-shallow-repository")
    const hint =
      shallow.stdout.trim() === "true"
        ? `; this is a shallow clone: fetch it first, with git fetch --depth=1 origin ${ref}:refs/remotes/origin/${ref}`
        : ""
    return yield* Effect.fail(`${old} is neither a file nor a git ref in ${folder}${hint}`)
  }
  const name = `${ref}:${path}`
  const show = Effect.fnUntraced(function* (file: string): Effect.fn.Return<string, ContractError> {
    const inTree = relative(top, file).split(sep).join("/")
    const shown = yield* Effect.orDie(Effect.mapError(git("show", `${commit}:${inTree}`), Error))
    return shown.exitCode === 0
      ? shown.stdout
      : yield* new Failure({ reason: new ContractNotFound({ path: `${ref}:${inTree}` }) })
  })
  const opened = yield* Effect.result(
    Document.openWhole(join(top, path), { ...options, read: show }),
  )
  if (opened._tag === "Success") return yield* make(name, opened.success)
  const { reason } = opened.failure
  if (reason._tag === "ContractNotFound") {
    // A name that was given must exist. Otherwise the contract is new.
    return ownPath === undefined
      ? { name, document: undefined }
      : yield* Effect.fail(`${ref} has no file ${path}`)
  }
  const place = reason.line === undefined ? "" : `:${reason.line}:${reason.column ?? 1}`
  const file = relative(top, reason.path).split(sep).join("/")
  return yield* Effect.fail(`${ref}:${file}${place} cannot be used: ${reason.problem}`)
})

const pathOf = (path: string | URL): Effect.Effect<string, string> =>
  resolvePath(path).pipe(Effect.mapError(({ message }) => message))

const make = Effect.fnUntraced(function* (
  name: string,
  opened: Document.Document,
): Effect.fn.Return<Compared, string> {
  const read = yield* Effect.promise(() => openDocument(opened))
  const document =
    opened.files.size > 1
      ? yield* Effect.tryPromise({
          try: () => read.bundle(),
          catch: (cause) => `${name} cannot be bundled: ${messageOf(cause)}`,
        })
      : opened.value
  const { title, version } = objectAt(opened.value, "info")
  return {
    name,
    // What was parsed from YAML or JSON is an object of it.
    document: isObject(document) ? document : {},
    title: title === undefined ? undefined : textOf(title),
    version: version === undefined ? undefined : textOf(version),
    placeOf: read.placeOf,
  }
})

/** Relative to the current folder where the file is in it, as the annotations of a CI expect. */
const relativeName = (path: string): string => {
  if (/^https?:/.test(path)) return path
  const short = relative(process.cwd(), path)
  return short.startsWith("..") ? path : short
}
