/**
 * A response whose body was read, and the data in it that reasons are made of.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { Body } from "./body.ts"
import type { Problem } from "./problem.ts"

/** The response to a message that was accepted. */
export interface Accepted {
  readonly status: number
  readonly acceptedAt: DateTime.Utc
  /** What it says. Absent if the operation does not keep it, or if it could not be read. */
  readonly content?: Content
}

/** What an accepting response says. */
export interface Content {
  readonly json: unknown
  readonly headers: Headers.Headers
}

/** A response whose body was read. */
export interface Answer {
  readonly status: number
  /** Whether the service keeps idempotency keys of the operation. */
  readonly isKeyed: boolean
  readonly headers: Headers.Headers
  /** What was read of the body: its text, and whether that is all of it. */
  readonly body: Body
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

/** The code of the failure, if there is one. */
export const codeOf = ({ problem }: Answer): { readonly code?: string } =>
  optional("code", problem.code)

/** The service's own words, masked, and its code. */
export const detailOf = (answer: Answer): { readonly detail?: string; readonly code?: string } => {
  const { mask, problem } = answer
  return {
    ...optional("detail", problem.detail === undefined ? undefined : mask(problem.detail)),
    ...codeOf(answer),
  }
}

/** What the response is, if it has none of the forms that the service has published; an empty 403 is one of them. */
export const foreignOf = ({
  body: { isWhole, text },
  headers,
  problem,
  status,
}: Answer): { readonly foreign?: "page" | "other" } => {
  const type = headers["content-type"]?.trim() ?? ""
  if (/^(?:text\/html|application\/xhtml\+xml)\b/i.test(type)) return { foreign: "page" }
  if (/^\s*<(?:!doctype|html|head|body)\b/i.test(text)) return { foreign: "page" }
  const isEmpty = isWhole && text.trim() === "" && status === 403
  return isEmpty || problem.isPublished(status) ? {} : { foreign: "other" }
}

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

/** The headers of a rate limit. Of `Retry-After` and the time until the reset, the later counts. */
export const rateLimitOf = (
  answer: Answer,
): {
  readonly retryAfter?: Duration.Duration
  readonly limit?: number
  readonly remaining?: number
  readonly resetAt?: DateTime.Utc
} => {
  const { headers, receivedAt } = answer
  const reset = (wholeNumber(headers["x-ratelimit-reset"]) ?? Number.NaN) * 1000
  const untilReset = reset - receivedAt
  const waits = [
    retryAfter(answer),
    isPlausible(untilReset) ? Duration.millis(Math.max(0, untilReset)) : undefined,
  ].filter(Predicate.isNotUndefined)
  // Milliseconds since the epoch read as seconds are in the year 57803, and seconds from now in 1970.
  const isTime = untilReset > -longestMillis && reset < firstMillisOfYear10000
  return {
    ...optional("retryAfter", waits.length === 0 ? undefined : waits.reduce(Duration.max)),
    ...optional("limit", wholeNumber(headers["x-ratelimit-limit"])),
    ...optional("remaining", wholeNumber(headers["x-ratelimit-remaining"])),
    ...optional("resetAt", isTime ? Option.getOrUndefined(DateTime.make(reset)) : undefined),
  }
}

const retryAfter = ({ headers, receivedAt }: Answer): Duration.Duration | undefined => {
  const header = headers["retry-after"] ?? ""
  // Several headers of one name are joined. A date has a comma, too.
  const values = /^[\s\d,]+$/.test(header) ? header.split(",") : [header]
  const delays = values
    .map((value) => Headers.parseRetryAfter(value))
    .filter(Result.isSuccess)
    .map(({ success }) => Headers.retryAfterDelay(success, receivedAt))
    .filter((delay) => isPlausible(Duration.toMillis(delay)))
  return delays.length === 0 ? undefined : delays.reduce(Duration.max)
}

// The longest period of a quota is a month. A time that is further away is not in the unit that it should be in.
const longestMillis = Duration.toMillis(Duration.days(31))

const firstMillisOfYear10000 = 253_402_300_800_000

const isPlausible = (millisFromNow: number): boolean => Math.abs(millisFromNow) <= longestMillis

const wholeNumber = (text: string | undefined): number | undefined => {
  const value = /^\s*\d+\s*$/.test(text ?? "") ? Number(text) : undefined
  return value !== undefined && Number.isSafeInteger(value) ? value : undefined
}

// A key that is absent rather than undefined, as the schemas of the reasons require.
const optional = <K extends string, A>(key: K, value: A | undefined): { readonly [P in K]?: A } =>
  // A computed key widens to an index signature; it is K.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: A }
