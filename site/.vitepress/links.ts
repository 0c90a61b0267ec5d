/**
 * A page links to files of the repository, so that its links work on GitHub, too. On the site, a link to the record of a module's API
 * leads to its reference, and one to any other file outside of `docs/` to GitHub. A link to a file that does not exist fails the build.
 */
import { existsSync, statSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import type { MarkdownRenderer } from "vitepress"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** What a link of a page leads to on the site. The page is relative to `docs/`. */
const targetOf = (link: string, page: string, repository: string): string => {
  const [path = "", anchor] = link.split("#")
  if (path === "" || /^(?:[a-z]+:|\/)/.test(link)) return link
  const hash = anchor === undefined ? "" : `#${anchor}`
  const file = relative(root, join(root, "docs", dirname(page), decodeURI(path))).replaceAll(
    "\\",
    "/",
  )
  if (!existsSync(join(root, file)))
    throw new Error(`docs/${page} links to ${file}, which does not exist`)
  const record = /^packages\/([^/]+)\/api\/(\w+)\.md$/.exec(file)
  if (record !== null) return `/api/${record[1]}/${record[2]}${hash}`
  if (file.startsWith("docs/")) {
    return `/${file.slice("docs/".length).replace(/(^|\/)README\.md$/, "$1index.md")}${hash}`
  }
  const kind = statSync(join(root, file)).isDirectory() ? "tree" : "blob"
  return `${repository}/${kind}/main/${file}${hash}`
}

export const liveLinks = (markdown: MarkdownRenderer, repository: string): void => {
  markdown.core.ruler.push("live-links", (state) => {
    const env: { readonly relativePath?: string; readonly path?: string } = state.env
    const page = relative(
      join(root, "docs"),
      env.path ?? join(root, "docs", env.relativePath ?? ""),
    )
    for (const token of state.tokens.flatMap(({ children }) => children ?? [])) {
      const link = token.type === "link_open" ? token.attrGet("href") : null
      if (link !== null) token.attrSet("href", targetOf(link, page, repository))
    }
  })
}
