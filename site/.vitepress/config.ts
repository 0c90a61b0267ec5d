/** The site: the pages of `docs/`, in the order of `docs/README.md`, and the API reference that `api.ts` makes. */
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitepress"
import { liveLinks } from "./links.ts"
import { diagrams } from "./diagrams.ts"
import { reference, sections } from "./navigation.ts"

const repository = "https://github.com/effect-sent/effect-sent"

export default defineConfig({
  title: "effect-sent",
  description: "Send SMS and WhatsApp messages through Sent.dm from an Effect application",
  lang: "en",
  // The project's site on GitHub Pages.
  base: "/effect-sent/",
  srcDir: "../docs",
  outDir: "dist",
  cacheDir: ".vitepress/cache",
  rewrites: { "README.md": "index.md", "decisions/README.md": "decisions/index.md" },
  vite: {
    // Of the diagrams, which are loaded when a page has one.
    build: { chunkSizeWarningLimit: 4000 },
    plugins: [
      {
        // The pages are outside of this workspace, where Vue is.
        name: "vue-of-the-pages",
        enforce: "pre",
        resolveId(id, importer, options) {
          return /^vue(?:\/|$)/.test(id) && importer?.includes("/docs/") === true
            ? this.resolve(id, fileURLToPath(import.meta.url), { ...options, skipSelf: true })
            : undefined
        },
      },
    ],
  },
  // A page has no date of its own: the commits have.
  lastUpdated: false,
  markdown: {
    // Braces are text, as in `{send}`.
    attrs: { disable: true },
    // As GitHub makes them, so that links to headings work there, too.
    anchor: {
      slugify: (heading) =>
        heading
          .trim()
          .toLowerCase()
          .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, "")
          .replaceAll(/\s/g, "-"),
    },
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config: (markdown) => {
      liveLinks(markdown, repository)
      diagrams(markdown)
    },
  },
  themeConfig: {
    search: { provider: "local" },
    nav: [
      { text: "Start", link: "/getting-started" },
      { text: "API reference", link: "/api/", activeMatch: "/api/" },
      { text: "Decisions", link: "/decisions/" },
    ],
    sidebar: { "/api/": reference(), "/": sections() },
    outline: { level: [2, 3] },
    socialLinks: [{ icon: "github", link: repository }],
    editLink: { pattern: `${repository}/edit/main/docs/:path`, text: "Edit this page" },
    footer: { message: "MIT licensed." },
  },
})
