/** The program `effect-sent-mock`, started as a process. */
import { startMockServer } from "@effect-sent/mock-server"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { Effect } from "effect"
import { mkdtemp, readFile, rm, watch, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { post, sample } from "./support/calls.ts"
import { makeReceiver } from "./support/receiver.ts"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))

const start = (...flags: ReadonlyArray<string>): ChildProcess => startWith({}, ...flags)

const startWith = (
  env: Readonly<Record<string, string>>,
  ...flags: ReadonlyArray<string>
): ChildProcess =>
  spawn(process.execPath, [bin, ...flags], {
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  })

/** Runs the program to its end. Returns its output and exit code. */
const run = (...flags: ReadonlyArray<string>) => endOf(start(...flags))

/** Starts the program and reads its output until it is ready. */
const ready = async (...flags: ReadonlyArray<string>) => {
  const child = start("--port", "0", ...flags)
  let out = ""
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (out += chunk))
  const printed = async (words: string): Promise<string> => {
    while (!out.includes(words)) {
      // The next line depends on this one.
      // oxlint-disable-next-line no-await-in-loop
      if (child.stdout !== null) await once(child.stdout, "data")
    }
    return out
  }
  const isJson = flags.includes("json")
  const said = await printed(isJson ? '"ready"' : "Ctrl-C")
  const baseUrl = (isJson ? /"baseUrl":"([^"]+)/ : /SENT_BASE_URL=(\S+)/).exec(said)?.[1] ?? ""
  return { baseUrl, child, ended: once(child, "exit"), printed }
}

const endOf = async (child: ChildProcess) => {
  const ended = once(child, "exit")
  const [out = "", err = ""] = await Promise.all(
    [child.stdout, child.stderr].map(async (stream) =>
      ((await stream?.setEncoding("utf8").toArray()) ?? []).join(""),
    ),
  )
  const [code]: ReadonlyArray<unknown> = await ended
  return { code, err, out }
}

describe("effect-sent-mock", { timeout: 30_000 }, () => {
  // Windows has no signal that asks a program to stop.
  it.skipIf(process.platform === "win32").each(["SIGINT", "SIGTERM"] as const)(
    "prints its address, answers there, and stops on %s",
    async (signal) => {
      const { baseUrl, child, ended, printed } = await ready()
      const out = await printed("Ctrl-C")
      assert.match(baseUrl, /^http:\/\/127\.0\.0\.1:\d+$/)
      assert.include(out, `mocked at ${baseUrl}\nInbox: ${baseUrl}/__mock/\n`)
      assert.include(out, `\n  $env:SENT_BASE_URL="${baseUrl}"\n`)
      const pasted = out.split("\n").filter((line) => line.startsWith("  export "))
      const shell = spawn("sh", [
        "-euc",
        `${pasted.join("\n")}\nprintf %s "$SENT_BASE_URL $SENT_SENDER_ID $SENT_API_KEY"`,
      ])
      assert.match((await endOf(shell)).out, new RegExp(`^${baseUrl} [0-9a-f-]{36} anything$`))
      assert.strictEqual((await Effect.runPromise(post({ baseUrl }))).status, 204)
      child.kill(signal)
      assert.deepStrictEqual(await ended, [0, null])
    },
  )

  it.skipIf(process.platform === "win32")(
    "stops within a second, and sends the pending updates",
    async () => {
      const program = Effect.gen(function* () {
        const receiver = yield* makeReceiver()
        const { baseUrl, child, ended } = yield* Effect.promise(() => ready("--realistic"))
        for (let sent = 0; sent < 8; sent++) {
          const body = { ...sample, phoneNumber: "+15005552041", webhookUrl: receiver.url }
          assert.strictEqual((yield* post({ baseUrl }, body)).status, 204)
        }
        const askedAt = performance.now()
        child.kill("SIGTERM")
        assert.deepStrictEqual(yield* Effect.promise(() => ended), [0, null])
        assert.isBelow(performance.now() - askedAt, 1000)
        assert.lengthOf(receiver.updates, 40)
      })
      await Effect.runPromise(Effect.scoped(program))
    },
  )

  it("logs each request on one line, without the phone number", async () => {
    const { baseUrl, child, ended, printed } = await ready("--base-path", "/sent")
    assert.match(baseUrl, /\/sent$/)
    await Effect.runPromise(post({ baseUrl }, { ...sample, phoneNumber: "+15005554005" }))
    const out = await printed("template-not-found")
    assert.match(
      out,
      /\n\d\d:\d\d:\d\d {2}POST \/sent\/v1\/messages\/phone → 400 {2}message 1 to \+1•+05, template-not-found\n/,
    )
    assert.notInclude(out, "5005554")
    child.kill()
    await ended
  })

  it("logs one JSON object a line with --log json, the first of which says ready", async () => {
    const { baseUrl, child, ended, printed } = await ready("--log", "json")
    await Effect.runPromise(post({ baseUrl }))
    await Effect.runPromise(post({ baseUrl }, {}))
    const records = (await printed("refused"))
      .trim()
      .split("\n")
      .map((line) => Object(JSON.parse(line)))
    const [first, accepted, refused] = records
    assert.deepInclude(first, { event: "ready", baseUrl, inboxUrl: `${baseUrl}/__mock/` })
    assert.include(accepted.message, "POST /v1/messages/phone → 204")
    assert.deepInclude(accepted, {
      method: "POST",
      path: "/v1/messages/phone",
      status: 204,
      scenario: "delivered",
      number: 1,
      level: "DEBUG",
    })
    assert.isNumber(accepted.durationMillis)
    assert.match(refused.reason, /Phone number is required/)
    child.kill()
    await ended
  })

  it("reads flags from the environment, and names a variable that does not match a flag", async () => {
    const child = startWith({ EFFECT_SENT_MOCK_PORT: "0", EFFECT_SENT_MOCK_LOG: "json" })
    const [line]: ReadonlyArray<unknown> = await once(
      child.stdout?.setEncoding("utf8") ?? child,
      "data",
    )
    assert.strictEqual(Object(JSON.parse(String(line))).event, "ready")
    const ended = once(child, "exit")
    child.kill()
    await ended
    const { code, err } = await endOf(startWith({ EFFECT_SENT_MOCK_PROT: "0" }))
    assert.strictEqual(code, 1)
    assert.match(
      err,
      /^effect-sent-mock: the variable EFFECT_SENT_MOCK_PROT is not the name of a flag; .*\n$/,
    )
  })

  it("outlives the reader of its log", async () => {
    const { baseUrl, child, ended } = await ready()
    child.stdout?.destroy()
    child.stderr?.destroy()
    for (let sent = 0; sent < 3; sent++) {
      // One by one: each writes to the closed pipe.
      // oxlint-disable-next-line no-await-in-loop
      assert.strictEqual((await Effect.runPromise(post({ baseUrl }))).status, 204)
    }
    assert.isNull(child.exitCode)
    child.kill()
    assert.deepStrictEqual(await ended, [0, null])
  })

  it.skipIf(process.platform === "win32")("ends with its parent, if asked to", async () => {
    const command = `"${process.execPath}" "${bin}" --port 0 --log json --exit-with-parent & read line`
    const shell = spawn("sh", ["-c", command], { stdio: ["pipe", "pipe", "inherit"] })
    const [line]: ReadonlyArray<unknown> = await once(shell.stdout.setEncoding("utf8"), "data")
    const { baseUrl } = Object(JSON.parse(String(line)))
    assert.strictEqual((await fetch(`${baseUrl}/__mock/health`)).status, 200)
    shell.stdin.end("\n")
    // The mock holds the pipe until it ends.
    await once(shell.stdout.resume(), "close")
    assert.isTrue(
      await fetch(baseUrl).then(
        () => false,
        () => true,
      ),
    )
  })

  it("says which updates were not delivered when it stops", async () => {
    const program = Effect.gen(function* () {
      const receiver = yield* makeReceiver([undefined])
      const { baseUrl, child, ended, printed } = yield* Effect.promise(() => ready("--realistic"))
      const send = post({ baseUrl }, { ...sample, webhookUrl: receiver.url })
      yield* Effect.all(
        Array.from({ length: 500 }, () => send),
        { concurrency: 25 },
      )
      const askedAt = performance.now()
      child.kill("SIGTERM")
      assert.deepStrictEqual(yield* Effect.promise(() => ended), [0, null])
      assert.isBelow(performance.now() - askedAt, 1500, "a second on an idle machine")
      assert.include(
        yield* Effect.promise(() => printed("stopped before")),
        "stopped before 2000 updates of 500 messages were delivered",
      )
    })
    await Effect.runPromise(Effect.scoped(program))
  })

  it("applies --max-messages and --webhook-secret", async () => {
    const secret = `whsec_${Buffer.from("a key of the tests, and no other").toString("base64")}`
    const { baseUrl, child, ended, printed } = await ready(
      "--max-messages",
      "2",
      "--webhook-secret",
      secret,
    )
    assert.notInclude(await printed("Ctrl-C"), "whsec_")
    for (let sent = 0; sent < 3; sent++) {
      // One by one, so that they are numbered in this order.
      // oxlint-disable-next-line no-await-in-loop
      await Effect.runPromise(post({ baseUrl }))
    }
    const { total } = Object(await (await fetch(`${baseUrl}/__mock/messages`)).json())
    assert.strictEqual(total, 2)
    child.kill()
    await ended
  })

  it.skipIf(process.platform !== "linux")("opens the inbox in the browser", async () => {
    const folder = await mkdtemp(join(tmpdir(), "effect-sent-"))
    const said = join(folder, "said")
    // In place of the browser: a program that writes the URL to a file.
    await writeFile(join(folder, "browser"), `#!/bin/sh\nprintf %s "$1" > ${said}\n`, {
      mode: 0o755,
    })
    const child = startWith({ BROWSER: join(folder, "browser") }, "--port", "0", "--open")
    let out = ""
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (out += chunk))
    const folderChanges = watch(folder)
    for await (const _ of folderChanges) {
      if (await readFile(said, "utf8").catch(() => "")) break
    }
    assert.include(out, `Inbox: ${await readFile(said, "utf8")}\n`)
    const ended = once(child, "exit")
    child.kill()
    await ended
    await rm(folder, { recursive: true })
  })

  it.skipIf(process.platform !== "linux")("says when it cannot open a browser", async () => {
    const child = startWith({ BROWSER: "/bin/false", PATH: "" }, "--port", "0", "--open")
    const [said]: ReadonlyArray<unknown> = await once(
      child.stderr?.setEncoding("utf8") ?? child,
      "data",
    )
    assert.match(String(said), /^Could not start a browser; open http:\S+ in your browser\n$/)
    const ended = once(child, "exit")
    child.kill()
    await ended
  })

  it("starts with the command start, too", async () => {
    const { code, out } = await run("start", "--help")
    assert.strictEqual(code, 0)
    assert.include(out, "--webhook-secret")
  })

  it("lists the magic numbers", async () => {
    const [text, json] = await Promise.all([run("scenarios"), run("scenarios", "--json")])
    const listed: unknown = JSON.parse(json.out)
    const lines = text.out.split("\n").filter((line) => /^[+0]/.test(line))
    assert.lengthOf(lines, Array.isArray(listed) ? listed.length : 0)
    assert.isAbove(lines.length, 30)
    assert.match(text.out, /^\+15005554005 {2}template-not-found +Refused because/m)
    assert.match(text.out, /^GET \/v3\/messages\/\{id\}:$/m)
  })

  it.each(["bash", "zsh", "fish"])("completes in %s", async (shell) => {
    const { code, out } = await run("--completions", shell)
    assert.strictEqual(code, 0)
    assert.include(out, "webhook-secret")
  })

  it("names the required version on an older Node.js", async () => {
    const older = 'Object.defineProperty(process.versions, "node", { value: "22.19.0" })'
    const child = spawn(process.execPath, ["--import", `data:text/javascript,${older}`, bin], {
      stdio: ["ignore", "pipe", "pipe"],
    })
    const { code, err, out } = await endOf(child)
    assert.deepStrictEqual(
      { code, err, out },
      {
        code: 1,
        err: "effect-sent-mock: Node.js 24.18.0 or newer is required; this is 22.19.0\n",
        out: "",
      },
    )
  })

  it("exits when the port is in use", async () => {
    await using mock = await startMockServer()
    const { code, err } = await run("--port", String(mock.port))
    assert.strictEqual(code, 1)
    assert.include(err, `port ${mock.port} of 127.0.0.1 is in use`)
    assert.notInclude(err, "    at ", "a stack")
  })

  it.each<readonly [flags: ReadonlyArray<string>, message: RegExp]>([
    [["--port", "x"], /port/],
    [["--port", "70000"], /option port: must be a whole number from 0 to 65535/],
    [["--contract", "no/such.yaml"], /no contract at/],
    [["--contract", bin], /the contract .*bin\.ts:\d+:\d+ cannot be used/],
    [["scenarios", "--contract", "no/such.yaml"], /no contract at/],
    [["--base-path", "sent"], /option basePath: must be a path/],
    [["--max-messages", "0"], /option maxMessages: must be a whole number/],
    [["--webhook-secret", "whsec_?"], /option webhookSecret: must be/],
    [["--allow-host", "http://app"], /option allowedHosts: must be host names/],
    [["--log", "xml"], /pretty/],
    [
      ["--prot", "1"],
      /^effect-sent-mock: Unrecognized flag: --prot .*; did you mean --port; see effect-sent-mock --help\n$/,
    ],
    [["--webhook-timeout", "soon"], /option webhookTimeout: must be a duration/],
    [["--max-pending", "0"], /option maxPending: must be a whole number/],
  ])("rejects %j", async (flags, message) => {
    const { code, err } = await run(...flags)
    assert.strictEqual(code, 1)
    assert.match(err, message)
  })

  it("prints a help text", async () => {
    const { code, out } = await run("--help")
    assert.strictEqual(code, 0)
    for (const flag of ["--port", "--host", "--contract"]) assert.include(out, flag)
    for (const value of [4010, "127.0.0.1", 10_000, 20_000, "30 seconds", "pretty"]) {
      assert.include(out, `(default: ${value})`)
    }
  })
})
