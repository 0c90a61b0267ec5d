/**
 * A client on a raw socket. It sends and receives bytes unchanged, so that no library corrects a request or normalises an answer.
 */
import { Effect, type Scope } from "effect"
import { connect, type Socket } from "node:net"

/** A received answer. */
export interface Received {
  readonly status: number
  /** The headers by name. Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A request to send. By default, a `POST` to the endpoint without headers and body. */
export interface Sent {
  readonly method?: string | undefined
  /** The request target, in any form. */
  readonly target?: string | undefined
  /** The headers, sent as written and in this order. No header is added. */
  readonly headers?: ReadonlyArray<readonly [name: string, value: string]> | undefined
  readonly body?: string | Uint8Array | undefined
}

type Bytes = string | Uint8Array

/** The bytes of a request. The head is encoded in Latin-1. */
export const bytesOf = ({
  method = "POST",
  target = "/v1/messages/phone",
  headers = [],
  body = "",
}: Sent): Buffer => {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`
  return Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body)])
}

/** Opens a connection, which closes with the scope. */
export const open = (port: number): Effect.Effect<Socket, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Socket>((resume) => {
      const socket = connect(port, "127.0.0.1")
      socket.once("error", (error) => resume(Effect.die(error)))
      socket.once("connect", () => resume(Effect.succeed(socket)))
    }),
    (socket) => Effect.sync(() => socket.destroy()),
  )

/** Reads a connection until the other side closes it. */
export const received = (socket: Socket): Effect.Effect<Buffer> =>
  Effect.callback<Buffer>((resume) => {
    const chunks: Array<Buffer> = []
    socket.on("data", (chunk: Buffer) => chunks.push(chunk))
    socket.once("error", (error) => resume(Effect.die(error)))
    socket.once("close", () => resume(Effect.succeed(Buffer.concat(chunks))))
  })

/** The text that was received before a connection ended, and the code of the error that ended it, if any. */
export interface Ended {
  readonly text: string
  readonly error: string | undefined
}

/** Sends bytes over a new connection, and returns how the connection ended. */
export const endOf = (port: number, bytes: Bytes): Effect.Effect<Ended> =>
  Effect.callback((resume) => {
    let text = ""
    let error: string | undefined
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes))
    socket.setEncoding("utf8")
    socket.on("data", (chunk: string) => (text += chunk))
    socket.on("error", (cause: NodeJS.ErrnoException) => (error = cause.code))
    socket.on("close", () => resume(Effect.succeed({ text, error })))
    return Effect.sync(() => socket.destroy())
  })

/** Sends bytes over a new connection, waits until the server closes it, and returns the answers. */
export const talk: (
  port: number,
  ...parts: ReadonlyArray<Bytes>
) => Effect.Effect<ReadonlyArray<Received>> = Effect.fnUntraced(function* (
  port: number,
  ...parts: ReadonlyArray<Bytes>
) {
  const socket = yield* open(port)
  for (const part of parts) socket.write(part)
  return answersIn(yield* received(socket))
}, Effect.scoped)

/** Parses the answers in the bytes of a connection. The answer to a HEAD request has no body, regardless of its headers. */
export const answersIn = (bytes: Buffer, isHead = false): ReadonlyArray<Received> => {
  const answers: Array<Received> = []
  let rest = bytes
  while (rest.length > 0) {
    const end = rest.indexOf("\r\n\r\n")
    if (end === -1) throw new Error(`not an HTTP answer: ${rest.toString("latin1")}`)
    const [statusLine = "", ...lines] = rest.subarray(0, end).toString("latin1").split("\r\n")
    const status = Number(/^HTTP\/1\.1 ([1-5][0-9]{2}) /.exec(statusLine)?.[1])
    const headers = Object.fromEntries(
      lines.map((line) => {
        const [, name = "", value = ""] = /^([^:\s]+): ?(.*)$/.exec(line) ?? []
        return [name.toLowerCase(), value]
      }),
    )
    const length = isHead ? 0 : Number(headers["content-length"] ?? 0)
    const start = end + 4
    if (rest.length < start + length) throw new Error("the answer is incomplete")
    answers.push({ status, headers, body: rest.subarray(start, start + length).toString("utf8") })
    rest = rest.subarray(start + length)
  }
  return answers
}
