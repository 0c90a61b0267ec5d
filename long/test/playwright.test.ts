/** The example of a test in a browser, run by Playwright: examples/testing/playwright. */
import { freePort } from "@effect-sent/faults/freePort"
import bundled from "@sparticuz/chromium"
import { execFile } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "effect-sent-playwright-"))

afterAll(() => rmSync(folder, { recursive: true, force: true }))

beforeAll(async () => {
  for (const name of ["storefront.ts", "failures.ts", "testing"]) {
    cpSync(join(root, "examples", name), join(folder, name), { recursive: true })
  }
  for (const [name, path] of Object.entries({
    "@effect-sent/core": "packages/core",
    "@effect-sent/mock-server": "packages/mock-server",
    "@effect/platform-node": "examples/node_modules/@effect/platform-node",
    effect: "node_modules/effect",
    "@playwright/test": "long/node_modules/@playwright/test",
  })) {
    const link = join(folder, "node_modules", name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(root, path), link, "dir")
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }')
  const browser = { executablePath: await bundled.executablePath() }
  writeFileSync(
    join(folder, "playwright.config.js"),
    `export default {
      testDir: "testing/playwright",
      timeout: 60_000,
      reporter: "line",
      use: { launchOptions: ${JSON.stringify(browser)} },
    }`,
  )
})

it.skipIf(process.platform !== "linux")("the test in a browser passes", async () => {
  const cli = join(root, "long/node_modules/@playwright/test/cli.js")
  const { stdout } = await promisify(execFile)(process.execPath, [cli, "test"], {
    cwd: folder,
    env: {
      ...process.env,
      NODE_OPTIONS: "--conditions=@effect-sent/source",
      STOREFRONT_PORT: String(await freePort()),
    },
  }).catch((error: { readonly stdout?: string; readonly stderr?: string }) => {
    assert.fail(`${error.stdout ?? ""}\n${error.stderr ?? ""}`)
  })
  assert.match(stdout, /3 passed/)
})
