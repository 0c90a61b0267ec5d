/**
 * Finds the examples of the documentation: the `ts` code blocks of doc comments and of Markdown pages. The tests
 * type-check and run each of them, so that what a reader copies works.
 */
import { globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

/** An example and its location. */
export interface DocExample {
  /** The file, relative to the root of the repository, with `/`. */
  readonly file: string
  /** The line number of the first line of code, from 1. */
  readonly line: number
  readonly code: string
}

/** A public export of a module, with its doc comment. */
export interface DocumentedExport {
  readonly file: string
  readonly line: number
  readonly name: string
  /** Only a function does something that an example can show. */
  readonly kind: "function" | "type" | "constant"
  /** The doc comment right before it; empty if there is none. */
  readonly comment: string
}

/** The public modules of the published packages. */
export const publicModules = (root: string): ReadonlyArray<string> =>
  list(root, "packages/*/package.json")
    .filter((file) => !read(root, file).includes('"private": true'))
    .flatMap((file) => list(root, file.replace("package.json", "src/*.ts")))
    .filter((file) => !/\/(?:bin|index)\.ts$/.test(file))

/** The doc comment at the head of a module; empty if there is none. */
export const moduleComment = (root: string, file: string): string =>
  /^\/\*\*(?:(?!\*\/).)*\*\/\n/s.exec(read(root, file))?.[0] ?? ""

/** The pages a reader may copy from. */
export const pages = (root: string): ReadonlyArray<string> => [
  ...list(root, "*.md"),
  // `docs/api` is made from the doc comments.
  ...list(root, "docs/**/*.md").filter((file) => !file.startsWith("docs/api/")),
  ...list(root, "packages/*/README.md"),
  ...list(root, "contracts/README.md"),
]

/** The examples of one file. */
export const examplesOf = (root: string, file: string): ReadonlyArray<DocExample> => {
  const text = read(root, file)
  // In a doc comment, every line of code begins with the comment's asterisk.
  const [fence, margin] = file.endsWith(".md")
    ? [/^```ts\n(.*?)^```$/gms, /^/gm]
    : [/^ *\* ```ts\n(.*?)^ *\* ```$/gms, /^ *\* ?/gm]
  return [...text.matchAll(fence)].map((match) => ({
    file,
    line: lineAt(text, match.index) + 1,
    code: (match[1] ?? "").replaceAll(margin, ""),
  }))
}

/** The exports of one module: its own, and those of internal modules that it exports again. */
export const exportsOf = (root: string, file: string): ReadonlyArray<DocumentedExport> => {
  const text = read(root, file)
  const again = /^export (?:type )?(\*|\{[^}]*\}) from "(\.\/internal\/[^"]+)"/gm
  return [
    ...declarationsOf(root, file),
    ...[...text.matchAll(again)].flatMap(([, names = "", path = ""]) =>
      declarationsOf(root, join(dirname(file), path)).filter(
        ({ name }) => names === "*" || new RegExp(`\\b${name}\\b`).test(names),
      ),
    ),
  ]
}

const declarationsOf = (root: string, file: string): ReadonlyArray<DocumentedExport> => {
  const text = read(root, file)
  const declaration =
    /(\/\*\*(?:(?!\*\/).)*\*\/\n)?^export (?:declare )?(const|class|interface|type|function|async function) (\w+)/gms
  return [...text.matchAll(declaration)].map((match) => {
    const [whole, comment = "", keyword = "", name = ""] = match
    return {
      file,
      line: lineAt(text, match.index + comment.length),
      name,
      kind: kindOf(keyword, text.slice(match.index + whole.length)),
      comment,
    }
  })
}

/** What a declaration is, by its keyword and what follows its name. */
const kindOf = (keyword: string, rest: string): DocumentedExport["kind"] => {
  if (keyword.endsWith("function")) return "function"
  if (keyword !== "const") return "type"
  // A function type, or a function as the value.
  const isFunction =
    /^: (?:<[^;]*?>)?\((?:(?!\n[}\w]).)*? =>/s.test(rest) ||
    /^(?:: [^=]*?)? =\s+(?:async )?(?:\(|<|Effect\.fn)/.test(rest)
  return isFunction ? "function" : "constant"
}

const list = (root: string, pattern: string): ReadonlyArray<string> =>
  globSync(pattern, { cwd: root })
    .map((file) => file.replaceAll("\\", "/"))
    .toSorted()

const read = (root: string, file: string): string =>
  readFileSync(join(root, file), "utf8").replaceAll("\r\n", "\n")

const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length
