/**
 * Forwards a request and its response unchanged, and keeps a copy of both. A failed request is not repeated, since it may
 * have sent a message.
 */
import * as http from "node:http"
import * as https from "node:https"
import type { WireResponse, WireRequest } from "@effect-sent/contract/ContractValidator"
import * as ProblemDocument from "@effect-sent/contract/ProblemDocument"
import { maxBodyBytes, type Unread } from "./decode.ts"

/** A request that was forwarded, and what came of it. */
export interface Exchange {
  readonly request: Copy<WireRequest>
  readonly outcome:
    | { readonly _tag: "Responded"; readonly response: Copy<WireResponse> }
    /** `mayHaveArrived`: whether the service may have processed the request. */
    | { readonly _tag: "Broken"; readonly how: string; readonly mayHaveArrived: boolean }
    /** The application closed the connection before the response. */
    | { readonly _tag: "HungUp" }
}

type Copy<A extends { readonly body: Uint8Array }> = Omit<A, "body"> & {
  readonly body: Uint8Array | Unread
}

export interface Upstream {
  /** Its path is a prefix of every request's. */
  readonly base: URL
  /** How long the service may be silent. */
  readonly timeoutMillis: number
}

/** Calls `over` when the exchange is complete, before the application sees its end. */
export const forward = (
  { base, timeoutMillis }: Upstream,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  over: (exchange: Exchange) => void,
): void => {
  const { headers, httpVersion, method = "GET" } = request
  // The target's host would take its place, and hide that it is missing.
  if (httpVersion === "1.1" && headers.host === undefined) {
    request.resume()
    return refuse(response, 400, "the header host is missing")
  }
  const target = originForm(request.url ?? "/")
  const requestBody = keep(request)

  let isConnected = false
  let isOver = false
  const end = (outcome: Exchange["outcome"]): void => {
    if (isOver) return
    isOver = true
    whenHeard(request, () => {
      const described = { method, target, headers: headersOf(request), body: requestBody() }
      over({ request: described, outcome })
    })
  }
  const fail = (status: 502 | 504, how: string): void => {
    if (isOver) return
    const mayHaveArrived = isConnected
    refuse(response, status, `${how}; ${consequenceOf(mayHaveArrived)}`)
    end({ _tag: "Broken", how, mayHaveArrived })
    upstream.destroy()
  }

  const upstream = (base.protocol === "https:" ? https : http).request({
    // A socket has no brackets around an IPv6 address.
    hostname: base.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: base.port,
    method,
    path: target === "*" ? target : `${base.pathname.replace(/\/$/, "")}${target}`,
    headers: ["Host", base.host, ...passedOn(request, "1.1"), "Connection", "close"],
    // Node would add headers that the application did not send, e.g. for an empty body.
    setDefaultHeaders: false,
    // A reused connection may be closed while the request is on its way.
    agent: false,
  })

  upstream.once("socket", (socket) => {
    // Nothing is written before that.
    socket.once(base.protocol === "https:" ? "secureConnect" : "connect", () => {
      isConnected = true
    })
    socket.setTimeout(timeoutMillis, () => {
      const waitsForMore = !request.complete && !upstream.writableNeedDrain
      // The application may be the slow one, in writing or in reading.
      if (waitsForMore || response.writableNeedDrain) return
      fail(504, `the target was silent for ${timeoutMillis / 1000} seconds`)
    })
  })
  upstream.on("error", ({ code = "?" }: NodeJS.ErrnoException) =>
    fail(502, `${isConnected ? "the connection to the target broke" : unreachable} (${code})`),
  )
  upstream.once("continue", () => {
    if (expectsContinue(request)) response.writeContinue()
  })
  // `Upgrade` is not passed on.
  upstream.once("upgrade", (_response, socket) => {
    fail(502, "the target switched protocols unasked")
    socket.destroy()
  })
  upstream.once("response", (incoming) => {
    const responseBody = keep(incoming)
    response.sendDate = false
    try {
      response.writeHead(
        incoming.statusCode ?? 0,
        incoming.statusMessage,
        passedOn(incoming, httpVersion),
      )
    } catch {
      return fail(502, "the status line of the target's response is not HTTP")
    }
    pass(incoming, response)
    incoming.once("end", () =>
      end({
        _tag: "Responded",
        response: {
          status: incoming.statusCode ?? 0,
          headers: headersOf(incoming),
          body: responseBody(),
        },
      }),
    )
    incoming.once("close", () => {
      if (!incoming.complete) fail(502, "the target's response was cut off")
    })
  })
  // The rest of the request no longer goes to the target.
  upstream.once("close", () => request.unpipe(upstream).resume())
  response.once("close", () => {
    if (response.writableFinished) return
    end({ _tag: "HungUp" })
    upstream.destroy()
  })

  pass(request, upstream)
}

/** Sends the head at once, byte for byte, then the body as it comes, then the trailers. */
const pass = (source: http.IncomingMessage, sink: http.OutgoingMessage): void => {
  sink.write("", "latin1")
  source.once("end", () => sink.addTrailers([...pairsOf(source.rawTrailers)]))
  source.pipe(sink)
}

/**
 * Waits for the end of a request: a service may respond before it has read all of it. Node does not report that a request
 * with a response ended with its connection.
 */
const whenHeard = (request: http.IncomingMessage, then: () => void): void => {
  const { socket } = request
  const heard = (): void => {
    request.off("close", heard)
    socket.off("close", heard)
    then()
  }
  if (request.closed || request.readableEnded) return then()
  request.once("close", heard)
  socket.once("close", heard)
}

/** Copies a body while it is forwarded. */
const keep = (message: http.IncomingMessage): (() => Uint8Array | Unread) => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  message.on("data", (chunk: Buffer) => {
    size += chunk.length
    if (size > maxBodyBytes) chunks.length = 0
    else chunks.push(chunk)
  })
  return () => {
    if (size > maxBodyBytes) return { because: `is larger than ${maxBodyBytes} bytes` }
    return message.complete ? Buffer.concat(chunks) : { because: "was cut off" }
  }
}

// -----------------------------------------------------------------------------
// Heads
// -----------------------------------------------------------------------------

/** RFC 9112, section 3.2.2: only a proxy gets a whole URL. By hand: the URL parser would normalise the path. */
const originForm = (target: string): string => {
  const [, rest] = /^https?:\/\/[^/?#]*(.*)$/i.exec(target) ?? []
  if (rest === undefined) return target
  return rest.startsWith("/") ? rest : `/${rest}`
}

const expectsContinue = ({ headers }: http.IncomingMessage): boolean => headers.expect !== undefined

/** Names in lower case. Repeated headers are joined, even those of which Node keeps only the first. */
const headersOf = ({ rawHeaders }: http.IncomingMessage): Readonly<Record<string, string>> => {
  const headers = new Map<string, string>()
  for (const [name, value] of pairsOf(rawHeaders)) {
    const key = name.toLowerCase()
    const known = headers.get(key)
    headers.set(key, known === undefined ? value : `${known}, ${value}`)
  }
  return Object.fromEntries(headers)
}

/** RFC 9110, section 7.6.1: not forwarded, like those that `Connection` names. */
const hopByHop = new Set(["connection", "keep-alive", "proxy-connection", "te", "upgrade"])

/**
 * Names and values in turn, as they came, without hop-by-hop headers and without `Host`, which is the target's.
 * `Transfer-Encoding` is kept, although it is hop-by-hop: the body is forwarded in the same coding.
 */
const passedOn = (message: http.IncomingMessage, httpVersion: string): Array<string> => {
  const pairs = pairsOf(message.rawHeaders)
  const named = pairs
    .filter(([name]) => name.toLowerCase() === "connection")
    .flatMap(([, value]) => value.toLowerCase().split(/\s*,\s*/))
  const dropped = new Set([...hopByHop, ...named, "host"])
  const isChunked = httpVersion === "1.1" && message.headers["transfer-encoding"] !== undefined
  // RFC 9110, section 6.5: only a chunked body has trailers, and HTTP/1.0 has no chunks.
  if (!isChunked) dropped.add("trailer").add("transfer-encoding")
  else dropped.delete("transfer-encoding")
  // Even if `Connection` names it: without it, the body would be read as another request.
  dropped.delete("content-length")
  return pairs.filter(([name]) => !dropped.has(name.toLowerCase())).flat()
}

const pairsOf = (raw: ReadonlyArray<string>): ReadonlyArray<[name: string, value: string]> =>
  raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""] as const] : []))

// -----------------------------------------------------------------------------
// Responses of the proxy
// -----------------------------------------------------------------------------

const unreachable = "the target cannot be reached"

/** What that means for the request, in words. */
export const consequenceOf = (mayHaveArrived: boolean): string =>
  mayHaveArrived ? "the request may have arrived" : "the request was not sent"

const refuse = (response: http.ServerResponse, status: number, detail: string): void => {
  // A response that has started cannot become an error: the application sees it break, as it would without the proxy.
  if (response.headersSent) {
    response.destroy()
    return
  }
  const text = JSON.stringify(ProblemDocument.make(status, detail))
  // With its own reason phrase, in place of one of the target's that cannot be forwarded.
  response.writeHead(status, http.STATUS_CODES[status], [
    "Content-Type",
    ProblemDocument.mediaTypes[0] ?? "application/json",
    "Content-Length",
    String(Buffer.byteLength(text)),
  ])
  response.end(text)
}
