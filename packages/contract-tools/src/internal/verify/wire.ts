/** Reads a response from the bytes of a connection. An HTTP client would hide what comes where nothing may come. */
import type { WireResponse } from "@effect-sent/contract/ContractValidator"

/** A response, and how it was delimited. */
export interface RawResponse extends WireResponse {
  /** Every header line, in order. Names are in lower case. */
  readonly lines: ReadonlyArray<readonly [name: string, value: string]>
  /** Whether its head says where it ends. Otherwise, it ends with the connection. */
  readonly isDelimited: boolean
  /** How many bytes came after its end. */
  readonly surplus: number
}

/** What the bytes so far are. */
export type Reading =
  | { readonly _tag: "Incomplete"; readonly hasHead: boolean }
  | { readonly _tag: "Malformed"; readonly how: string }
  | { readonly _tag: "Complete"; readonly response: RawResponse }

const incomplete = (hasHead: boolean): Reading => ({ _tag: "Incomplete", hasHead })

/** `isClosed` says that no more can come, `isHead` that the request was a HEAD, whose response has no body. */
export const readResponse = (bytes: Buffer, isClosed: boolean, isHead = false): Reading => {
  const end = bytes.indexOf("\r\n\r\n")
  if (end < 0) {
    return bytes.length > 4 && !bytes.toString("latin1", 0, 5).startsWith("HTTP/")
      ? { _tag: "Malformed", how: "the response is not HTTP/1.1" }
      : incomplete(false)
  }
  const [statusLine = "", ...headerLines] = bytes.toString("latin1", 0, end).split("\r\n")
  const [, code] = /^HTTP\/1\.[01] ([1-5][0-9]{2})(?: |$)/.exec(statusLine) ?? []
  if (code === undefined) return { _tag: "Malformed", how: "the status line is malformed" }
  const status = Number(code)
  const rest = bytes.subarray(end + 4)
  if (status < 200 && status !== 101) return readResponse(rest, isClosed, isHead)
  const lines = headerLines.map((line): readonly [string, string] => {
    const colon = line.indexOf(":")
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  const head = { status, lines, headers: joined(lines) }
  const complete = (body: Buffer, surplus: number, isDelimited = true): Reading => ({
    _tag: "Complete",
    response: { ...head, body, surplus, isDelimited },
  })
  // RFC 9112, section 6.3.
  if (isHead || status === 204 || status === 304) return complete(Buffer.alloc(0), rest.length)
  if (/\bchunked$/i.test(head.headers["transfer-encoding"] ?? "")) {
    const read = readChunks(rest)
    return read === undefined ? incomplete(true) : complete(read.body, read.surplus)
  }
  const declared = head.headers["content-length"]
  if (declared === undefined) {
    return isClosed ? complete(rest, 0, rest.length === 0) : incomplete(true)
  }
  const length = Number(declared.split(",")[0])
  if (!/^[0-9]+$/.test(declared.split(",")[0] ?? "")) {
    return { _tag: "Malformed", how: "the content-length is malformed" }
  }
  return rest.length < length
    ? incomplete(true)
    : complete(rest.subarray(0, length), rest.length - length)
}

const joined = (lines: RawResponse["lines"]): Readonly<Record<string, string>> => {
  const headers = new Map<string, string>()
  for (const [name, value] of lines) {
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return Object.fromEntries(headers)
}

/** Undefined until the last chunk is there. */
const readChunks = (
  bytes: Buffer,
): { readonly body: Buffer; readonly surplus: number } | undefined => {
  const chunks: Array<Buffer> = []
  for (let from = 0; ;) {
    const end = bytes.indexOf("\r\n", from)
    const size = end < 0 ? Number.NaN : Number.parseInt(bytes.toString("latin1", from, end), 16)
    if (Number.isNaN(size)) return undefined
    const start = end + 2
    if (size === 0) {
      const last =
        bytes.indexOf("\r\n", start) === start ? start + 2 : bytes.indexOf("\r\n\r\n", start) + 4
      return last < start + 2
        ? undefined
        : { body: Buffer.concat(chunks), surplus: bytes.length - last }
    }
    if (bytes.length < start + size + 2) return undefined
    chunks.push(bytes.subarray(start, start + size))
    from = start + size + 2
  }
}
