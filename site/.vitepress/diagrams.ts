/** Code blocks of the language `mermaid` become diagrams, as on GitHub. */
import type { MarkdownRenderer } from "vitepress"

export const diagrams = (markdown: MarkdownRenderer): void => {
  const { fence } = markdown.renderer.rules
  markdown.renderer.rules.fence = (tokens, index, ...rest) => {
    const token = tokens[index]
    return token?.info.trim() === "mermaid"
      ? `<Diagram code="${encodeURIComponent(token.content)}" />`
      : (fence?.(tokens, index, ...rest) ?? "")
  }
}
