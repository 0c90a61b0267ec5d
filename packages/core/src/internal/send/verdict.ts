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
 */
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { Accepted } from "./answer.ts"
import { type Body, discardBody, type Incoming, readBody } from "./body.ts"
import type { Operation } from "./operation.ts"
import { parseProblem } from "./problem.ts"
import type { Reason } from "./reason.ts"
import { reasonOf } from "./reasonTable.ts"

/** What a response says about the message. */
export type Verdict = Result.Result<Accepted, Reason>

/** A response whose head has arrived. */
export interface Head extends Incoming {
  /** The URL that the request was sent to. */
  readonly url: string
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  readonly isAccepted: Operation<unknown>["isAccepted"]
  /** Masks the values of the request in the service's own words. */
  readonly mask: (text: string) => string
}

/** What is known once the head has arrived, for a caller that does not wait for the body. */
export const verdictOfHead = (head: Head): Verdict =>
  canAccept(head) && (isEmpty(head) || kindOf(head) !== "other")
    ? accepted(head)
    : failed(head, nothing)

/** Reads the body, as far as it matters: for a second at most, or for what is left of the send. */
export const readVerdict = (head: Head, left: Duration.Duration): Effect.Effect<Verdict> =>
  canAccept(head) && isEmpty(head)
    ? Effect.as(discardBody(head.response), accepted(head))
    : Effect.map(readBody(head, left), (body) => verdictOf(head, body))

const verdictOf = (head: Head, body: Body): Verdict => {
  if (!canAccept(head) || kindOf(head) === "other") return failed(head, body)
  // A part of a body proves nothing against the status. A chunked body may be empty, and so is one that the application
  // has read.
  if (!body.isWhole || body.text.trim() === "") return accepted(head)
  const json = parse(body.text)
  // undici and node:http do not decode a body, and what cannot be read says nothing.
  if (json === undefined)
    return isEncoded(head) || hasBrokenOff(head, body) ? accepted(head) : failed(head, body)
  return isRefusal(head, json.value, body) ? failed(head, body) : accepted(head)
}

const nothing: Body = { text: "", isWhole: false }

const accepted = ({ receivedAt, response: { status } }: Head): Verdict =>
  Result.succeed({ status, acceptedAt: DateTime.makeUnsafe(receivedAt) })

const failed = ({ headers, mask, receivedAt, response, url }: Head, body: Body): Verdict =>
  Result.fail(
    reasonOf({
      status: response.status,
      headers,
      body,
      problem: parseProblem(body.text),
      url,
      receivedAt,
      mask,
    }),
  )

// -----------------------------------------------------------------------------
// Heads
// -----------------------------------------------------------------------------

const canAccept = ({ isAccepted, response }: Head): boolean => isAccepted(response.status)

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

/** Whether the body is one of the published refusals: by the status in it, or by its words as those of a 400. */
const isRefusal = ({ mask, receivedAt, url }: Head, json: unknown, body: Body): boolean => {
  if (!Predicate.isObject(json)) return false
  const statuses = [json["status"], json["statusCode"]].map(Number)
  if (statuses.some((status) => status >= 300 && status < 600)) return true
  const problem = parseProblem(body.text)
  const reason = reasonOf({
    status: 400,
    headers: Headers.empty,
    body,
    problem,
    url,
    receivedAt,
    mask,
  })
  return reason._tag !== "RequestRejected"
}
