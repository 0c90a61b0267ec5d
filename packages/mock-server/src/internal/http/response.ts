/** Turns an answer into what goes over the wire. */
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { STATUS_CODES } from "node:http"
import Negotiator from "negotiator"
import type { Answer } from "./answer.ts"

/** An answer in the media type that the caller likes best, or in its first when the caller likes none. */
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

/** An answer as raw HTTP/1.1, for a connection that has no other way to answer. It ends the connection. */
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

// RFC 9110, section 12.4.1: with none that is acceptable, a server may disregard the header.
const contentType = ({ mediaTypes }: Answer, accept: string | undefined): string => {
  const available = [...mediaTypes]
  const [preferred = available[0] ?? "application/json"] = new Negotiator({
    headers: accept === undefined ? {} : { accept },
  }).mediaTypes(available)
  return preferred
}
