/** Receives the updates of a server, and answers them as a case says. */
import type { Updates } from "@effect-sent/contract/Contract"
import { messageOf } from "@effect-sent/contract/ContractError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { buffer } from "node:stream/consumers"
import type { Finding } from "../../ContractReport.ts"
import type { Receiving } from "./cases/case.ts"
import {
  makeCheckUpdate,
  messageIn,
  numberIn,
  type ReceivedUpdate,
  updateFinding,
} from "./update.ts"

export interface Receiver {
  /** Where updates are received, as the server sees it. */
  readonly url: string
  /** Whether all updates come to one URL: the receiver is registered with an account. */
  readonly isShared: boolean
  /** Opens a URL for one case, which expects this many updates. */
  readonly open: (name: string, expected: number, receiving?: Receiving) => Inbox
  /** Whether anything has come at all. */
  readonly hasReceived: () => boolean
  /** What is wrong with the updates so far beyond the cases that they belong to. */
  readonly atEnd: () => ReadonlyArray<Finding>
  /** After this many milliseconds without anything, nothing is waited for. */
  giveUp: boolean
}

export interface Inbox {
  readonly url: string
  /** Takes the updates of this message, at a receiver that is shared: by its id or, when no answer names it, by its number. */
  readonly claim: (message: string) => void
  readonly received: ReadonlyArray<ReceivedUpdate>
  /** Waits for all expected updates. */
  readonly wait: Effect.Effect<void>
}

export interface ReceiverOptions {
  readonly secret: string | undefined
  readonly mediaTypes: ReadonlyArray<string>
  /** The name or address of this machine as the server sees it, with a port if it is forwarded. Default: loopback. */
  readonly host: string | undefined
}

/**
 * How long an update is held before it is answered: a server that waits for the answer before it answers the request itself is
 * then seen to do so.
 */
const holdMillis = 20

/** How long an update at a shared receiver waits for the answer that names its message, which may come later. */
const claimMillis = 3000

interface Opened {
  readonly take: (update: ReceivedUpdate) => number
  readonly receiving: Receiving | undefined
}

/** Listens until the scope closes: on loopback, or on every address if the server is elsewhere. */
export const makeReceiver = Effect.fnUntraced(function* (
  updates: Updates,
  { host, mediaTypes, secret }: ReceiverOptions,
): Effect.fn.Return<Receiver, string, Scope.Scope> {
  const check = yield* Effect.try({
    try: () => makeCheckUpdate(updates, mediaTypes, secret),
    catch: (cause) => `the schema of the updates does not compile: ${messageOf(cause)}`,
  })
  const isShared = updates.urlMember === undefined
  const inboxes = new Map<string, Opened>()
  const claimed = new Map<unknown, Opened>()
  const waiting = new Set<() => void>()
  const surplus: Array<Finding> = []
  const ids = new Set<string>()
  const messages = new Map<unknown, string>()
  let hasReceived = false

  /** The inbox that claims an update, now or soon. */
  const ownerOf = async (
    update: ReceivedUpdate,
    until = performance.now() + claimMillis,
  ): Promise<Opened | undefined> => {
    const owner = claimed.get(messageIn(update)) ?? claimed.get(numberIn(update))
    const left = until - performance.now()
    if (owner !== undefined || left <= 0) return owner
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, left)
      waiting.add(wake)
    })
    return ownerOf(update, until)
  }

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const at = performance.now()
    hasReceived = true
    const own = inboxes.get(request.url ?? "")
    const bytes = await buffer(request)
    if (own === undefined && !isShared) return void response.writeHead(404).end()
    const update = check({
      method: request.method ?? "",
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      ),
      lines: linesOf(request.rawHeaders),
      bytes,
      at,
    })
    const id = request.headers["x-webhook-id"]
    if (id !== undefined) ids.add(String(id))
    const message = messageIn(update)
    if (message !== undefined) {
      const other = messages.get(message)
      if (!isShared && other !== undefined && other !== request.url) {
        surplus.push(updateFinding("update-content", "two messages have the same message_id"))
      }
      messages.set(message, request.url ?? "")
    }
    const inbox = own ?? (await ownerOf(update))
    if (inbox === undefined) {
      surplus.push(
        updateFinding("surplus-update", "an update names a message that no answer named"),
      )
      return void response.writeHead(204).end()
    }
    const number = inbox.take(update)
    await new Promise((resolve) => setTimeout(resolve, holdMillis))
    if (number > 1 || inbox.receiving === undefined) return void response.writeHead(204).end()
    const { status } = inbox.receiving
    if (status === undefined) request.socket.destroy()
    else response.writeHead(status).end()
  }

  const [name, port] = splitHost(host)
  const server = yield* listening(
    createServer((request, response) => {
      // The request was cut off.
      receive(request, response).catch(() => response.destroy())
    }),
    host === undefined ? "127.0.0.1" : undefined,
    port,
  )
  const address = server.address()
  const own = address !== null && typeof address === "object" ? address.port : 0
  const url = `http://${name}:${own}`

  return {
    url: isShared ? `${url}${sharedPath}` : url,
    isShared,
    giveUp: false,
    hasReceived: () => hasReceived,
    atEnd: () => [
      ...surplus,
      // The contract: the id of the endpoint, the same on every delivery.
      ...(ids.size > 1 && updates.headers.some((header) => header.name === "x-webhook-id")
        ? [updateFinding("update-header", "x-webhook-id is not the same on every delivery")]
        : []),
    ],
    open: (caseName, expected, receiving) => {
      const path = `/updates/${inboxes.size + 1}`
      const received: Array<ReceivedUpdate> = []
      const complete = Deferred.makeUnsafe<void>()
      if (expected === 0) Deferred.doneUnsafe(complete, Effect.void)
      const opened: Opened = {
        receiving,
        take: (update) => {
          received.push(update)
          if (received.length === expected) Deferred.doneUnsafe(complete, Effect.void)
          if (received.length === expected + 1) {
            const message = `the case "${caseName}" got more updates than the ${expected} that it expects`
            surplus.push(updateFinding("surplus-update", message))
          }
          return received.length
        },
      }
      inboxes.set(path, opened)
      return {
        url: `${url}${path}`,
        received,
        wait: Deferred.await(complete),
        claim: (message) => {
          claimed.set(message, opened)
          for (const wake of waiting) wake()
        },
      }
    },
  }
})

/** Where the updates of an account are received. */
const sharedPath = "/updates"

const listening = (
  server: Server,
  /** Undefined for every address. */
  address: string | undefined,
  port: number,
): Effect.Effect<Server, string, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Server, string>((resume) => {
      server.once("error", (cause) =>
        resume(Effect.fail(`updates cannot be received on port ${port}: ${cause.message}`)),
      )
      server.listen({ port, ...(address === undefined ? {} : { host: address }) }, () =>
        resume(Effect.succeed(server)),
      )
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      }),
  )

/** `app:8080` or `[::1]:8080`, with or without the port. */
export const splitHost = (host: string | undefined): readonly [name: string, port: number] => {
  const [, name = "127.0.0.1", port = "0"] =
    /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::([0-9]+))?$/.exec(host ?? "127.0.0.1") ?? []
  return [name, Number(port)]
}

const linesOf = (raw: ReadonlyArray<string>): ReadonlyArray<readonly [string, string]> =>
  raw.flatMap((name, index) =>
    index % 2 === 0 ? [[name.toLowerCase(), raw[index + 1] ?? ""] as const] : [],
  )
