/** `pnpm send`, started as a process, with a server that counts requests. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, assert, beforeEach, describe, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const template = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"

let folder: string
let csv: string
let out: string
let server: Server
/** The phone number of every request that arrived. */
let arrived: Array<string>
/** The status of the answer to a number. Undefined means no answer. */
let statusOf: (phoneNumber: string) => number | undefined
let environment: Readonly<Record<string, string | undefined>>

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "effect-sent-send-"))
  csv = join(folder, "customers.csv")
  out = `${csv}.results.csv`
  arrived = []
  statusOf = () => 204
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { phoneNumber } = JSON.parse(Buffer.concat(await request.toArray()).toString())
    arrived.push(String(phoneNumber))
    const status = statusOf(String(phoneNumber))
    if (status !== undefined) response.writeHead(status).end()
    server.emit("arrived")
  }
  server = createServer((request, response) => void answer(request, response))
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  environment = {
    SENT_BASE_URL: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
    SENT_API_KEY: "sk_test_example",
  }
})

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, "close")
  rmSync(folder, { recursive: true })
})

const start = (...flags: ReadonlyArray<string>) =>
  spawn(process.execPath, ["scripts/send.ts", ...flags], {
    cwd: root,
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: "1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  })

const run = async (...flags: ReadonlyArray<string>) => {
  const child = start(...flags)
  const ended = once(child, "exit")
  const [stdout, stderr] = await Promise.all([
    child.stdout.setEncoding("utf8").toArray(),
    child.stderr.setEncoding("utf8").toArray(),
  ])
  const [code]: ReadonlyArray<unknown> = await ended
  return { code, stdout: stdout.join(""), stderr: stderr.join("") }
}

/** The line, the outcome and the reason of every row of the result file. */
const entries = (): ReadonlyArray<string> =>
  readFileSync(out, "utf8")
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((row) => {
      const [line, , outcome, reason] = row.split(",")
      return [line, outcome, reason].join(" ").trim()
    })

const numbers = (count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, index) => `+12345678${String(index).padStart(2, "0")}`)

const writeCsv = (phoneNumbers: ReadonlyArray<string>): void => {
  const lines = phoneNumbers.map((number, index) => `${number},"Doe, John ${index}"`)
  writeFileSync(csv, ["to,name", ...lines].join("\n"))
}

describe("one message", { timeout: 30_000 }, () => {
  it.each([
    [204, 0, /^accepted at \d{4}-/, /^$/],
    [400, 2, /^$/, /request rejected \(400\) \[not sent\]/],
    [500, 3, /^$/, /server failed \(500\) \[the message may have been sent\]/],
  ] as const)("that is answered with %i exits with %i", async (status, code, stdout, stderr) => {
    statusOf = () => status
    const ended = await run("--to", "+1234567890", "--template", template, "--var", "name=John")
    assert.strictEqual(ended.code, code)
    assert.match(ended.stdout, stdout)
    assert.match(ended.stderr, stderr)
    assert.deepStrictEqual(arrived, ["+1234567890"])
  })

  it("that is malformed is not sent", async () => {
    const { code, stderr } = await run("--to", "12", "--template", template)
    assert.strictEqual(code, 2)
    assert.include(stderr, "phoneNumber must be an E.164 phone number")
    assert.deepStrictEqual(arrived, [])
  })
})

describe("nothing is sent with", { timeout: 30_000 }, () => {
  it.each<readonly [title: string, flags: () => ReadonlyArray<string>, message: RegExp]>([
    ["neither --to nor --csv", () => [], /Pass either --to for one message or --csv for many/],
    ["both --to and --csv", () => ["--to", "+1234567890", "--csv", csv], /Pass either --to/],
    ["a file that does not exist", () => ["--csv", `${csv}x`, "--template", template], /ENOENT/],
    ["no template", () => ["--csv", csv], /add a column "template" or pass the flag --template/],
    [
      "no column for the numbers",
      () => {
        writeFileSync(csv, "phone,name\n+1234567890,John")
        return ["--csv", csv, "--template", template]
      },
      /the column "to" is missing/,
    ],
    [
      "a line with too many columns",
      () => {
        writeFileSync(csv, "to,name\n+1234567890,John\n+1234567891,Jane,Doe")
        return ["--csv", csv, "--template", template]
      },
      /line 3/,
    ],
    [
      "variables for a file",
      () => ["--csv", csv, "--template", template, "--var", "shop=X"],
      /--var and --webhook require --to/,
    ],
    ["a concurrency of 0", () => ["--csv", csv, "--concurrency", "0"], /--concurrency must be/],
    [
      "a file in Latin-1",
      () => {
        writeFileSync(csv, "to,name\n+1234567890,Zo\u00EB", "latin1")
        return ["--csv", csv, "--template", template]
      },
      /line 2 is not UTF-8/,
    ],
    [
      "no result file to resume",
      () => ["--csv", csv, "--template", template, "--resume"],
      /nothing to resume/,
    ],
    [
      "a result file that is not one",
      () => {
        writeFileSync(out, "my notes")
        return ["--csv", csv, "--template", template, "--resume"]
      },
      /is not a result file/,
    ],
  ])("%s", async (_, flags, message) => {
    writeCsv(numbers(1))
    const { code, stderr, stdout } = await run(...flags())
    assert.strictEqual(code, 1)
    assert.match(stderr, message)
    assert.notInclude(stderr, "    at ", "a stack")
    assert.strictEqual(stdout, "")
    assert.deepStrictEqual(arrived, [])
  })

  it("no credentials", async () => {
    environment = { ...environment, SENT_API_KEY: undefined }
    const { code, stderr } = await run("--to", "+1234567890", "--template", template)
    assert.strictEqual(code, 1)
    assert.include(stderr, "SENT_API_KEY")
  })
})

describe("a file", { timeout: 60_000 }, () => {
  it("is sent line by line, and its result file contains the outcome of each line", async () => {
    writeCsv(["+49155501990", "12", "+49155501992", "+49155501993"])
    statusOf = (number) => (number === "+49155501992" ? 500 : 204)
    const { code, stderr, stdout } = await run("--csv", csv, "--template", template)
    assert.strictEqual(code, 3)
    assert.include(stdout, "4 sent: 2 accepted, 1 not sent (1 InvalidRequest), 1 unknown\n")
    // The output of a pipe has no progress bar.
    assert.match(stderr, /^\s*ERROR\s+1 may have been sent: check before you send them again/)
    assert.deepStrictEqual(
      entries()
        .filter((entry) => !entry.includes("started"))
        .toSorted(),
      ["2 accepted", "3 rejected InvalidRequest", "4 unknown ServerFailed", "5 accepted"],
    )
    for (const secret of ["4915550199", "John", "sk_test"]) {
      assert.notInclude(readFileSync(out, "utf8"), secret)
      assert.notInclude(stdout + stderr, secret)
    }
  })

  it("is not sent again over a result file, unless it is resumed", async () => {
    writeCsv(numbers(3))
    assert.strictEqual((await run("--csv", csv, "--template", template)).code, 0)
    const again = await run("--csv", csv, "--template", template)
    assert.strictEqual(again.code, 1)
    assert.include(again.stderr, "already exists; pass --resume to continue it")
    const resumed = await run("--csv", csv, "--template", template, "--resume")
    assert.strictEqual(resumed.code, 0)
    assert.include(resumed.stdout, "skipped: 3 accepted and 0 unknown in earlier runs")
    assert.strictEqual(arrived.length, 3)
  })

  it("that is resumed sends only the lines that were not sent, corrected or not", async () => {
    writeCsv(["+1234567890", "12", "+1234567892"])
    statusOf = (number) => (number === "+1234567892" ? 500 : 204)
    await run("--csv", csv, "--template", template)
    writeCsv(["+1234567890", "+1234567891", "+1234567892"])
    statusOf = () => 204
    const { code, stdout } = await run("--csv", csv, "--template", template, "--resume")
    // All messages of this run were accepted, but one of the earlier run may have been sent.
    assert.strictEqual(code, 3)
    assert.include(stdout, "1 sent: 1 accepted")
    assert.include(stdout, "skipped: 1 accepted and 1 unknown in earlier runs")
    assert.deepStrictEqual(arrived, ["+1234567890", "+1234567892", "+1234567891"])
  })

  it("is not resumed after a line that may have been sent has changed", async () => {
    writeCsv(["+1234567890", "12"])
    await run("--csv", csv, "--template", template)
    writeCsv(["+1234567899", "+1234567891"])
    const { code, stderr } = await run("--csv", csv, "--template", template, "--resume")
    assert.strictEqual(code, 1)
    assert.match(stderr, /line 2 is accepted in .*, but its content has changed since/)
    assert.deepStrictEqual(arrived, ["+1234567890"])
  })

  it("is not resumed after its lines have moved", async () => {
    writeCsv(["+1234567890", "12", "+1234567892"])
    await run("--csv", csv, "--template", template)
    writeFileSync(csv, 'to,name\n+1234567890,"Doe, John 0"\n+1234567892,"Doe, John 2"')
    const { code, stderr } = await run("--csv", csv, "--template", template, "--resume")
    assert.strictEqual(code, 1)
    assert.match(stderr, /line 4 is accepted in .*, but no longer in the input/)
    assert.strictEqual(arrived.length, 2)
  })

  it("is resumed after an incomplete row, and no row is lost", async () => {
    writeCsv(["+1234567890", "12"])
    // One at a time, so that the first three rows are those before the last message has ended.
    await run("--csv", csv, "--template", template, "--concurrency", "1")
    const whole = readFileSync(out, "utf8").split("\n").slice(0, 3).join("\n")
    writeFileSync(out, `${whole}\n3,abcdef01,rejected,InvalidRequest,"invalid req`)
    const { code } = await run("--csv", csv, "--template", template, "--resume")
    assert.strictEqual(code, 2)
    assert.deepStrictEqual(entries(), [
      "2 started",
      "2 accepted",
      "3 started",
      "3 rejected InvalidRequest",
    ])
  })

  it("is stopped after a wrong key was sent three times", async () => {
    writeCsv(numbers(40))
    statusOf = () => 401
    const flags = ["--csv", csv, "--template", template, "--concurrency", "16"]
    assert.strictEqual((await run(...flags)).code, 2)
    assert.strictEqual(arrived.length, 3)
  })

  // Windows does not have these signals.
  it.skipIf(process.platform === "win32").each(["SIGKILL", "SIGINT"] as const)(
    "that was stopped by %s is resumed without repeating messages that may have been sent",
    async (signal) => {
      const all = numbers(30)
      writeCsv(all)
      // From the eleventh message on, there is no answer: these are in flight when the program is stopped.
      statusOf = (number) => (all.indexOf(number) < 10 ? 204 : undefined)
      const child = start("--csv", csv, "--template", template, "--concurrency", "4")
      const ended = once(child, "exit")
      while (arrived.filter((number) => all.indexOf(number) >= 10).length < 4) {
        // oxlint-disable-next-line no-await-in-loop -- one arrival after the other
        await once(server, "arrived")
      }
      child.kill(signal)
      assert.deepStrictEqual(await ended, signal === "SIGKILL" ? [null, signal] : [130, null])
      const before = [...arrived]
      statusOf = () => 204
      const { code } = await run("--csv", csv, "--template", template, "--resume")
      assert.strictEqual(code, 3)
      const after = arrived.slice(before.length)
      assert.deepStrictEqual(
        after.filter((number) => before.includes(number)),
        [],
      )
      assert.deepStrictEqual([...before, ...after].toSorted(), all)
    },
  )
})
