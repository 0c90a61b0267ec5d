/**
 * Opens an OpenAPI document: the one way in for the mock and all tools, so that all take, or refuse in the same words, the same
 * documents.
 *
 * @example
 * ```ts
 * import { Contract, Document } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const { openapi, problems } = await Effect.runPromise(Document.open(Contract.bundledPath))
 * console.assert(openapi.startsWith("3.") && problems.length === 0)
 * ```
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { ContractError, ContractInvalid } from "./ContractError.ts"
import { readText, resolvePath } from "./File.ts"
import { makeFetch, withoutUser } from "./internal/network.ts"
import { at, isUrl, outsideReferences, type Reference, targetOf } from "./internal/references.ts"
import { parseText, placeOf } from "./internal/yaml.ts"

/** An OpenAPI 3 document with the files that it refers to. */
export interface Document {
  /** The absolute path of the file, or its URL. */
  readonly path: string
  /** Its version of OpenAPI, for example `3.1.0`. */
  readonly openapi: string
  /** The document itself, references not resolved. */
  readonly value: object
  /** All files by their absolute paths or URLs, the document first. */
  readonly files: ReadonlyMap<string, SourceFile>
  /** References that cannot be followed, in the order of the files. */
  readonly problems: ReadonlyArray<Problem>
  /** How its files were read, by their absolute paths or URLs. */
  readonly read: ReadFile
}

/** A file that was read. */
export interface SourceFile {
  readonly text: string
  /** The parsed YAML or JSON. For a file with another extension, which a document may refer to: its text. */
  readonly value: unknown
}

/** A reference that cannot be followed. Line and column count from 1. */
export interface Problem {
  /** The absolute path of the file. */
  readonly path: string
  readonly line: number
  readonly column: number
  readonly message: string
}

/** Reads the text of a file. */
export type ReadFile = (path: string) => Effect.Effect<string, ContractError>

/** Where a document may be read from. */
export interface OpenOptions {
  /** Reads a file of this machine, by its absolute path. Default: the file system. */
  readonly read?: ReadFile | undefined
  /**
   * Whether the document, and what it refers to, may be read from other hosts over http and https: at most 200 files and 20 MB in
   * all. Default: false, and no connection is opened.
   */
  readonly allowNetwork?: boolean | undefined
  /** How long to wait for each file of another host. Default: 10 seconds. */
  readonly networkTimeout?: Duration.Input | undefined
}

/**
 * Opens a document, in YAML or JSON, and every file that it refers to.
 *
 * **Details**
 *
 * Fails with `ContractNotFound` when the file does not exist, and with `ContractInvalid`, which has line and column, when it
 *
 * - is a URL (unless the network is allowed), empty, or neither YAML nor JSON in UTF-8 (this includes duplicate keys and tabs in the indentation),
 * - is not OpenAPI 3.0, 3.1 or 3.2, or
 * - has YAML aliases that contain themselves, or expand to an excessive number of values.
 *
 * **Gotchas**
 *
 * Without `allowNetwork`, no connection is opened: a URL is refused, and a reference to another host is one of the `problems`.
 * Callers that cannot use a document with `problems` must look at them; lint reports them as findings.
 *
 * @example
 * ```ts
 * import { Document } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const error = await Effect.runPromise(Effect.flip(Document.open("https://example.com/api.yaml")))
 * console.assert(error.message.includes("download it"))
 * ```
 */
export const open = Effect.fnUntraced(function* (
  source: string | URL,
  options: OpenOptions = {},
): Effect.fn.Return<Document, ContractError> {
  const read = readerOf(options)
  const path =
    options.allowNetwork === true && /^https?:/i.test(String(source))
      ? new URL(source).href
      : yield* resolvePath(source)
  const text = yield* read(path)
  const value = yield* parse(path, text)
  if (value === undefined || value === null) return yield* invalid(path, "it is empty")
  if (!isObject(value)) {
    return yield* invalid(path, "it is not an object, so it is not an OpenAPI document")
  }
  const openapi = yield* versionOf(path, text, value)
  const files = new Map<string, SourceFile>([[path, { text, value }]])
  const problems: Array<Problem> = []
  for (const [file, content] of files) {
    for (const reference of outsideReferences(content.value)) {
      const problem = yield* follow(file, reference, files, read)
      if (problem !== undefined) {
        const place = placeOf(content.text, reference.keys)
        problems.push({ path: file, ...place, message: problem })
      }
    }
  }
  return { path, openapi, value, files, problems, read }
})

/**
 * Opens a document whose references can all be followed. Fails like {@link open}, and with the first of the `problems`.
 *
 * @example
 * ```ts
 * import { Contract, Document } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const { files } = await Effect.runPromise(Document.openWhole(Contract.bundledPath))
 * console.assert(files.has(Contract.bundledPath))
 * ```
 */
export const openWhole = Effect.fnUntraced(function* (
  source: string | URL,
  options: OpenOptions = {},
): Effect.fn.Return<Document, ContractError> {
  const document = yield* open(source, options)
  const [first, ...others] = document.problems
  if (first === undefined) return document
  const more = others.length === 0 ? "" : ` (and ${others.length} more references)`
  return yield* invalid(first.path, `${first.message}${more}`, first)
})

const readerOf = ({
  allowNetwork = false,
  networkTimeout = "10 seconds",
  read = readText,
}: OpenOptions): ReadFile => {
  if (!allowNetwork) {
    return (path) => (isUrl(path) ? invalid(withoutUser(path), notAllowed) : read(path))
  }
  const fetched = makeFetch(networkTimeout)
  return (path) => (isUrl(path) ? fetched(path) : read(path))
}

const notAllowed =
  "it is on another host, which is asked only if the network is allowed (--allow-network); otherwise, download it"

const parse = (path: string, text: string): Effect.Effect<unknown, ContractError> => {
  const parsed = parseText(text)
  return "problem" in parsed
    ? invalid(path, parsed.problem, parsed.place)
    : Effect.succeed(parsed.value)
}

const versionOf = (
  path: string,
  text: string,
  value: Readonly<Record<string, unknown>>,
): Effect.Effect<string, ContractError> => {
  const { openapi, swagger } = value
  const refuse = (key: string, problem: string) =>
    invalid(path, `${problem}; OpenAPI 3.0, 3.1 and 3.2 are supported`, placeOf(text, [key]))
  if (swagger !== undefined) {
    return refuse(
      "swagger",
      `it is OpenAPI ${typeof swagger === "string" ? swagger : "2"} (Swagger): convert it first`,
    )
  }
  if (openapi === undefined) {
    return invalid(path, "it has no member `openapi`, so it is not an OpenAPI document")
  }
  if (typeof openapi !== "string") {
    return refuse("openapi", '`openapi` must be a string, for example "3.1.0"')
  }
  return /^3\.[0-2]\.\d/.test(openapi)
    ? Effect.succeed(openapi)
    : refuse("openapi", `it is not OpenAPI 3: its version is ${JSON.stringify(openapi)}`)
}

/** Reads the file of a reference if it was not read before. Returns the problem if the reference leads nowhere. */
const follow = Effect.fnUntraced(function* (
  from: string,
  { reference }: Reference,
  files: Map<string, SourceFile>,
  read: ReadFile,
): Effect.fn.Return<string | undefined> {
  const { file, pointer } = targetOf(from, reference)
  const shown = withoutUser(reference)
  if (!files.has(file)) {
    const text = yield* Effect.result(read(file))
    if (text._tag === "Failure") {
      const why =
        text.failure.reason._tag === "ContractNotFound"
          ? "there is no such file"
          : text.failure.reason.problem
      return `the reference to ${shown} cannot be followed: ${why}`
    }
    // The URL of a document need not have an extension.
    const isDocument = isUrl(file)
      ? !/\.(?!ya?ml$|json$)\w+$/i.test(new URL(file).pathname)
      : /\.(?:ya?ml|json)$/i.test(file)
    const parsed = isDocument ? parseText(text.success) : { value: text.success }
    if ("problem" in parsed) {
      const { column, line } = parsed.place
      return `the reference to ${shown} cannot be followed: ${file}:${line}:${column}: ${parsed.problem}`
    }
    files.set(file, { text: text.success, value: parsed.value })
  }
  return at(files.get(file)?.value, pointer) === undefined
    ? `the reference to ${shown} cannot be followed: there is nothing at #${pointer}`
    : undefined
})

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  Predicate.isObject(value)

const invalid = (
  path: string,
  problem: string,
  place?: { readonly line: number; readonly column: number },
): Effect.Effect<never, ContractError> =>
  Effect.fail(
    new ContractError({
      reason: new ContractInvalid({
        path,
        problem,
        ...(place === undefined ? {} : { line: place.line, column: place.column }),
      }),
    }),
  )
