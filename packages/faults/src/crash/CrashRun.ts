/**
 * Sends messages through worker processes that are killed, stopped and paused at random, to the mock, which fails at random; and
 * counts the messages that were sent twice, and the states that say what is not so.
 */
import { DeliveryTracker, SentClient, SentCredentials } from "@effect-sent/core"
import { DurableSender, SqlDeliveryStore } from "@effect-sent/durable"
import { startMockServer, type StartedMockServer } from "@effect-sent/mock-server"
import { Effect, Layer, Logger, ManagedRuntime, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { SqlClient } from "effect/sql"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer, type RequestListener } from "node:http"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { makeRandom } from "../random.ts"
import { credentials, sample } from "../sample.ts"
import { clientOf, secret } from "./database.ts"
import type { Guards } from "./guards.ts"

/** The options of a run. */
export interface CrashOptions {
  /** The URL of a Postgres server, or the path of an SQLite file. */
  readonly target: string
  /** How many messages are sent. */
  readonly sends: number
  /** How often a process is killed, stopped or paused. */
  readonly disruptions: number
  readonly seed: number
  /** In milliseconds. Default: 1,500. */
  readonly lease?: number
  /** Default: all. */
  readonly guards?: Guards
  /** The API to send over. Default: v1. Over v3 there are no updates, and only answers are lost, late or broken. */
  readonly api?: "v1" | "v3"
  /** Whether the run ends as soon as a message was sent twice. Default: false. */
  readonly endsAtTwice?: boolean
}

/** What a run found. */
export interface CrashReport {
  /** Keys whose message was accepted more than once. */
  readonly twice: number
  /** Keys whose state says what is not so. */
  readonly lies: number
  /** Keys that are unknown although their message was accepted, and an update was sent. */
  readonly unsettled: number
  /** Keys that nobody has sent to the end. */
  readonly left: number
  /** How often each signal was sent. */
  readonly signals: Readonly<Record<string, number>>
  /** How many keys there are of each state, at the end. */
  readonly states: Readonly<Record<string, number>>
  readonly millis: number
}

/** How long a run may take beyond its disruptions. */
const patience = 120_000

/** Runs until every message is sent, refused or unknown, and every update has arrived. */
export const crashRun = async (options: CrashOptions): Promise<CrashReport> => {
  const { api = "v1", disruptions, endsAtTwice = false, guards = "all", seed, sends } = options
  const { target } = options
  const { lease = 1500 } = options
  const startedAt = performance.now()
  const random = makeRandom(seed)
  await using mock = await startMockServer({ maxMessages: 10 * sends })
  await addFaults(mock, lease, api)

  let listener: RequestListener | undefined
  const server = createServer((request, response) => listener?.(request, response))
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  const publicUrl = `http://127.0.0.1:${address.port}/webhooks/sent`

  const runtime = ManagedRuntime.make(
    Layer.mergeAll(
      DeliveryTracker.layer({ publicUrl, secret }).pipe(
        Layer.provide(SqlDeliveryStore.layer({ timeout: "30 seconds" })),
        Layer.provide(SentClient.layer({ baseUrl: mock.baseUrl })),
        Layer.provide([SentCredentials.layer(credentials), FetchHttpClient.layer]),
      ),
      DurableSender.layer({
        secret,
        ...(api === "v1" ? { publicUrl } : {}),
        timeout: "30 seconds",
      }),
    ).pipe(Layer.provideMerge(clientOf(target)), Layer.provide(Logger.layer([]))),
  )
  const workers: Array<Worker> = []
  try {
    listener = await runtime.runPromise(DeliveryTracker.toNodeHandler)
    const keys = Array.from({ length: sends }, (_, i) => `message ${i}`)
    await runtime.runPromise(enqueue(keys))

    const args = [target, mock.baseUrl, publicUrl, String(lease), guards, api]
    for (let i = 0; i < 3; i++) workers.push(new Worker(args))
    await Promise.all(workers.map(({ working }) => working))
    const signals: Record<string, number> = {}
    const rows = () => runtime.runPromise(stateOfAll)
    const judged = async () => judge(await rows(), await acceptedBy(mock))
    /** Looks until there are none, for a time. Returns how many there are at last. */
    const settle = async (count: () => Promise<number>): Promise<number> => {
      const until = performance.now() + patience
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop
        const left = await count()
        // oxlint-disable-next-line no-await-in-loop
        const isOver = endsAtTwice && (await judged()).twice > 0
        if (left === 0 || isOver || performance.now() > until) return left
        // oxlint-disable-next-line no-await-in-loop
        await sleep(50)
      }
    }
    for (let i = 0; i < disruptions; i++) {
      // One after the other, at random times.
      // oxlint-disable-next-line no-await-in-loop
      await sleep(100 + random() * 300)
      const worker = workers[Math.floor(random() * workers.length)]
      const signal = drawn(random)
      signals[signal] = (signals[signal] ?? 0) + 1
      // oxlint-disable-next-line no-await-in-loop
      await worker?.disrupt(signal, lease * 1.5)
    }
    const left = await settle(() => runtime.runPromise(unsent))
    // Over v3, there is nothing to wait for.
    if (api === "v1") await settle(async () => (await judged()).unsettled)
    const { lies, states, twice, unsettled } = await judged()
    return { twice, lies, unsettled, left, signals, states, millis: performance.now() - startedAt }
  } finally {
    await Promise.all(workers.map((worker) => worker.end()))
    // Its last updates still arrive.
    await mock.stop()
    await runtime.dispose()
    server.closeAllConnections()
    server.close()
  }
}

/** Every kind of failure of a network and a service, to a share of the messages, and a delay for all others. */
const addFaults = async (
  mock: StartedMockServer,
  lease: number,
  api: "v1" | "v3",
): Promise<void> => {
  await mock.addFault({ share: 0.06, reset: "after-acceptance", latencyMillis: 50 })
  await mock.addFault({ share: 0.06, reset: "before-acceptance" })
  if (api === "v1") {
    await mock.addFault({ share: 0.06, answer: { status: 400 } })
    await mock.addFault({ share: 0.06, answer: { status: 500 } })
  }
  await mock.addFault({ share: 0.04, broken: "truncated" })
  await mock.addFault({ share: 0.04, latencyMillis: 2 * lease })
  await mock.addFault({ latencyMillis: 100 })
}

const enqueue = (keys: ReadonlyArray<string>) =>
  DurableSender.DurableSender.use((sender) =>
    sender.enqueueAll(
      Stream.fromIterable(
        keys.map((key) => ({
          key,
          input: {
            phoneNumber: sample.phoneNumber,
            templateId: sample.templateId,
            messageBody: { key },
          },
        })),
      ),
    ),
  )

/** How many messages somebody has yet to send. */
const unsent = Effect.map(
  SqlClient.SqlClient.use(
    (sql) => sql<{ readonly n: number | string }>`
      select count(*) as n from effect_sent_queue where settled_at is null`,
  ),
  ([row]) => Number(row?.n),
)

interface KeyState {
  readonly key: string
  readonly state: string
}

const stateOfAll = SqlClient.SqlClient.use(
  (sql) => sql<KeyState>`select key, state from effect_sent_queue`,
)

/** How often the mock has accepted the message of each key. */
const acceptedBy = async (mock: StartedMockServer): Promise<ReadonlyMap<string, number>> => {
  const counts = new Map<string, number>()
  for (const { accepted, variables } of await mock.messages()) {
    const key = variables["key"] ?? ""
    if (accepted) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

const judge = (rows: ReadonlyArray<KeyState>, accepted: ReadonlyMap<string, number>) => {
  const states: Record<string, number> = {}
  let [twice, lies, unsettled] = [0, 0, 0]
  for (const { key, state } of rows) {
    states[state] = (states[state] ?? 0) + 1
    const count = accepted.get(key) ?? 0
    if (count > 1) twice++
    if (state === "unknown" ? false : (state === "accepted") !== count > 0) lies++
    if (state === "unknown" && count > 0) unsettled++
  }
  return { twice, lies, unsettled, states }
}

type Signal = "SIGKILL" | "SIGTERM" | "SIGSTOP"

const drawn = (random: () => number): Signal => {
  const drawing = random()
  return drawing < 0.4 ? "SIGSTOP" : drawing < 0.8 ? "SIGKILL" : "SIGTERM"
}

/** Starts a worker process: see `worker.ts` for its arguments. */
export const startWorker = (args: ReadonlyArray<string>): ChildProcess => {
  const program = fileURLToPath(new URL("worker.ts", import.meta.url))
  return spawn(process.execPath, ["--conditions=@effect-sent/source", program, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  })
}

/** A worker process, which is started again when it was ended. */
class Worker {
  readonly #args: ReadonlyArray<string>
  #child: ChildProcess
  working: Promise<void>
  #resuming: Promise<void> | undefined

  constructor(args: ReadonlyArray<string>) {
    this.#args = args
    this.#child = startWorker(this.#args)
    this.working = isWorking(this.#child)
  }

  /** Ends the process and starts another one, or pauses it for a time, without waiting for that. */
  async disrupt(signal: Signal, pause: number): Promise<void> {
    await this.#resuming
    if (signal === "SIGSTOP") {
      this.#child.kill("SIGSTOP")
      this.#resuming = sleep(pause).then(() => void this.#child.kill("SIGCONT"))
      return
    }
    const exited = once(this.#child, "exit")
    this.#child.kill(signal)
    // A process that was told to stop may take as long as one response.
    await exited
    this.#child = startWorker(this.#args)
    this.working = isWorking(this.#child)
  }

  async end(): Promise<void> {
    await this.#resuming
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, "exit")
    this.#child.kill("SIGKILL")
    await exited
  }
}

const isWorking = async (child: ChildProcess): Promise<void> => {
  if (child.stdout === null) return
  for await (const line of createInterface({ input: child.stdout })) if (line === "working") return
}
