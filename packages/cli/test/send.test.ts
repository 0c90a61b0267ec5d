/** `effect-sent`, started as a process, with a server that counts requests. */
import { type ChildProcess, spawn } from "node:child_process"
import { createRequire } from "node:module"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { listArguments, template } from "./support/list.ts"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))

let folder: string
let csv: string
let server: Server
/** The phone number of every request that arrived. */
let arrived: Array<string>
/** The status of the answer to a number. Undefined means no answer. */
let statusOf: (phoneNumber: string) => number | undefined
let environment: Readonly<Record<string, string | undefined>>
let running: Set<ChildProcess>

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "effect-sent-cli-"))
  csv = join(folder, "people.csv")
  arrived = []
  running = new Set()
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
    XDG_DATA_HOME: folder,
    HOME: folder,
  }
})

afterEach(async () => {
  for (const child of running) child.kill("SIGKILL")
  server.closeAllConnections()
  server.close()
  await once(server, "close")
  rmSync(folder, { recursive: true })
})

const start = (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [bin, ...args], {
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: "1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  })
  running.add(child)
  child.once("exit", () => running.delete(child))
  return child
}

const run = (...args: ReadonlyArray<string>) => endOf(start(...args))

const endOf = async (child: ReturnType<typeof start>) => {
  const ended = once(child, "exit")
  const [stdout, stderr] = await Promise.all([
    child.stdout.setEncoding("utf8").toArray(),
    child.stderr.setEncoding("utf8").toArray(),
  ])
  const [code]: ReadonlyArray<unknown> = await ended
  return { code, stdout: stdout.join(""), stderr: stderr.join("") }
}

const list = (...flags: ReadonlyArray<string>): ReadonlyArray<string> =>
  listArguments(csv, ...flags)

const numbers = (count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, index) => `+1234567${String(index).padStart(3, "0")}`)

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
    const ended = await run(
      "send",
      "--to",
      "+1234567890",
      "--template",
      template,
      "--var",
      "name=John",
    )
    assert.strictEqual(ended.code, code)
    assert.match(ended.stdout, stdout)
    assert.match(ended.stderr, stderr)
    assert.deepStrictEqual(arrived, ["+1234567890"])
  })
})

describe("the program", { timeout: 30_000 }, () => {
  it("says in one line why it did not begin", async () => {
    const { code, stderr, stdout } = await run("send", "--csv", csv)
    assert.strictEqual(code, 1)
    assert.match(stderr, /^effect-sent: pass --campaign with a name.*\n$/)
    assert.notInclude(stderr, "    at ", "a stack")
    assert.strictEqual(stdout, "")
  })

  it("says in one line which flag it does not know", async () => {
    const { code, stderr, stdout } = await run("send", "--tmplate", template)
    assert.strictEqual(code, 1)
    assert.strictEqual(
      stderr,
      "effect-sent: Unrecognized flag: --tmplate in command effect-sent send Did you mean this? --template; see effect-sent send --help\n",
    )
    assert.strictEqual(stdout, "")
  })

  it("names the required version on an older Node.js, compared as a whole", async () => {
    const { engines } = createRequire(import.meta.url)("../package.json")
    const required = String(engines.node).replace(">=", "")
    const [major, minor] = required.split(".").map(Number)
    const older = `${major}.${(minor ?? 0) - 1}.9`
    const pretended = `Object.defineProperty(process.versions, "node", { value: "${older}" })`
    const child = spawn(process.execPath, ["--import", `data:text/javascript,${pretended}`, bin], {
      stdio: ["ignore", "pipe", "pipe"],
    })
    running.add(child)
    assert.deepStrictEqual(await endOf(child), {
      code: 1,
      stdout: "",
      stderr: `effect-sent: Node.js ${required} or newer is required; this is ${older}\n`,
    })
  })
})

describe("a campaign", { timeout: 60_000 }, () => {
  it("is checked, sent once, reported, and retried where it was certainly not sent", async () => {
    const [ann = "", bob = "", cyd = ""] = numbers(3)
    writeCsv([ann, bob, cyd, ann])
    const checked = await run(...list("--dry-run"))
    assert.strictEqual(checked.code, 0)
    assert.include(checked.stdout, "people.csv: 4 rows, 3 to send\n")
    assert.include(checked.stdout, "1 row with the number of an earlier one, left out: line 5 as 2")
    assert.deepStrictEqual(arrived, [])

    statusOf = (number) => (number === bob ? 400 : number === cyd ? 500 : 204)
    const first = await run(...list())
    assert.strictEqual(first.code, 3)
    assert.strictEqual(
      first.stdout,
      "spring: 1 accepted, 1 not sent (1 request rejected), 1 unknown\n",
    )
    // The output of a pipe has no progress bar.
    assert.match(
      first.stderr,
      /^effect-sent: 1 may have been sent and will not be sent again: effect-sent unknown/m,
    )
    assert.notInclude(first.stdout + first.stderr, "sk_test")
    assert.deepStrictEqual(arrived.toSorted(), [ann, bob, cyd])
    const store = join(folder, "effect-sent", "campaigns", "spring.sqlite")
    assert.strictEqual(statSync(store).mode & 0o077, 0)

    const report = join(folder, "report.csv")
    assert.strictEqual((await run("report", "--campaign", "spring", "--csv", report)).code, 0)
    const rows = readFileSync(report, "utf8").trimEnd().split("\n")
    assert.deepStrictEqual(
      rows.map((row) => row.split(",").slice(0, 6)),
      [
        ["to", "outcome", "delivery", "reason", "list", "line"],
        [ann, "accepted", "", "", "people.csv", "2"],
        [bob, "not sent", "", "request rejected", "people.csv", "3"],
        [cyd, "unknown", "", "server failed", "people.csv", "4"],
      ],
    )
    assert.include(
      (await run("unknown", "--campaign", "spring")).stdout,
      `  ${cyd}  people.csv line 4`,
    )

    statusOf = () => 204
    const retried = await run("retry", "--campaign", "spring", "--json")
    assert.strictEqual(retried.code, 3)
    assert.deepStrictEqual(JSON.parse(retried.stdout), {
      campaign: "spring",
      accepted: 2,
      notSent: 0,
      unknown: 1,
      waiting: 0,
      attempting: 0,
      deliveries: {},
      reasons: {},
    })
    assert.deepStrictEqual(arrived.slice(3), [bob])
  })

  it("goes to new people of a second list, and not to those of the first one with another text", async () => {
    const [ann = "", bob = ""] = numbers(2)
    writeCsv([ann])
    assert.strictEqual((await run(...list())).code, 0)
    writeFileSync(csv, `to,name\n${bob},Bob\n${ann},Ann`)
    const second = await run(...list())
    assert.strictEqual(second.code, 2)
    assert.match(second.stderr, /1 row differ.*line 3\. A person gets one message/s)
    assert.strictEqual(second.stdout, "spring: 2 accepted, 0 not sent, 0 unknown\n")
    assert.deepStrictEqual(arrived, [ann, bob])
  })

  it("is sent once by two runs at the same time", async () => {
    const all = numbers(100)
    writeCsv(all)
    const ends = await Promise.all([run(...list()), run(...list())])
    assert.deepStrictEqual(
      ends.map(({ code, stdout }) => [code, stdout]),
      Array.from({ length: 2 }, () => [0, "spring: 100 accepted, 0 not sent, 0 unknown\n"]),
    )
    assert.deepStrictEqual(arrived.toSorted(), all)
  })

  it("stops when the key is refused, and loses nothing", async () => {
    const all = numbers(40)
    writeCsv(all)
    statusOf = () => 401
    const stopped = await run(...list("--concurrency", "16"))
    assert.strictEqual(stopped.code, 2)
    assert.isAtMost(arrived.length, 3)
    assert.include(stopped.stdout, "spring: 0 accepted, 0 not sent, 0 unknown, 40 waiting\n")
    assert.match(stopped.stderr, /stopped: .*run the same command again/)
    statusOf = () => 204
    arrived = []
    assert.strictEqual((await run(...list())).code, 0)
    assert.deepStrictEqual(arrived.toSorted(), all)
  })

  it.skipIf(process.platform === "win32")(
    "ends at the second Ctrl-C, and what was on the wire may have been sent",
    async () => {
      writeCsv(numbers(1))
      statusOf = () => undefined
      const child = start(...list())
      const ended = endOf(child)
      const stopping = new Promise<void>((resolve) => {
        child.stderr.on("data", (text) => {
          if (String(text).includes("stopping: 1 sends are still to end")) resolve()
        })
      })
      await once(server, "arrived")
      child.kill("SIGINT")
      await stopping
      child.kill("SIGINT")
      assert.strictEqual((await ended).code, 130)
      const { stdout } = await run("status", "--campaign", "spring")
      assert.strictEqual(stdout, "spring: 0 accepted, 0 not sent, 0 unknown, 1 being sent\n")
      assert.lengthOf(arrived, 1)
    },
  )

  // Windows does not have this signal.
  it.skipIf(process.platform === "win32")(
    "lets what is on the wire end on Ctrl-C, and goes on later",
    async () => {
      const all = numbers(30)
      writeCsv(all)
      const held: Array<() => void> = []
      // The first one proves the key. Until then, not all are on the wire.
      statusOf = (number) => (number === all[0] ? 204 : undefined)
      server.on("request", (_, response: ServerResponse) => {
        held.push(() => void (response.headersSent || response.writeHead(204).end()))
      })
      const child = start(...list("--concurrency", "4"))
      const ended = endOf(child)
      const stopping = new Promise<void>((resolve) => {
        child.stderr.on("data", (text) => {
          if (String(text).includes("stopping: 4 sends")) resolve()
        })
      })
      while (arrived.length < 5) {
        // oxlint-disable-next-line no-await-in-loop -- one arrival after the other
        await once(server, "arrived")
      }
      child.kill("SIGINT")
      await stopping
      for (const answer of held) answer()
      const { code, stdout } = await ended
      assert.strictEqual(code, 130)
      assert.strictEqual(stdout, "spring: 5 accepted, 0 not sent, 0 unknown, 25 waiting\n")
      server.removeAllListeners("request")
      server.on("request", (request: IncomingMessage, response: ServerResponse) => {
        request.resume()
        response.writeHead(204).end()
      })
      assert.strictEqual((await run(...list())).code, 0)
    },
  )
})
