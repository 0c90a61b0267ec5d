/** The three headers of a signed call. */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import { MissingHeader, RepeatedHeader } from "../../WebhookError.ts"

/** Headers as a record or as pairs, such as a `Headers`. */
export type HeadersInput =
  | Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  | Iterable<readonly [name: string, value: string]>

/** The values of the three headers. */
export interface SignatureHeaders {
  readonly id: string
  /** Unix seconds. */
  readonly timestamp: string
  /** Separated by spaces. */
  readonly signatures: string
}

const idHeader = "x-webhook-id"
const timestampHeader = "x-webhook-timestamp"
const signatureHeader = "x-webhook-signature"

const names = [idHeader, timestampHeader, signatureHeader]

/** Reads the three headers. Each must occur exactly once. */
export const readHeaders = (
  headers: HeadersInput,
): Result.Result<SignatureHeaders, MissingHeader | RepeatedHeader> => {
  const values = valuesOf(headers)
  const problem = names.map((name) => problemOf(values, name)).find(Predicate.isNotUndefined)
  if (problem !== undefined) return Result.fail(problem)
  const [id = "", timestamp = "", signatures = ""] = names.map((name) => values.get(name)?.[0])
  return Result.succeed({ id, timestamp, signatures })
}

/** Makes the three headers. */
export const toHeaders = ({
  id,
  signatures,
  timestamp,
}: SignatureHeaders): Readonly<Record<string, string>> => ({
  [idHeader]: id,
  [timestampHeader]: timestamp,
  [signatureHeader]: signatures,
})

type Values = ReadonlyMap<string, ReadonlyArray<string>>

const valuesOf = (headers: HeadersInput): Values => {
  const pairs = Predicate.isIterable(headers) ? headers : Object.entries(headers)
  const values = new Map<string, Array<string>>()
  for (const [key, value] of pairs) {
    const name = key.toLowerCase()
    if (value === undefined || !names.includes(name)) continue
    const all = values.get(name) ?? []
    all.push(...(Predicate.isString(value) ? [value] : value))
    values.set(name, all)
  }
  return values
}

const problemOf = (values: Values, name: string): MissingHeader | RepeatedHeader | undefined => {
  const [value = "", ...others] = values.get(name) ?? []
  if (value === "") return new MissingHeader({ header: name })
  // HTTP joins repeated headers with a comma and a space; none of the three has that in its value.
  return others.length > 0 || value.includes(", ")
    ? new RepeatedHeader({ header: name })
    : undefined
}
