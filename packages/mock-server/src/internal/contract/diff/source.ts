/** The two documents: files, or one of them as it was in git. */
import $RefParser from "@stoplight/json-schema-ref-parser"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { parse } from "yaml"
import { readText } from "../../contractFile.ts"
import { isObject, type JsonObject } from "../lint/json.ts"

export interface Source {
  /** As its user calls it. */
  readonly name: string
  /** The document's own text, for places in it. */
  readonly text: string
  readonly document: JsonObject
  /** A copy with every reference resolved, so that each use of a schema is compared in its own direction. */
  readonly resolvedFile: string
}

/** The document of a file; fails with what is the matter in words. */
export const fileSource = Effect.fnUntraced(function* (
  path: string,
  resolvedFile: string,
): Effect.fn.Return<Source, string> {
  const file = resolve(path)
  const text = yield* Effect.mapError(readText(file), ({ message }) => message)
  return yield* toSource(path, text, file, resolvedFile)
})

/** The document as it was: `ref` names a commit of the repository that `path` is in. */
export const gitSource = Effect.fnUntraced(function* (
  ref: string,
  path: string,
  folder: string,
  resolvedFile: string,
): Effect.fn.Return<Source, string> {
  const file = resolve(path)
  // Relative to where it is run, and so without the repository's own root.
  const text = yield* git(dirname(file), "show", `${ref}:./${basename(file)}`).pipe(
    Effect.mapError(
      (said) => `${ref} is neither a file nor a commit that has ${basename(file)}: ${said}`,
    ),
  )
  const copy = join(folder, `old-${basename(file)}`)
  yield* Effect.promise(() => writeFile(copy, text))
  return yield* toSource(`${ref}:${basename(file)}`, text, copy, resolvedFile)
})

export const isFile = (path: string): boolean => existsSync(resolve(path))

const git = (cwd: string, ...flags: ReadonlyArray<string>): Effect.Effect<string, string> =>
  Effect.callback((resume) => {
    // After this, nothing that a ref is called is taken for an option.
    const safe = [flags[0] ?? "", "--end-of-options", ...flags.slice(1)]
    const child = execFile(
      "git",
      safe,
      { cwd, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        resume(
          error === null
            ? Effect.succeed(stdout)
            : Effect.fail((stderr || error.message).split("\n")[0]?.replace(/^fatal: /, "") ?? ""),
        )
      },
    )
    return Effect.sync(() => child.kill())
  })

const toSource = Effect.fnUntraced(function* (
  name: string,
  text: string,
  file: string,
  resolvedFile: string,
): Effect.fn.Return<Source, string> {
  const document = yield* Effect.try({
    try: (): unknown => parse(text),
    catch: () => `${name} is no YAML or JSON`,
  })
  if (!isObject(document)) return yield* Effect.fail(`${name} is no object`)
  const resolved = yield* Effect.tryPromise({
    try: () =>
      new $RefParser().dereference(file, {
        resolve: { http: { canRead: false } },
        // What holds itself stays a reference.
        dereference: { circular: "ignore" },
      }),
    catch: (cause) => `${name} refers to what cannot be read: ${firstLine(cause)}`,
  })
  yield* Effect.promise(() => writeFile(resolvedFile, JSON.stringify(withoutComponents(resolved))))
  return { name, text, document, resolvedFile }
})

/** All that is used stands where it is used by now, but for what is used by its name. */
const withoutComponents = (document: object): object => {
  const components: unknown = Reflect.get(document, "components")
  const securitySchemes = isObject(components) ? (components["securitySchemes"] ?? {}) : {}
  return { ...document, components: { securitySchemes } }
}

const firstLine = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split("\n")[0] ?? ""
