/** The requests in the bytes of an HTTP/1.1 connection. */

export interface Request {
  /** The message's id. */
  readonly id: string
  /** Whether only the head was read, since the message's id is in its path. */
  readonly isHead: boolean
  /** The idempotency key, which only v3 has. */
  readonly key: string | undefined
  /** The number of the attempt, which only v3 has; 0 without one. */
  readonly attempt: number
}

/** The header with the number of the attempt. */
export const attemptHeader = "x-fault-attempt"

const attemptIn = new RegExp(`^${attemptHeader}: *(\\d+)`, "im")

/** Returns a function that takes the bytes of a connection and calls `onRequest` for each request. */
export const requestsIn = (onRequest: (request: Request) => void): ((chunk: Buffer) => void) => {
  let received = ""
  // The number of bytes that remain of a body that is ignored.
  let unread = 0
  return (chunk) => {
    const ignored = Math.min(unread, chunk.length)
    unread -= ignored
    received += chunk.subarray(ignored).toString("latin1")
    const head = /^POST (\S+) HTTP.*?\r\n\r\n/s.exec(received)
    if (head === null) return
    const length = Number(/^content-length: *(\d+)/im.exec(head[0])?.[1] ?? 0)
    const body = received.slice(head[0].length)
    const key = /^idempotency-key: *(\S+)/im.exec(head[0])?.[1]
    const attempt = Number(attemptIn.exec(head[0])?.[1] ?? 0)
    const early = idOfPath(head[1] ?? "")
    if (early === undefined && body.length < length) return
    received = ""
    unread = Math.max(0, length - body.length)
    onRequest(
      early === undefined
        ? { id: idOf(body), isHead: false, key, attempt }
        : { id: early, isHead: true, key, attempt },
    )
  }
}

/** The path of a request whose fault is played before its body is read. */
export const pathOf = (id: string): string => `/head/${encodeURIComponent(id)}`

/** The message's id in such a path. */
export const idOfPath = (path: string): string | undefined => {
  const id = /^\/head\/([^/]+)\//.exec(path)?.[1]
  return id === undefined ? undefined : decodeURIComponent(id)
}

/** The message's id in the body of a request, or in the beginning of it. */
export const idOf = (body: string): string => {
  const id = /"(?:messageBody|parameters)":\{"id":"([^"]+)"/.exec(body)?.[1]
  if (id === undefined) throw new Error(`a request without an id: ${body.slice(0, 200)}`)
  return id
}
