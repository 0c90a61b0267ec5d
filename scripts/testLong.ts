/**
 * `pnpm test:long [files]`: what takes minutes, or needs other runtimes. Its packages are a workspace of its own, `long/`,
 * which is installed first.
 */
import { spawnSync, type SpawnSyncReturns } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { readTests, summaryOf } from "./testReport.ts"

const long = fileURLToPath(new URL("../long", import.meta.url))

const codeOf = ({ status }: SpawnSyncReturns<Buffer>): number => status ?? 1

// One line, since a shell finds pnpm on every system.
const installed = codeOf(
  spawnSync("pnpm install --frozen-lockfile", { cwd: long, shell: true, stdio: "inherit" }),
)
if (installed !== 0) process.exit(installed)

const folder = mkdtempSync(join(tmpdir(), "effect-sent-long-"))
const report = join(folder, "report.json")
// With the Node.js of this repository: an older one is among the packages, and would be found first.
const tested = codeOf(
  spawnSync(
    process.execPath,
    [
      "node_modules/vitest/vitest.mjs",
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile=${report}`,
      ...process.argv.slice(2),
    ],
    { cwd: long, stdio: "inherit" },
  ),
)
console.log(`\n${summaryOf([readTests(report)])}`)
rmSync(folder, { recursive: true })
process.exitCode = tested
