/** Chooses the media type of an answer of the contract by the `Accept` header. */
import * as Body from "@effect-sent/contract/Body"
import type { Response } from "@effect-sent/contract/Operation"
import Negotiator from "negotiator"
import { type Answer, problem } from "./answer.ts"

/**
 * The declared media type that `accept` prefers. The first one when none is acceptable, which RFC 9110 allows (section 12.4.1), and
 * undefined when none is declared.
 */
export const preferred = (
  mediaTypes: ReadonlyArray<string>,
  accept: string | undefined,
): string | undefined => {
  if (mediaTypes.length === 0 || accept === undefined) return mediaTypes[0]
  return new Negotiator({ headers: { accept } }).mediaTypes([...mediaTypes])[0] ?? mediaTypes[0]
}

/** Where the body of an answer comes from, and what it is sent as. */
export interface Negotiated {
  /** The media type of the contract whose example or schema makes the body. */
  readonly from: string
  readonly as: string
}

/** Undefined when the response declares no body. */
export const negotiate = (
  { contents }: Response,
  example: string | undefined,
  accept: string | undefined,
): Negotiated | undefined => {
  const chosen = preferred(
    contents.map(({ mediaType }) => mediaType),
    accept,
  )
  if (chosen === undefined) return undefined
  const others = Body.isJson(chosen) ? contents.filter((one) => Body.isJson(one.mediaType)) : []
  // JSON is JSON: an example that only `application/problem+json` declares is served as `application/json`, too.
  const from = [...contents.filter(({ mediaType }) => mediaType === chosen), ...others].find(
    ({ examples }) => example === undefined || examples.some(({ name }) => name === example),
  )
  return { from: from?.mediaType ?? chosen, as: chosen }
}

/** The media type that a body is sent as, or the 406 when it cannot be: the mock does not convert JSON to XML. */
export const sentAs = (
  { as }: Negotiated,
  body: unknown,
  { mediaTypes }: Response,
): string | Answer => {
  const isText = typeof body === "string"
  if (as.includes("*")) return as.startsWith("text/") || isText ? "text/plain" : "application/json"
  if (Body.isJson(as) || isText) return as
  const available = mediaTypes.filter(Body.isJson)
  return problem(
    406,
    `The contract has no example in ${as} that is a text; available: ${available.length === 0 ? "none" : available.join(", ")}`,
  )
}
