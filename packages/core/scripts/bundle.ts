/**
 * Bundles `dist` into a file for each entry and a few that they share: to find, read and compile a file for each of eighty
 * modules takes longer than to run them. The types stay as they are.
 */
import { build } from "esbuild"
import { globSync, rmSync } from "node:fs"

const entryPoints = globSync("dist/*.js")

const { metafile } = await build({
  entryPoints,
  outdir: "dist",
  allowOverwrite: true,
  bundle: true,
  splitting: true,
  chunkNames: "internal/[hash]",
  external: ["effect/*"],
  format: "esm",
  platform: "neutral",
  target: "es2024",
  // Nobody reads it but the runtime: the maps lead to the sources.
  minifyWhitespace: true,
  sourcemap: true,
  metafile: true,
})

const bundled = new Set(Object.keys(metafile.outputs))
for (const file of globSync(["dist/**/*.js", "dist/**/*.js.map"])) {
  if (!bundled.has(file.replaceAll("\\", "/"))) rmSync(file)
}
