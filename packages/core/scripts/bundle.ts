/**
 * Bundles `dist` into a few files: to find, read and compile a file for each of eighty modules takes longer than to run them. The
 * types stay as they are.
 *
 * esbuild makes a file for each set of entries that a module is used by. Entries that are used together are one here, so that there
 * are few sets; each public file only gives the names of a module.
 */
import { build, type BuildOptions } from "esbuild"
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename } from "node:path"

/** The modules that are in one entry; each other module is one by itself. */
const groups: Readonly<Record<string, ReadonlyArray<string>>> = {
  send: [
    "RetryPolicy",
    "SendToPhone",
    "SentClient",
    "SentCredentials",
    "SentError",
    "SentMessages",
  ],
  limits: ["CircuitBreak", "RateLimit"],
  updates: [
    "BulkSender",
    "CallbackUrl",
    "DeliveryStatus",
    "DeliveryStore",
    "DeliveryTracker",
    "SentWebhook",
    "WebhookError",
  ],
}

const options: BuildOptions = {
  outdir: "dist",
  allowOverwrite: true,
  bundle: true,
  splitting: true,
  chunkNames: "internal/[hash]",
  external: ["effect/*"],
  format: "esm",
  platform: "neutral",
  target: "es2024",
  // Nobody reads it but the runtime and bundlers: the maps lead to the sources. Without its white space, esbuild would leave out the
  // comments that let a bundler remove what is not used.
  minifyIdentifiers: true,
  minifySyntax: true,
  sourcemap: true,
  metafile: true,
}

const modules = globSync("dist/*.js")
  .map((file) => basename(file, ".js"))
  .filter((name) => name !== "index")

/** The names that each module exports. */
const { metafile: separate } = await build({
  ...options,
  entryPoints: modules.map((module) => `dist/${module}.js`),
  write: false,
})
const names = new Map(
  Object.entries(separate?.outputs ?? {}).map(([file, { exports }]) => [
    basename(file, ".js"),
    exports,
  ]),
)
const namesOf = (module: string): ReadonlyArray<string> => names.get(module) ?? []

/** A name of a module where there are those of others, too. */
const unique = (module: string, name: string): string => `${module}_${name}`

const grouped = Object.entries(groups).flatMap(([group, members]) =>
  members.map((module) => ({ group, module })),
)

for (const [group, members] of Object.entries(groups)) {
  const lines = members.map((module) => {
    const list = namesOf(module).map((name) => `${name} as ${unique(module, name)}`)
    return `export { ${list.join(", ")} } from "../${module}.js"`
  })
  writeFileSync(`dist/internal/${group}.js`, lines.join("\n"))
}

// What esbuild makes of `export * as` would keep all of a file in the bundles of those who use any of it.
const namespaces = Array.from(
  readFileSync("dist/index.js", "utf8").matchAll(/^export \* as (\w+)/gm),
  ([, module = ""]) => {
    const imported = namesOf(module).map((name) => `${name} as ${unique(module, name)}`)
    const fields = namesOf(module).map((name) => `${name}: ${unique(module, name)}`)
    return `import { ${imported.join(", ")} } from "./${module}.js"
export const ${module} = /* @__PURE__ */ Object.freeze({ __proto__: null, ${fields.join(", ")} })`
  },
)
writeFileSync("dist/index.js", namespaces.join("\n"))

const isGrouped = (name: string): boolean => grouped.some(({ module }) => module === name)
const { metafile } = await build({
  ...options,
  entryPoints: [
    ...["index", ...modules.filter((name) => !isGrouped(name))].map((name) => `dist/${name}.js`),
    ...Object.keys(groups).map((group) => `dist/internal/${group}.js`),
  ],
  outbase: "dist",
})

for (const { group, module } of grouped) {
  const list = namesOf(module).map((name) => `${unique(module, name)} as ${name}`)
  writeFileSync(
    `dist/${module}.js`,
    `export { ${list.join(", ")} } from "./internal/${group}.js"\n`,
  )
}

const written = new Set([
  ...Object.keys(metafile?.outputs ?? {}),
  ...grouped.map(({ module }) => `dist/${module}.js`),
])
for (const file of globSync(["dist/**/*.js", "dist/**/*.js.map"])) {
  if (!written.has(file.replaceAll("\\", "/"))) rmSync(file)
}
