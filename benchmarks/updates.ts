/**
 * `pnpm bench updates [number]`: posts that many updates, 100,000 by default, to the route of a tracker whose store is an SQLite
 * file. The server is a process of its own, so that its memory is only its own. Fails if an update is lost, if a response is not
 * 204, or if the server's heap grows with the number of updates.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { DeliveryTracker, SentClient } from "@effect-sent/core"
import { SqlDeliveryStore, Sqlite } from "@effect-sent/durable"
import { NodeHttpServer } from "@effect/platform-node"
import { DateTime, Effect, Layer, Logger, Schema } from "effect"
import { HttpRouter, HttpServer, HttpServerResponse } from "effect/http"

const statuses = ["QUEUED", "ROUTED", "SENT", "DELIVERED"] as const
const callers = 32
const path = "/webhooks/sent"
const timeToLive = "1 day"

// -----------------------------------------------------------------------------
// The server
// -----------------------------------------------------------------------------

/** A client that accepts every message and keeps nothing but the URL of the last one. */
const makeAccepting = () => {
  const last = { webhookUrl: "" }
  const layer = Layer.succeed(SentClient.SentClient, {
    sendToPhone: ({ webhookUrl }) =>
      Effect.map(DateTime.now, (acceptedAt) => {
        last.webhookUrl = String(webhookUrl)
        return { acceptedAt, status: 204, attempts: 1 }
      }),
  })
  return { last, layer }
}

const serve = (folder: string) => {
  const { last, layer } = makeAccepting()
  const tracker = DeliveryTracker.layer({
    publicUrl: `http://127.0.0.1${path}`,
    secret: "a secret of the benchmark, long enough",
    timeToLive,
  }).pipe(
    Layer.provide(layer),
    Layer.provide(SqlDeliveryStore.layer()),
    Layer.provide(Sqlite.layer({ filename: join(folder, "sent.sqlite") })),
  )

  // Sends one message, and says to which URL its updates go.
  const Send = HttpRouter.add(
    "POST",
    "/send",
    Effect.map(
      DeliveryTracker.sendToPhone({
        phoneNumber: "+1234567890",
        templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
      }),
      ({ id }) => HttpServerResponse.jsonUnsafe({ id, query: new URL(last.webhookUrl).search }),
    ),
  )
  const Heap = HttpRouter.add(
    "GET",
    "/heap",
    Effect.sync(() => {
      globalThis.gc?.()
      return HttpServerResponse.jsonUnsafe(process.memoryUsage())
    }),
  )
  const State = HttpRouter.add("GET", "/state/:id", (request) =>
    Effect.gen(function* () {
      const { find } = yield* DeliveryTracker.DeliveryTracker
      const send = yield* find(request.url.slice("/state/".length))
      const state = send === undefined ? undefined : yield* send.state
      return HttpServerResponse.jsonUnsafe({ steps: state?.steps.length, status: state?.status })
    }),
  )

  return HttpRouter.serve(Layer.mergeAll(Send, Heap, State, DeliveryTracker.route(path)), {
    disableLogger: true,
    disableListenLog: true,
  }).pipe(
    Layer.provide(tracker),
    Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
    Layer.provide(Logger.layer([])),
  )
}

const runServer = (folder: string) =>
  Effect.gen(function* () {
    const { address } = yield* HttpServer.HttpServer
    process.send?.(HttpServer.formatAddress(address))
    yield* Effect.never
  }).pipe(Effect.provide(serve(folder)), Effect.runPromise)

// -----------------------------------------------------------------------------
// The provider
// -----------------------------------------------------------------------------

const Sent = Schema.decodeUnknownSync(Schema.Struct({ id: Schema.String, query: Schema.String }))
const Memory = Schema.decodeUnknownSync(
  Schema.Struct({ heapUsed: Schema.Finite, rss: Schema.Finite }),
)
const StateOf = Schema.decodeUnknownSync(
  Schema.Struct({ steps: Schema.Finite, status: Schema.String }),
)

const json = async (response: Promise<Response>): Promise<unknown> => (await response).json()

const updateOf = (messageId: string, status: string, second: number): string =>
  JSON.stringify({
    field: "message",
    timestamp: new Date(Date.now() - 60_000 + second * 1000).toISOString(),
    payload: { message_id: messageId, message_status: status, channel: "sms" },
  })

const post = async (url: string, body: string): Promise<void> => {
  const response = await fetch(url, { method: "POST", body })
  await response.arrayBuffer()
  if (response.status !== 204) throw new Error(`an update was answered ${response.status}`)
}

/** Sends a message, posts its updates, and checks its state from time to time. */
const playMessage = async (url: string, index: number): Promise<void> => {
  const { id, query } = Sent(await json(fetch(`${url}/send`, { method: "POST" })))
  const messageId = crypto.randomUUID()
  for (const [second, status] of statuses.entries()) {
    // In the order in which a message has them.
    // oxlint-disable-next-line no-await-in-loop
    await post(`${url}${path}${query}`, updateOf(messageId, status, second))
  }
  if (index % 100 > 0) return
  const state = StateOf(await json(fetch(`${url}/state/${id}`)))
  if (state.steps !== statuses.length || state.status !== "DELIVERED") {
    throw new Error(`an update was lost: ${JSON.stringify(state)}`)
  }
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`

const load = async (url: string, messages: number): Promise<void> => {
  const parts = 10
  const heaps: Array<number> = []
  for (let part = 0; part < parts; part++) {
    const startedAt = performance.now()
    const indexes = Array.from({ length: messages / parts }, (_, index) => index).values()
    const play = async (): Promise<void> => {
      for (const index of indexes) {
        // Each caller waits for its response.
        // oxlint-disable-next-line no-await-in-loop
        await playMessage(url, index)
      }
    }
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(Array.from({ length: callers }, play))
    const seconds = (performance.now() - startedAt) / 1000
    // oxlint-disable-next-line no-await-in-loop
    const { heapUsed, rss } = Memory(await json(fetch(`${url}/heap`)))
    heaps.push(heapUsed)
    const done = ((part + 1) * messages * statuses.length) / parts
    const rate = Math.round((messages * statuses.length) / parts / seconds)
    console.log(
      `${String(done).padStart(8)} updates  ${String(rate).padStart(6)}/s  heap ${megabytes(heapUsed)}, rss ${megabytes(rss)}`,
    )
  }
  // The first fifth warms up.
  const [, early = 0] = heaps
  const growth = (heaps.at(-1) ?? 0) - early
  console.log(`the heap has grown by ${megabytes(growth)} since the first fifth`)
  if (growth > 10 * 2 ** 20) process.exitCode = 1
}

const main = async (): Promise<void> => {
  const updates = Number(process.argv[2] ?? 100_000)
  const folder = mkdtempSync(join(tmpdir(), "effect-sent-updates-"))
  const server = fork(fileURLToPath(import.meta.url), [folder], {
    execArgv: [...process.execArgv, "--expose-gc"],
    env: { ...process.env, EFFECT_SENT_SERVER: "1" },
  })
  try {
    const [url] = await once(server, "message")
    await load(String(url), Math.ceil(updates / statuses.length / 10) * 10)
  } finally {
    server.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

await (process.env["EFFECT_SENT_SERVER"] === undefined ? main() : runServer(process.argv[2] ?? ""))
