/**
 * What an answer says about the message: the table of statuses.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as SentError from "../../SentError.ts"
import { parseProblem, type Problem } from "./problem.ts"

/** The answer to a message that was accepted. */
export interface Accepted {
  readonly status: number
  readonly acceptedAt: DateTime.Utc
}

/** An answer that is not a 2xx, read. */
export interface Refusal {
  readonly status: number
  readonly headers: Headers.Headers
  readonly body: string
  /** Milliseconds since the epoch when it arrived: `Retry-After` can be a date. */
  readonly receivedAt: number
  /** Masks what the request said in the service's own words. */
  readonly mask: (text: string) => string
}

/** The reason that a refusal is. */
export const reasonOf = (refusal: Refusal): SentError.Reason => {
  const { headers, mask, receivedAt, status } = refusal
  const problem = parseProblem(refusal.body)
  const detail = problem.detail === undefined ? {} : { detail: mask(problem.detail) }
  switch (status) {
    case 400:
      return reasonOfBadRequest(problem, mask)
    case 413:
    case 415:
    case 422:
      return new SentError.BadRequest({ status, ...detail })
    case 401:
      return new SentError.Unauthorized({ ...headerAtFault(problem.detail), ...detail })
    case 403:
      return new SentError.Forbidden(detail)
    case 404:
      return new SentError.NotFound(detail)
    case 429:
      return new SentError.RateLimited(rateLimit(headers, receivedAt))
    case 503:
      return new SentError.ServiceUnavailable({
        ...optional("retryAfter", retryAfter(headers, receivedAt)),
        ...detail,
      })
    default:
      return status >= 500 && status < 600
        ? new SentError.ServerError({ status, ...detail })
        : new SentError.UnexpectedResponse({ status, ...detail })
  }
}

// -----------------------------------------------------------------------------
// 400 and 401
// -----------------------------------------------------------------------------

const reasonOfBadRequest = (
  { detail, fieldErrors }: Problem,
  mask: (text: string) => string,
): SentError.Reason => {
  if (fieldErrors !== undefined) {
    return new SentError.ValidationFailed({
      fieldErrors: Object.fromEntries(
        Object.entries(fieldErrors).map(([field, messages]) => [mask(field), messages.map(mask)]),
      ),
    })
  }
  if (detail === undefined) return new SentError.BadRequest({ status: 400 })
  if (/^invalid phone number\b/i.test(detail)) return new SentError.InvalidPhoneNumber()
  if (/^template not found\b/i.test(detail)) return new SentError.TemplateNotFound()
  if (/^insufficient balance\b/i.test(detail)) {
    return new SentError.InsufficientBalance({
      ...optional("balance", amount(detail, /\bcurrent balance:\s*(\S+)/i)),
      ...optional("estimatedCost", amount(detail, /\bestimated cost:\s*(\S+)/i)),
    })
  }
  return new SentError.BadRequest({ status: 400, detail: mask(detail) })
}

// Only what can be read in one way: "1.234,50" is not a number here.
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

const headerAtFault = (
  detail: string | undefined,
): { readonly header?: "x-api-key" | "x-sender-id" } => {
  if (/\bx-api-key\b/i.test(detail ?? "")) return { header: "x-api-key" }
  if (/\bx-sender-id\b/i.test(detail ?? "")) return { header: "x-sender-id" }
  return {}
}

// -----------------------------------------------------------------------------
// 429 and 503
// -----------------------------------------------------------------------------

const rateLimit = (
  headers: Headers.Headers,
  receivedAt: number,
): ConstructorParameters<typeof SentError.RateLimited>[0] => {
  const reset = wholeNumber(headers["x-ratelimit-reset"])
  const resetAt =
    reset === undefined ? undefined : Option.getOrUndefined(DateTime.make(reset * 1000))
  const untilReset =
    resetAt === undefined
      ? undefined
      : Duration.millis(Math.max(0, DateTime.toEpochMillis(resetAt) - receivedAt))
  return {
    ...optional("retryAfter", retryAfter(headers, receivedAt) ?? untilReset),
    ...optional("limit", wholeNumber(headers["x-ratelimit-limit"])),
    ...optional("remaining", wholeNumber(headers["x-ratelimit-remaining"])),
    ...optional("resetAt", resetAt),
  }
}

const retryAfter = (
  headers: Headers.Headers,
  receivedAt: number,
): Duration.Duration | undefined => {
  const parsed = Headers.parseRetryAfter(headers["retry-after"] ?? "")
  return Result.isSuccess(parsed) ? Headers.retryAfterDelay(parsed.success, receivedAt) : undefined
}

const wholeNumber = (text: string | undefined): number | undefined => {
  const value = /^\s*\d+\s*$/.test(text ?? "") ? Number(text) : undefined
  return value !== undefined && Number.isSafeInteger(value) ? value : undefined
}

// A key that is absent rather than undefined, as the schemas of the reasons have it.
const optional = <K extends string, A>(key: K, value: A | undefined): { readonly [P in K]?: A } =>
  // A computed key widens to an index signature; it is K.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: A }
