/**
 * `pnpm bench bulk [--messages 1000000]`: sends that many messages from a generated stream with `BulkSender`,
 * and then a tenth of them 10,000 at a time. Fails if the heap has grown, if a socket or a timer is left, or if Node.js warns of too
 * many listeners.
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { BulkSender, SentClient, SentCredentials } from "@effect-sent/core"
import { credentials, sample } from "@effect-sent/faults/sample"
import { NodeHttpClient } from "@effect/platform-node"
import { Layer, ManagedRuntime, Stream } from "effect"
import { startServer } from "./sending/answering.ts"

const concurrency = 64

const atOnce = 10_000

const maxGrowth = 20 * 2 ** 20

setFlagsFromString("--expose-gc")
const collectGarbage: unknown = runInNewContext("gc")

/** Bytes in use once what is not used any more is gone. */
const bytesInUse = (): number => {
  if (typeof collectGarbage === "function") collectGarbage()
  return process.memoryUsage().heapUsed
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`

/** The sockets and timers that are open, by their kinds. */
const resources = (): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

type Resources = ReturnType<typeof resources>

const isMore = (now: Resources, before: Resources): boolean =>
  Object.entries(now).some(([kind, count]) => count > (before[kind] ?? 0) + 1)

/** The resources once no more are open than before, or after ten seconds: sockets of a crowd take their time to close. */
const settled = async (before: Resources): Promise<Resources> => {
  for (let polls = 0; polls < 100 && isMore(resources(), before); polls++) {
    // oxlint-disable-next-line no-await-in-loop
    await setTimeout(100)
  }
  return resources()
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      messages: { type: "string", default: "1000000" },
    },
  })
  const messages = Number(values.messages)
  const server = fork(fileURLToPath(import.meta.url), {
    env: { ...process.env, EFFECT_SENT_PART: "1" },
  })
  try {
    const [baseUrl] = await once(server, "message")
    const runtime = ManagedRuntime.make(
      SentClient.layer({ baseUrl: String(baseUrl) }).pipe(
        Layer.provide(SentCredentials.layer(credentials)),
        Layer.provide(NodeHttpClient.layerUndici),
      ),
    )
    const send = async (count: number, atATime: number): Promise<number> => {
      const startedAt = performance.now()
      const inputs = Stream.map(Stream.range(1, count), (order) => ({
        ...sample,
        messageBody: { order: String(order) },
      }))
      const { accepted } = await runtime.runPromise(
        BulkSender.run(inputs, { concurrency: atATime }),
      )
      if (accepted !== count) throw new Error(`${accepted} of ${count} were accepted`)
      return (count * 1000) / (performance.now() - startedAt)
    }
    const grown = async (name: string, before: number): Promise<void> => {
      const growth = bytesInUse() - before
      console.log(`${name}: the heap has grown by ${megabytes(growth)}`)
      if (growth > maxGrowth) process.exitCode = 1
    }

    process.on("warning", () => {
      process.exitCode = 1
    })
    await send(Math.min(messages, 20_000), concurrency)
    const before = bytesInUse()
    const rate = await send(messages, concurrency)
    console.log(`${messages} messages, ${concurrency} at a time: ${Math.round(rate)} a second`)
    await grown(`after ${messages} messages`, before)

    // The connections of a crowd are part of what its first wave leaves.
    await send(atOnce, atOnce)
    const [heapBefore, openBefore] = [bytesInUse(), resources()]
    const crowd = await send(messages / 10, atOnce)
    console.log(`${messages / 10} messages, ${atOnce} at a time: ${Math.round(crowd)} a second`)
    await grown(`after ${messages / 10} messages`, heapBefore)
    const openAfter = await settled(openBefore)
    console.log("open before:", openBefore, "open after:", openAfter)
    if (isMore(openAfter, openBefore)) process.exitCode = 1
    await runtime.dispose()
    console.log("open at the end:", resources())
  } finally {
    server.kill()
  }
}

await (process.env["EFFECT_SENT_PART"] === undefined
  ? main()
  : startServer().then((url) => process.send?.(url)))
