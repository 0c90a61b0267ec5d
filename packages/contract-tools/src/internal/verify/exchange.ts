/** Sends a request over a connection of its own, once, and waits for the response until a time-out. */
import type { WireRequest } from "@effect-sent/contract/ContractValidator"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { connect, isIP, type Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import { type RawResponse, readResponse } from "./wire.ts"

/** A request, and how its body is delimited. */
export interface SentRequest extends WireRequest {
  /** Whether the body is sent in chunks, without a content length. Default: false. */
  readonly isChunked?: boolean
}

export type Outcome =
  | {
      readonly _tag: "Responded"
      readonly response: RawResponse
      /** When the head of the response was there, by `performance.now()`. */
      readonly at: number
      /** How long the head took. */
      readonly millis: number
    }
  /** There was no response. `how` says why. */
  | {
      readonly _tag: "Broken"
      readonly how: string
      readonly kind: "unreachable" | "untrusted" | "silent" | "broken"
    }

export type Exchange = (request: SentRequest) => Effect.Effect<Outcome>

/** A longer response is cut off. */
const maxResponseBytes = 1024 * 1024
/** How long to wait for the end of the connection after the response: what comes until then is surplus. */
const graceMillis = 10

/** Sends requests to a server. */
export const makeExchange = (target: string, timeoutMillis: number): Exchange => {
  const url = new URL(target)
  const isTls = url.protocol === "https:"
  const host = url.hostname.replaceAll(/^\[|\]$/g, "")
  const port = Number(url.port === "" ? (isTls ? 443 : 80) : url.port)
  const prefix = url.pathname.replace(/\/$/, "")
  const open = (): Socket =>
    isTls
      ? connectTls({
          host,
          port,
          ALPNProtocols: ["http/1.1"],
          ...(isIP(host) ? {} : { servername: host }),
        })
      : connect({ host, port })

  return (request) =>
    Effect.callback<Outcome>((resume) => {
      const startedAt = performance.now()
      const socket = open()
      const chunks: Array<Buffer> = []
      let size = 0
      let at: number | undefined
      let grace: NodeJS.Timeout | undefined
      const end = (outcome: Outcome): void => {
        clearTimeout(timer)
        clearTimeout(grace)
        socket.destroy()
        resume(Effect.succeed(outcome))
      }
      const read = (isClosed: boolean): void => {
        const reading = readResponse(Buffer.concat(chunks), isClosed, request.method === "HEAD")
        if (reading._tag === "Malformed") {
          return end({ _tag: "Broken", how: reading.how, kind: "broken" })
        }
        if (reading._tag === "Complete" || reading.hasHead) at ??= performance.now()
        if (reading._tag === "Incomplete") {
          if (isClosed) {
            const how = reading.hasHead
              ? "the connection broke in the middle of the response"
              : "the connection was closed without a response"
            end({ _tag: "Broken", how, kind: "broken" })
          }
          return
        }
        const headAt = at ?? startedAt
        const { response } = reading
        const finish = (): void =>
          end({ _tag: "Responded", response, at: headAt, millis: headAt - startedAt })
        if (isClosed) return finish()
        clearTimeout(grace)
        grace = setTimeout(finish, graceMillis)
      }
      const timer = setTimeout(() => {
        const how = `no response within ${timeoutMillis / 1000} seconds`
        end({ _tag: "Broken", how, kind: "silent" })
      }, timeoutMillis)
      socket.on("data", (chunk: Buffer) => {
        // Of a longer response, the rest is not needed to find it wrong.
        if (size > maxResponseBytes) return read(true)
        chunks.push(chunk)
        size += chunk.length
        read(false)
      })
      socket.on("error", (cause) => {
        // A server may close the connection while it is still sent a body that it has refused.
        if (readResponse(Buffer.concat(chunks), true)._tag === "Complete") return read(true)
        end(brokenBy(cause))
      })
      socket.on("end", () => read(true))
      socket.on(isTls ? "secureConnect" : "connect", () =>
        socket.write(bytesOf(request, url.host, prefix)),
      )
      return Effect.sync(() => {
        clearTimeout(timer)
        clearTimeout(grace)
        socket.destroy()
      })
    })
}

const bytesOf = (
  { body, headers, isChunked = false, method, target }: SentRequest,
  host: string,
  prefix: string,
): Buffer => {
  const length = isChunked ? "transfer-encoding: chunked" : `content-length: ${body.length}`
  const lines = [
    `${method} ${prefix}${target} HTTP/1.1`,
    `host: ${host}`,
    "connection: close",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body.length === 0 && (method === "GET" || method === "HEAD") ? [] : [length]),
  ]
  return Buffer.concat([
    Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"),
    isChunked ? inChunks(body) : body,
  ])
}

const inChunks = (body: Uint8Array): Buffer => {
  const half = Math.ceil(body.length / 2)
  const chunks = [body.subarray(0, half), body.subarray(half)].filter(({ length }) => length > 0)
  return Buffer.concat([
    ...chunks.flatMap((chunk) => [
      Buffer.from(`${chunk.length.toString(16)}\r\n`),
      chunk,
      Buffer.from("\r\n"),
    ]),
    Buffer.from("0\r\n\r\n"),
  ])
}

const unreachable = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$/
const untrusted = /SELF_SIGNED|UNABLE_TO|CERT_|ERR_TLS_CERT/

const brokenBy = (cause: unknown): Outcome => {
  const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : undefined
  const kind =
    code === undefined
      ? "broken"
      : unreachable.test(code)
        ? "unreachable"
        : untrusted.test(code)
          ? "untrusted"
          : "broken"
  const what = {
    unreachable: "the server cannot be reached",
    untrusted: "the certificate of the server is not trusted",
    broken: "the connection broke",
  }[kind]
  return { _tag: "Broken", how: code === undefined ? what : `${what} (${code})`, kind }
}
