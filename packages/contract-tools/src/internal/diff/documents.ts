/** The two documents that are compared, from files or out of git. What is the matter with one is told in words. */
import * as Effect from "effect/Effect"
import { stat } from "node:fs/promises"
import { basename, dirname, relative, resolve } from "node:path"
import { parse } from "yaml"
import { readText, resolvePath } from "@effect-sent/contract/File"
import {
  at,
  isArray,
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  step,
  textOf,
} from "../lint/json.ts"
import { makePlaces, type Place } from "../lint/places.ts"
import { loadRedocly } from "../lint/redocly.ts"
import { run } from "./run.ts"

export interface Compared {
  /** How people call it: a path, or `main:contracts/sent-v1.openapi.yaml`. */
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
  return yield* make(relativeName(file), text, bundleFile(file))
})

/** A file that is there wins; all else is taken for a git ref, as of which `newFile` is read. */
export const readOld = Effect.fnUntraced(function* (
  old: string | URL,
  newPath: string | URL,
): Effect.fn.Return<Compared, string> {
  const file = yield* pathOf(old)
  if (old instanceof URL || (yield* isFile(file))) return yield* readNew(file)
  const { name, text } = yield* readFromGit(old, yield* pathOf(newPath))
  return yield* make(
    name,
    text,
    Effect.fail(
      `${name} refers to other files, which are not read out of git; check that commit out into a folder of its own ` +
        "(git worktree add) and give the file in it",
    ),
  )
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
      Effect.mapError(({ message }) => `${noFile(old)}, and git cannot be run: ${message}`),
    )
  // `main:contracts/other.yaml` names the file too.
  const [ref = "", ownPath] = old.split(/:(.*)/s)

  const inside = yield* git("rev-parse", "--show-prefix")
  if (inside.exitCode !== 0) {
    return yield* Effect.fail(
      `${noFile(old)}, and no git ref of that name, since git finds no repository in ${folder} (${oneLine(inside.stderr)})`,
    )
  }
  const path = ownPath ?? `${inside.stdout.trim()}${basename(newFile)}`
  // With the suffix, nothing that a ref is called is an option of git.
  const commit = yield* git("rev-parse", "--verify", "--quiet", `${ref}^{commit}`)
  if (commit.exitCode !== 0) {
    return yield* Effect.fail(
      `${noFile(old)}, and no git ref of that name in ${folder}; in a shallow clone, fetch it first`,
    )
  }
  const shown = yield* git("show", `${commit.stdout.trim()}:${path}`)
  if (shown.exitCode !== 0) {
    return yield* Effect.fail(
      `${ref} has no file ${path}; if it has another name there, give ${ref}:<path>`,
    )
  }
  return { name: `${ref}:${path}`, text: shown.stdout }
})

const noFile = (old: string): string => `there is no file ${resolve(old)}`

const pathOf = (path: string | URL): Effect.Effect<string, string> =>
  resolvePath(path).pipe(Effect.mapError(({ message }) => message))

// -----------------------------------------------------------------------------
// What it must be
// -----------------------------------------------------------------------------

/** `bundle`: the document with what it refers to in other files put into it. */
const make = Effect.fnUntraced(function* (
  name: string,
  text: string,
  bundle: Effect.Effect<JsonObject, string>,
): Effect.fn.Return<Compared, string> {
  const own = yield* Effect.try({
    try: (): unknown => parse(text),
    catch: (cause) => `${name} is no YAML or JSON: ${messageOf(cause)}`,
  })
  if (!isObject(own) || !textOf(own["openapi"]).startsWith("3.")) {
    return yield* Effect.fail(`${name} is no OpenAPI 3 document`)
  }
  const document = referencesOf(own).some(isElsewhere) ? yield* bundle : own
  const lost = referencesOf(document).find(
    (found) => isElsewhere(found) || !isThere(document, found.to),
  )
  if (lost !== undefined) {
    return yield* Effect.fail(
      `${name} has a reference to ${lost.to}, which is not there, at ${lost.pointer}`,
    )
  }
  const { version } = objectAt(own, "info")
  return {
    name,
    document,
    version: version === undefined ? undefined : textOf(version),
    placeOf: makePlaces(text),
  }
})

const bundleFile = (file: string): Effect.Effect<JsonObject, string> =>
  Effect.tryPromise({
    try: async () => (await loadRedocly()).bundle(file),
    catch: (cause) => `${relativeName(file)} refers to what cannot be read: ${messageOf(cause)}`,
  })

/** As a CI's annotations want it, where it is not far away. */
const relativeName = (path: string): string => {
  const short = relative(process.cwd(), path)
  return short.startsWith("..") ? path : short
}

interface Reference {
  readonly pointer: string
  readonly to: string
}

/** Within a URL, some characters of a pointer may stand encoded. */
const isThere = (document: JsonObject, to: string): boolean =>
  at(document, to) !== undefined ||
  at(
    document,
    to.replaceAll(/%[0-9a-f]{2}/gi, (code) => decodeURIComponent(code)),
  ) !== undefined

const isElsewhere = ({ to }: Reference): boolean => !to.startsWith("#")

/** What an example holds refers to nothing, whatever it looks like. */
const shown = new Set(["example", "value", "default", "const", "enum"])

const referencesOf = (
  value: Json,
  pointer = "#",
  isNamedByAuthor = false,
): ReadonlyArray<Reference> => {
  if (isArray(value)) {
    return value.flatMap((item, index) => referencesOf(item, step(pointer, index)))
  }
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, member]) => {
    if (!isNamedByAuthor && key === "$ref" && typeof member === "string") {
      return [{ pointer, to: member }]
    }
    if (!isNamedByAuthor && shown.has(key)) return []
    return referencesOf(member, step(pointer, key), !isNamedByAuthor && namesOf.has(key))
  })
}

/** The keys below these are names, and not OpenAPI's own words. */
const namesOf = new Set([
  "paths",
  "webhooks",
  "callbacks",
  "responses",
  "headers",
  "content",
  "examples",
  "schemas",
  "parameters",
  "properties",
  "patternProperties",
  "$defs",
])

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim()

const messageOf = (cause: unknown): string =>
  oneLine(cause instanceof Error ? cause.message : String(cause))
