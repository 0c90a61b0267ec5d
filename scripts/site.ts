/**
 * `pnpm build:docs` builds the documentation into `site/dist`, and `pnpm run docs` also serves it. The generator is in a separate
 * workspace, `site/`, whose dependencies are installed first.
 */
import "./requireNode.ts"
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const site = fileURLToPath(new URL("../site", import.meta.url))

const run = (command: string): void => {
  // A shell finds pnpm on every system.
  const { signal, status } = spawnSync(command, { cwd: site, shell: true, stdio: "inherit" })
  if (status !== 0) process.exit(status ?? (signal === null ? 1 : 130))
}

const node = `"${process.execPath}"`
run("pnpm install --frozen-lockfile")
run(`${node} api.ts`)
run(`${node} node_modules/vitepress/bin/vitepress.js build .`)
if (process.argv.includes("--serve")) {
  run(`${node} node_modules/vitepress/bin/vitepress.js preview .`)
}
