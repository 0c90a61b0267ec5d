/**
 * What the response to a request says about the message, by its status.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Operation } from "./operation.ts"
import * as Reasons from "./reason.ts"
import { parseProblem, type Problem } from "./problem.ts"

/** The response to a message that was accepted. */
export interface Accepted {
  readonly status: number
  readonly acceptedAt: DateTime.Utc
}

/** A response whose body was read. */
export interface Answer {
  readonly status: number
  readonly headers: Headers.Headers
  readonly body: string
  /** Milliseconds since the epoch when it arrived: `Retry-After` is relative to it. */
  readonly receivedAt: number
  /** Masks the values of the request in the service's own words. */
  readonly mask: (text: string) => string
}

/** Whether a response accepts the message, or the reason why not. */
export const readAnswer = <Request>(
  { isAccepted }: Pick<Operation<Request>, "isAccepted">,
  answer: Answer,
): Result.Result<Accepted, Reasons.Reason> =>
  isAccepted(answer.status)
    ? Result.succeed({
        status: answer.status,
        acceptedAt: DateTime.makeUnsafe(answer.receivedAt),
      })
    : Result.fail(reasonOf(answer))

const reasonOf = ({ body, headers, mask, receivedAt, status }: Answer): Reasons.Reason => {
  const problem = parseProblem(body)
  const detail = problem.detail === undefined ? {} : { detail: mask(problem.detail) }
  switch (status) {
    case 400:
      return reasonOf400(problem, mask)
    case 413:
    case 415:
    case 422:
      return new Reasons.RequestRejected({ status, ...detail })
    case 401:
      return new Reasons.CredentialsRejected({ ...headerAtFault(problem.detail), ...detail })
    case 403:
      return new Reasons.AccessDenied(detail)
    case 404:
      return new Reasons.EndpointNotFound(detail)
    case 429:
      return new Reasons.RateLimited(rateLimit(headers, receivedAt))
    case 503:
      return new Reasons.ServiceOverloaded({
        ...optional("retryAfter", retryAfter(headers, receivedAt)),
        ...detail,
      })
    default:
      return status >= 500 && status < 600
        ? new Reasons.ServerFailed({ status, ...detail })
        : new Reasons.UnexpectedResponse({ status, ...detail })
  }
}

// -----------------------------------------------------------------------------
// 400 and 401
// -----------------------------------------------------------------------------

const reasonOf400 = (
  { detail, fieldErrors }: Problem,
  mask: (text: string) => string,
): Reasons.Reason => {
  if (fieldErrors !== undefined) {
    return new Reasons.ValidationFailed({
      fieldErrors: Object.fromEntries(
        Object.entries(fieldErrors).map(([field, messages]) => [mask(field), messages.map(mask)]),
      ),
    })
  }
  if (detail === undefined) return new Reasons.RequestRejected({ status: 400 })
  if (/^invalid phone number\b/i.test(detail)) return new Reasons.InvalidPhoneNumber()
  if (/^template not found\b/i.test(detail)) return new Reasons.TemplateNotFound()
  if (/^insufficient balance\b/i.test(detail)) {
    return new Reasons.InsufficientBalance({
      ...optional("balance", amount(detail, /\bcurrent balance:\s*(\S+)/i)),
      ...optional("estimatedCost", amount(detail, /\bestimated cost:\s*(\S+)/i)),
    })
  }
  return new Reasons.RequestRejected({ status: 400, detail: mask(detail) })
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
): ConstructorParameters<typeof Reasons.RateLimited>[0] => {
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
