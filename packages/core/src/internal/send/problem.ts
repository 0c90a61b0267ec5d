/**
 * Reads the body of a refusal. The API has published three shapes, and all are read alike:
 *
 *     {"type", "title", "status", "errors": {"fieldName": ["Error message"]}}
 *     {"status", "title", "detail"}
 *     {"statusCode", "message", "errors": {"phoneNumber": ["…"]}}
 */
import * as Predicate from "effect/Predicate"

/** What a refusal says, as far as it says it. */
export interface Problem {
  /** The service's own words. */
  readonly detail: string | undefined
  /** The messages by field; undefined when there is none. */
  readonly fieldErrors: Readonly<Record<string, ReadonlyArray<string>>> | undefined
}

const nothing: Problem = { detail: undefined, fieldErrors: undefined }

/** Reads a body. What is not JSON, is cut off or has another shape says nothing. */
export const parseProblem = (body: string): Problem => {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return nothing
  }
  if (!Predicate.isObject(json)) return nothing
  const fields: { readonly [key: string]: unknown } = { ...json }
  return {
    detail: [fields["detail"], fields["message"], fields["title"]].find(isText),
    fieldErrors: readFieldErrors(fields["errors"]),
  }
}

const readFieldErrors = (errors: unknown): Problem["fieldErrors"] => {
  if (!Predicate.isObject(errors)) return undefined
  const entries = Object.entries(errors).map(
    ([field, messages]): [string, ReadonlyArray<string>] => [
      field,
      (Array.isArray(messages) ? messages : [messages]).filter(isText),
    ],
  )
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

const isText = (u: unknown): u is string => Predicate.isString(u) && u.trim() !== ""
