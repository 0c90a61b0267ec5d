/**
 * Finds the examples of the documentation: the `ts` code blocks of doc comments and of Markdown pages. The tests
 * type-check and run each of them, so that what a reader copies works.
 */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** An example, and where it stands. */
export interface DocExample {
  /** The file, relative to the root of the repository, with `/`. */
  readonly file: string
  /** The line of its first line of code, from 1. */
  readonly line: number
  readonly code: string
}

/** A public export of a module, as its doc comment presents it. */
export interface DocumentedExport {
  readonly file: string
  readonly line: number
  readonly name: string
  /** The doc comment right before it; empty where there is none. */
  readonly comment: string
  /** Whether it is a function: an example of a type or a constant shows nothing. */
  readonly teaches: boolean
}

/** The public modules of the packages that are published. */
export const publicModules = (root: string): ReadonlyArray<string> =>
  list(root, "packages/*/package.json")
    .filter((file) => !read(root, file).includes('"private": true'))
    .flatMap((file) => list(root, file.replace("package.json", "src/*.ts")))
    .filter((file) => !/\/(?:bin|index)\.ts$/.test(file))

/** The pages a reader may copy from. */
export const pages = (root: string): ReadonlyArray<string> => [
  ...list(root, "*.md"),
  ...list(root, "docs/**/*.md"),
  ...list(root, "packages/*/README.md"),
  ...list(root, "contracts/README.md"),
]

/** The examples of one file. */
export const examplesOf = (root: string, file: string): ReadonlyArray<DocExample> => {
  const text = read(root, file)
  // In a doc comment every line of code begins with the comment's asterisk.
  const [fence, margin] = file.endsWith(".md")
    ? [/^```ts\n(.*?)^```$/gms, /^/gm]
    : [/^ *\* ```ts\n(.*?)^ *\* ```$/gms, /^ *\* ?/gm]
  return [...text.matchAll(fence)].map((match) => ({
    file,
    line: lineAt(text, match.index) + 1,
    code: (match[1] ?? "").replaceAll(margin, ""),
  }))
}

/** The exports of one module. */
export const exportsOf = (root: string, file: string): ReadonlyArray<DocumentedExport> => {
  const text = read(root, file)
  const declaration =
    /(\/\*\*(?:(?!\*\/).)*\*\/\n)?^export (?:declare )?(?:const|class|interface|type|function|async function) (\w+)/gms
  return [...text.matchAll(declaration)].map((match) => ({
    file,
    line: lineAt(text, match.index + (match[1]?.length ?? 0)),
    name: match[2] ?? "",
    comment: match[1] ?? "",
    teaches: isFunction(text.slice(match.index + (match[1]?.length ?? 0))),
  }))
}

/** Judged by the first statement, as the code is formatted. */
const isFunction = (declaration: string): boolean =>
  /^export (?:const (?!\w+ = Schema\.)(?:(?!\n\n).)*?(?:=>|Effect\.fn)|(?:async )?function)/s.test(
    declaration,
  )

const list = (root: string, pattern: string): ReadonlyArray<string> =>
  globSync(pattern, { cwd: root })
    .map((file) => file.replaceAll("\\", "/"))
    .toSorted()

const read = (root: string, file: string): string =>
  readFileSync(join(root, file), "utf8").replaceAll("\r\n", "\n")

const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length
