/** `node api.ts`: makes the API reference from the doc comments of the public modules, as pages below `docs/api`. */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { Application, Converter, ReflectionKind } from "typedoc"

const root = fileURLToPath(new URL("..", import.meta.url))
const out = join(root, "docs/api")

interface Manifest {
  readonly name: string
  readonly description: string
  readonly private?: boolean
}

/** The published packages with modules to import, with the modules. */
const packages = globSync("packages/*", { cwd: root })
  .toSorted()
  .map((folder) => {
    const manifest: Manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"))
    const modules = globSync("src/*.ts", { cwd: join(root, folder) })
      .filter((file) => !["index.ts", "bin.ts"].includes(basename(file)))
      .toSorted()
    return { folder: join(root, folder), manifest, modules }
  })
  .filter(({ manifest, modules }) => manifest.private !== true && modules.length > 0)

/** A page for each module, which Vue can read: what looks like markup in types and texts is escaped. */
const markdown = {
  outputFileStrategy: "modules",
  entryFileName: "index.md",
  flattenOutputFiles: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  hideGroupHeadings: true,
  useCodeBlocks: true,
  expandObjects: true,
  indexFormat: "table",
  interfacePropertiesFormat: "list",
  parametersFormat: "table",
  sanitizeComments: true,
  useHTMLEncodedBrackets: true,
  pageTitleTemplates: {
    index: (page: { projectName: string }) => page.projectName,
    module: (page: { name: string }) => page.name,
  },
} as const

/** Puts the doc comment at the head of a module below the title of its page. */
const introduce = (folder: string, file: string): void => {
  const page = join(out, basename(folder), `${basename(file, ".ts")}.md`)
  const [comment] =
    /^\/\*\*(?:(?!\*\/).)*\*\/\n/s.exec(readFileSync(join(folder, file), "utf8")) ?? []
  if (comment === undefined) throw new Error(`${file} begins without a doc comment`)
  const text = comment
    .replaceAll(/^ *(?:\/\*\*|\*\/|\* ?)/gm, "")
    .replaceAll(/^@example/gm, "")
    .replaceAll(/\{@link ([^}]+)\}/g, "`$1`")
    .trim()
  writeFileSync(
    page,
    readFileSync(page, "utf8").replace(/^# .*\n/, (title) => `${title}\n${text}\n`),
  )
}

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
for (const { folder, manifest, modules } of packages) {
  // One after the other: each holds a whole program in memory.
  // oxlint-disable-next-line no-await-in-loop
  const app = await Application.bootstrapWithPlugins({
    plugin: ["typedoc-plugin-markdown"],
    entryPoints: modules.map((file) => join(folder, file)),
    tsconfig: join(folder, "tsconfig.src.json"),
    // The type check of the repository is TypeScript 7's; TypeDoc needs the API of version 6.
    skipErrorChecking: true,
    name: manifest.name,
    outputs: [{ name: "markdown", path: join(out, basename(folder)) }],
    readme: "none",
    // The internal modules are not public, but what public modules export of them is.
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    disableSources: true,
    disableGit: true,
    sort: ["source-order"],
    validation: { notExported: false, invalidLink: false, notDocumented: false },
    logLevel: "Error",
    ...markdown,
  })
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    // A service or an error is a class of Effect, whose constructor and ancestors say nothing to a reader. What a service does is in
    // a type argument of its ancestor: it becomes the members of the class.
    for (const one of project.getReflectionsByKind(ReflectionKind.Constructor)) {
      project.removeReflection(one)
    }
    for (const one of project.getReflectionsByKind(ReflectionKind.Class)) {
      if (!one.isDeclaration()) continue
      const [ancestor] = one.extendedTypes ?? []
      delete one.extendedTypes
      const shapes = ancestor?.type === "reference" ? (ancestor.typeArguments ?? []) : []
      for (const shape of shapes) {
        if (shape.type !== "reflection") continue
        for (const member of shape.declaration.children ?? []) {
          member.parent = one
          one.addChild(member)
        }
      }
    }
  })
  // oxlint-disable-next-line no-await-in-loop
  const project = await app.convert()
  if (project === undefined || app.logger.hasErrors()) process.exit(1)
  // oxlint-disable-next-line no-await-in-loop
  await app.generateOutputs(project)
  for (const file of modules) introduce(folder, file)
}
writeFileSync(
  join(out, "index.md"),
  `# API reference

Made from the doc comments, of what each package exports. The examples are type-checked and run by the tests.

${packages
  .map(({ folder, manifest }) => {
    return `- [${manifest.name}](${basename(folder)}/index.md): ${manifest.description}`
  })
  .join("\n")}
`,
)
