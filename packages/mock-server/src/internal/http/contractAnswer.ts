/** The contract's answer to a valid request, from Prism. */
import type { Operation, Response } from "@effect-sent/contract/Operation"
import type { Prism } from "@effect-sent/contract/Prism"
import * as Effect from "effect/Effect"
import type { Preferred } from "../play/prefer.ts"
import type { Answer } from "./answer.ts"
import { negotiate, sentAs } from "./negotiation.ts"

/** In the media type that `accept` prefers. Fails with the 406 when the contract has no example in it. */
export const answerOf = Effect.fnUntraced(function* (
  prism: Prism,
  operation: Operation,
  wanted: Preferred | undefined,
  accept: string | undefined,
): Effect.fn.Return<Answer, Answer> {
  const declared =
    wanted === undefined ? successOf(operation) : responseOf(operation, wanted.status)
  const negotiated = declared && negotiate(declared, wanted?.example, accept)
  const { body, headers, status } = yield* prism.respond(operation, wanted, negotiated?.from)
  const response = responseOf(operation, status)
  const example =
    response?.examples.find(({ name }) => name === wanted?.example) ?? response?.examples[0]
  const answer = { status, headers: { ...requiredHeaders(response, headers), ...example?.headers } }
  if (status === 204 || wanted?.empty === true || body === undefined) {
    return { ...answer, mediaTypes: [], body: undefined }
  }
  const type =
    response === undefined || negotiated === undefined
      ? "application/json"
      : sentAs(negotiated, body, response)
  if (typeof type !== "string") return yield* Effect.fail(type)
  return { ...answer, mediaTypes: [type], body }
})

const responseOf = ({ responses }: Operation, status: number): Response | undefined =>
  responses.find((response) => response.status === status)

/** The response that Prism answers with when none is wanted. */
const successOf = ({ responses }: Operation): Response | undefined =>
  responses
    .filter(({ status }) => status >= 200 && status < 300)
    .toSorted((one, other) => one.status - other.status)[0]

/** Drops optional headers: Prism fills in every header that the contract declares, but the absence of one has a meaning. */
const requiredHeaders = (
  response: Response | undefined,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => response?.requiredHeaders.includes(name) ?? false),
  )
