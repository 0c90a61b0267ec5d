/** The navigation: the sections of `docs/README.md`, each with its list of pages, and the modules of the API reference. */
import { existsSync, globSync, readFileSync } from "node:fs"
import { basename } from "node:path"
import { fileURLToPath } from "node:url"
import type { DefaultTheme } from "vitepress"

const docs = fileURLToPath(new URL("../../docs", import.meta.url))

/** `- [Title](page.md): what it is about` below `## Section`. */
export const sections = (): Array<DefaultTheme.SidebarItem> => {
  const [, ...parts] = readFileSync(`${docs}/README.md`, "utf8").split(/^## /m)
  return [
    { text: "effect-sent", link: "/" },
    ...parts.map((part) => ({
      text: part.slice(0, part.indexOf("\n")),
      items: Array.from(part.matchAll(/^- \[([^\]]+)\]\(([^)]+)\.md\)/gm), (match) => ({
        text: (match[1] ?? "").replaceAll("`", ""),
        link: `/${match[2] ?? ""}`.replace(/\/README$/, "/"),
      })),
    })),
  ]
}

/** The pages that `api.ts` has made: a group for each package. */
export const reference = (): Array<DefaultTheme.SidebarItem> =>
  globSync("api/*", { cwd: docs })
    .filter((folder) => existsSync(`${docs}/${folder}/index.md`))
    .toSorted()
    .map((folder) => ({
      text: `@effect-sent/${basename(folder)}`,
      link: `/${folder}/`,
      items: globSync(`${folder}/*.md`, { cwd: docs })
        .filter((file) => !file.endsWith("/index.md"))
        .toSorted()
        .map((file) => ({ text: basename(file, ".md"), link: `/${file.replace(/\.md$/, "")}` })),
    }))
