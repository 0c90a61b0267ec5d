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

const names = [idHeader, timestampHeader, signatureHeader] as const

/** Reads the three headers. Each must occur exactly once. */
export const readHeaders = (
  headers: HeadersInput,
): Result.Result<SignatureHeaders, MissingHeader | RepeatedHeader> => {
  const values = valuesOf(headers)
  for (const name of names) {
    const [value = "", ...others] = values[name]
    if (value === "") return Result.fail(new MissingHeader({ header: name }))
    // HTTP joins repeated headers with a comma and a space; none of the three has that in its value.
    if (others.length > 0 || value.includes(", ")) {
      return Result.fail(new RepeatedHeader({ header: name }))
    }
  }
  const [[id = ""], [timestamp = ""], [signatures = ""]] = [
    values[idHeader],
    values[timestampHeader],
    values[signatureHeader],
  ]
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

type Values = Readonly<Record<(typeof names)[number], Array<string>>>

// A server may hand over anything for headers that a stranger sent: what is not text counts as missing.
const valuesOf = (headers: HeadersInput): Values => {
  const values: Values = { [idHeader]: [], [timestampHeader]: [], [signatureHeader]: [] }
  for (const [key, value] of pairsOf(headers)) {
    // A call has a dozen headers, and few begin like these.
    if (key[0] !== "x" && key[0] !== "X") continue
    const lower = key.toLowerCase()
    const name = names.find((one) => one === lower)
    if (name === undefined) continue
    if (Predicate.isString(value)) values[name].push(value)
    else if (Array.isArray(value)) values[name].push(...value.filter(Predicate.isString))
  }
  return values
}

/** The headers as pairs. Empty if they are not headers. */
export const pairsOf = (
  headers: unknown,
): ReadonlyArray<readonly [name: string, value: unknown]> =>
  Predicate.isIterable(headers)
    ? Array.from(headers).filter(isPair)
    : Object.entries(Predicate.isObject(headers) ? headers : {})

const isPair = (pair: unknown): pair is readonly [string, unknown] =>
  Array.isArray(pair) && Predicate.isString(pair[0])
