/**
 * The reasons that a send can fail for. They are public as members of `SentError`.
 *
 * Each is the reason of the same name of `@effect-sent/core`, whose words it has; a test compares their fields.
 */
import { wordsOf } from "@effect-sent/facade/Sending"
import type * as BigDecimal from "effect/BigDecimal"
import { taggedError, type TaggedErrorClass } from "./taggedError.ts"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import { plainTagged } from "./bridge/values.ts"

/** One problem with an input or with options. */
export interface Issue {
  /** The path of the field, from the outside in; empty for the value as a whole. */
  readonly path: ReadonlyArray<string>
  /** The rule that the field breaks, without the field's value. */
  readonly message: string
}

/** What a response was that has none of the forms that the service has published. */
type Foreign = "page" | "other"

/** Makes the base class of a reason, whose words are core's. */
const reason = <Tag extends string>(tag: Tag): TaggedErrorClass<Tag> => {
  const Base = taggedError(tag)
  Object.defineProperty(Base.prototype, "message", {
    configurable: true,
    get(this: object & { readonly _tag: string }) {
      return wordsOf(plainTagged(this))
    },
  })
  return Base
}

// -----------------------------------------------------------------------------
// No request was sent
// -----------------------------------------------------------------------------

/** The input of a send is malformed. No request was sent. */
export class InvalidRequest extends reason("InvalidRequest")<{
  /** Every problem, with the path of its field. The values are left out: they can be personal data. */
  readonly issues: ReadonlyArray<Issue>
}> {}

/** An option of a layer or of a send is invalid. */
export class InvalidOptions extends reason("InvalidOptions")<{
  /** Every problem, with the path of its option. */
  readonly issues: ReadonlyArray<Issue>
}> {}

/**
 * There are no credentials to send with: they are missing or malformed, they could not be loaded, or the service
 * rejected them three times in a row.
 */
export class CredentialsUnavailable extends reason("CredentialsUnavailable")<{
  /** What is missing or malformed, without its value. */
  readonly description: string
}> {}

/** The circuit breaker of the layer is open, after too many failures of the service. No request was sent. */
export class CircuitOpen extends reason("CircuitOpen")<{
  /** How long the circuit stays open from now, if that is known. */
  readonly retryAfter?: Duration.Duration
}> {}

// -----------------------------------------------------------------------------
// The service rejected the message
// -----------------------------------------------------------------------------

/** The service rejected fields of the request (400 with `errors`). */
export class ValidationFailed extends reason("ValidationFailed")<{
  /** The service's messages by field, with the service's names of the fields. */
  readonly fieldErrors: Readonly<Record<string, ReadonlyArray<string>>>
}> {}

/** The service cannot send to the phone number, although it is well-formed (400 `Invalid phone number`). */
export class InvalidPhoneNumber extends reason("InvalidPhoneNumber")<{
  readonly code?: string
}> {}

/** The account has no template with this id (400 `Template not found`). */
export class TemplateNotFound extends reason("TemplateNotFound")<{
  readonly code?: string
}> {}

/**
 * The balance of the account is too low for this message (400 `Insufficient balance`).
 *
 * **Details**
 *
 * The amounts are exact decimals in the account's currency, which the service does not name. An amount that cannot be
 * read unambiguously is left out.
 */
export class InsufficientBalance extends reason("InsufficientBalance")<{
  /** The balance of the account. */
  readonly balance?: BigDecimal.BigDecimal
  /** What the message would cost. */
  readonly estimatedCost?: BigDecimal.BigDecimal
  readonly code?: string
}> {}

/** The service rejected the request in a way that has no reason of its own (other 400, 413, 415, 422). */
export class RequestRejected extends reason("RequestRejected")<{
  readonly status: number
  readonly code?: string
  /** The service's own words, with the values of the request masked. */
  readonly detail?: string
  readonly foreign?: Foreign
}> {}

/**
 * The service rejected the credentials (401).
 *
 * **Gotchas**
 *
 * The provider locks a credential after ten failures in a row, so a 401 is never retried with the same credentials.
 */
export class CredentialsRejected extends reason("CredentialsRejected")<{
  /** The header at fault, if the service names it. */
  readonly header?: "x-api-key" | "x-sender-id"
  readonly code?: string
  readonly detail?: string
}> {}

/** The credentials are valid but do not allow this request, or a firewall on the way denies it (403). */
export class AccessDenied extends reason("AccessDenied")<{
  readonly code?: string
  readonly detail?: string
  /** `page` if the response was an HTML page: a firewall or a proxy on the way denied the request. */
  readonly foreign?: Foreign
}> {}

/** There is no such endpoint (404). The base URL is usually wrong. */
export class EndpointNotFound extends reason("EndpointNotFound")<{
  /** The URL that the request was sent to. */
  readonly url?: string
  readonly code?: string
  readonly detail?: string
}> {}

/** The account has no message with this id. Only of v3, which this package does not send to. */
export class MessageNotFound extends reason("MessageNotFound")<{
  readonly [K in never]: unknown
}> {}

/** Another request with the same idempotency key is under way (409). Only of v3, which this package does not send to. */
export class KeyConflict extends reason("KeyConflict")<{
  readonly retryAfter?: Duration.Duration
  readonly code?: string
  readonly detail?: string
}> {}

/** Too many requests (429). */
export class RateLimited extends reason("RateLimited")<{
  /** How long to wait from now: `Retry-After` or the time until `X-RateLimit-Reset`, whichever is later. */
  readonly retryAfter?: Duration.Duration
  /** `X-RateLimit-Limit`: how many requests a window allows. */
  readonly limit?: number
  /** `X-RateLimit-Remaining`: how many requests the current window still allows. */
  readonly remaining?: number
  /** `X-RateLimit-Reset`: when the next window begins. */
  readonly resetAt?: DateTime.Utc
}> {}

// -----------------------------------------------------------------------------
// The service failed
// -----------------------------------------------------------------------------

/**
 * The service is overloaded or down (503).
 *
 * **Gotchas**
 *
 * Only with a `Retry-After` is the message certainly not sent. Without one, the response may be a proxy's, and the service
 * behind it may have accepted the message.
 */
export class ServiceOverloaded extends reason("ServiceOverloaded")<{
  /** How long to wait from now: the `Retry-After` header. */
  readonly retryAfter?: Duration.Duration
  readonly code?: string
  readonly detail?: string
}> {}

/** The service, or a proxy in front of it, failed while it processed the request (5xx other than 503). */
export class ServerFailed extends reason("ServerFailed")<{
  readonly status: number
  readonly code?: string
  readonly detail?: string
}> {}

/** A response that the API does not document: a redirect, which is never followed, or any other status. */
export class UnexpectedResponse extends reason("UnexpectedResponse")<{
  readonly status: number
  readonly code?: string
  readonly detail?: string
}> {}

// -----------------------------------------------------------------------------
// No response came
// -----------------------------------------------------------------------------

/** No connection was established, so the request was never written. */
export class ConnectionFailed extends reason("ConnectionFailed")<{
  /** The step that failed: the DNS lookup, the TCP connection or the TLS handshake. */
  readonly stage: "resolve" | "connect" | "tls"
  /** The runtime's code, such as `ECONNREFUSED`. */
  readonly code: string
  /** The host of the base URL. */
  readonly host?: string
  /** The port of the base URL. */
  readonly port?: number
}> {}

/** The connection broke, or what came over it was not HTTP. The request may have been written. */
export class ConnectionLost extends reason("ConnectionLost")<{
  /** The runtime's code, such as `ECONNRESET`, if there is one. */
  readonly code?: string
}> {}

/** A request got no response in time, or the deadline of the send passed. */
export class TimedOut extends reason("TimedOut")<{
  /**
   * What the send was doing: `in-flight` once the request may have been on its way, `connecting` while its connection was
   * seen not to be established, `waiting` while there was no request.
   */
  readonly stage: "waiting" | "connecting" | "in-flight"
  /** The time allowed: the time-out of a request, or the deadline of the send. */
  readonly after: Duration.Duration
}> {}

/**
 * The `HttpClient` given to `SentClient` repeats or redirects requests on its own, so one attempt may have been more than
 * one request. A second request is refused where it is seen before it is made.
 */
export class RequestRepeated extends reason("RequestRepeated")<{
  /** `again` if the client repeated the request, `elsewhere` if the response or the error came from another URL. */
  readonly how: "again" | "elsewhere"
}> {}

// -----------------------------------------------------------------------------
// Any of them
// -----------------------------------------------------------------------------

/** The class of each reason. */
export const classes = {
  InvalidRequest,
  InvalidOptions,
  CredentialsUnavailable,
  ValidationFailed,
  InvalidPhoneNumber,
  TemplateNotFound,
  InsufficientBalance,
  RequestRejected,
  CredentialsRejected,
  AccessDenied,
  EndpointNotFound,
  MessageNotFound,
  KeyConflict,
  RateLimited,
  ServiceOverloaded,
  ServerFailed,
  UnexpectedResponse,
  ConnectionFailed,
  ConnectionLost,
  TimedOut,
  RequestRepeated,
  CircuitOpen,
}

/** Any reason that a `SentError` can have; `_tag` says which. */
export type Reason = InstanceType<(typeof classes)[keyof typeof classes]>
