/** Serialises an answer. */
import * as Body from "@effect-sent/contract/Body"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { STATUS_CODES } from "node:http"
import type { Answer } from "./answer.ts"
import { preferred } from "./negotiation.ts"

/** Serialises an answer in the media type that `accept` prefers, or in the answer's first one when none is acceptable. */
export const toResponse = (
  answer: Answer,
  accept: string | undefined,
): HttpServerResponse.HttpServerResponse => {
  const { status, headers, body } = answer
  if (body === undefined) return HttpServerResponse.empty({ status, headers })
  const contentType = preferred(answer.mediaTypes, accept) ?? "application/json"
  return HttpServerResponse.text(textOf(body, contentType), { status, headers, contentType })
}

/** The text of a body: that of a string where the media type is not JSON. */
const textOf = (body: unknown, contentType: string): string =>
  typeof body === "string" && !Body.isJson(contentType) ? body : JSON.stringify(body)

/** Serialises an answer as raw HTTP/1.1, for a connection without a response object. The answer closes the connection. */
export const toRawResponse = ({ status, headers, mediaTypes, body }: Answer): string => {
  const contentType = mediaTypes[0] ?? "application/json"
  const text = body === undefined ? "" : textOf(body, contentType)
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined
      ? []
      : [`Content-Type: ${contentType}`, `Content-Length: ${Buffer.byteLength(text)}`]),
    "Connection: close",
  ]
  return `${lines.join("\r\n")}\r\n\r\n${text}`
}
