/** What the program refuses before anything is sent, how fast it sends, and through which proxy. */
import { SentClient } from "@effect-sent/core"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Fiber, Runtime } from "effect"
import { Command } from "effect/cli"
import { TestClock, TestConsole } from "effect/testing"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { clientLayer } from "../src/internal/client.ts"
import { Ended } from "../src/internal/ended.ts"
import { program } from "../src/internal/program.ts"
import { listArguments, template } from "./support/list.ts"

const credentials = {
  SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
  SENT_API_KEY: "sk_test_example",
}

type Environment = Readonly<Record<string, string>>

const inEnvironment = (env: Environment) =>
  Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: { ...env } }))

/** Runs the program. Returns its exit code, and why it ended. */
const run = (args: ReadonlyArray<string>, env: Environment = credentials) =>
  Command.runWith(program, { version: "0.0.0" })(args).pipe(
    Effect.as({ code: 0, message: "" }),
    Effect.catch((error) =>
      Effect.succeed({
        code: error instanceof Ended ? error[Runtime.errorExitCode] : -1,
        message: error.message,
      }),
    ),
    Effect.provide(NodeServices.layer),
    inEnvironment(env),
  )

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-sent-program-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true })),
)

/** A server that accepts, and keeps when each request arrived, by the clock of the test. */
const accepting = Effect.gen(function* () {
  const clock = yield* Effect.clockWith(Effect.succeed)
  const arrived: Array<number> = []
  const answer = { status: 204 }
  const server = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const started = createServer((request, response) => {
        request.resume()
        arrived.push(clock.currentTimeMillisUnsafe())
        response.writeHead(answer.status).end()
        started.emit("arrived")
      })
      started.listen(0, "127.0.0.1")
      await once(started, "listening")
      return started
    }),
    (started) => Effect.sync(() => started.close().closeAllConnections()),
  )
  const address = server.address()
  const port = typeof address === "object" ? (address?.port ?? 0) : 0
  const untilArrived = (count: number) =>
    Effect.promise(async () => {
      // oxlint-disable-next-line no-await-in-loop -- one arrival after the other
      while (arrived.length < count) await once(server, "arrived")
    })
  return { answer, arrived, baseUrl: `http://127.0.0.1:${port}`, untilArrived }
})

describe("nothing is sent with", () => {
  it.effect.each<
    readonly [title: string, args: (csv: string) => ReadonlyArray<string>, message: RegExp]
  >([
    [
      "neither --to nor --csv",
      () => ["send"],
      /^pass either --to for one message or --csv for a list$/,
    ],
    ["no campaign", (csv) => ["send", "--csv", csv], /^pass --campaign with a name/],
    [
      "a path as the campaign",
      (csv) => ["send", "--csv", csv, "--campaign", "../x"],
      /^the name of a campaign has/,
    ],
    [
      "variables for a list",
      (csv) => listArguments(csv, "--var", "shop=X"),
      /^--var and --webhook require --to/,
    ],
    [
      "a concurrency of 0",
      (csv) => listArguments(csv, "--concurrency", "0"),
      /^--concurrency must be 1 or more$/,
    ],
    ["a rate of 0", (csv) => listArguments(csv, "--rate", "0"), /^--rate must be 1 or more$/],
    [
      "a rate of 0 for a retry",
      () => ["retry", "--campaign", "spring", "--rate", "0"],
      /^--rate must be 1 or more$/,
    ],
    [
      "quiet hours without a zone",
      (csv) => listArguments(csv, "--quiet-hours", "21:00-08:00"),
      /^--quiet-hours must/,
    ],
    [
      "quiet hours of a whole day",
      (csv) => listArguments(csv, "--quiet-hours", "21:00-21:00 Europe/Berlin"),
      /^--quiet-hours must be two different times/,
    ],
    [
      "quiet hours in a zone that there is not",
      (csv) => listArguments(csv, "--quiet-hours", "21:00-08:00 Berlin"),
      /^--quiet-hours must be .* IANA time zone/,
    ],
    [
      "a public URL, and no secret",
      (csv) => listArguments(csv, "--public-url", "https://app.example.com/webhooks/sent"),
      /^--public-url requires SENT_TRACKER_SECRET in the environment/,
    ],
    ["rows that are all wrong", (csv) => listArguments(csv), /^nothing was sent: correct the list/],
    [
      "a campaign that was never begun",
      () => ["status", "--campaign", "x", "--store", "/no/x.sqlite"],
      /^there is no campaign "x": \/no\/x.sqlite does not exist$/,
    ],
  ])("%s", ([, args, message]) =>
    Effect.gen(function* () {
      const csv = join(yield* folder, "people.csv")
      writeFileSync(csv, "to\n12\n")
      const ended = yield* run(args(csv))
      assert.strictEqual(ended.code, 1)
      assert.match(ended.message, message)
    }),
  )

  it.effect("a public URL or a secret that a tracker refuses", () =>
    Effect.gen(function* () {
      const csv = join(yield* folder, "people.csv")
      writeFileSync(csv, "to\n+1234567890\n")
      const env = { ...credentials, SENT_TRACKER_SECRET: "hush", SENT_PUBLIC_URL: "example.com" }
      const { code, message } = yield* run(listArguments(csv), env)
      assert.strictEqual(code, 1)
      assert.match(message, /^--public-url must be an absolute.*; SENT_TRACKER_SECRET must have/)
      assert.notInclude(message, "hush")
    }),
  )

  it.effect("a webhook in the list, and a public URL", () =>
    Effect.gen(function* () {
      const csv = join(yield* folder, "people.csv")
      writeFileSync(csv, "to,webhook\n+1234567890,\n+1234567891,https://shop.example.com/\n")
      const { message } = yield* run(
        listArguments(csv, "--public-url", "https://app.example.com/webhooks/sent"),
        { ...credentials, SENT_TRACKER_SECRET: "x".repeat(32) },
      )
      assert.match(message, /^line 3 has a webhook, and --public-url sets one/)
    }),
  )

  it.effect("no credentials", () =>
    Effect.gen(function* () {
      const path = yield* folder
      writeFileSync(join(path, "people.csv"), "to\n+1234567890\n")
      const args = listArguments(join(path, "people.csv"), "--store", join(path, "x.sqlite"))
      const { code, message } = yield* run(args, {})
      assert.strictEqual(code, 1)
      assert.match(message, /SENT_SENDER_ID is not set.*SENT_API_KEY is not set/s)
    }),
  )
})

describe("--rate", () => {
  it.effect("begins so many requests in a second, and no more in any", () =>
    Effect.gen(function* () {
      const { arrived, baseUrl, untilArrived } = yield* accepting
      yield* Effect.gen(function* () {
        const client = yield* SentClient.SentClient
        const sends = yield* Effect.forkChild(
          Effect.forEach(
            ["+1234567890", "+1234567891", "+1234567892", "+1234567893"],
            (phoneNumber) => client.sendToPhone({ phoneNumber, templateId: template }),
            { concurrency: "unbounded" },
          ),
        )
        for (const count of [1, 2, 3]) {
          yield* untilArrived(count)
          yield* TestClock.adjust("510 millis")
        }
        yield* Fiber.join(sends)
      }).pipe(
        Effect.provide(clientLayer(2)),
        inEnvironment({ ...credentials, SENT_BASE_URL: baseUrl }),
      )
      assert.deepStrictEqual(arrived, [0, 510, 1020, 1530])
    }),
  )
})

describe("--quiet-hours", () => {
  it.effect("keeps a run from sending until they end, also what an earlier run has added", () =>
    Effect.gen(function* () {
      const { answer, arrived, baseUrl, untilArrived } = yield* accepting
      const path = yield* folder
      const csv = join(path, "people.csv")
      writeFileSync(csv, "to\n+1234567890\n+1234567891\n")
      const env = { ...credentials, SENT_BASE_URL: baseUrl }
      const store = ["--store", join(path, "x.sqlite")]
      answer.status = 401
      assert.strictEqual((yield* run(listArguments(csv, ...store), env)).code, 2)
      answer.status = 204
      arrived.length = 0

      // The clock of the test begins at midnight.
      const night = ["--quiet-hours", "21:00-08:00 UTC"]
      const second = yield* Effect.forkChild(run(listArguments(csv, ...store, ...night), env))
      const isWaiting = Effect.map(TestConsole.errorLines, (lines) =>
        lines.includes("quiet hours: what is not sent yet waits until 1970-01-01T08:00:00.000Z"),
      )
      yield* Effect.promise(() => new Promise(setImmediate)).pipe(
        Effect.andThen(isWaiting),
        Effect.repeat({ until: (is) => is }),
      )
      yield* TestClock.adjust("8 hours")
      yield* untilArrived(2)
      assert.deepStrictEqual(arrived, [eightHours, eightHours])
      yield* Fiber.interrupt(second)
    }),
  )
  const eightHours = 8 * 60 * 60 * 1000
})
