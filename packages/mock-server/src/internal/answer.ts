/** What the mock answers, before it becomes bytes. */
import { STATUS_CODES } from "node:http"
import * as Predicate from "effect/Predicate"
import type { Operation } from "../Contract.ts"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The media types it may have, best first. */
  readonly mediaTypes: ReadonlyArray<string>
  /** JSON; undefined for an answer without a body. */
  readonly body: unknown
}

export const problemTypes: ReadonlyArray<string> = ["application/problem+json", "application/json"]

/** A problem document (RFC 9457) in the mock's own words. They never hold a value from the request's body. */
export const problem = (
  status: number,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Answer => ({
  status,
  headers,
  mediaTypes: problemTypes,
  body: { status, title: titleOf(status), detail },
})

// RFC 9110 renamed it.
const titleOf = (status: number): string =>
  status === 413 ? "Content Too Large" : (STATUS_CODES[status] ?? "Error")

/**
 * The first of the named examples that the contract has for a status; a problem document in the same words where it
 * has none. A `detail` that says more than the example does goes in its place.
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
