/**
 * What a response says about the message. The status is the verdict: it is known when the head of the response has
 * arrived, and the body can only make a 2xx `unknown`.
 *
 * | response                                                                             | verdict                         |
 * | ------------------------------------------------------------------------------------ | ------------------------------- |
 * | 204, 205, any 2xx of length 0                                                        | accepted; its body is not waited for |
 * | 2xx, typed as JSON or not at all: JSON, a body that breaks off, hangs or is too long | accepted                        |
 * | 2xx that is one of the published refusals                                            | `UnexpectedResponse`, _unknown_ |
 * | 2xx, typed as JSON or not at all, read whole, that does not even begin as JSON       | `UnexpectedResponse`, _unknown_ |
 * | 2xx of any other type, such as HTML                                                  | `UnexpectedResponse`, _unknown_ |
 * | any other status                                                                     | by the table of the reasons     |
 *
 * A look-up, which accepts nothing, is answered by a whole body of JSON only.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { Accepted, Content } from "./answer.ts"
import { type Body, bodyReader, discardBody, type Incoming } from "./body.ts"
import type { Operation } from "./operation.ts"
import type { Limit } from "./race.ts"
import { parseProblem } from "./problem.ts"
import { ConnectionLost, type Reason } from "./reason.ts"
import { reasonOf } from "./reasonTable.ts"

/** What a response says about the message. */
export type Verdict = Result.Result<Accepted, Reason>

/** A response whose head has arrived. */
export interface Head extends Incoming {
  /** The URL that the request was sent to. */
  readonly url: string
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  readonly operation: Pick<Operation<unknown>, "isAccepted" | "isKeyed" | "reading">
  /** Masks the values of the request in the service's own words. */
  readonly mask: (text: string) => string
}

/** What is known once the head has arrived, for a caller that does not wait for the body. */
export const verdictOfHead = (head: Head): Verdict =>
  canAccept(head) && (isEmpty(head) || kindOf(head) !== "other")
    ? accepted(head)
    : failed(head, nothing)

/**
 * Reads the body, as far as it matters: for a second at most, or for what is left of the send. For one in memory, the limit of
 * the request stays.
 */
export const readVerdict = (
  head: Head,
  left: Duration.Duration,
  setLimit: (limit: Limit<Verdict>) => void,
): Effect.Effect<Verdict> => {
  if (canAccept(head) && isEmpty(head)) {
    return Effect.as(discardBody(head.response), accepted(head))
  }
  const { reading } = head.operation
  const { isInMemory, read, soFar } = bodyReader(head, reading)
  const verdict = Effect.sync(() => verdictOf(head, soFar()))
  if (!isInMemory) {
    const timeout = Duration.min(Duration.millis(reading.maxMillis), left)
    setLimit({ timeout, onTimeout: verdict })
  }
  return Effect.andThen(read, verdict)
}

const verdictOf = (head: Head, body: Body): Verdict => {
  if (!canAccept(head) || kindOf(head) === "other") return failed(head, body)
  // A part of a body proves nothing against the status. A chunked body may be empty, and so is one that the application
  // has read.
  if (!body.isWhole || body.text.trim() === "") return accepted(head, undefined, body)
  const json = parse(body.text)
  // undici and node:http do not decode a body, and what cannot be read says nothing.
  if (json === undefined)
    return isEncoded(head) || hasBrokenOff(head, body)
      ? accepted(head, undefined, body)
      : failed(head, body)
  return isRefusal(head, json.value, body)
    ? failed(head, body)
    : accepted(head, { json: json.value, headers: head.headers }, body)
}

const nothing: Body = { text: "", isWhole: false }

const accepted = (head: Head, content?: Content, body: Body = nothing): Verdict => {
  const {
    operation: { reading },
    receivedAt,
    response: { status },
  } = head
  // Where the content is what was asked for, a response without it is none.
  if (reading.content === "always" && content === undefined)
    return body.isWhole ? failed(head, body) : Result.fail(new ConnectionLost({}))
  const isKept = content !== undefined && reading.content !== "never"
  return Result.succeed({
    status,
    acceptedAt: DateTime.makeUnsafe(receivedAt),
    ...(isKept ? { content } : {}),
  })
}

const failed = (head: Head, body: Body): Verdict => {
  const { headers, mask, operation, receivedAt, response, url } = head
  return Result.fail(
    reasonOf({
      status: response.status,
      isKeyed: operation.isKeyed,
      headers,
      body,
      problem: parseProblem(body.text),
      url,
      receivedAt,
      mask,
    }),
  )
}

// -----------------------------------------------------------------------------
// Heads
// -----------------------------------------------------------------------------

const canAccept = ({ operation, response }: Head): boolean => operation.isAccepted(response.status)

/** Whether a response has no body. */
export const isEmpty = (head: Head): boolean =>
  head.response.status === 204 ||
  head.response.status === 205 ||
  head.headers["content-length"]?.trim() === "0"

const isEncoded = ({ headers }: Head): boolean =>
  !/^(?:identity)?$/i.test(headers["content-encoding"]?.trim() ?? "")

const kindOf = ({ headers }: Head): "json" | "none" | "other" => {
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? ""
  if (type === "") return "none"
  return /^(?:application|text)\/(?:[\w.-]+\+)?json$/.test(type) ? "json" : "other"
}

// -----------------------------------------------------------------------------
// Bodies
// -----------------------------------------------------------------------------

const parse = (text: string): { readonly value: unknown } | undefined => {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ""))
    return { value }
  } catch {
    return undefined
  }
}

/**
 * Whether a body that is typed as JSON begins as JSON and does not end so. Over HTTP/2, undici takes the reset of a stream for
 * the end of its body.
 */
const hasBrokenOff = (head: Head, { text }: Body): boolean =>
  kindOf(head) === "json" && /^\s*[{[]/.test(text)

/** Whether the body is one of the published refusals: by what it says of itself, or by its words as those of a 400. */
const isRefusal = (
  { mask, operation, receivedAt, url }: Head,
  json: unknown,
  body: Body,
): boolean => {
  if (!Predicate.isObject(json)) return false
  if (json["success"] === false) return true
  const statuses = [json["status"], json["statusCode"]].map(Number)
  if (statuses.some((status) => status >= 300 && status < 600)) return true
  const problem = parseProblem(body.text)
  const reason = reasonOf({
    status: 400,
    isKeyed: operation.isKeyed,
    headers: Headers.empty,
    body,
    problem,
    url,
    receivedAt,
    mask,
  })
  return reason._tag !== "RequestRejected"
}
