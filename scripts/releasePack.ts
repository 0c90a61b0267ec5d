/**
 * `pnpm release:pack <folder> <tag>`: what a release publishes: the tarball of each public package, checked, an SBOM (CycloneDX) of
 * each, and `order.txt`, the order in which to publish them. The tag must be the version of every package, for example v0.2.0.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))

const [folder = "", tag = ""] = process.argv.slice(2)
if (!/^v\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(tag)) {
  console.error(
    "usage: pnpm release:pack <folder> <tag>, for example: pnpm release:pack out v0.2.0",
  )
  process.exit(1)
}
const out = resolve(folder)
mkdirSync(out, { recursive: true })
if (readdirSync(out).length > 0) {
  console.error(`${out} is not empty`)
  process.exit(1)
}

/** Runs pnpm, which a shell finds on every system. */
const pnpm = (...args: ReadonlyArray<string>): string =>
  execFileSync(`pnpm ${args.join(" ")}`, {
    cwd: root,
    encoding: "utf8",
    shell: true,
    stdio: ["ignore", "pipe", "inherit"],
  })

interface Sbom {
  readonly components: ReadonlyArray<{ readonly purl: string }>
}

/** Adds the packages that a published one contains: pnpm takes them for development dependencies. */
const addBundled = (bundling: string): void => {
  const file = join(out, `effect-sent-${bundling}-${tag.slice(1)}.cdx.json`)
  const notices = join(root, `packages/${bundling}/dist/THIRD_PARTY_LICENSES.txt`)
  const bundled = Array.from(
    readFileSync(notices, "utf8").matchAll(/(?:^-{80}|packages\.)\n\n(\S+) (\S+)$/gm),
    ([, name = "", version = ""]) => {
      const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`
      return { type: "library", name, version, purl, "bom-ref": purl }
    },
  )
  if (bundled.length === 0) throw new Error(`${notices} names no packages`)
  const sbom: Sbom = JSON.parse(readFileSync(file, "utf8"))
  const known = new Set(sbom.components.map(({ purl }) => purl))
  const components = [...sbom.components, ...bundled.filter(({ purl }) => !known.has(purl))]
  writeFileSync(file, JSON.stringify({ ...sbom, components }, undefined, 2))
}

interface Project {
  readonly name: string
  readonly version?: string
  readonly path: string
  readonly private?: boolean
}

const projects: ReadonlyArray<Project> = JSON.parse(pnpm("list --recursive --depth -1 --json"))
const published = projects.filter((project) => project.private !== true)
const others = published.filter(({ version }) => `v${version}` !== tag)
if (published.length === 0 || others.length > 0) {
  for (const { name, version } of others)
    console.error(`${name} has the version ${version}, not ${tag}`)
  process.exit(1)
}

// pnpm packs in the order of the dependencies, and `prepack` builds each package.
const filters = published.map(({ name }) => `--filter ${name}`)
const output = pnpm("--recursive", ...filters, "pack", `--pack-destination "${out}"`, "--json")
const packed: ReadonlyArray<{ readonly filename: string }> = JSON.parse(
  output.slice(output.search(/^\[$/m)),
)
writeFileSync(
  join(out, "order.txt"),
  packed.map(({ filename }) => `${basename(filename)}\n`).join(""),
)
console.log(pnpm("packages", `"${out}"`))
const sbom = `sbom --prod --exclude-peers --sbom-format cyclonedx --split --out "${join(out, "%s-%v.cdx.json")}"`
pnpm("--recursive", ...filters, sbom)
for (const bundling of ["contract", "effect-3"]) addBundled(bundling)
