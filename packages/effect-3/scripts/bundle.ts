/**
 * Bundles core, Effect 4 and the facade between them into `dist`, so that an application on Effect 3 installs no second Effect.
 *
 * `effect` and `@effect/platform` are Effect 3's where this package imports them, which are left to the application, and Effect
 * 4's where core does, which is bundled. The licences of the bundled packages are written to `dist/THIRD_PARTY_LICENSES.txt`.
 */
import { build, type Plugin } from "esbuild"
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename } from "node:path"
import { fileURLToPath } from "node:url"

const own = fileURLToPath(new URL("../dist/", import.meta.url))

const peers: Plugin = {
  name: "peers",
  setup: (bundler) => {
    bundler.onResolve({ filter: /^(?:effect|@effect\/platform)(?:\/|$)/ }, ({ importer, path }) =>
      importer.startsWith(own) ? { path, external: true, sideEffects: false } : undefined,
    )
  },
}

const { metafile } = await build({
  entryPoints: globSync("dist/*.js"),
  outdir: "dist",
  allowOverwrite: true,
  bundle: true,
  splitting: true,
  chunkNames: "internal/[hash]",
  plugins: [peers],
  // Core as its sources: its own bundle would not be shaken as well.
  conditions: ["@effect-sent/source"],
  format: "esm",
  platform: "neutral",
  target: "es2024",
  // Without its white space, esbuild would leave out the comments that let a bundler remove what is not used.
  minifyIdentifiers: true,
  minifySyntax: true,
  metafile: true,
  logLevel: "warning",
})

const written = new Set(Object.keys(metafile.outputs).map((file) => file.replaceAll("\\", "/")))
for (const file of globSync(["dist/**/*.js", "dist/**/*.js.map"])) {
  if (!written.has(file.replaceAll("\\", "/"))) rmSync(file)
}

const packageOf = (file: string): string | undefined =>
  /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file.replaceAll("\\", "/"))?.[1]

const licenceOf = (folder: string): string => {
  const { name, version }: Readonly<Record<string, unknown>> = JSON.parse(
    readFileSync(`${folder}/package.json`, "utf8"),
  )
  return `${String(name)} ${String(version)}\n\n${readFileSync(`${folder}/LICENSE`, "utf8").trim()}`
}

const packages = new Set(Object.keys(metafile.inputs).flatMap((file) => packageOf(file) ?? []))

writeFileSync(
  "dist/THIRD_PARTY_LICENSES.txt",
  `The files of dist contain these packages.\n\n${[...packages]
    .toSorted((one, other) => basename(one).localeCompare(basename(other)))
    .map(licenceOf)
    .join(`\n\n${"-".repeat(80)}\n\n`)}\n`,
)
