/**
 * `pnpm packages [folder]`: checks the packages as they would be published, with publint and with "Are the types wrong?". Packs them as
 * they are built now, or takes the tarballs of a folder.
 */
import {
  type CheckResult,
  checkPackage,
  createPackageFromTarballData,
  type Package,
  type Problem,
} from "@arethetypeswrong/core"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, matchesGlob } from "node:path"
import { fileURLToPath } from "node:url"
import { publint } from "publint"
import { formatMessage } from "publint/utils"

const root = fileURLToPath(new URL("..", import.meta.url))

interface Manifest {
  readonly private?: boolean
  readonly exports: Readonly<Record<string, string | null | { readonly types?: string }>>
}

/** Packs every package of the workspace into a folder, without building it. */
const pack = (folder: string): void => {
  // A shell finds pnpm on every system.
  execFileSync(`pnpm --recursive pack --ignore-scripts --pack-destination "${folder}"`, {
    cwd: root,
    shell: true,
    stdio: ["ignore", "ignore", "inherit"],
  })
}

const manifestOf = (packed: Package): Manifest =>
  // Written by this repository.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  JSON.parse(packed.readFile(`/node_modules/${packed.packageName}/package.json`)) as Manifest

/** The names of all modules that `exports` offers with types; `./*` stands for any number of them. */
export const entryPointsOf = (
  { exports }: Manifest,
  files: ReadonlyArray<string>,
): ReadonlyArray<string> => {
  const blocked = Object.keys(exports).filter((name) => exports[name] === null)
  return Object.entries(exports).flatMap(([name, target]) => {
    if (target === null || typeof target === "string" || target.types === undefined) return []
    if (!name.includes("*")) return [name]
    const [start = "", end = ""] = target.types.split("*")
    return files
      .filter((file) => file.startsWith(start) && file.endsWith(end))
      .map((file) => name.replace("*", file.slice(start.length, -end.length)))
      .filter((entry) => !blocked.some((pattern) => matchesGlob(entry, pattern)))
      .filter((entry) => !entry.slice(2).includes("/") && entry !== "./index")
  })
}

/** What is intended: only modules of ECMAScript, which `require` also loads from Node.js 20.19, and no support for TypeScript's `node10`. */
const isIntended = (problem: Problem): boolean =>
  problem.kind === "CJSResolvesToESM" ||
  (problem.kind === "NoResolution" && problem.resolutionKind === "node10")

const inWords = (problem: Problem): string =>
  `${problem.kind}: ${"entrypoint" in problem ? `${problem.entrypoint} (${problem.resolutionKind})` : JSON.stringify(problem)}`

/** Checks the tarball of a package. */
export const checkTarball = async (
  data: Uint8Array<ArrayBuffer>,
): Promise<{
  readonly name: string
  readonly isPrivate: boolean
  readonly entryPoints: ReadonlyArray<string>
  readonly problems: ReadonlyArray<string>
}> => {
  const packed = createPackageFromTarballData(data)
  const manifest = manifestOf(packed)
  const prefix = `/node_modules/${packed.packageName}/`
  const files = packed.listFiles().map((file) => file.replace(prefix, "./"))
  const entryPoints = entryPointsOf(manifest, files)
  const { messages, pkg } = await publint({ pack: { tarball: data.buffer }, strict: true })
  const result: CheckResult = await checkPackage(packed, { entrypoints: [...entryPoints] })
  const problems = result.types === false ? [] : result.problems
  return {
    name: packed.packageName,
    isPrivate: manifest.private ?? false,
    entryPoints,
    problems: [
      ...messages.map((message) => formatMessage(message, pkg) ?? message.code),
      ...problems.filter((problem) => !isIntended(problem)).map(inWords),
    ],
  }
}

const checkFolder = async (folder: string): Promise<boolean> => {
  const tarballs = readdirSync(folder).filter((file) => file.endsWith(".tgz"))
  const checked = await Promise.all(
    tarballs.map((file) => checkTarball(new Uint8Array(readFileSync(join(folder, file))))),
  )
  const published = checked.filter(({ isPrivate }) => !isPrivate)
  for (const { entryPoints, name, problems } of published) {
    const mark = problems.length === 0 ? "✓" : "✗"
    console.log(`${mark} ${name}, ${entryPoints.length} entry points with types`)
    for (const problem of problems) console.log(`    ${problem}`)
  }
  return published.length > 0 && published.every(({ problems }) => problems.length === 0)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [given] = process.argv.slice(2)
  const folder = given ?? mkdtempSync(join(tmpdir(), "effect-sent-packages-"))
  if (given === undefined) pack(folder)
  process.exitCode = (await checkFolder(folder)) ? 0 : 1
  if (given === undefined) rmSync(folder, { recursive: true })
}
