/**
 * A server that plays faults and counts the messages that it accepted: the truth that a client's claims are checked against. It
 * uses raw sockets, because an HTTP server could not fail in these ways.
 */
import { Effect, Layer, Scope } from "effect"
import { type Headers as EffectHeaders, HttpClient, HttpClientRequest } from "effect/http"
import { subscribe, unsubscribe } from "node:diagnostics_channel"
import type { Socket } from "node:net"
import { createServer } from "node:tls"
import { trustTestAuthority } from "./certificates.ts"
import { http2Server } from "./doors/http2.ts"
import { type Listening, listening } from "./doors/listening.ts"
import { attemptHeader, idOf, pathOf, type Request as Read, requestsIn } from "./doors/requests.ts"
import { speakTls, type TlsConnection } from "./doors/tls.ts"
import { unanswered } from "./doors/unanswered.ts"
import type { Exchange, Fault, HandshakeFault, TlsVersion } from "./Fault.ts"
import { answer } from "./playing/answer.ts"
import { isLostOnTheWay } from "./playing/keys.ts"
import { credentials } from "./sample.ts"

/**
 * What a server of v3 does with idempotency keys: it keeps those of the requests that it accepted, but not where its client has
 * seen another answer than a success, as documented; or it forgets them at once. A server of v1 has none.
 */
export type Keys = "kept" | "forgotten"

/** The server's record of a message. */
interface Message {
  /** The number of requests, including those whose connection was refused. */
  requests: number
  accepted: number
  readonly keys: Set<string>
  onSilence: () => void
  /** The attempt that was accepted and answered with something else than a success, until the client has read that. */
  failed: { readonly attempt: number; readonly key: string } | undefined
  /** Called when the client has read the head of an answer. */
  onHead: (() => void) | undefined
  isOverHttp2: boolean
}

type Fetch = (url: RequestInfo | URL, init?: RequestInit) => Promise<Response>

/** A running fault server. */
export interface FaultServer {
  readonly baseUrl: string
  /** What it does with idempotency keys. Undefined for a server of v1. */
  readonly keys: Keys | undefined
  /**
   * Wraps an HTTP client so that each request goes to the address that plays its fault, for example a closed port. Nothing else of
   * the request changes, but for a header of v3 that numbers the attempts.
   */
  readonly route: (http: Layer.Layer<HttpClient.HttpClient>) => Layer.Layer<HttpClient.HttpClient>
  /**
   * Makes a `fetch` for a client of another kind, which sends one message. It does what {@link route} does, and nothing else of the
   * request changes.
   */
  readonly fetchFor: (id: string) => Fetch
  /** Returns the address that plays the fault of the message's next request. */
  readonly door: (id: string) => Effect.Effect<string>
  /** Notifies the server that the client has read the head of the answer to an attempt of a message; v1 numbers none. */
  readonly onHead: (id: string, attempt: number) => void
  /** Returns how many times a message was accepted. */
  readonly accepted: (id: string) => number
  /** Returns the idempotency keys of a message. */
  readonly keysOf: (id: string) => ReadonlySet<string>
  /** Returns the number of requests of a message. */
  readonly requests: (id: string) => number
  /** Returns whether a request of a message came over HTTP/2. */
  readonly isOverHttp2: (id: string) => boolean
  /** Registers a callback for requests of this message that will not be answered. */
  readonly onSilence: (id: string, callback: () => void) => void
  /** The number of requests to the other origin, to which redirects lead, and how many of them contained a credential. */
  readonly elsewhere: { readonly requests: number; readonly credentials: number }
  /** Waits until every byte in transit has been read. After that, the counts are final. */
  readonly settle: Effect.Effect<void>
}

/**
 * Starts a fault server, which stops when the scope closes.
 *
 * **Details**
 *
 * `plan` returns the fault for a message and the number of its request, counted from 1. The first variable, `id`, identifies the
 * message. A request whose key the server has kept is not executed again, whatever fault it meets.
 *
 * **Gotchas**
 *
 * From then on, the process trusts the test authority, whose key no longer exists.
 */
export const faultServer = Effect.fnUntraced(function* (
  plan: (id: string, request: number) => Fault,
  keys?: Keys,
): Effect.fn.Return<FaultServer, never, Scope.Scope> {
  trustTestAuthority()
  const scope = yield* Scope.Scope
  const messages = new Map<string, Message>()
  const messageOf = (id: string): Message => {
    const known = messages.get(id)
    if (known !== undefined) return known
    const message: Message = {
      requests: 0,
      accepted: 0,
      keys: new Set(),
      onSilence: () => undefined,
      failed: undefined,
      onHead: undefined,
      isOverHttp2: false,
    }
    messages.set(id, message)
    return message
  }
  const faultOf = (id: string): Fault => plan(id, messageOf(id).requests + 1)

  /**
   * The last attempt for which each key is known. A request that the client has given up may be read after the answer to a later
   * one: of a key that is forgotten by then, it is not a later request.
   */
  const kept = new Map<string, number>()
  /** Executes a request that a fault accepts, unless its key is known. */
  const accept = (
    id: string,
    { attempt, key }: Pick<Read, "attempt" | "key">,
    met: Fault | undefined,
  ): void => {
    const message = messageOf(id)
    if (key !== undefined) message.keys.add(key)
    if (met?.accepts === false || attempt <= (kept.get(key ?? "") ?? -1)) return
    message.accepted += 1
    if (keys !== "kept" || key === undefined) return
    kept.set(key, Infinity)
    const isSuccess = met === undefined || met.says === "accepted" || isLostOnTheWay(met)
    if (!isSuccess) message.failed = { attempt, key }
  }

  /**
   * Counts a request and returns the fault that it meets. A client that repeats a request by itself meets a fault of another kind
   * of connection: that one is accepted.
   */
  const meet = <At extends Fault["at"]>(
    { attempt, id, key }: Pick<Read, "attempt" | "id" | "key">,
    ...at: ReadonlyArray<At>
  ): Extract<Fault, { readonly at: At }> | undefined => {
    const message = messageOf(id)
    const next = faultOf(id)
    message.requests += 1
    const isOfThisDoor = (met: Fault): met is Extract<Fault, { readonly at: At }> =>
      at.some((known) => known === met.at)
    const met = isOfThisDoor(next) ? next : undefined
    accept(id, { attempt, key }, met)
    return met
  }

  // ---------------------------------------------------------------------------
  // Plain TCP
  // ---------------------------------------------------------------------------

  const elsewhere = { requests: 0, credentials: 0 }
  const other = yield* listening((socket) => {
    // A connection without a byte is not a request: core ends some requests before they are written.
    socket.once("data", () => (elsewhere.requests += 1))
    socket.on("data", (chunk) => {
      const text = chunk.toString("latin1")
      if (text.includes(credentials.apiKey) || text.includes(credentials.senderId)) {
        elsewhere.credentials += 1
      }
      socket.end(answer(204))
    })
  })

  const main = yield* listening((socket) => {
    let ambushed: (() => void) | undefined
    const ambush: Exchange["ambush"] = (next) => {
      ambushed = next
    }
    const read = requestsIn((request) => {
      const message = messageOf(request.id)
      const met = meet(request, "request", "head", "connection", "connect")
      if (met === undefined) {
        socket.write(answer(204))
        return
      }
      met.play({
        socket,
        ambush,
        elsewhere: `http://127.0.0.1:${other.port}`,
        fallSilent: () => message.onSilence(),
        fallSilentAfterHead: () => {
          message.onHead = () => message.onSilence()
        },
      })
    })
    socket.on("data", (chunk) => (ambushed === undefined ? read(chunk) : ambushed()))
  })

  const resetting = yield* listening((socket) => socket.resetAndDestroy())
  const closed = yield* Effect.scoped(listening(() => undefined))

  // ---------------------------------------------------------------------------
  // Doors that are opened when a message first needs them
  // ---------------------------------------------------------------------------

  const opened = new Map<string, Effect.Effect<Listening>>()
  const open = (
    name: string,
    door: Effect.Effect<Listening, never, Scope.Scope>,
  ): Effect.Effect<Listening> =>
    Effect.suspend(() => {
      const known = opened.get(name)
      if (known !== undefined) return known
      const cached = Effect.runSync(Effect.cached(Scope.provide(door, scope)))
      opened.set(name, cached)
      return cached
    })

  const tlsDoor = (version: TlsVersion): Effect.Effect<Listening> =>
    open(
      version,
      listening((socket) => {
        let connection: TlsConnection | undefined
        const read = requestsIn((request) => {
          const message = messageOf(request.id)
          const met = meet(request, "tls")
          if (connection === undefined) return
          if (met === undefined) connection.answer(answer(204))
          else met.play({ ...connection, fallSilent: () => message.onSilence() })
        })
        speakTls(socket, version, (chunk, now) => {
          connection = now
          read(chunk)
        })
      }),
    )

  const http2 = http2Server({
    onStream: (id, exchange) => {
      messageOf(id).isOverHttp2 = true
      const met = meet({ attempt: 0, id, key: undefined }, "stream", "streamed")
      if (met === undefined) exchange.stream.respond({ ":status": 204 }, { endStream: true })
      else met.play(exchange)
    },
    onHttp1: (id) => {
      const message = messageOf(id)
      message.requests += 1
      message.accepted += 1
    },
  })
  const http2Door: Effect.Effect<Listening> = open("HTTP/2", listening(http2.connect))

  /** The messages at a door that will not answer. Their requests cannot be told apart there. */
  const waiting = new Set<string>()
  const fallSilent = (): void => {
    for (const id of waiting) messageOf(id).onSilence()
    waiting.clear()
  }

  // A connect has begun when its socket is there. There is no other sign of it.
  const fallSilentSoon = (): void => void setImmediate(fallSilent)

  const handshakeDoor = ({ name, server }: HandshakeFault): Effect.Effect<Listening> => {
    if (typeof server === "function") {
      return open(
        name,
        listening((socket) => void socket.once("data", () => server(socket, fallSilent))),
      )
    }
    const tls = createServer(server, (secure) => {
      secure.on("error", () => undefined)
      // What is read here was not kept from being sent.
      secure.on(
        "data",
        requestsIn((request) => {
          accept(request.id, request, undefined)
          secure.write(answer(204))
        }),
      )
    })
    tls.on("tlsClientError", () => undefined)
    return open(
      name,
      listening((socket: Socket) => void tls.emit("connection", socket)),
    )
  }

  const unansweredDoor: Effect.Effect<Listening> = open(
    "unanswered",
    Effect.gen(function* () {
      const port = yield* unanswered
      yield* Effect.acquireRelease(
        Effect.sync(() => subscribe("net.client.socket", fallSilentSoon)),
        () => Effect.sync(() => unsubscribe("net.client.socket", fallSilentSoon)),
      )
      return { port, settle: Effect.void }
    }),
  )

  const door = Effect.fnUntraced(function* (id: string) {
    const next = faultOf(id)
    switch (next.at) {
      case "request":
        return `http://127.0.0.1:${main.port}`
      case "head":
        return `http://127.0.0.1:${main.port}${pathOf(id)}`
      case "connection":
        messageOf(id).requests += 1
        return `http://127.0.0.1:${resetting.port}`
      case "connect":
        messageOf(id).requests += 1
        return `http://127.0.0.1:${closed.port}`
      case "tls":
        return `https://127.0.0.1:${(yield* tlsDoor(next.version)).port}`
      case "stream":
      case "streamed":
        return `https://127.0.0.1:${(yield* http2Door).port}${next.at === "stream" ? pathOf(id) : ""}`
      case "handshake": {
        messageOf(id).requests += 1
        const { port } = yield* handshakeDoor(next)
        waiting.add(id)
        return `https://127.0.0.1:${port}`
      }
      case "unanswered":
      default: {
        messageOf(id).requests += 1
        const { port } = yield* unansweredDoor
        waiting.add(id)
        return `${next.scheme}://127.0.0.1:${port}`
      }
    }
  })

  /** The client has read the head of an answer to this attempt. */
  const onHead = (id: string, attempt: number): void => {
    const message = messageOf(id)
    const { failed } = message
    if (failed !== undefined && attempt === failed.attempt) {
      kept.set(failed.key, failed.attempt)
      message.failed = undefined
    }
    // The caller has begun to wait for the body.
    if (message.onHead !== undefined) setImmediate(message.onHead)
    message.onHead = undefined
  }

  let attempts = 0
  const numbered = (request: HttpClientRequest.HttpClientRequest) =>
    keys === undefined
      ? request
      : HttpClientRequest.setHeader(request, attemptHeader, String(++attempts))

  return {
    baseUrl: `http://127.0.0.1:${main.port}`,
    keys,
    door,
    onHead,
    route: (http) =>
      Layer.effect(
        HttpClient.HttpClient,
        Effect.map(HttpClient.HttpClient, (client) =>
          client.pipe(
            HttpClient.mapRequestEffect((request) =>
              Effect.map(door(idOfRequest(request)), (origin) =>
                numbered(
                  HttpClientRequest.setUrl(request, `${origin}${new URL(request.url).pathname}`),
                ),
              ),
            ),
            HttpClient.tap(({ request }) =>
              Effect.sync(() => onHead(idOfRequest(request), attemptIn(request.headers))),
            ),
          ),
        ),
      ).pipe(Layer.provide(http)),
    fetchFor: (id) => async (url, init) => {
      const headers = new Headers(init?.headers)
      const attempt = ++attempts
      if (keys !== undefined) headers.set(attemptHeader, String(attempt))
      const origin = await Effect.runPromise(door(id))
      const { pathname } = new URL(new Request(url).url)
      const response = await fetch(`${origin}${pathname}`, { ...init, headers })
      onHead(id, attempt)
      return response
    },
    accepted: (id) => messageOf(id).accepted,
    keysOf: (id) => messageOf(id).keys,
    requests: (id) => messageOf(id).requests,
    isOverHttp2: (id) => messageOf(id).isOverHttp2,
    onSilence: (id, callback) => {
      messageOf(id).onSilence = callback
    },
    elsewhere,
    settle: Effect.suspend(() => {
      http2.closeLeft()
      const doors = [Effect.succeed(main), Effect.succeed(other), ...opened.values()]
      return Effect.forEach(
        doors,
        Effect.flatMap(({ settle }) => settle),
        { discard: true },
      )
    }),
  }
})

const attemptIn = (headers: EffectHeaders.Headers): number => Number(headers[attemptHeader])

const idOfRequest = ({ body }: HttpClientRequest.HttpClientRequest): string => {
  if (body._tag !== "Uint8Array") throw new Error(`a body of another kind: ${body._tag}`)
  // The padding of large bodies follows the id.
  return idOf(new TextDecoder().decode(body.body.subarray(0, 2000)))
}
