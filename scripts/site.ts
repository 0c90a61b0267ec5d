/**
 * `pnpm run docs` serves the documentation while it is edited, `pnpm build:docs` builds it into `site/dist`. The generator is in a
 * separate workspace, `site/`, whose dependencies are installed first.
 */
import "./requireNode.ts"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

const site = fileURLToPath(new URL("../site", import.meta.url))

const run = (command: string): void => {
  // A shell finds pnpm on every system.
  const { status } = spawnSync(command, { cwd: site, shell: true, stdio: "inherit" })
  if (status !== 0) process.exit(status ?? 1)
}

run("pnpm install --frozen-lockfile")
run(`"${process.execPath}" api.ts`)

const [command = "build", ...options] = process.argv.slice(2)
const vitepress = spawn(
  process.execPath,
  ["node_modules/vitepress/bin/vitepress.js", command, ".", ...options],
  { cwd: site, stdio: "inherit" },
)
const [code] = await once(vitepress, "exit")
process.exitCode = typeof code === "number" ? code : 130
