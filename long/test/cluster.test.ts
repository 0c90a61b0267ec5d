/** `examples/shipping.ts` on a real Postgres: two runners in processes, one of which is killed in the middle of its step. */
import { freePort } from "@effect-sent/faults/freePort"
import { credentials } from "@effect-sent/faults/sample"
import { postgresFolder, startPostgres } from "@effect-sent/faults/postgres"
import { startMockServer, type StartedMockServer } from "@effect-sent/mock-server"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

// CI sets this where there must be one, so that the tests are not skipped by accident.
const needsPostgres = process.env["EFFECT_SENT_REQUIRE_POSTGRES"] === "1"
const skipsPostgres = postgresFolder === undefined && !needsPostgres
if (skipsPostgres) console.log("No Postgres found: the cluster is skipped")

const example = fileURLToPath(new URL("../../examples/shipping.ts", import.meta.url))
const repeating = fileURLToPath(new URL("../cluster/repeating.ts", import.meta.url))

/** The number of a customer whose message is accepted. */
const usual = "+15005552040"
/** The number of a customer whose message the service accepts, and to whom it does not respond. */
const withoutAnswer = "+15005552041"
/** The same, and the message is lost. */
const lost = "+15005552042"

const startMock = async (): Promise<StartedMockServer> => {
  const mock = await startMockServer()
  // Once: if the message comes again, it is answered.
  const held = { latencyMillis: 3_600_000, times: 1 }
  await mock.addFault({ phoneNumber: withoutAnswer, ...held })
  await mock.addFault({ phoneNumber: lost, ...held, reset: "before-acceptance" })
  return mock
}

interface Runner extends AsyncDisposable {
  /** The orders of the steps that it has begun. */
  readonly orders: ReadonlyArray<string>
  readonly kill: () => Promise<void>
}

/** The environment of a process of the cluster. */
const envOf = (mock: StartedMockServer, url: string): NodeJS.ProcessEnv => ({
  ...process.env,
  DATABASE_URL: url,
  SENT_SENDER_ID: credentials.senderId,
  SENT_API_KEY: credentials.apiKey,
  SENT_BASE_URL: mock.baseUrl,
  SECRET: "a secret of the tests, long enough to sign with",
  HOST: "127.0.0.1",
  // A dead runner is noticed after a minute by default.
  RUNNER_HEALTH_CHECK_INTERVAL: "1 second",
  REFRESH_ASSIGNMENTS_INTERVAL: "500 millis",
  ENTITY_MESSAGE_POLL_INTERVAL: "500 millis",
})

const startRunner = async (program: string, env: NodeJS.ProcessEnv): Promise<Runner> => {
  const child = spawn(process.execPath, ["--conditions=@effect-sent/source", program], {
    env: { ...env, PORT: String(await freePort()) },
    stdio: ["ignore", "pipe", "inherit"],
  })
  const exited = once(child, "exit")
  const listening = Promise.withResolvers<void>()
  void exited.then(() => listening.reject(new Error("the runner has ended")))
  const orders: Array<string> = []
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.includes("Listening on")) listening.resolve()
    const [, order] = /telling the customer of order (\S+)/.exec(line) ?? []
    if (order !== undefined) orders.push(order)
  })
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL")
    await exited
  }
  await listening.promise
  return { orders, kill, [Symbol.asyncDispose]: kill }
}

/** Runs the workflow of an order, and returns what it says of the message. */
const run = async (env: NodeJS.ProcessEnv, order: string, phoneNumber: string): Promise<string> => {
  const args = ["--conditions=@effect-sent/source", example, order, phoneNumber]
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] })
  const exited = once(child, "exit")
  const lines: Array<string> = []
  for await (const line of createInterface({ input: child.stdout })) lines.push(line)
  await exited
  return lines.at(-1) ?? ""
}

/** Runs a program on two runners, and kills the one that is in the middle of a step. */
const killing = async <A>(
  program: string,
  body: (cluster: {
    readonly mock: StartedMockServer
    readonly ship: (order: string, phoneNumber: string) => Promise<string>
    /** Waits until the request of an order is on the wire, kills its runner, and starts another one. */
    readonly killRunnerOf: (order: string, phoneNumber: string) => Promise<void>
  }) => Promise<A>,
): Promise<A> => {
  await using postgres = await startPostgres()
  await using mock = await startMock()
  const env = envOf(mock, postgres.url)
  await using runners = new AsyncDisposableStack()
  const start = async (): Promise<Runner> => runners.use(await startRunner(program, env))
  let running = [await start(), await start()]
  return await body({
    mock,
    ship: (order, phoneNumber) => run(env, order, phoneNumber),
    killRunnerOf: async (order, phoneNumber) => {
      await mock.awaitMessage({ phoneNumber }, "1 minute")
      const runner = running.find(({ orders }) => orders.includes(order))
      assert.isDefined(runner)
      await runner.kill()
      running = [...running.filter((one) => one !== runner), await start()]
    },
  })
}

/** How often the mock got the message of an order, and how often it accepted it. */
const arrivals = async (mock: StartedMockServer, order: string): Promise<ReadonlyArray<number>> => {
  const messages = (await mock.messages()).filter(
    ({ variables }) => variables["order_id"] === order,
  )
  return [messages.length, messages.filter(({ accepted }) => accepted).length]
}

describe.skipIf(skipsPostgres)("a runner that is killed in the middle of its step", () => {
  it("sends nothing twice with `sendOnce`, and the result says what is unknown", () =>
    killing(example, async ({ killRunnerOf, mock, ship }) => {
      const orders = Array.from({ length: 4 }, (_, i) => `usual-${i}`)
      const results = await Promise.all(orders.map((order) => ship(order, usual)))
      assert.deepStrictEqual(
        results,
        orders.map(() => "accepted"),
      )
      const killed = async (order: string, phoneNumber: string): Promise<string> => {
        const result = ship(order, phoneNumber)
        await killRunnerOf(order, phoneNumber)
        return await result
      }
      assert.strictEqual(await killed("accepted", withoutAnswer), "unknown")
      assert.strictEqual(await killed("lost", lost), "unknown")
      // Asked again, the cluster knows it.
      assert.strictEqual(await ship("accepted", withoutAnswer), "unknown")
      assert.deepStrictEqual(
        await Promise.all(orders.map((order) => arrivals(mock, order))),
        orders.map(() => [1, 1]),
      )
      assert.deepStrictEqual(await arrivals(mock, "accepted"), [1, 1])
      assert.deepStrictEqual(await arrivals(mock, "lost"), [1, 0])
    }))

  it("sends twice without", () =>
    killing(repeating, async ({ killRunnerOf, mock, ship }) => {
      const result = ship("accepted", withoutAnswer)
      await killRunnerOf("accepted", withoutAnswer)
      assert.strictEqual(await result, "accepted")
      assert.deepStrictEqual(await arrivals(mock, "accepted"), [2, 2])
    }))
})
