/**
 * Bundles Prism into the built package and replaces the module that loads Prism from `node_modules`.
 *
 * Prism depends on a package with a telemetry install script, on a fake data generator and on Postman collections. This
 * package uses none of them, so the bundle leaves them out and users do not install them. The licences of the bundled
 * packages are written to `dist/THIRD_PARTY_LICENSES.txt`.
 */
import { build, type Plugin } from "esbuild"
import { globSync, readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { unused } from "../src/internal/loadPrism.ts"

const internal = fileURLToPath(new URL("../dist/internal/", import.meta.url))

/** Replaces a module that a mock does not use. Prism reads its members while it loads and calls none of them. */
const stub = `
const absent = new Proxy(function () {}, {
  get: (_, name) => (name === "__esModule" ? false : absent),
  apply: () => { throw new Error("this part of Prism is not in the bundle") },
  construct: () => { throw new Error("this part of Prism is not in the bundle") },
})
module.exports = absent
`

const withoutUnused: Plugin = {
  name: "without-unused",
  setup: (bundler) => {
    bundler.onResolve({ filter: /.*/ }, ({ path }) => {
      // `@stoplight/http-spec` imports its Postman part by a relative path.
      const isUnused = unused.includes(path) || path.endsWith("postman/operation")
      return isUnused ? { path, namespace: "unused" } : undefined
    })
    bundler.onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: stub, loader: "js" }))
  },
}

const { metafile } = await build({
  stdin: {
    contents: `
      export * as core from "@stoplight/prism-core"
      export * as http from "@stoplight/prism-http"
      export * as spec from "@stoplight/http-spec/oas3/operation"
      export * as json from "@stoplight/json"
    `,
    resolveDir: fileURLToPath(new URL("..", import.meta.url)),
  },
  outfile: join(internal, "prism.js"),
  bundle: true,
  minify: true,
  metafile: true,
  platform: "node",
  format: "esm",
  target: "node24",
  // esbuild cannot follow `require` inside a UMD build (jsonc-parser), but it can bundle the module build.
  mainFields: ["module", "main"],
  // Prism is CommonJS and calls `require` for Node's built-in modules.
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
  plugins: [withoutUnused],
  logLevel: "warning",
})

await writeFile(
  join(internal, "loadPrism.js"),
  `/** Loads the bundled Prism. */
export const loadPrism = () => import("./prism.js")
`,
)

const packageOf = (file: string): string | undefined =>
  /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]

const packages = new Set(Object.keys(metafile.inputs).flatMap((file) => packageOf(file) ?? []))

const licenceOf = (folder: string): string => {
  const [file] = globSync("{LICEN[SC]E,licen[sc]e,LICEN[SC]E.*,licen[sc]e.*,NOTICE}", {
    cwd: folder,
  })
  const { license, name, version }: Readonly<Record<string, unknown>> = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  )
  const text =
    file === undefined ? String(license) : readFileSync(join(folder, file), "utf8").trim()
  return `${String(name)} ${String(version)}\n\n${text}`
}

await writeFile(
  join(dirname(dirname(internal)), "dist/THIRD_PARTY_LICENSES.txt"),
  `dist/internal/prism.js contains these packages.\n\n${[...packages]
    .map(licenceOf)
    .toSorted()
    .join(`\n\n${"-".repeat(80)}\n\n`)}\n`,
)
