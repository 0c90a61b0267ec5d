/** Serialises an answer. */
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { STATUS_CODES } from "node:http"
import Negotiator from "negotiator"
import type { Answer } from "./answer.ts"

/** Serialises an answer in the media type that `accept` prefers, or in the answer's first one when none is acceptable. */
export const toResponse = (
  answer: Answer,
  accept: string | undefined,
): HttpServerResponse.HttpServerResponse => {
  const { status, headers, body } = answer
  if (body === undefined) return HttpServerResponse.empty({ status, headers })
  return HttpServerResponse.text(JSON.stringify(body), {
    status,
    headers,
    contentType: contentType(answer, accept),
  })
}

/** Serialises an answer as raw HTTP/1.1, for a connection without a response object. The answer closes the connection. */
export const toRawResponse = ({ status, headers, mediaTypes, body }: Answer): string => {
  const text = body === undefined ? "" : JSON.stringify(body)
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined
      ? []
      : [
          `Content-Type: ${mediaTypes[0] ?? "application/json"}`,
          `Content-Length: ${Buffer.byteLength(text)}`,
        ]),
    "Connection: close",
  ]
  return `${lines.join("\r\n")}\r\n\r\n${text}`
}

// RFC 9110, section 12.4.1: a server may disregard the header when no media type is acceptable.
const contentType = ({ mediaTypes }: Answer, accept: string | undefined): string => {
  const available = [...mediaTypes]
  const [preferred = available[0] ?? "application/json"] = new Negotiator({
    headers: accept === undefined ? {} : { accept },
  }).mediaTypes(available)
  return preferred
}
