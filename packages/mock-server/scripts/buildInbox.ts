/**
 * `pnpm build:inbox`: builds the inbox page from `inbox/` into `page/`, which the mock serves. The built files are committed, so
 * that running the mock from a checkout requires no bundler.
 */
import { build } from "esbuild"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const packageDirectory = fileURLToPath(new URL("../", import.meta.url))
const sourceDirectory = join(packageDirectory, "inbox")
const pageDirectory = join(packageDirectory, "page")

/** The licence comment for Preact, whose published bundle has none. The licence requires that copies include it. */
const licenceOfPreact = async (): Promise<string> => {
  const preact = createRequire(join(packageDirectory, "package.json")).resolve(
    "preact/package.json",
  )
  const text = await readFile(join(preact, "../LICENSE"), "utf8")
  return `/*! Contains Preact (https://preactjs.com).\n\n${text.trim()}\n*/`
}

/** Builds the files of the page, by name. The output does not depend on the location of the checkout. */
export const buildInbox = async (): Promise<ReadonlyMap<string, string>> => {
  const { outputFiles } = await build({
    // Makes paths in the output relative to the source.
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
    // Only the options above apply: a tsconfig.json must not change the page.
    tsconfigRaw: {},
    footer: { js: await licenceOfPreact() },
  })
  const built = (ending: string): string => {
    const file = outputFiles.find(({ path }) => path.endsWith(ending))
    if (file === undefined) throw new Error(`esbuild produced no ${ending} file`)
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
