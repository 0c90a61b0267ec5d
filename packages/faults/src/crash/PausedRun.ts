/**
 * Stops a worker process while its request is on the wire, for longer than its lease, and starts another one: what a crash run meets
 * by chance, without chance. With a lease and nothing else, the message is sent twice. Over v3, the second worker repeats the request
 * with its key, and gets the answer to the first one.
 */
import * as DurableSender from "@effect-sent/durable/DurableSender"
import { startMockServer } from "@effect-sent/mock-server"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { setTimeout as sleep } from "node:timers/promises"
import { sample } from "../sample.ts"
import { startWorker } from "./CrashRun.ts"
import { clientOf, secret } from "./database.ts"
import type { Guards } from "./guards.ts"

/** The options of a run. */
export interface PausedOptions {
  /** The URL of a Postgres server, or the path of an SQLite file. */
  readonly target: string
  readonly guards: Guards
  /** The API to send over. Default: v1. */
  readonly api?: "v1" | "v3"
}

/** What a run found. */
export interface PausedReport {
  /** How often the message was accepted. */
  readonly arrived: number
  /** What its row says. */
  readonly state: DurableSender.State | undefined
}

const key = "the message of a worker that is stopped"

const { phoneNumber, templateId } = sample

/** In milliseconds. The first worker waits two thirds of it for an answer: it is stopped long before. */
const lease = 10_000

/** Runs until the second worker has nothing more to do. */
export const pausedRun = async ({
  api = "v1",
  guards,
  target,
}: PausedOptions): Promise<PausedReport> => {
  await using mock = await startMockServer()
  // The first request is accepted, and not answered; over v3 it is when the lease has ended, since its key is in flight until then.
  await mock.addFault({ latencyMillis: api === "v1" ? 3_600_000 : lease * 1.2, times: 1 })
  const runtime = ManagedRuntime.make(
    DurableSender.layer({ secret, timeout: "30 seconds" }).pipe(Layer.provide(clientOf(target))),
  )
  const workers: Array<ChildProcess> = []
  const start = (): ChildProcess => {
    const child = startWorker([target, mock.baseUrl, "", String(lease), guards, api])
    workers.push(child)
    return child
  }
  const find = () => runtime.runPromise(DurableSender.DurableSender.use((one) => one.find(key)))
  try {
    await runtime.runPromise(
      DurableSender.DurableSender.use((sender) =>
        sender.enqueue({ phoneNumber, templateId }, { key }),
      ),
    )
    const first = start()
    await mock.awaitMessage({ phoneNumber }, "1 minute")
    first.kill("SIGSTOP")
    start()
    // It looks after what the first one has left: the send is unknown then, or sent again.
    let send = await find()
    while (send?.settledAt === undefined) {
      // oxlint-disable-next-line no-await-in-loop
      await sleep(50)
      // oxlint-disable-next-line no-await-in-loop
      send = await find()
    }
    const accepted = await mock.messages({ phoneNumber, accepted: true })
    return { arrived: accepted.length, state: send.state }
  } finally {
    await Promise.all(
      workers.map(async (child) => {
        const exited = once(child, "exit")
        child.kill("SIGKILL")
        await exited
      }),
    )
    await runtime.dispose()
  }
}
