/** The packages, packed from a checkout as it would be after a commit. */
import * as NodeVersion from "@effect-sent/contract/NodeVersion"
import { execFileSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { succeed } from "./outside.ts"

const root = fileURLToPath(new URL("../../..", import.meta.url))

const folders = [
  "contracts",
  "packages/core",
  "packages/contract",
  "packages/mock-server",
  "packages/contract-tools",
  "packages/durable",
  "packages/cli",
]

/** The names of the packages, without their scope. */
export const names: ReadonlyArray<string> = folders.map((folder) => basename(folder))

interface Manifest {
  readonly version: string
  readonly engines: { readonly node: string }
}

const folderOf = (name: string): string =>
  folders.find((folder) => basename(folder) === name) ?? name

const manifestOf = (name: string): Manifest =>
  JSON.parse(readFileSync(join(root, folderOf(name), "package.json"), "utf8"))

/** Whether the `engines` of a package include a version of Node.js. */
export const supports = (name: string, version: string): boolean =>
  NodeVersion.problemOf(version, manifestOf(name).engines.node) === undefined

/** The command of pnpm, which npx installs. */
export const pnpm: ReadonlyArray<string> = "npx --yes pnpm@12.21.0".split(" ")

/** The versions that a user installs beside the packages. */
export const peers: ReadonlyArray<string> = [
  "effect@4.1.0",
  "@effect/platform-node@4.1.0",
  "@effect/sql-pg@4.0.5",
  "@types/node@24.19.2",
]

export interface Packed {
  /** The checkout that was packed. */
  readonly checkout: string
  readonly tarballOf: (name: string) => string
}

/** Packs all packages, in `work`. */
export const pack = (work: string): Packed => {
  const tarballs = join(work, "tarballs")
  mkdirSync(tarballs)
  const checkout = checkOut(work)
  succeed(checkout, ...pnpm, "install", "--frozen-lockfile", "--prefer-offline")
  succeed(checkout, ...pnpm, "tarballs", tarballs)
  return {
    checkout,
    tarballOf: (name) => join(tarballs, `effect-sent-${name}-${manifestOf(name).version}.tgz`),
  }
}

/** Copies every file that git tracks or does not ignore. */
const checkOut = (work: string): string => {
  const checkout = join(work, "checkout")
  const list = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: root,
    encoding: "utf8",
  })
  for (const file of list.split("\0")) {
    if (file === "" || !existsSync(join(root, file))) continue
    mkdirSync(dirname(join(checkout, file)), { recursive: true })
    cpSync(join(root, file), join(checkout, file))
  }
  return checkout
}

/** The programs on a page of the repository. */
export const programs = (page: string): ReadonlyArray<string> =>
  Array.from(
    readFileSync(join(root, page), "utf8").matchAll(/^```ts\n(.*?)^```$/gms),
    ([, code = ""]) => code,
  )

/** The programs of the page of a package. */
export const programsOf = (name: string): ReadonlyArray<string> =>
  programs(join(folderOf(name), "README.md"))

/** The compiler. */
export const tsc: string = join(
  dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
  "bin/tsc",
)
