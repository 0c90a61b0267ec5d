/** The probe as a file for each runtime, made of core in its published form: its build, not its sources. */
import { build } from "esbuild"
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** Builds core from what its sources are now. */
export const buildCore = (): void => {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["node_modules/typescript/bin/tsc", "--build", "--force", "packages/core/tsconfig.src.json"],
    { cwd: root, encoding: "utf8" },
  )
  if (status !== 0) throw new Error(`core does not build:\n${stdout}${stderr}`)
}

export interface Bundle {
  readonly code: string
  /** The files of the bundle, as paths in the repository. */
  readonly files: ReadonlyArray<string>
}

/**
 * Bundles a module of this folder: as a module, or as a script that declares the variable `exported` with what the module exports.
 */
export const bundle = async (
  entry: "probe" | "program" | "worker",
  format: "module" | "script",
): Promise<Bundle> => {
  const { metafile, outputFiles } = await build({
    entryPoints: [join(root, "long/runtimes", `${entry}.ts`)],
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    platform: "neutral",
    target: "es2024",
    ...(format === "script" ? { format: "iife", globalName: "exported" } : { format: "esm" }),
  })
  return { code: outputFiles[0]?.text ?? "", files: Object.keys(metafile.inputs) }
}
