/** `effect-sent send --csv`: two runs at once, runs that are killed, and a full disk. What people got is counted at the server. */
// oxlint-disable no-await-in-loop -- one thing happens after the other
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { makeRandom } from "@effect-sent/faults/random"
import { afterEach, assert, beforeEach, describe, it, type TestContext } from "vitest"

const bin = fileURLToPath(new URL("../../packages/cli/src/bin.ts", import.meta.url))

let folder: string
let server: Server
let environment: NodeJS.ProcessEnv
/** How often each number arrived. */
let arrived: Map<string, number>
let running: Set<ChildProcess>

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "effect-sent-campaign-"))
  arrived = new Map()
  running = new Set()
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { phoneNumber } = JSON.parse(Buffer.concat(await request.toArray()).toString())
    arrived.set(phoneNumber, (arrived.get(phoneNumber) ?? 0) + 1)
    server.emit("arrived")
    setTimeout(() => response.writeHead(204).end(), 20)
  }
  server = createServer((request, response) => {
    // A killed run resets its connections.
    answer(request, response).catch(() => undefined)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  environment = {
    ...process.env,
    NODE_OPTIONS: "--conditions=@effect-sent/source",
    SENT_BASE_URL: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
    SENT_API_KEY: "sk_test_example",
  }
})

afterEach(async () => {
  for (const child of running) child.kill("SIGKILL")
  server.closeAllConnections()
  server.close()
  await once(server, "close")
  rmSync(folder, { recursive: true })
})

const writeList = (count: number): ReadonlyArray<string> => {
  const numbers = Array.from(
    { length: count },
    (_, index) => `+1234${String(index).padStart(7, "0")}`,
  )
  writeFileSync(
    join(folder, "people.csv"),
    ["to,name", ...numbers.map((to) => `${to},Ann`)].join("\n"),
  )
  return numbers
}

const store = (): ReadonlyArray<string> => [
  "--campaign",
  "spring",
  "--store",
  join(folder, "spring.sqlite"),
]

const start = (place: ReadonlyArray<string>, ...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [bin, ...args, ...place], {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  })
  running.add(child)
  child.once("exit", () => running.delete(child))
  return child
}

const sendArguments = (): ReadonlyArray<string> => [
  "send",
  "--json",
  "--csv",
  join(folder, "people.csv"),
  "--template",
  "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
]

const send = () => start(store(), ...sendArguments())

const endOf = async (child: ReturnType<typeof start>) => {
  const ended = once(child, "exit")
  const [stdout, stderr] = await Promise.all([
    child.stdout.setEncoding("utf8").toArray(),
    child.stderr.setEncoding("utf8").toArray(),
  ])
  const [code]: ReadonlyArray<unknown> = await ended
  const json = stdout.length === 0 ? undefined : JSON.parse(stdout.join(""))
  return { code, json, stderr: stderr.join("") }
}

/** Runs a program as root does, and returns whether it worked. */
const works = (file: string, ...args: ReadonlyArray<string>): boolean =>
  spawnSync(file, args, { stdio: "ignore" }).status === 0

const most = (): number => Math.max(0, ...arrived.values())

describe("a campaign", () => {
  it("of 2,000 people, sent by two runs at once, reaches each of them once", async () => {
    const numbers = writeList(2000)
    const first = send()
    const firstEnd = endOf(first)
    while (arrived.size < 100) await once(server, "arrived")
    const ends = await Promise.all([firstEnd, endOf(send())])
    for (const { code, json } of ends)
      assert.deepInclude({ code, ...json }, { code: 0, accepted: 2000 })
    assert.deepStrictEqual([...arrived.keys()].toSorted(), numbers)
    assert.strictEqual(most(), 1)
  }, 240_000)

  it("that is killed ten times reaches nobody twice, and loses nobody", async () => {
    const seed = Date.now() % 100_000
    console.log(`seed ${seed}`)
    const random = makeRandom(seed)
    const numbers = writeList(1000)
    for (let kill = 1; kill <= 10; kill++) {
      const child = send()
      const ended = endOf(child).catch(() => undefined)
      const until = arrived.size + 1 + Math.floor(random() * 80)
      // Some are killed while they begin.
      while (arrived.size < until && child.exitCode === null) await once(server, "arrived")
      child.kill("SIGKILL")
      await ended
    }
    const { json } = await endOf(send())
    assert.strictEqual(most(), 1, `seed ${seed}`)
    assert.deepInclude(json, { notSent: 0, waiting: 0, attempting: 0 })
    assert.strictEqual(json.accepted + json.unknown, 1000)
    const { json: unknown } = await endOf(start(store(), "unknown", "--json"))
    const unknowns = new Set(unknown.map(({ to }: { readonly to: string }) => to))
    // Whoever got nothing is unknown, and a person can look.
    assert.deepStrictEqual(
      numbers.filter((number) => !arrived.has(number) && !unknowns.has(number)),
      [],
      `seed ${seed}`,
    )
    // A killed run had at most 8 on the wire.
    assert.isAtMost(json.unknown, 80)
  }, 400_000)

  it("whose disk is full in the middle reaches nobody twice, and goes on when there is room", async (context) => {
    await onDisk(context, "16m", async (disk) => {
      const numbers = writeList(1000)
      const filler = join(disk, "filler")
      const child = start(
        ["--campaign", "spring", "--store", join(disk, "spring.sqlite")],
        ...sendArguments(),
      )
      const isFull = new Promise<void>((resolve) => {
        child.stderr.on("data", (text) => {
          if (String(text).includes("the disk of the database is full")) resolve()
        })
      })
      const ended = endOf(child)
      while (arrived.size < 50 && child.exitCode === null) await once(server, "arrived")
      fill(filler)
      // A log that has been written to the end once is written anew from its beginning, and needs no room.
      await Promise.race([isFull, ended])
      rmSync(filler)
      const { code, json, stderr } = await ended
      assert.include([0, 3], code, stderr)
      assert.strictEqual(most(), 1)
      assert.deepInclude(json, { notSent: 0, waiting: 0, attempting: 0 })
      assert.strictEqual(json.accepted + json.unknown, 1000)
      assert.strictEqual(numbers.filter((number) => arrived.has(number)).length, 1000)
    })
  }, 240_000)

  it("that does not fit on the disk sends nothing, and says why in one line", async (context) => {
    await onDisk(context, "256k", async (disk) => {
      writeList(5000)
      const child = start(
        ["--campaign", "spring", "--store", join(disk, "spring.sqlite")],
        ...sendArguments(),
      )
      const { code, stderr } = await endOf(child)
      assert.strictEqual(code, 1)
      assert.match(stderr.trimEnd().split("\n").at(-1) ?? "", /^effect-sent: .*disk/)
      assert.notInclude(stderr, "    at ", "a stack")
      assert.strictEqual(arrived.size, 0)
    })
  }, 120_000)
})

/** Runs on a disk of this size, or skips the test where mounting is not permitted. */
const onDisk = async (
  { skip }: Pick<TestContext, "skip">,
  size: string,
  use: (disk: string) => Promise<void>,
): Promise<void> => {
  const disk = join(folder, "disk")
  mkdirSync(disk)
  if (!works("mount", "-t", "tmpfs", "-o", `size=${size}`, "none", disk)) {
    skip("mounting a small disk is not permitted")
  }
  try {
    await use(disk)
  } finally {
    for (const child of running) child.kill("SIGKILL")
    works("umount", "-l", disk)
  }
}

/** Writes until nothing fits any more. */
const fill = (file: string): void => {
  const open = openSync(file, "w")
  try {
    for (let size = 65_536; size >= 1;) {
      try {
        writeSync(open, Buffer.alloc(size))
      } catch {
        size = Math.floor(size / 2)
      }
    }
  } finally {
    closeSync(open)
  }
}
