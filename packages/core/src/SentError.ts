/**
 * The one error of the library, and the reasons it can have.
 *
 * Catch every failure with `Effect.catchTag("SentError", …)`, one kind with
 * `Effect.catchReason("SentError", "RateLimited", …)`. No reason holds a phone number, a template value or a
 * credential, and where the service's own words are kept (`detail`), what the request said is masked in them.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * What a failure says about the message.
 *
 * - `not-sent`: the service certainly did not accept it.
 * - `unknown`: it may have. The API has no idempotency key, so to send again can put a second message on a
 *   person's phone.
 *
 * @example
 * ```ts
 * import type { SentError } from "@effect-sent/core"
 *
 * const mayHaveGoneOut = (error: SentError.SentError): boolean => error.delivery === "unknown"
 * ```
 */
export type Delivery = "not-sent" | "unknown"

/**
 * One thing that is wrong with an input.
 *
 * @example
 * ```ts
 * import type { SentError } from "@effect-sent/core"
 *
 * const issue: SentError.Issue = { path: ["messageBody", "name"], message: "must be a string" }
 * ```
 */
export interface Issue {
  /** Where it is: the names of the fields from the outside in; empty for the input as a whole. */
  readonly path: ReadonlyArray<string>
  /** What is wrong and what would be right, without the value. */
  readonly message: string
}

// -----------------------------------------------------------------------------
// Nothing was put on the wire
// -----------------------------------------------------------------------------

/**
 * The input, or an option of a layer, is not what the API can take. Every wrong field is listed with its
 * path; the values are not, since they can be personal.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 *
 * const reason = new SentError.InvalidRequest({
 *   issues: [{ path: ["phoneNumber"], message: "is required" }],
 * })
 * console.assert(reason.message === "invalid request: phoneNumber is required")
 * ```
 */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>("SentError/InvalidRequest")(
  "InvalidRequest",
  {
    issues: Schema.Array(
      Schema.Struct({ path: Schema.Array(Schema.String), message: Schema.String }),
    ),
  },
) {
  /** Nothing was put on the wire. */
  get delivery(): "not-sent" {
    return "not-sent"
  }
  /** The same input fails again. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `invalid request: ${formatIssues(this.issues)}`
  }
}

/**
 * There are no credentials to send with: none could be loaded, or what was loaded is malformed.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 *
 * const reason = new SentError.CredentialsUnavailable({ description: "senderId must be a GUID" })
 * console.assert(reason.delivery === "not-sent")
 * ```
 */
export class CredentialsUnavailable extends Schema.TaggedError<CredentialsUnavailable>(
  "SentError/CredentialsUnavailable",
)("CredentialsUnavailable", {
  /** What is missing or malformed, without its value. */
  description: Schema.String,
}) {
  /** Nothing was put on the wire. */
  get delivery(): "not-sent" {
    return "not-sent"
  }
  /** Credentials do not appear by asking again at once. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `no usable credentials: ${this.description}`
  }
}

// -----------------------------------------------------------------------------
// The service refused the message
// -----------------------------------------------------------------------------

/**
 * The service found fields of the request invalid (400 with `errors`).
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 *
 * const reason = new SentError.ValidationFailed({
 *   fieldErrors: { phoneNumber: ["Phone number is required"] },
 * })
 * console.assert(reason.message === "validation failed: phoneNumber: Phone number is required")
 * ```
 */
export class ValidationFailed extends Schema.TaggedError<ValidationFailed>(
  "SentError/ValidationFailed",
)("ValidationFailed", {
  /** The service's messages by field, in its own words and names. */
  fieldErrors: Schema.Record(Schema.String, Schema.Array(Schema.String)),
}) {
  /** The service refused the message. */
  get delivery(): "not-sent" {
    return "not-sent"
  }
  /** The same request is refused again. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const fields = Object.entries(this.fieldErrors).map(
      ([field, messages]) => `${field}: ${messages.join(", ")}`,
    )
    return `validation failed: ${fields.join("; ")}`
  }
}

/**
 * The service does not take the phone number (400 `Invalid phone number`): well-formed, but not one that it
 * can send to.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 *
 * console.assert(!new SentError.InvalidPhoneNumber().isRetryable)
 * ```
 */
export class InvalidPhoneNumber extends Schema.TaggedError<InvalidPhoneNumber>(
  "SentError/InvalidPhoneNumber",
)("InvalidPhoneNumber", {}) {
  /** The service refused the message. */
  get delivery(): "not-sent" {
    return "not-sent"
  }
  /** The same request is refused again. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return "the service does not take the phone number"
  }
}

/**
 * The service knows no template with this id (400 `Template not found`).
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 *
 * console.assert(new SentError.TemplateNotFound().delivery === "not-sent")
 * ```
 */
export class TemplateNotFound extends Schema.TaggedError<TemplateNotFound>(
  "SentError/TemplateNotFound",
)("TemplateNotFound", {}) {
  /** The service refused the message. */
  get delivery(): "not-sent" {
    return "not-sent"
  }
  /** The same request is refused again. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return "the service knows no template with this templateId"
  }
}

/**
 * The account has too little left for this message (400 `Insufficient balance. …`).
 *
 * The amounts are exact decimals in the account's currency, which the service does not name; they are
 * absent where its text has none that can be read without a doubt.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 * import { BigDecimal } from "effect"
 *
 * const reason = new SentError.InsufficientBalance({
 *   balance: BigDecimal.fromStringUnsafe("0.0050"),
 *   estimatedCost: BigDecimal.fromStringUnsafe("0.0200"),
 * })
 * console.assert(reason.message === "insufficient balance: 0.005, estimated cost 0.02")
 * ```
 */
export class InsufficientBalance extends Schema.TaggedError<InsufficientBalance>(
  "SentError/InsufficientBalance",
)("InsufficientBalance", {
  /** What the account has. */
  balance: Schema.optionalKey(Schema.BigDecimal),
  /** What the message would cost. */
  estimatedCost: Schema.optionalKey(Schema.BigDecimal),
}) {
  /** The service refused the message. */
  get delivery(): "not-sent" {
    return "not-sent"
  }
  /** Somebody has to add to the balance first. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const balance = this.balance === undefined ? "" : `: ${BigDecimal.format(this.balance)}`
    const cost =
      this.estimatedCost === undefined
        ? ""
        : `, estimated cost ${BigDecimal.format(this.estimatedCost)}`
    return `insufficient balance${balance}${cost}`
  }
}

/**
 * The service refused the request for another reason than those that have a name of their own: 400, 413, 415
 * or 422, e.g. `Invalid channel: email. Supported channels are: sms, whatsapp`.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 *
 * const reason = new SentError.BadRequest({ status: 400, detail: "Invalid channel: email" })
 * console.assert(reason.message === "bad request (400): Invalid channel: email")
 * ```
 */
export class BadRequest extends Schema.TaggedError<BadRequest>("SentError/BadRequest")(
  "BadRequest",
  {
    status: Schema.Int,
    /** The service's own words. */
    detail: Schema.optionalKey(Schema.String),
  },
) {
  /** The service refused the message. */
  get delivery(): "not-sent" {
    return "not-sent"
  }
  /** The same request is refused again. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `bad request (${this.status})${formatDetail(this.detail)}`
  }
}

/**
 * The service does not know these credentials, or misses one of their headers (401).
 *
 * Ten failures in a row lock a credential at the provider, so this is never repeated blindly.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 *
 * const reason = new SentError.Unauthorized({
 *   header: "x-api-key",
 *   detail: "Header x-api-key not found",
 * })
 * console.assert(reason.message === "unauthorized (401): Header x-api-key not found")
 * ```
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>("SentError/Unauthorized")(
  "Unauthorized",
  {
    /** The header at fault, where the service names it. */
    header: Schema.optionalKey(Schema.Literals(["x-api-key", "x-sender-id"])),
    /** The service's own words. */
    detail: Schema.optionalKey(Schema.String),
  },
) {
  /** The service refused the message. */
  get delivery(): "not-sent" {
    return "not-sent"
  }
  /** The same credentials are refused again. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `unauthorized (401)${formatDetail(this.detail)}`
  }
}

/**
 * The credentials are known but may not do this (403).
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 *
 * console.assert(new SentError.Forbidden({}).message === "forbidden (403)")
 * ```
 */
export class Forbidden extends Schema.TaggedError<Forbidden>("SentError/Forbidden")("Forbidden", {
  /** The service's own words. */
  detail: Schema.optionalKey(Schema.String),
}) {
  /** The service refused the message. */
  get delivery(): "not-sent" {
    return "not-sent"
  }
  /** The same credentials are refused again. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `forbidden (403)${formatDetail(this.detail)}`
  }
}

/**
 * The service knows nothing at this address (404): most often a wrong base URL.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 *
 * console.assert(new SentError.NotFound({}).delivery === "not-sent")
 * ```
 */
export class NotFound extends Schema.TaggedError<NotFound>("SentError/NotFound")("NotFound", {
  /** The service's own words. */
  detail: Schema.optionalKey(Schema.String),
}) {
  /** The service refused the message. */
  get delivery(): "not-sent" {
    return "not-sent"
  }
  /** The same address is unknown again. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `not found (404)${formatDetail(this.detail)}`
  }
}

/**
 * Too many requests (429). `retryAfter` is the `Retry-After` header, in seconds or as a date (RFC 9110,
 * section 10.2.3), or else the time until `X-RateLimit-Reset`.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 * import { Duration } from "effect"
 *
 * const reason = new SentError.RateLimited({ retryAfter: Duration.seconds(60), limit: 100, remaining: 0 })
 * console.assert(reason.message === "rate limited (429): retry after 1m")
 * ```
 */
export class RateLimited extends Schema.TaggedError<RateLimited>("SentError/RateLimited")(
  "RateLimited",
  {
    /** How long to wait from now. */
    retryAfter: Schema.optionalKey(Schema.Duration),
    /** `X-RateLimit-Limit`: how many requests a window allows. */
    limit: Schema.optionalKey(Schema.Int),
    /** `X-RateLimit-Remaining`: how many are left in this one. */
    remaining: Schema.optionalKey(Schema.Int),
    /** `X-RateLimit-Reset`: when the next window begins. */
    resetAt: Schema.optionalKey(Schema.DateTimeUtc),
  },
) {
  /** The service refused the message. */
  get delivery(): "not-sent" {
    return "not-sent"
  }
  /** It passes with time. */
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `rate limited (429)${formatRetryAfter(this.retryAfter)}`
  }
}

// -----------------------------------------------------------------------------
// The service failed
// -----------------------------------------------------------------------------

/**
 * The service is overloaded or down (503). With a `Retry-After` it has refused the message; without one the
 * answer can be a proxy's, and whether the service took the message is unknown.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 * import { Duration } from "effect"
 *
 * console.assert(new SentError.ServiceUnavailable({}).delivery === "unknown")
 * const reason = new SentError.ServiceUnavailable({ retryAfter: Duration.seconds(30) })
 * console.assert(reason.delivery === "not-sent")
 * ```
 */
export class ServiceUnavailable extends Schema.TaggedError<ServiceUnavailable>(
  "SentError/ServiceUnavailable",
)("ServiceUnavailable", {
  /** How long to wait from now: the `Retry-After` header. */
  retryAfter: Schema.optionalKey(Schema.Duration),
  /** The service's own words. */
  detail: Schema.optionalKey(Schema.String),
}) {
  /** Refused where the answer carries `Retry-After`, else unknown. */
  get delivery(): Delivery {
    return this.retryAfter === undefined ? "unknown" : "not-sent"
  }
  /** It passes with time. */
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `service unavailable (503)${formatRetryAfter(this.retryAfter)}`
  }
}

/**
 * The service, or a proxy before it, failed while it worked on the request: any 5xx but 503.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 *
 * const reason = new SentError.ServerError({ status: 502 })
 * console.assert(reason.delivery === "unknown")
 * ```
 */
export class ServerError extends Schema.TaggedError<ServerError>("SentError/ServerError")(
  "ServerError",
  {
    status: Schema.Int,
    /** The service's own words. */
    detail: Schema.optionalKey(Schema.String),
  },
) {
  /** It may have failed before or after it accepted the message. */
  get delivery(): "unknown" {
    return "unknown"
  }
  /** 500, 502 and 504 pass with time; what is not implemented (501, 505) stays so. */
  get isRetryable(): boolean {
    return this.status === 500 || this.status === 502 || this.status === 504
  }
  override get message(): string {
    return `server error (${this.status})${formatDetail(this.detail)}`
  }
}

/**
 * An answer that the API does not describe: a redirect (never followed, since the credentials would go
 * along), or a status that says nothing here. `status` is 0 where the runtime hides it, as browsers do for
 * redirects.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 *
 * console.assert(new SentError.UnexpectedResponse({ status: 307 }).delivery === "unknown")
 * console.assert(new SentError.UnexpectedResponse({ status: 405 }).delivery === "not-sent")
 * ```
 */
export class UnexpectedResponse extends Schema.TaggedError<UnexpectedResponse>(
  "SentError/UnexpectedResponse",
)("UnexpectedResponse", {
  status: Schema.Int,
  /** The service's own words. */
  detail: Schema.optionalKey(Schema.String),
}) {
  /** A 4xx refuses the message, but for 408, after which it may still have been read. */
  get delivery(): Delivery {
    return this.status >= 400 && this.status < 500 && this.status !== 408 ? "not-sent" : "unknown"
  }
  /** Only 408, Request Timeout, passes with time. */
  get isRetryable(): boolean {
    return this.status === 408
  }
  override get message(): string {
    const what =
      this.status === 0 || (this.status >= 300 && this.status < 400)
        ? "a redirect, which is not followed"
        : "unexpected response"
    return `${what} (${this.status})${formatDetail(this.detail)}`
  }
}

// -----------------------------------------------------------------------------
// No answer came
// -----------------------------------------------------------------------------

/**
 * No connection came about, so the request was never written: the name was not resolved, the connection was
 * refused or timed out, or TLS was not agreed on.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 *
 * const reason = new SentError.ConnectionFailed({ stage: "connect", code: "ECONNREFUSED" })
 * console.assert(reason.message === "no connection (connect: ECONNREFUSED)")
 * ```
 */
export class ConnectionFailed extends Schema.TaggedError<ConnectionFailed>(
  "SentError/ConnectionFailed",
)("ConnectionFailed", {
  /** How far it came: resolving the name, connecting, or agreeing on TLS. */
  stage: Schema.Literals(["resolve", "connect", "tls"]),
  /** The runtime's code, e.g. `ECONNREFUSED`. */
  code: Schema.String,
}) {
  /** The request was never written. */
  get delivery(): "not-sent" {
    return "not-sent"
  }
  /** Names and connections come back; a certificate that is not trusted stays so. */
  get isRetryable(): boolean {
    return this.stage !== "tls"
  }
  override get message(): string {
    return `no connection (${this.stage}: ${this.code})`
  }
}

/**
 * The connection broke, or what came over it was not HTTP. When the runtime does not say whether the request
 * was written, it may have been.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 *
 * console.assert(new SentError.ConnectionLost({ code: "ECONNRESET" }).delivery === "unknown")
 * ```
 */
export class ConnectionLost extends Schema.TaggedError<ConnectionLost>("SentError/ConnectionLost")(
  "ConnectionLost",
  {
    /** The runtime's code, e.g. `ECONNRESET`, where it gives one. */
    code: Schema.optionalKey(Schema.String),
  },
) {
  /** The request may have been written. */
  get delivery(): "unknown" {
    return "unknown"
  }
  /** It passes with time. */
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `connection lost${this.code === undefined ? "" : ` (${this.code})`}`
  }
}

/**
 * No answer came in time.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 * import { Duration } from "effect"
 *
 * const reason = new SentError.TimedOut({ delivery: "unknown", after: Duration.seconds(30) })
 * console.assert(reason.message === "timed out after 30s")
 * ```
 */
export class TimedOut extends Schema.TaggedError<TimedOut>("SentError/TimedOut")("TimedOut", {
  /** Unknown once the request was on its way, not sent before. */
  delivery: Schema.Literals(["not-sent", "unknown"]),
  /** The time that it was given. */
  after: Schema.Duration,
}) {
  /** It passes with time. */
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `timed out after ${Duration.format(this.after)}`
  }
}

/**
 * The circuit breaker of the layer is open: the service failed so often of late that nothing is sent for a
 * while.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 * import { Duration } from "effect"
 *
 * const reason = new SentError.CircuitOpen({ retryAfter: Duration.seconds(10) })
 * console.assert(reason.delivery === "not-sent")
 * ```
 */
export class CircuitOpen extends Schema.TaggedError<CircuitOpen>("SentError/CircuitOpen")(
  "CircuitOpen",
  {
    /** How long the circuit stays open from now. */
    retryAfter: Schema.optionalKey(Schema.Duration),
  },
) {
  /** Nothing was put on the wire. */
  get delivery(): "not-sent" {
    return "not-sent"
  }
  /** It passes with time. */
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `circuit open${formatRetryAfter(this.retryAfter)}`
  }
}

// -----------------------------------------------------------------------------
// SentError
// -----------------------------------------------------------------------------

/**
 * Every reason that a {@link SentError} can have, told apart by `_tag`.
 *
 * @example
 * ```ts
 * import type { SentError } from "@effect-sent/core"
 *
 * const isCustomersFault = (reason: SentError.Reason): boolean =>
 *   reason._tag === "InvalidPhoneNumber" || reason._tag === "ValidationFailed"
 * ```
 */
export type Reason =
  | InvalidRequest
  | CredentialsUnavailable
  | ValidationFailed
  | InvalidPhoneNumber
  | TemplateNotFound
  | InsufficientBalance
  | BadRequest
  | Unauthorized
  | Forbidden
  | NotFound
  | RateLimited
  | ServiceUnavailable
  | ServerError
  | UnexpectedResponse
  | ConnectionFailed
  | ConnectionLost
  | TimedOut
  | CircuitOpen

/**
 * The schema of every {@link Reason}.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 * import { Schema } from "effect"
 *
 * console.assert(Schema.is(SentError.Reason)(new SentError.TemplateNotFound()))
 * ```
 */
export const Reason: Schema.Union<
  readonly [
    typeof InvalidRequest,
    typeof CredentialsUnavailable,
    typeof ValidationFailed,
    typeof InvalidPhoneNumber,
    typeof TemplateNotFound,
    typeof InsufficientBalance,
    typeof BadRequest,
    typeof Unauthorized,
    typeof Forbidden,
    typeof NotFound,
    typeof RateLimited,
    typeof ServiceUnavailable,
    typeof ServerError,
    typeof UnexpectedResponse,
    typeof ConnectionFailed,
    typeof ConnectionLost,
    typeof TimedOut,
    typeof CircuitOpen,
  ]
> = Schema.Union([
  InvalidRequest,
  CredentialsUnavailable,
  ValidationFailed,
  InvalidPhoneNumber,
  TemplateNotFound,
  InsufficientBalance,
  BadRequest,
  Unauthorized,
  Forbidden,
  NotFound,
  RateLimited,
  ServiceUnavailable,
  ServerError,
  UnexpectedResponse,
  ConnectionFailed,
  ConnectionLost,
  TimedOut,
  CircuitOpen,
])

/**
 * The failure of a send.
 *
 * `delivery` says whether the message may be on its way; it is the first thing to look at before anything is
 * sent again. `isRetryable` says only that the cause passes with time.
 *
 * @example
 * ```ts
 * import { SentClient } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const outcome = await SentClient.sendToPhone({ phoneNumber: "12", templateId: "" }).pipe(
 *   Effect.as("accepted"),
 *   Effect.catchReason("SentError", "InvalidRequest", (reason) =>
 *     Effect.succeed(`wrong: ${reason.issues.map((issue) => issue.path.join(".")).join(", ")}`),
 *   ),
 *   Effect.catchTag("SentError", (error) => Effect.succeed(error.delivery)),
 *   Effect.provide(SentClient.layerEnv),
 *   Effect.runPromise,
 * )
 * console.assert(outcome === "wrong: phoneNumber, templateId")
 * ```
 */
export class SentError extends Schema.TaggedError<SentError>()("SentError", {
  /** What went wrong, told apart by `_tag`. */
  reason: Reason,
  /** How many requests were put on the wire, this one included; 0 when none was. */
  attempts: Schema.Int,
  /**
   * How many of the requests before the last one may have been accepted. Always 0, unless the retry policy says
   * `atLeastOnce`.
   */
  unknownAttempts: Schema.Int.pipe(Schema.withConstructorDefault(Effect.succeed(0))),
}) {
  /** Whether the service may have accepted the message, with this request or with one before it. */
  get delivery(): Delivery {
    return this.unknownAttempts > 0 ? "unknown" : this.reason.delivery
  }
  /** Whether the cause passes with time; not whether it is safe to send again, which `delivery` says. */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
  /** How long the service asks to wait from now, where it does. */
  get retryAfter(): Duration.Duration | undefined {
    return "retryAfter" in this.reason ? this.reason.retryAfter : undefined
  }
  override get message(): string {
    const delivery = this.delivery === "not-sent" ? "not sent" : "the message may have been sent"
    return `${this.reason.message} [${delivery}]`
  }
  /** The JSON form has the message and the delivery too, for logs. */
  override toJSON(): unknown {
    return {
      _tag: this._tag,
      message: this.message,
      delivery: this.delivery,
      isRetryable: this.isRetryable,
      attempts: this.attempts,
      unknownAttempts: this.unknownAttempts,
      reason: this.reason,
    }
  }
}

/**
 * Whether a value is a {@link SentError}.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 *
 * console.assert(!SentError.isSentError(new Error("another")))
 * ```
 */
export const isSentError = (u: unknown): u is SentError => u instanceof SentError

const formatIssues = (issues: ReadonlyArray<Issue>): string =>
  issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")} ${message}`))
    .join("; ")

const formatDetail = (detail: string | undefined): string =>
  detail === undefined ? "" : `: ${detail}`

const formatRetryAfter = (retryAfter: Duration.Duration | undefined): string =>
  retryAfter === undefined ? "" : `: retry after ${Duration.format(retryAfter)}`
