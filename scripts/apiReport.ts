/**
 * `pnpm build:api` records the public API of each package in `api/`, a page for each module, so that a review sees what changes of it.
 * `pnpm api` checks that the pages are up to date.
 *
 * A page has what the compiler emits for a module, without comments, and the internal declarations that it mentions. TypeScript 7 has
 * no JavaScript API, so another parser reads the declarations; `pnpm types` emits them.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { parseSync, type Program } from "oxc-parser"
import { format, resolveConfig } from "prettier"

const root = fileURLToPath(new URL("..", import.meta.url))

/** A page, relative to the root of the repository. */
interface Page {
  readonly path: string
  readonly content: string
}

type Statement = Program["body"][number]

/** What a name in a file stands for: something in another file, `*` for all of it. */
interface Reference {
  readonly file: string
  readonly name: string
}

interface Declarations {
  readonly file: string
  readonly statements: ReadonlyArray<Statement>
  /** The text of a node, without comments. */
  readonly textOf: (node: Statement) => string
  readonly declared: ReadonlyMap<string, ReadonlyArray<Statement>>
  /** Names that are imported, or exported again, from a file of the package. */
  readonly foreign: ReadonlyMap<string, Reference>
  /** Files of the package all of whose names are exported again. */
  readonly all: ReadonlyArray<string>
}

const parsed = new Map<string, Declarations>()

const parse = (file: string): Declarations => {
  const known = parsed.get(file)
  if (known !== undefined) return known
  const text = readFileSync(file, "utf8")
  const { comments, errors, program } = parseSync(file, text)
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`)
  const declared = new Map<string, ReadonlyArray<Statement>>()
  const foreign = new Map<string, Reference>()
  const all: Array<string> = []
  for (const statement of program.body) {
    for (const name of namesOf(statement)) {
      declared.set(name, [...(declared.get(name) ?? []), statement])
    }
    const source = "source" in statement ? statement.source?.value : undefined
    if (source?.startsWith(".") !== true) continue
    const target = join(dirname(file), source.replace(/\.[jt]s$/, ".d.ts"))
    for (const [local, name] of bindingsOf(statement)) foreign.set(local, { file: target, name })
    if (statement.type === "ExportAllDeclaration" && statement.exported === null) all.push(target)
  }
  const result: Declarations = {
    file,
    statements: program.body,
    textOf: ({ end, start }) =>
      comments
        .filter((comment) => comment.start >= start && comment.end <= end)
        .toReversed()
        .reduce(
          (rest, comment) => rest.slice(0, comment.start - start) + rest.slice(comment.end - start),
          text.slice(start, end),
        )
        .replaceAll(/^\s*\n/gm, ""),
    declared,
    foreign,
    all,
  }
  parsed.set(file, result)
  return result
}

/** The names that a statement declares. */
const namesOf = (statement: Statement): ReadonlyArray<string> => {
  const declaration =
    statement.type === "ExportNamedDeclaration" ? statement.declaration : statement
  if (declaration === null) return []
  if (declaration.type === "VariableDeclaration") {
    return declaration.declarations.flatMap(({ id }) => (id.type === "Identifier" ? [id.name] : []))
  }
  return "id" in declaration && declaration.id?.type === "Identifier" ? [declaration.id.name] : []
}

/** A specifier of an import or an export is a name or, rarely, text. */
const nameOf = (specifier: { readonly name?: string; readonly value?: string }): string =>
  specifier.name ?? specifier.value ?? ""

/** The names that an import or a repeated export binds: each with its name in the other file. */
const bindingsOf = (statement: Statement): ReadonlyArray<readonly [string, string]> => {
  if (statement.type === "ImportDeclaration") {
    return statement.specifiers.map((one) => [
      one.local.name,
      one.type === "ImportSpecifier" ? nameOf(one.imported) : "*",
    ])
  }
  if (statement.type === "ExportNamedDeclaration") {
    return statement.specifiers.map((one) => [nameOf(one.exported), nameOf(one.local)])
  }
  return statement.type === "ExportAllDeclaration" && statement.exported !== null
    ? [[nameOf(statement.exported), "*"]]
    : []
}

/** Every name in a statement. Of `A.B`, also `A.B`. */
const mentionedIn = (node: unknown, names = new Set<string>()): ReadonlySet<string> => {
  if (Array.isArray(node)) for (const one of node) mentionedIn(one, names)
  else if (typeof node === "object" && node !== null) {
    if ("type" in node && node.type === "Identifier" && "name" in node) names.add(String(node.name))
    if ("type" in node && node.type === "TSQualifiedName" && "left" in node && "right" in node) {
      const [left] = mentionedIn(node.left)
      const [right] = mentionedIn(node.right)
      names.add(`${left}.${right}`)
    }
    for (const one of Object.values(node)) mentionedIn(one, names)
  }
  return names
}

/** Where a name is declared. */
const resolve = ({ file, name }: Reference): Reference => {
  const { all, declared, foreign } = parse(file)
  const again = foreign.get(name)
  if (again !== undefined) return again.name === "*" ? again : resolve(again)
  if (declared.has(name) || all.length === 0) return { file, name }
  return (
    all
      .map((other) => resolve({ file: other, name }))
      .find((found) => parse(found.file).declared.has(found.name)) ?? { file, name }
  )
}

/** What a module exports: where each name is declared. */
const exportsOf = (file: string): ReadonlyArray<Reference> => {
  const { all, statements } = parse(file)
  const own = statements.flatMap((statement) =>
    statement.type === "ExportNamedDeclaration"
      ? namesOf(statement).concat(bindingsOf(statement).map(([exported]) => exported))
      : [],
  )
  return [...own.map((name) => resolve({ file, name })), ...all.flatMap(exportsOf)]
}

const keyOf = ({ file, name }: Reference): string => `${file} ${name}`

/** The texts of declarations, by file. */
type Found = Map<string, Set<string>>

/**
 * Finds what a public module exports, and the internal declarations that it mentions, unless another public module exports them: they
 * are on its page.
 */
const findDeclarations = (page: string, elsewhere: ReadonlySet<string>): Found => {
  const found: Found = new Map()
  const seen = new Set<string>()
  const add = (reference: Reference): void => {
    const { file, name } = reference
    if (seen.has(keyOf(reference)) || name === "*") return
    seen.add(keyOf(reference))
    const { declared, foreign, textOf } = parse(file)
    for (const statement of declared.get(name) ?? []) {
      found.set(file, (found.get(file) ?? new Set()).add(textOf(statement)))
      for (const mentioned of mentionedIn(statement)) {
        const [head = "", member] = mentioned.split(".")
        const namespace = foreign.get(head)
        const target =
          namespace?.name === "*"
            ? { file: namespace.file, name: member ?? "*" }
            : { file, name: head }
        const declaration = resolve(target)
        if (!elsewhere.has(keyOf(declaration))) add(declaration)
      }
    }
  }
  for (const exported of exportsOf(page)) add(exported)
  return found
}

const pagesOf = async (folder: string, modules: ReadonlyArray<string>): Promise<Array<Page>> => {
  const dist = join(root, folder, "dist")
  const { name }: { readonly name: string } = JSON.parse(
    readFileSync(join(root, folder, "package.json"), "utf8"),
  )
  const fileOf = (module: string): string => join(dist, `${module}.d.ts`)
  const exported = new Map(modules.map((module) => [module, exportsOf(fileOf(module)).map(keyOf)]))
  return Promise.all(
    modules.map(async (module) => {
      const file = fileOf(module)
      const others = modules.filter((other) => other !== module)
      const elsewhere = new Set(others.flatMap((other) => exported.get(other) ?? []))
      const found = findDeclarations(file, elsewhere)
      const { statements, textOf } = parse(file)
      const again = statements.filter(
        (statement) =>
          statement.type.startsWith("Export") && "source" in statement && statement.source !== null,
      )
      const own = fence([...again.map(textOf), ...(found.get(file) ?? [])])
      const internal = [...found]
        .filter(([other]) => other !== file)
        .map(([other, texts]) => [relative(dist, other).replaceAll("\\", "/"), texts] as const)
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([other, texts]) => `\`${other}\`\n\n${fence([...texts])}`)
      const content = [
        `# ${name}/${module}`,
        "Made by `pnpm build:api`.",
        own,
        ...(internal.length === 0 ? [] : ["## Internal declarations"]),
        ...internal,
      ].join("\n\n")
      const path = `${folder}/api/${module}.md`
      return { path, content: await format(content, { ...style, parser: "markdown" }) }
    }),
  )
}

const style = await resolveConfig(join(root, "README.md"))

const fence = (texts: ReadonlyArray<string>): string => `\`\`\`ts\n${texts.join("\n")}\n\`\`\``

/** The pages of all published packages, as they would be made now. */
const pages = async (): Promise<ReadonlyArray<Page>> => {
  const folders = globSync("packages/*", { cwd: root }).filter(
    (folder) =>
      !readFileSync(join(root, folder, "package.json"), "utf8").includes('"private": true'),
  )
  const modulesOf = (folder: string): ReadonlyArray<string> =>
    globSync("src/*.ts", { cwd: join(root, folder) })
      .map((file) => basename(file, ".ts"))
      .filter((module) => !["index", "bin"].includes(module))
  return (await Promise.all(folders.map((folder) => pagesOf(folder, modulesOf(folder))))).flat()
}

const made = await pages()
const committed = globSync("packages/*/api/*.md", { cwd: root })
const superfluous = committed.filter((file) => !made.some(({ path }) => path === file))
const outdated = made.filter(
  ({ content, path }) =>
    !committed.includes(path) || readFileSync(join(root, path), "utf8") !== content,
)

if (process.argv.includes("--check")) {
  const files = [...outdated.map(({ path }) => path), ...superfluous]
  for (const file of files)
    console.error(`${file} is out of date: run \`pnpm build:api\`, and review the change`)
  process.exitCode = files.length === 0 ? 0 : 1
} else {
  for (const file of superfluous) rmSync(join(root, file))
  for (const { content, path } of outdated) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  console.log(`${made.length} pages, ${outdated.length + superfluous.length} changed`)
}
