/** Durable sends: worker processes killed at random, on SQLite and on a real Postgres; and what is on the disk before the wire. */
import { crashRun } from "@effect-sent/faults/crash/CrashRun"
import { pausedRun } from "@effect-sent/faults/crash/PausedRun"
import { type Postgres, postgresFolder, startPostgres } from "@effect-sent/faults/postgres"
import { startMockServer } from "@effect-sent/mock-server"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

// CI sets this where there must be one, so that the tests are not skipped by accident.
const needsPostgres = process.env["EFFECT_SENT_REQUIRE_POSTGRES"] === "1"
const skipsPostgres = postgresFolder === undefined && !needsPostgres
if (skipsPostgres) console.log("No Postgres found: its crash run is skipped")

const hasStrace = spawnSync("strace", ["-V"]).status === 0
if (!hasStrace) console.log("No strace found: the order of the system calls is not shown")

const folder = mkdtempSync(join(tmpdir(), "effect-sent-crash-"))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

// A server for each run, since a run counts what is in its database.
const servers: Array<Postgres> = []
const urls: Record<string, string> = {}
beforeAll(async () => {
  if (skipsPostgres) return
  for (const api of ["v1", "v3"]) {
    // oxlint-disable-next-line no-await-in-loop
    const server = await startPostgres()
    servers.push(server)
    urls[api] = server.url
  }
})
afterAll(() => Promise.all(servers.map((server) => server[Symbol.asyncDispose]())))

const seed = Math.floor(Math.random() * 2 ** 31)
console.log(`seed ${seed}`)

const databases = [
  ["SQLite", (api: string) => join(folder, `${api}.sqlite`)],
  ...(skipsPostgres ? [] : [["Postgres", (api: string) => urls[api] ?? ""] as const]),
] as const

describe("three worker processes that are killed, stopped and paused", () => {
  it.each(databases)(
    "send none of 400 messages twice in %s, and every update settles what is unknown",
    { timeout: 900_000 },
    async (_, target) => {
      const report = await crashRun({ target: target("v1"), sends: 400, disruptions: 24, seed })
      console.log(JSON.stringify(report))
      const { left, lies, twice, unsettled } = report
      assert.deepStrictEqual(
        { left, lies, twice, unsettled },
        { left: 0, lies: 0, twice: 0, unsettled: 0 },
      )
    },
  )

  it.each(databases)(
    "send none of 400 messages twice over v3 in %s, and none is unknown",
    { timeout: 900_000 },
    async (_, target) => {
      const run = { sends: 400, disruptions: 24, seed, api: "v3" } as const
      const report = await crashRun({ ...run, target: target("v3") })
      console.log(JSON.stringify(report))
      const { left, lies, states, twice } = report
      assert.deepStrictEqual({ left, lies, twice }, { left: 0, lies: 0, twice: 0 })
      assert.deepStrictEqual(states, { accepted: 400 })
    },
  )
})

describe("a worker process that is stopped with its request on the wire", () => {
  it("sends nothing twice: another one says that the message is unknown", async () => {
    const report = await pausedRun({ target: join(folder, "paused.sqlite"), guards: "all" })
    assert.deepStrictEqual(report, { arrived: 1, state: "unknown" })
  })

  it("sends nothing twice over v3: another one settles it by its key", async () => {
    const target = join(folder, "paused-v3.sqlite")
    const report = await pausedRun({ target, guards: "all", api: "v3" })
    assert.deepStrictEqual(report, { arrived: 1, state: "accepted" })
  })

  it("is repeated by another one with a lease and nothing else", async () => {
    const report = await pausedRun({ target: join(folder, "lease.sqlite"), guards: "leaseOnly" })
    assert.deepStrictEqual(report, { arrived: 2, state: "accepted" })
  })
})

describe("a power cut", () => {
  it.skipIf(!hasStrace)(
    "cannot lose that a message was attempted: the commit is synced before the connection is made",
    { timeout: 120_000 },
    async () => {
      await using mock = await startMockServer()
      const trace = join(folder, "trace")
      const program = fileURLToPath(new URL("../crash/sendOnce.ts", import.meta.url))
      const node = [process.execPath, "--conditions=@effect-sent/source", program]
      const child = spawn(
        "strace",
        // The names of the files beside their descriptors.
        ["-f", "-y", "-e", "trace=pwrite64,fsync,fdatasync,connect", "-o", trace, ...node].concat(
          join(folder, "traced.sqlite"),
          mock.baseUrl,
        ),
        { stdio: ["ignore", "pipe", "inherit"] },
      )
      const [output] = await Promise.all([
        (async () => {
          let text = ""
          for await (const chunk of child.stdout) text += String(chunk)
          return text
        })(),
        once(child, "exit"),
      ])
      assert.include(output, "accepted")
      const calls = readFileSync(trace, "utf8").split("\n")
      const connect = calls.findIndex((call) =>
        call.includes(`htons(${new URL(mock.baseUrl).port})`),
      )
      assert.isAbove(connect, 0)
      const before = calls.slice(0, connect)
      const written = before.findLastIndex((call) => /pwrite64\(\d+<[^>]*-wal>/.test(call))
      const synced = before.findLastIndex((call) => /f(?:data)?sync\(\d+<[^>]*-wal>/.test(call))
      console.log(calls.slice(written, connect + 1).join("\n"))
      assert.isAtLeast(written, 0)
      // All that was written when the connection is made is on the disk; what comes after it is the answer.
      assert.isAbove(synced, written)
      assert.isTrue(calls.slice(connect).some((call) => /pwrite64\(\d+<[^>]*-wal>/.test(call)))
    },
  )
})
