/**
 * Runs before a package is packed: builds the package, and fails when the package would not work after installation.
 */
import { spawnSync } from "node:child_process"
import { existsSync, globSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))

interface PackageJson {
  readonly name: string
  readonly bin?: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, Target>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
}

type Target = string | null | { readonly [condition: string]: Target }

/** The condition of this workspace, the only one whose targets may be sources. */
const sourceCondition = "@effect-sent/source"

/** Finds the problems of a package before it is packed, one sentence each. `packer` is the user agent of npm or pnpm. */
export const problemsOf = (folder: string, packer: string): ReadonlyArray<string> => {
  const packageJson = readPackageJson(folder)
  return [
    ...protocolProblems(packageJson, packer),
    ...targetProblems(folder, packageJson),
    ...missingFiles(folder),
    ...sourceImports(folder),
  ]
}

const readPackageJson = (folder: string): PackageJson =>
  // A file of this repository.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageJson

/** pnpm replaces `workspace:^` and `catalog:` with versions when it packs. npm does not, and cannot install them. */
const protocolProblems = (
  { dependencies = {} }: PackageJson,
  packer: string,
): ReadonlyArray<string> =>
  packer.startsWith("pnpm/")
    ? []
    : Object.entries(dependencies)
        .filter(([, range]) => /^(?:workspace|catalog):/.test(range))
        .map(
          ([name, range]) =>
            `the range of ${name} is ${range}, which only pnpm replaces: use \`pnpm pack\``,
        )

const targetProblems = (
  folder: string,
  { bin = {}, exports }: PackageJson,
): ReadonlyArray<string> =>
  [...Object.values(bin), ...Object.values(exports).flatMap(targetsOf)].flatMap((target) => {
    if (/\/src\/|\.tsx?$/.test(target) && !target.endsWith(".d.ts")) {
      return [`${target} is a source file`]
    }
    // `./dist/*.js` matches any number of files.
    return globSync(target, { cwd: folder }).length > 0 ? [] : [`${target} does not exist`]
  })

const targetsOf = (target: Target): ReadonlyArray<string> => {
  if (target === null) return []
  if (typeof target === "string") return [target]
  return Object.entries(target).flatMap(([condition, inner]) =>
    condition === sourceCondition ? [] : targetsOf(inner),
  )
}

const missingFiles = (folder: string): ReadonlyArray<string> =>
  ["README.md", "LICENSE"]
    .filter((file) => !existsSync(join(folder, file)))
    .map((file) => `${file} is missing`)

/** Imports of TypeScript files, which an incorrect build would contain. */
const sourceImports = (folder: string): ReadonlyArray<string> =>
  globSync("dist/**/*.js", { cwd: folder })
    .filter((file) =>
      /(?:from|import\()\s*"\.[^"]*\.tsx?"/.test(readFileSync(join(folder, file), "utf8")),
    )
    .map((file) => `${file} imports a source file`)

/** Builds a package, its dependencies in the workspace, and its bundle if it has one. */
const build = (folder: string): void => {
  const { scripts = {} } = readPackageJson(folder)
  if (!existsSync(join(folder, "tsconfig.src.json"))) return
  // Otherwise files that were renamed or removed since the last build would be packed, too.
  rmSync(join(folder, "dist"), { recursive: true, force: true })
  rmSync(join(folder, ".tsbuild/src.tsbuildinfo"), { force: true })
  run(folder, [join(root, "node_modules/typescript/bin/tsc"), "--build", "tsconfig.src.json"])
  if (scripts["bundle"] !== undefined) run(folder, scripts["bundle"].split(" ").slice(1))
}

const run = (cwd: string, args: ReadonlyArray<string>): void => {
  const { status } = spawnSync(process.execPath, args, { cwd, stdio: "inherit" })
  if (status !== 0) throw new Error(`${args.join(" ")} failed`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.cwd()
  build(folder)
  const problems = problemsOf(folder, process.env["npm_config_user_agent"] ?? "")
  for (const problem of problems) console.error(`${readPackageJson(folder).name}: ${problem}`)
  process.exitCode = problems.length === 0 ? 0 : 1
}
