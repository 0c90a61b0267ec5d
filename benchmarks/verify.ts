/**
 * `pnpm bench verify`: compares how many updates `SentWebhook` and `standardwebhooks` verify per second, on the same bytes: small
 * ones, large ones, and ones with ten wrong signatures, which whoever knows the URL can send. Each runs
 * in a separate thread with its own heap, as in a server: in a shared heap, growth caused by one would save the other garbage
 * collections. They take turns, round by round, so that other work on the machine slows both.
 */
/* oxlint-disable unicorn/require-post-message-target-origin -- the port of a thread has no origin. */
import { once } from "node:events"
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"
import { SentWebhook } from "@effect-sent/core"
import { Effect } from "effect"
import { Webhook } from "standardwebhooks"
import { median } from "./support/median.ts"

const secret = `whsec_${Buffer.from("a key of the benchmark, no other").toString("base64")}`
const warmUpRounds = 10
const rounds = 25

const bodyOf = (padding: string): string =>
  JSON.stringify({
    field: "message",
    sub_type: "message.delivered",
    timestamp: "2025-10-31T10:10:42Z",
    padding,
    payload: {
      account_id: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
      message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8",
      message_status: "DELIVERED",
      channel: "sms",
      inbound_number: "+1234567890",
      outbound_number: "+1987654321",
      template_id: "9ba7b840-9dad-11d1-80b4-00c04fd430c8",
    },
  })
const small = bodyOf("")
const large = bodyOf("x".repeat(100_000))

interface Case {
  readonly name: string
  readonly body: string
  readonly calls: number
  readonly isRejected?: boolean
}

const cases: ReadonlyArray<Case> = [
  { name: `${small.length} bytes`, body: small, calls: 4000 },
  { name: "100 KB", body: large, calls: 100 },
  {
    name: `${small.length} bytes, ten wrong signatures`,
    body: small,
    calls: 4000,
    isRejected: true,
  },
  { name: "100 KB, ten wrong signatures", body: large, calls: 100, isRejected: true },
]

type Contestant = "SentWebhook, one at a time" | "SentWebhook, 64 at a time" | "standardwebhooks"
const contestants: ReadonlyArray<Contestant> = [
  "SentWebhook, one at a time",
  "SentWebhook, 64 at a time",
  "standardwebhooks",
]

const wrong = Array.from({ length: 10 }, (_, index) => `v1,${String(index).repeat(43)}=`).join(" ")

const isRefused = (verify: () => unknown): boolean => {
  try {
    verify()
    return false
  } catch {
    return true
  }
}

const roundOf = Effect.fnUntraced(function* (
  contestant: Contestant,
  { body, calls, isRejected = false }: Case,
) {
  const signed = yield* SentWebhook.sign(body, { secret })
  const headers = isRejected ? { ...signed, "x-webhook-signature": wrong } : signed
  const bytes = Buffer.from(body)
  const turns = Array.from({ length: calls })
  if (contestant === "standardwebhooks") {
    const webhook = new Webhook(secret)
    const renamed = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.replace("x-", ""), value]),
    )
    return Effect.sync(() => {
      for (const _ of turns) {
        if (isRefused(() => webhook.verify(bytes, renamed)) !== isRejected) throw new Error("wrong")
      }
    })
  }
  const verifier = yield* SentWebhook.makeVerifier({ secret })
  const one = verifier({ headers, body: bytes })
  const right: Effect.Effect<unknown, unknown> = isRejected ? Effect.flip(one) : one
  return Effect.forEach(turns, () => right, {
    discard: true,
    concurrency: contestant === "SentWebhook, 64 at a time" ? 64 : 1,
  })
})

/** Runs in a separate thread: plays a round for each message, and replies with the calls per second. */
const play = async (contestant: Contestant): Promise<void> => {
  const played = await Promise.all(
    cases.map(async (one) => ({
      calls: one.calls,
      round: await Effect.runPromise(roundOf(contestant, one)),
    })),
  )
  parentPort?.on("message", async (index: number) => {
    const { calls, round } = played[index] ?? { calls: Number.NaN, round: Effect.void }
    const startedAt = performance.now()
    await Effect.runPromise(round)
    parentPort?.postMessage((calls * 1000) / (performance.now() - startedAt))
  })
}

const compare = async (): Promise<void> => {
  const players = contestants.map((name) => ({
    name,
    rates: cases.map(() => new Array<number>()),
    worker: new Worker(new URL(import.meta.url), { workerData: name }),
  }))
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    for (const index of cases.keys()) {
      for (const { rates, worker } of players) {
        worker.postMessage(index)
        // One at a time, or they would slow each other.
        // oxlint-disable-next-line no-await-in-loop
        const [rate] = await once(worker, "message")
        if (round >= warmUpRounds) rates[index]?.push(Number(rate))
      }
    }
  }
  await Promise.all(players.map(({ worker }) => worker.terminate()))

  for (const [index, { name: title }] of cases.entries()) {
    console.log(title)
    const theirs = median(players.at(-1)?.rates[index] ?? [])
    for (const { name, rates } of players) {
      const rate = median(rates[index] ?? [])
      const ratio = (rate / theirs).toFixed(2)
      console.log(`  ${name.padEnd(28)} ${Math.round(rate).toString().padStart(8)}/s  × ${ratio}`)
      if (!(rate >= theirs)) process.exitCode = 1
    }
  }
}

await (isMainThread ? compare() : play(workerData))
