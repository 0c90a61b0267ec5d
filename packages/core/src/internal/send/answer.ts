/**
 * A response whose body was read, and the data in it that reasons are made of.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Problem } from "./problem.ts"

/** The response to a message that was accepted. */
export interface Accepted {
  readonly status: number
  readonly acceptedAt: DateTime.Utc
}

/** A response whose body was read. */
export interface Answer {
  readonly status: number
  readonly headers: Headers.Headers
  readonly problem: Problem
  /** The URL that the request was sent to. */
  readonly url: string
  /** Milliseconds since the epoch when it arrived: `Retry-After` is relative to it. */
  readonly receivedAt: number
  /** Masks the values of the request in the service's own words. */
  readonly mask: (text: string) => string
}

// -----------------------------------------------------------------------------
// Bodies
// -----------------------------------------------------------------------------

/** The service's own words, masked. */
export const detailOf = ({ mask, problem }: Answer): { readonly detail?: string } =>
  problem.detail === undefined ? {} : { detail: mask(problem.detail) }

/** The messages by field, masked, if there are any. */
export const fieldErrorsOf = ({ mask, problem }: Answer): Problem["fieldErrors"] =>
  problem.fieldErrors === undefined
    ? undefined
    : Object.fromEntries(
        Object.entries(problem.fieldErrors).map(([field, messages]) => [
          mask(field),
          messages.map(mask),
        ]),
      )

/** The amounts in the words of an insufficient balance. */
export const amountsOf = ({
  problem: { detail = "" },
}: Answer): {
  readonly balance?: BigDecimal.BigDecimal
  readonly estimatedCost?: BigDecimal.BigDecimal
} => ({
  ...optional("balance", amount(detail, /\bcurrent balance:\s*(\S+)/i)),
  ...optional("estimatedCost", amount(detail, /\bestimated cost:\s*(\S+)/i)),
})

// Only unambiguous numbers: "1.234,50" is none.
const amount = (detail: string, pattern: RegExp): BigDecimal.BigDecimal | undefined => {
  const text =
    pattern
      .exec(detail)?.[1]
      ?.replace(/[.,;]$/, "")
      .replace("$", "") ?? ""
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return BigDecimal.fromStringUnsafe(text)
  if (/^-?\d{1,3}(?:,\d{3})+\.\d+$/.test(text)) {
    return BigDecimal.fromStringUnsafe(text.replaceAll(",", ""))
  }
  return undefined
}

/** The credential header that the service names. */
export const headerAtFault = ({
  problem: { detail = "" },
}: Answer): { readonly header?: "x-api-key" | "x-sender-id" } => {
  if (/\bx-api-key\b/i.test(detail)) return { header: "x-api-key" }
  if (/\bx-sender-id\b/i.test(detail)) return { header: "x-sender-id" }
  return {}
}

// -----------------------------------------------------------------------------
// Headers
// -----------------------------------------------------------------------------

/** `Retry-After`, as the time to wait from now. */
export const retryAfterOf = (answer: Answer): { readonly retryAfter?: Duration.Duration } =>
  optional("retryAfter", retryAfter(answer))

/** The headers of a rate limit. The time until the reset replaces a missing `Retry-After`. */
export const rateLimitOf = (
  answer: Answer,
): {
  readonly retryAfter?: Duration.Duration
  readonly limit?: number
  readonly remaining?: number
  readonly resetAt?: DateTime.Utc
} => {
  const { headers, receivedAt } = answer
  const reset = wholeNumber(headers["x-ratelimit-reset"])
  const resetAt =
    reset === undefined ? undefined : Option.getOrUndefined(DateTime.make(reset * 1000))
  const untilReset =
    resetAt === undefined
      ? undefined
      : Duration.millis(Math.max(0, DateTime.toEpochMillis(resetAt) - receivedAt))
  return {
    ...optional("retryAfter", retryAfter(answer) ?? untilReset),
    ...optional("limit", wholeNumber(headers["x-ratelimit-limit"])),
    ...optional("remaining", wholeNumber(headers["x-ratelimit-remaining"])),
    ...optional("resetAt", resetAt),
  }
}

const retryAfter = ({ headers, receivedAt }: Answer): Duration.Duration | undefined => {
  const parsed = Headers.parseRetryAfter(headers["retry-after"] ?? "")
  return Result.isSuccess(parsed) ? Headers.retryAfterDelay(parsed.success, receivedAt) : undefined
}

const wholeNumber = (text: string | undefined): number | undefined => {
  const value = /^\s*\d+\s*$/.test(text ?? "") ? Number(text) : undefined
  return value !== undefined && Number.isSafeInteger(value) ? value : undefined
}

// A key that is absent rather than undefined, as the schemas of the reasons require.
const optional = <K extends string, A>(key: K, value: A | undefined): { readonly [P in K]?: A } =>
  // A computed key widens to an index signature; it is K.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: A }
