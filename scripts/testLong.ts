/**
 * `pnpm test:long [files]`: runs the tests that take minutes or require other runtimes. They are in a separate workspace, `long/`,
 * whose dependencies are installed first.
 */
import "./requireNode.ts"
import { spawnSync, type SpawnSyncReturns } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { readTests, summaryOf } from "./testReport.ts"

const long = fileURLToPath(new URL("../long", import.meta.url))

const codeOf = ({ status }: SpawnSyncReturns<Buffer>): number => status ?? 1

// A shell finds pnpm on every system.
const installed = codeOf(
  spawnSync("pnpm install --frozen-lockfile", { cwd: long, shell: true, stdio: "inherit" }),
)
if (installed !== 0) process.exit(installed)

const folder = mkdtempSync(join(tmpdir(), "effect-sent-long-"))
const report = join(folder, "report.json")
// With the Node.js of this repository: `long/` also installs an older one, which would be found first.
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
