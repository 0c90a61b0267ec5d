/**
 * `receiver.ts <target>`: a process that opens sends and receives updates over HTTP, as an application does with the store.
 *
 *     POST /open?send=…                   204 when the send is stored
 *     POST /update?send=…&status=…&at=…   204 when the event was handled and its step is stored; 503 while another handles it
 *
 * It prints `listening <port>`, and then `handle <event>` when a handler begins.
 */
import { DeliveryStore } from "@effect-sent/core"
import { DateTime, Effect, ManagedRuntime } from "effect"
import { randomUUID } from "node:crypto"
import { createServer } from "node:http"
import { storeOf } from "./layer.ts"

const [target = ""] = process.argv.slice(2)

// The store answers late while two processes write to one file.
const runtime = ManagedRuntime.make(storeOf(target, { timeout: "30 seconds" }))

const expiresIn = { days: 3 }

/** How long a claim holds: a little longer than the handler takes. */
const claimFor = { seconds: 3 }

const open = Effect.fnUntraced(function* (id: string) {
  const store = yield* DeliveryStore.DeliveryStore
  const openedAt = yield* DateTime.now
  const expiresAt = DateTime.add(openedAt, expiresIn)
  yield* store.append({ id, openedAt, expiresAt, reference: `order of ${id}` })
  return 204
})

const update = Effect.fnUntraced(function* (id: string, status: string, at: number) {
  const store = yield* DeliveryStore.DeliveryStore
  const receivedAt = yield* DateTime.now
  const messageId = `message of ${id}`
  const step = { messageId, status, statedAt: DateTime.makeUnsafe(at), receivedAt }
  const key = `${id} ${status}`
  const claim = { key, owner: randomUUID(), until: DateTime.add(receivedAt, claimFor) }
  const expiresAt = DateTime.add(receivedAt, expiresIn)
  const result = yield* store.claim(claim, { id, expiresAt, steps: [step] })
  if (result !== "claimed") return result === "completed" ? 204 : 503
  process.stdout.write(`handle ${key}\n`)
  yield* Effect.sleep("5 millis")
  yield* store.complete({ ...claim, until: expiresAt })
  return 204
})

const answer = (url: URL): Promise<number> => {
  const value = (name: string): string => url.searchParams.get(name) ?? ""
  const program =
    url.pathname === "/open"
      ? open(value("send"))
      : update(value("send"), value("status"), Number(value("at")))
  return runtime.runPromise(program).catch((error: unknown) => {
    console.error(error)
    return 500
  })
}

const server = createServer((request, response) => {
  void answer(new URL(request.url ?? "/", "http://127.0.0.1")).then((status) =>
    response.writeHead(status).end(),
  )
})
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  // The tables are made before the first call.
  void runtime.context().then(() => process.stdout.write(`listening ${address.port}\n`))
})
