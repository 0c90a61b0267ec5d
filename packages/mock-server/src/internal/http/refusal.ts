/** Says in words why a request was refused as invalid. No word repeats a value of the request. */
import * as Credentials from "@effect-sent/contract/Credentials"
import type { Operation } from "@effect-sent/contract/Operation"
import * as Predicate from "effect/Predicate"
import { STATUS_CODES } from "node:http"
import type { CredentialForm, Refusal } from "../../Message.ts"
import { memberOf } from "../operations/values.ts"
import type { Answer } from "./answer.ts"
import { errorIn } from "./envelope.ts"

/** The reason of an answer: its field errors, or its detail. */
export const reasonOf = ({ body, status }: Answer): string => {
  const errors = memberOf(body, "errors") ?? memberOf(memberOf(body, "error"), "details")
  if (Predicate.isObject(errors)) {
    return Object.entries(errors)
      .map(([field, messages]) => `${field}: ${[messages].flat().join(", ")}`)
      .join("; ")
  }
  const error = errorIn(body)
  if (error !== undefined) return error.message
  for (const name of ["detail", "message", "title"] as const) {
    const text = Predicate.hasProperty(body, name) ? body[name] : undefined
    if (Predicate.isString(text)) return text
  }
  return STATUS_CODES[status] ?? `status ${status}`
}

/** The form of each credential that the operation requires, by header. */
export const formOf = (
  operation: Operation,
  headers: Readonly<Record<string, string | undefined>>,
): Refusal["credentials"] => {
  const problems = new Map(
    Credentials.problems(operation, headers).map(({ kind, name }) => [name, kind]),
  )
  return Object.fromEntries(
    (operation.credentials[0] ?? []).map(({ name }): readonly [string, CredentialForm] => [
      name,
      problems.get(name) ?? "present",
    ]),
  )
}

/** `x-sender-id present, x-api-key missing`. */
export const formInWords = ({ credentials }: Refusal): string =>
  Object.entries(credentials)
    .map(([name, form]) => `${name} ${form}`)
    .join(", ")
