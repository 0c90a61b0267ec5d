/** The runtimes: where each is installed, and how it runs the probe. */
import { execFile } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { Readable } from "node:stream"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { bundle } from "./bundle.ts"
import type { Addresses, Reports } from "./outcome.ts"

export interface Runtime {
  readonly name: string
  /** The version that is installed. Undefined if there is none for this platform. */
  readonly version: string | undefined
  readonly probe: (addresses: Addresses) => Promise<Reports>
}

// -----------------------------------------------------------------------------
// Installed packages
// -----------------------------------------------------------------------------

interface Package {
  readonly version: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const here = fileURLToPath(import.meta.url)

/** The `package.json` of a package, looked for from a file as `require` does. */
const find = (name: string, from: string): string | undefined => {
  const folders = createRequire(from).resolve.paths(name) ?? []
  const file = folders
    .map((folder) => join(folder, name, "package.json"))
    .find((candidate) => existsSync(candidate))
  // Where the package is, its dependencies are.
  return file === undefined ? undefined : realpathSync(file)
}

const read = (file: string): Package => JSON.parse(readFileSync(file, "utf8"))

const versionOf = (name: string): string | undefined => {
  const file = find(name, here)
  return file === undefined ? undefined : read(file).version
}

/**
 * A program that a package takes from a package of its own for each platform, of which only the one that fits is installed. No
 * install script has to run for that.
 */
const programOf = (name: string, path: string, from = here): string | undefined => {
  const file = find(name, from)
  if (file === undefined) return undefined
  return Object.keys(read(file).optionalDependencies ?? {})
    .flatMap((platform) => {
      const found = find(platform, file)
      return found === undefined ? [] : [join(dirname(found), path)]
    })
    .flatMap((program) => [program, `${program}.exe`])
    .find((program) => existsSync(program))
}

// -----------------------------------------------------------------------------
// Programs
// -----------------------------------------------------------------------------

const execute = promisify(execFile)

/** The environment, without a proxy between the runtime and the service, and without the options of the test runner. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/proxy|^NODE_OPTIONS$/i.test(name)),
)

const program = (options: {
  readonly name: string
  readonly version: string | undefined
  readonly path: string | undefined
  readonly flags?: ReadonlyArray<string>
}): Runtime => ({
  name: options.name,
  version: options.path === undefined ? undefined : options.version,
  probe: async (addresses) => {
    if (options.path === undefined) throw new Error(`${options.name} is not installed`)
    const folder = mkdtempSync(join(tmpdir(), "effect-sent-runtime-"))
    const file = join(folder, "probe.mjs")
    writeFileSync(file, (await bundle("program", "module")).code)
    try {
      const { stdout } = await execute(
        options.path,
        [...(options.flags ?? []), file, JSON.stringify(addresses)],
        {
          cwd: folder,
          env: { ...environment, DENO_DIR: folder, DENO_NO_UPDATE_CHECK: "1" },
          timeout: 60_000,
        },
      )
      return JSON.parse(stdout)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
})

const node = program({
  name: "Node",
  version: process.versions.node,
  path: process.execPath,
})

const bun = program({
  name: "Bun",
  version: versionOf("bun"),
  path: programOf("bun", "bin/bun"),
})

const deno = program({
  name: "Deno",
  version: versionOf("deno"),
  path: programOf("deno", "deno"),
  // Only the permission to send is needed.
  flags: ["run", "--no-prompt", "--no-config", "--no-remote", "--no-npm", "--allow-net"],
})

// -----------------------------------------------------------------------------
// In this process
// -----------------------------------------------------------------------------

const workerd: Runtime = {
  name: "workerd",
  // Miniflare is installed everywhere, workerd where it runs.
  version:
    programOf("workerd", "bin/workerd", find("miniflare", here) ?? here) === undefined
      ? undefined
      : versionOf("miniflare"),
  probe: async (addresses) => {
    const { Miniflare } = await import("miniflare")
    const worker = new Miniflare({
      modules: true,
      script: (await bundle("worker", "module")).code,
      compatibilityDate: "2026-07-01",
      // Otherwise it is downloaded.
      cf: false,
      // It prints the failures that the probe is about.
      handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
        stdout.resume()
        stderr.resume()
      },
    })
    try {
      const response = await worker.dispatchFetch("http://worker/", {
        method: "POST",
        body: JSON.stringify(addresses),
      })
      return JSON.parse(await response.text())
    } finally {
      await worker.dispose()
    }
  },
}

const edgeRuntime: Runtime = {
  name: "edge-runtime",
  version: versionOf("@edge-runtime/vm"),
  probe: async (addresses) => {
    const { EdgeVM } = await import("@edge-runtime/vm")
    const vm = new EdgeVM()
    vm.evaluate((await bundle("probe", "script")).code)
    // As text, since objects of the VM have other prototypes.
    return JSON.parse(
      await vm.evaluate<Promise<string>>(
        `exported.probe(${JSON.stringify(addresses)}).then((reports) => JSON.stringify(reports))`,
      ),
    )
  },
}

export const runtimes: ReadonlyArray<Runtime> = [node, edgeRuntime, bun, deno, workerd]
