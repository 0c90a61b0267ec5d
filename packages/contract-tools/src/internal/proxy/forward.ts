/**
 * Passes a request on as it came and its answer back as it came, and keeps a copy of both. Once: a request that fails is
 * not sent again, since it may have been a message to a person.
 */
import * as http from "node:http"
import * as https from "node:https"
import type { WireResponse, WireRequest } from "@effect-sent/contract/ContractValidator"
import * as ProblemDocument from "@effect-sent/contract/ProblemDocument"
import { maxBodyBytes, type Unread } from "./decode.ts"

/** What went through. */
export interface Exchange {
  readonly request: Copy<WireRequest>
  readonly outcome:
    | { readonly _tag: "Answered"; readonly answer: Copy<WireResponse> }
    /** `mayHaveArrived`: whether the message may be on its way all the same. */
    | { readonly _tag: "Broken"; readonly how: string; readonly mayHaveArrived: boolean }
    /** The application did not wait for the answer. */
    | { readonly _tag: "HungUp" }
}

type Copy<A extends { readonly body: Uint8Array }> = Omit<A, "body"> & {
  readonly body: Uint8Array | Unread
}

export interface Upstream {
  /** Its path, if there is one, stands in front of every other. */
  readonly base: URL
  /** How long it may be silent. */
  readonly timeoutMillis: number
}

/** `over` is told of the exchange when nothing more of it is to come: before the application has seen its end. */
export const forward = (
  { base, timeoutMillis }: Upstream,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  over: (exchange: Exchange) => void,
): void => {
  const { headers, httpVersion, method = "GET" } = request
  // Or the target's own would be put in its place.
  if (httpVersion === "1.1" && headers.host === undefined) {
    request.resume()
    return refuse(response, 400, "The header host is missing")
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
    // Or Node would say what the application did not, e.g. that an empty body is chunked.
    setDefaultHeaders: false,
    // A connection that was used before may be closed while the request is on its way.
    agent: false,
  })

  upstream.once("socket", (socket) => {
    // Before that nothing is written.
    socket.once(base.protocol === "https:" ? "secureConnect" : "connect", () => {
      isConnected = true
    })
    socket.setTimeout(timeoutMillis, () => {
      const waitsForMore = !request.complete && !upstream.writableNeedDrain
      // Or it is the application that is slow, to write or to read.
      if (waitsForMore || response.writableNeedDrain) return
      fail(504, `the target was silent for ${timeoutMillis / 1000} seconds`)
    })
  })
  upstream.on("error", ({ code = "?" }: NodeJS.ErrnoException) =>
    fail(502, `${isConnected ? "the connection to the target broke" : unreachable} (${code})`),
  )
  upstream.once("continue", () => {
    if (isExpecting(request)) response.writeContinue()
  })
  // `Upgrade` is not passed on.
  upstream.once("upgrade", (_answer, socket) => {
    fail(502, "the target changed the protocol unasked")
    socket.destroy()
  })
  upstream.once("response", (answer) => {
    const answerBody = keep(answer)
    response.sendDate = false
    try {
      response.writeHead(
        answer.statusCode ?? 0,
        answer.statusMessage,
        passedOn(answer, httpVersion),
      )
    } catch {
      return fail(502, "the first line of the target's answer is not HTTP")
    }
    pass(answer, response)
    answer.once("end", () =>
      end({
        _tag: "Answered",
        answer: {
          status: answer.statusCode ?? 0,
          headers: headersOf(answer),
          body: answerBody(),
        },
      }),
    )
    answer.once("close", () => {
      if (!answer.complete) fail(502, "the target's answer broke off")
    })
  })
  // What is still to come of the request is not for the target any more.
  upstream.once("close", () => request.unpipe(upstream).resume())
  response.once("close", () => {
    if (response.writableFinished) return
    end({ _tag: "HungUp" })
    upstream.destroy()
  })

  pass(request, upstream)
}

/** The head at once, byte for byte as it was read, the body as it comes, and what may follow it. */
const pass = (source: http.IncomingMessage, sink: http.OutgoingMessage): void => {
  sink.write("", "latin1")
  source.once("end", () => sink.addTrailers([...pairsOf(source.rawTrailers)]))
  source.pipe(sink)
}

/**
 * Waits until no more of a request is to come: a service may answer before it has heard all. Of a request that was
 * answered, Node does not say that it ended with its connection.
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

/** Copies what is read of a body by others. */
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
    return message.complete ? Buffer.concat(chunks) : { because: "broke off" }
  }
}

// -----------------------------------------------------------------------------
// Heads
// -----------------------------------------------------------------------------

/** RFC 9112, section 3.2.2: only a proxy is sent a whole URL. By hand: the URL parser would put the path in order. */
const originForm = (target: string): string => {
  const [, rest] = /^https?:\/\/[^/?#]*(.*)$/i.exec(target) ?? []
  if (rest === undefined) return target
  return rest.startsWith("/") ? rest : `/${rest}`
}

const isExpecting = ({ headers }: http.IncomingMessage): boolean => headers.expect !== undefined

/** In lower case. What comes several times is a list, also where Node keeps the first alone. */
const headersOf = ({ rawHeaders }: http.IncomingMessage): Readonly<Record<string, string>> => {
  const headers = new Map<string, string>()
  for (const [name, value] of pairsOf(rawHeaders)) {
    const key = name.toLowerCase()
    const known = headers.get(key)
    headers.set(key, known === undefined ? value : `${known}, ${value}`)
  }
  return Object.fromEntries(headers)
}

/** RFC 9110, section 7.6.1: these are between two neighbours, as are those that `Connection` names. */
const hopByHop = new Set(["connection", "keep-alive", "proxy-connection", "te", "upgrade"])

/**
 * Names and values in turn, as they came, but for what is between two neighbours, and for `Host`, which is the target's.
 * `Transfer-Encoding` is between neighbours, too, but each of ours needs the same: it says how the body is written.
 */
const passedOn = (message: http.IncomingMessage, httpVersion: string): Array<string> => {
  const pairs = pairsOf(message.rawHeaders)
  const named = pairs
    .filter(([name]) => name.toLowerCase() === "connection")
    .flatMap(([, value]) => value.toLowerCase().split(/\s*,\s*/))
  const dropped = new Set([...hopByHop, ...named, "host"])
  const isChunked = httpVersion === "1.1" && message.headers["transfer-encoding"] !== undefined
  // RFC 9110, section 6.5: nothing can follow a body of another form, and HTTP/1.0 knows no chunks.
  if (!isChunked) dropped.add("trailer").add("transfer-encoding")
  else dropped.delete("transfer-encoding")
  // Whoever names it: without it, a body would be read as one more request.
  dropped.delete("content-length")
  return pairs.filter(([name]) => !dropped.has(name.toLowerCase())).flat()
}

const pairsOf = (raw: ReadonlyArray<string>): ReadonlyArray<[name: string, value: string]> =>
  raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""] as const] : []))

// -----------------------------------------------------------------------------
// Answers of our own
// -----------------------------------------------------------------------------

const unreachable = "the target cannot be reached"

/** What that means for a message that costs money. */
export const consequenceOf = (mayHaveArrived: boolean): string =>
  mayHaveArrived ? "the request may have arrived all the same" : "the request was not sent"

const refuse = (response: http.ServerResponse, status: number, detail: string): void => {
  // What has begun cannot become a refusal: the application sees the same as it would without us.
  if (response.headersSent) {
    response.destroy()
    return
  }
  const text = JSON.stringify(ProblemDocument.make(status, detail))
  // With the reason: one of the target's that cannot be passed on would be in its place.
  response.writeHead(status, http.STATUS_CODES[status], [
    "Content-Type",
    ProblemDocument.mediaTypes[0] ?? "application/json",
    "Content-Length",
    String(Buffer.byteLength(text)),
  ])
  response.end(text)
}
