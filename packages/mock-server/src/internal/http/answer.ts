/** What the mock answers, before it becomes bytes. */
import type { Operation } from "@effect-sent/contract/Operation"
import * as ProblemDocument from "@effect-sent/contract/ProblemDocument"
import * as Predicate from "effect/Predicate"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The media types it may have, best first. */
  readonly mediaTypes: ReadonlyArray<string>
  /** JSON; undefined for an answer without a body. */
  readonly body: unknown
}

/** A problem document (RFC 9457) in the mock's own words, which never repeat a value of the request's body. */
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

/**
 * The first of the named examples that the contract has for a status, or a problem document in the same words where it has
 * none. A `detail` that says more than the example replaces the example's own.
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
    mediaTypes: response.mediaTypes,
    body: detail === undefined ? example.value : { ...example.value, detail },
  }
}
