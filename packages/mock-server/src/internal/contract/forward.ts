/**
 * Passes a request on as it came and its answer back as it came, and keeps a copy of both. Once: a request that fails is
 * not sent again, since it may have been a message to a person.
 */
import * as http from "node:http"
import * as https from "node:https"
import type { WireAnswer, WireRequest } from "../../ContractValidator.ts"
import { problem } from "../answer.ts"

/** What went through. A body is undefined when it was too large to be kept. */
export interface Exchange {
  readonly request: Copy<WireRequest>
  readonly outcome:
    | { readonly _tag: "Answered"; readonly answer: Copy<WireAnswer> }
    /** `mayHaveArrived`: whether the message may be on its way all the same. */
    | { readonly _tag: "Broken"; readonly how: string; readonly mayHaveArrived: boolean }
    /** The application did not wait for the answer. */
    | { readonly _tag: "HungUp" }
}

type Copy<A extends { readonly body: Uint8Array }> = Omit<A, "body"> & {
  readonly body: Uint8Array | undefined
}

/** A longer body is passed on and not looked at. */
export const maxKeptBytes = 10 * 1024 * 1024

export const forward = (
  target: string,
  timeoutMillis: number,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<Exchange> =>
  new Promise((resolve) => {
    const { hostname, pathname, port, protocol } = new URL(target)
    const requestBody = keep(request)
    const described = {
      method: request.method ?? "GET",
      target: request.url ?? "/",
      headers: headersOf(request),
    }
    let isDone = false
    const done = (outcome: Exchange["outcome"]): void => {
      if (isDone) return
      isDone = true
      clearTimeout(timer)
      resolve({ request: { ...described, body: requestBody() }, outcome })
    }
    const fail = (status: 502 | 504, how: string, mayHaveArrived: boolean): void => {
      if (!isDone) refuse(response, status, `${how}; ${consequence(mayHaveArrived)}`)
      done({ _tag: "Broken", how, mayHaveArrived })
      upstream.destroy()
    }

    const upstream = (protocol === "https:" ? https : http).request({
      // As a URL writes an IPv6 address, and as a socket does.
      hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
      port,
      method: described.method,
      path: `${pathname.replace(/\/$/, "")}${described.target}`,
      headers: [...endToEnd(request.rawHeaders), "Host", new URL(target).host],
      // A connection that was used before may be closed while the request is on its way.
      agent: false,
    })
    const timer = setTimeout(
      () => fail(504, `the target did not answer within ${timeoutMillis / 1000} seconds`, true),
      timeoutMillis,
    )
    upstream.on("error", (error: NodeJS.ErrnoException) => {
      const isRefused = error.syscall === "connect" || error.syscall === "getaddrinfo"
      fail(
        502,
        isRefused
          ? `the target cannot be reached (${error.code ?? "?"})`
          : `the connection to the target broke (${error.code ?? "?"})`,
        !isRefused,
      )
    })
    upstream.on("response", (answer) => {
      const answerBody = keep(answer)
      response.sendDate = false
      response.writeHead(
        answer.statusCode ?? 502,
        answer.statusMessage,
        endToEnd(answer.rawHeaders),
      )
      answer.pipe(response)
      answer.on("end", () =>
        done({
          _tag: "Answered",
          answer: {
            status: answer.statusCode ?? 0,
            headers: headersOf(answer),
            body: answerBody(),
          },
        }),
      )
      // What has begun cannot become a refusal: the application sees the same as it would without us.
      answer.on("close", () => {
        if (!answer.complete) {
          response.destroy()
          done({ _tag: "Broken", how: "the answer broke off", mayHaveArrived: true })
        }
      })
    })
    response.on("close", () => {
      if (response.writableFinished) return
      done({ _tag: "HungUp" })
      upstream.destroy()
    })
    request.pipe(upstream)
  })

/** Copies what is read of a body by others; undefined once it is too much. */
const keep = (message: http.IncomingMessage): (() => Uint8Array | undefined) => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  message.on("data", (chunk: Buffer) => {
    size += chunk.length
    if (size > maxKeptBytes) chunks.length = 0
    else chunks.push(chunk)
  })
  return () => (size > maxKeptBytes ? undefined : Buffer.concat(chunks))
}

const headersOf = ({ headers }: http.IncomingMessage): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value ?? ""].flat().join(", ")]),
  )

/**
 * RFC 9110, section 7.6.1: these are between two neighbours, as are those that `Connection` names. `Host` is the
 * target's own, and `Expect` was answered already.
 */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
  "expect",
])

/** Names and values in turn, as they came. */
const endToEnd = (raw: ReadonlyArray<string>): Array<string> => {
  const pairs = raw.flatMap((name, index) =>
    index % 2 === 0 ? [[name.toLowerCase(), name, raw[index + 1] ?? ""] as const] : [],
  )
  const named = new Set(
    pairs
      .filter(([key]) => key === "connection")
      .flatMap(([, , value]) => value.toLowerCase().split(/\s*,\s*/)),
  )
  return pairs.flatMap(([key, name, value]) =>
    hopByHop.has(key) || named.has(key) ? [] : [name, value],
  )
}

const consequence = (mayHaveArrived: boolean): string =>
  mayHaveArrived ? "the request may have arrived all the same" : "the request was not sent"

const refuse = (response: http.ServerResponse, status: number, detail: string): void => {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { body, mediaTypes } = problem(status, detail)
  response.writeHead(status, { "Content-Type": mediaTypes[0] ?? "application/json" })
  response.end(JSON.stringify(body))
}
