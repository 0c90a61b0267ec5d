/** An answer of the mock before it is serialised. */
import * as Body from "@effect-sent/contract/Body"
import type { Operation, Response } from "@effect-sent/contract/Operation"
import * as ProblemDocument from "@effect-sent/contract/ProblemDocument"
import * as Predicate from "effect/Predicate"
import { errorIn, withError } from "./envelope.ts"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The media types that the body may have, most preferred first. */
  readonly mediaTypes: ReadonlyArray<string>
  /** The body: a JSON value, or the text of another media type. Undefined for an answer without a body. */
  readonly body: unknown
}

/** A problem document (RFC 9457). `detail` must not contain a value of the request body. */
export const problem = (
  status: number,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Answer => ({
  status,
  headers,
  mediaTypes: ProblemDocument.mediaTypes,
  body: ProblemDocument.make(status, detail),
})

/** The media types of a response that are JSON; those of a problem document when it declares none. */
export const jsonTypes = (response: Response | undefined): ReadonlyArray<string> => {
  const declared = (response?.mediaTypes ?? []).filter(Body.isJson)
  return declared.length === 0 ? ProblemDocument.mediaTypes : declared
}

/**
 * The first of the named examples that the contract declares for a status, or a problem document with `fallback` when it
 * declares none of them. `detail` replaces the `detail` of the example, or the message in its envelope.
 */
export const fromExample = (
  operation: Operation,
  status: number,
  names: ReadonlyArray<string>,
  fallback: string,
  detail?: string,
): Answer => {
  const response = operation.responses.find((candidate) => candidate.status === status)
  const example = names
    .map((name) => response?.examples.find((candidate) => candidate.name === name))
    .find(Predicate.isNotUndefined)
  if (response === undefined || !Predicate.isObject(example?.value)) {
    return problem(status, detail ?? fallback)
  }
  return {
    status,
    headers: example.headers,
    mediaTypes: jsonTypes(response),
    body:
      detail === undefined
        ? example.value
        : errorIn(example.value) === undefined
          ? { ...example.value, detail }
          : withError(example.value, { message: detail }),
  }
}
