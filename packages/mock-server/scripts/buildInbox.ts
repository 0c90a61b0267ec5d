/**
 * `pnpm build:inbox`: builds the inbox page, `inbox/`, to the files that the mock serves, `page/`. They are committed, so that neither the mock nor who installs it needs a bundler.
 */
import { build } from "esbuild"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const packageDirectory = fileURLToPath(new URL("../", import.meta.url))
const sourceDirectory = join(packageDirectory, "inbox")
const pageDirectory = join(packageDirectory, "page")

/** Preact's published bundle has no licence comment of its own, and its licence asks to be kept. */
const licenceOfPreact = async (): Promise<string> => {
  const preact = createRequire(join(packageDirectory, "package.json")).resolve(
    "preact/package.json",
  )
  const text = await readFile(join(preact, "../LICENSE"), "utf8")
  return `/*! Contains Preact (https://preactjs.com).\n\n${text.trim()}\n*/`
}

/** The files of the page by name. The same source gives the same bytes, wherever the checkout is. */
export const buildInbox = async (): Promise<ReadonlyMap<string, string>> => {
  const { outputFiles } = await build({
    // With it, paths in the output are relative to the source.
    absWorkingDir: sourceDirectory,
    entryPoints: ["main.tsx", "inbox.css"],
    entryNames: "[name]",
    outdir: pageDirectory,
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "eof",
    jsx: "automatic",
    jsxImportSource: "preact",
    // The compiler options that matter are those above; a tsconfig.json must not change the page.
    tsconfigRaw: {},
    footer: { js: await licenceOfPreact() },
  })
  const built = (ending: string): string => {
    const file = outputFiles.find(({ path }) => path.endsWith(ending))
    if (file === undefined) throw new Error(`esbuild made no *${ending}`)
    return file.text
  }
  const copied = (name: string) => readFile(join(sourceDirectory, name), "utf8")
  return new Map([
    ["index.html", await copied("index.html")],
    ["inbox.js", built(".js")],
    ["inbox.css", built(".css")],
    ["icon.svg", await copied("icon.svg")],
  ])
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = await buildInbox()
  await mkdir(pageDirectory, { recursive: true })
  await Promise.all(
    [...files].map(([name, content]) => writeFile(join(pageDirectory, name), content)),
  )
}
