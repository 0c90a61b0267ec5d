/**
 * Parses the body of an error response. The API has published three formats in v1 and one in v3, which are parsed alike:
 *
 *     {"type", "title", "status", "errors": {"fieldName": ["Error message"]}}
 *     {"status", "title", "detail"}
 *     {"statusCode", "message", "errors": {"phoneNumber": ["…"]}}
 *     {"success": false, "error": {"code", "message", "details": {"to": ["…"]}}}
 */
import * as Predicate from "effect/Predicate"

/** The content of an error response. */
export interface Problem {
  /** Whether a response with this status has one of the published formats. */
  readonly isPublished: (status: number) => boolean
  /** The service's own words. */
  readonly detail: string | undefined
  /** The code of the failure, such as `CONFLICT_001`. */
  readonly code: string | undefined
  /** The messages by field, if there are any. */
  readonly fieldErrors: Readonly<Record<string, ReadonlyArray<string>>> | undefined
}

const nothing: Problem = {
  isPublished: () => false,
  detail: undefined,
  code: undefined,
  fieldErrors: undefined,
}

/** Parses a body. One that is not JSON, is truncated or has another format has no content. */
export const parseProblem = (body: string): Problem => {
  // An error of the parser costs more than a look.
  if (body === "") return nothing
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return nothing
  }
  if (!Predicate.isObject(json)) return nothing
  const { detail, error, errors, message, status, statusCode, title } = json
  if (Predicate.isObject(error)) return readEnvelope(error)
  const stated = status ?? statusCode
  const fieldErrors = readFieldErrors(errors)
  return {
    // A message alone is what gateways respond with.
    isPublished: (responded) =>
      stated === undefined ? isText(detail) || fieldErrors !== undefined : stated === responded,
    detail: [detail, message, title].find(isText),
    code: undefined,
    fieldErrors,
  }
}

const readEnvelope = (error: { readonly [key: string]: unknown }): Problem => {
  const { code, details, message } = error
  const isCode = isText(code) && /^[A-Z]+_[0-9]{3}$/.test(code)
  return {
    isPublished: () => isCode,
    detail: isText(message) ? message : undefined,
    code: isCode ? code : undefined,
    fieldErrors: readFieldErrors(details),
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
