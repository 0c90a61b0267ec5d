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

// A server may hand over anything for headers that a stranger sent: what is not text counts as missing.
const valuesOf = (headers: HeadersInput): Values => {
  const values = new Map<string, ReadonlyArray<string>>()
  for (const [key, value] of pairsOf(headers)) {
    const name = key.toLowerCase()
    if (!names.includes(name)) continue
    const texts = (Array.isArray(value) ? value : [value]).filter(Predicate.isString)
    values.set(name, [...(values.get(name) ?? []), ...texts])
  }
  return values
}

/** The headers as pairs. Empty if they are not headers. */
export const pairsOf = (headers: unknown): ReadonlyArray<readonly [name: string, value: unknown]> =>
  (Predicate.isIterable(headers)
    ? Array.from(headers)
    : Object.entries(Predicate.isObject(headers) ? headers : {})
  ).filter(isPair)

const isPair = (pair: unknown): pair is readonly [string, unknown] =>
  Array.isArray(pair) && Predicate.isString(pair[0])

const problemOf = (values: Values, name: string): MissingHeader | RepeatedHeader | undefined => {
  const [value = "", ...others] = values.get(name) ?? []
  if (value === "") return new MissingHeader({ header: name })
  // HTTP joins repeated headers with a comma and a space; none of the three has that in its value.
  return others.length > 0 || value.includes(", ")
    ? new RepeatedHeader({ header: name })
    : undefined
}
