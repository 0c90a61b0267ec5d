/**
 * The reasons that a send can fail for. They are public as members of `SentError`.
 *
 * A reason holds data and a message. What it means (for the delivery, for a retry, for the person who can fix it) stands in
 * `reasonTable.ts`. No reason holds a phone number, a template value or a credential; where the service's own words are
 * kept, in `detail` and `fieldErrors`, the values of the request are masked.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

/** One problem with an input or with options. */
export interface Issue {
  /** The path of the field, from the outside in; empty for the value as a whole. */
  readonly path: ReadonlyArray<string>
  /** The rule that the field breaks, without the field's value. */
  readonly message: string
}

/** Makes the class of a reason. Its schema is named after its tag. */
// Inferred by each class, as by `Schema.TaggedError`.
// oxlint-disable typescript/no-unnecessary-type-parameters
const reason =
  <Self>() =>
  <const Tag extends string, const Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) =>
    Schema.TaggedError<Self>(`SentError/${tag}`)(tag, fields)
// oxlint-enable typescript/no-unnecessary-type-parameters

const issues = Schema.Array(
  Schema.Struct({ path: Schema.Array(Schema.String), message: Schema.String }),
)

/** The service's own words, with the values of the request masked. */
const detail = Schema.optionalKey(Schema.String)

/** The code of the failure in v3, such as `VALIDATION_001`. v1 has none. */
const code = Schema.optionalKey(Schema.String)

/**
 * What a response was that has none of the forms that the service has published: an HTML `page`, as firewalls and proxies
 * send it, or `other`. Absent for the service's own responses, and only these prove that the credentials are good.
 */
const foreign = Schema.optionalKey(Schema.Literals(["page", "other"]))

// -----------------------------------------------------------------------------
// No request was sent
// -----------------------------------------------------------------------------

/** The input of a send is malformed. No request was sent. */
export class InvalidRequest extends reason<InvalidRequest>()("InvalidRequest", {
  /** Every problem, with the path of its field. The values are left out: they can be personal data. */
  issues,
}) {
  override get message(): string {
    return `invalid request: ${formatIssues(this.issues)}`
  }
}

/** An option of a layer or of a send is invalid. */
export class InvalidOptions extends reason<InvalidOptions>()("InvalidOptions", {
  /** Every problem, with the path of its option. */
  issues,
}) {
  override get message(): string {
    return `invalid options: ${formatIssues(this.issues)}`
  }
}

/**
 * There are no credentials to send with: they are missing or malformed, they could not be loaded, or the service
 * rejected them three times in a row.
 *
 * **Details**
 *
 * After three rejections, credentials that can be loaded again (`SentCredentials.layerEffect`) are: by the first send a
 * second later, and then at most every 2, 4, 8, 16 and 30 seconds.
 */
export class CredentialsUnavailable extends reason<CredentialsUnavailable>()(
  "CredentialsUnavailable",
  {
    /** What is missing or malformed, without its value. */
    description: Schema.String,
  },
) {
  override get message(): string {
    return `credentials unavailable: ${this.description}`
  }
}

/** The circuit breaker of the layer is open, after too many failures of the service. No request was sent. */
export class CircuitOpen extends reason<CircuitOpen>()("CircuitOpen", {
  /** How long the circuit stays open from now, if that is known. */
  retryAfter: Schema.optionalKey(Schema.Duration),
}) {
  override get message(): string {
    return `circuit breaker open${formatRetryAfter(this.retryAfter)}`
  }
}

// -----------------------------------------------------------------------------
// The service rejected the message
// -----------------------------------------------------------------------------

/** The service rejected fields of the request (400 with `errors`). */
export class ValidationFailed extends reason<ValidationFailed>()("ValidationFailed", {
  /** The service's messages by field, with the service's names of the fields. */
  fieldErrors: Schema.Record(Schema.String, Schema.Array(Schema.String)),
}) {
  override get message(): string {
    const fields = Object.entries(this.fieldErrors).map(
      ([field, messages]) => `${field}: ${messages.join(", ")}`,
    )
    return `validation failed (400): ${fields.join("; ")}`
  }
}

/** The service cannot send to the phone number, although it is well-formed (400 `Invalid phone number`, `VALIDATION_002`). */
export class InvalidPhoneNumber extends reason<InvalidPhoneNumber>()("InvalidPhoneNumber", {
  code,
}) {
  override get message(): string {
    return `invalid phone number (${this.code ?? 400}): the service cannot send to it`
  }
}

/** The account has no template with this id or name (400 `Template not found`, `RESOURCE_002`, 404). */
export class TemplateNotFound extends reason<TemplateNotFound>()("TemplateNotFound", { code }) {
  override get message(): string {
    return `template not found (${this.code ?? 400}): check that templateId exists in this account`
  }
}

/**
 * The balance of the account is too low for this message (400 `Insufficient balance`, `BUSINESS_003`, 422).
 *
 * **Details**
 *
 * The amounts are exact decimals in the account's currency, which the service does not name. An amount that cannot be
 * read unambiguously, such as `1.234,50`, is left out.
 */
export class InsufficientBalance extends reason<InsufficientBalance>()("InsufficientBalance", {
  /** The balance of the account. */
  balance: Schema.optionalKey(Schema.BigDecimal),
  /** What the message would cost. */
  estimatedCost: Schema.optionalKey(Schema.BigDecimal),
  code,
}) {
  override get message(): string {
    const balance = this.balance === undefined ? "" : `: ${BigDecimal.format(this.balance)}`
    const cost =
      this.estimatedCost === undefined
        ? ""
        : `, estimated cost ${BigDecimal.format(this.estimatedCost)}`
    return `insufficient balance (${this.code ?? 400})${balance}${cost}`
  }
}

/** The service rejected the request in a way that has no reason of its own (other 400, 413, 415, 422). */
export class RequestRejected extends reason<RequestRejected>()("RequestRejected", {
  status: Schema.Int,
  code,
  detail,
  foreign,
}) {
  override get message(): string {
    return `request rejected (${this.status})${formatDetail(this.detail)}`
  }
}

/**
 * The service rejected the credentials (401).
 *
 * **Gotchas**
 *
 * The provider locks a credential after ten failures in a row, so a 401 is never retried with the same credentials.
 */
export class CredentialsRejected extends reason<CredentialsRejected>()("CredentialsRejected", {
  /** The header at fault, if the service names it. */
  header: Schema.optionalKey(Schema.Literals(["x-api-key", "x-sender-id"])),
  code,
  detail,
}) {
  override get message(): string {
    return `credentials rejected (401)${formatDetail(this.detail)}`
  }
}

/**
 * The credentials are valid but do not allow this request, or a firewall on the way denies it (403).
 *
 * **Details**
 *
 * If `foreign` is `page`, the response was an HTML page, which the service does not send: a firewall or a proxy on the way
 * denied the request, and nothing is known of the credentials.
 */
export class AccessDenied extends reason<AccessDenied>()("AccessDenied", {
  code,
  detail,
  foreign,
}) {
  override get message(): string {
    return `access denied (403)${formatDetail(this.detail)}${formatForeign(this.foreign)}`
  }
}

/** There is no such endpoint (404). The base URL is usually wrong. */
export class EndpointNotFound extends reason<EndpointNotFound>()("EndpointNotFound", {
  /** The URL that the request was sent to. */
  url: Schema.optionalKey(Schema.String),
  code,
  detail,
}) {
  override get message(): string {
    const at = this.url === undefined ? "" : ` at ${this.url}`
    return `endpoint not found (404)${at}: is the base URL right? ${this.detail ?? ""}`.trimEnd()
  }
}

/** The account has no message with this id (`RESOURCE_003`, 404). */
export class MessageNotFound extends reason<MessageNotFound>()("MessageNotFound", {}) {
  override get message(): string {
    return "message not found (404): check that its id is of this account, and of this profile"
  }
}

/**
 * Another request with the same idempotency key is under way (`CONFLICT_001`, 409), or the service has another objection to
 * the key.
 *
 * **Gotchas**
 *
 * The other request may be accepted, so this one is `unknown`. It is repeated with the same key: with a new one, there would
 * be two messages if the other request is accepted.
 */
export class KeyConflict extends reason<KeyConflict>()("KeyConflict", {
  /** How long to wait from now: the `Retry-After` header. */
  retryAfter: Schema.optionalKey(Schema.Duration),
  code,
  detail,
}) {
  override get message(): string {
    return `conflict of the idempotency key (409)${formatDetail(this.detail)}`
  }
}

/** Too many requests (429). */
export class RateLimited extends reason<RateLimited>()("RateLimited", {
  /** How long to wait from now: `Retry-After` or the time until `X-RateLimit-Reset`, whichever is later. */
  retryAfter: Schema.optionalKey(Schema.Duration),
  /** `X-RateLimit-Limit`: how many requests a window allows. */
  limit: Schema.optionalKey(Schema.Int),
  /** `X-RateLimit-Remaining`: how many requests the current window still allows. */
  remaining: Schema.optionalKey(Schema.Int),
  /** `X-RateLimit-Reset`: when the next window begins. */
  resetAt: Schema.optionalKey(Schema.DateTimeUtc),
}) {
  override get message(): string {
    return `rate limited (429)${formatRetryAfter(this.retryAfter)}`
  }
}

// -----------------------------------------------------------------------------
// The service failed
// -----------------------------------------------------------------------------

/**
 * The service is overloaded or down (503).
 *
 * **Gotchas**
 *
 * Only with a `Retry-After`, or with the code `SERVICE_001`, is the message certainly not sent. Without one, the response may
 * be a proxy's, and the service behind it may have accepted the message.
 */
export class ServiceOverloaded extends reason<ServiceOverloaded>()("ServiceOverloaded", {
  /** How long to wait from now: the `Retry-After` header. */
  retryAfter: Schema.optionalKey(Schema.Duration),
  code,
  detail,
}) {
  override get message(): string {
    return `service overloaded (503)${formatRetryAfter(this.retryAfter)}`
  }
}

/** The service, or a proxy in front of it, failed while it processed the request (5xx other than 503). */
export class ServerFailed extends reason<ServerFailed>()("ServerFailed", {
  status: Schema.Int,
  code,
  detail,
}) {
  override get message(): string {
    return `server failed (${this.status})${formatDetail(this.detail)}`
  }
}

/**
 * A response that the API does not document: a redirect, or any other status.
 *
 * **Gotchas**
 *
 * Redirects are never followed, since they would take the credentials to another server. `status` is 0 where the
 * runtime hides it, as browsers do for redirects.
 */
export class UnexpectedResponse extends reason<UnexpectedResponse>()("UnexpectedResponse", {
  status: Schema.Int,
  code,
  detail,
}) {
  override get message(): string {
    const what = isRedirect(this.status)
      ? `unexpected redirect (${this.status}), not followed; check the base URL`
      : `unexpected response (${this.status})`
    return `${what}${formatDetail(this.detail)}`
  }
}

/** Whether a status is a redirect's; 0 stands for one whose status the runtime hides. */
const isRedirect = (status: number): boolean => status === 0 || (status >= 300 && status < 400)

// -----------------------------------------------------------------------------
// No response came
// -----------------------------------------------------------------------------

/**
 * No connection was established, so the request was never written.
 *
 * **Details**
 *
 * `code` is `bad port` where the runtime's `fetch` refuses to connect to the port of the base URL.
 */
export class ConnectionFailed extends reason<ConnectionFailed>()("ConnectionFailed", {
  /** The step that failed: the DNS lookup, the TCP connection or the TLS handshake. */
  stage: Schema.Literals(["resolve", "connect", "tls"]),
  /** The runtime's code, such as `ECONNREFUSED`. */
  code: Schema.String,
  /** The host of the base URL. */
  host: Schema.optionalKey(Schema.String),
  /** The port of the base URL. */
  port: Schema.optionalKey(Schema.Int),
}) {
  override get message(): string {
    const to = this.host === undefined ? "" : ` to ${this.host}:${this.port ?? "?"}`
    return `connection${to} failed (${this.stage}: ${this.code})`
  }
}

/** The connection broke, or what came over it was not HTTP. The request may have been written. */
export class ConnectionLost extends reason<ConnectionLost>()("ConnectionLost", {
  /** The runtime's code, such as `ECONNRESET`, if there is one. */
  code: Schema.optionalKey(Schema.String),
}) {
  override get message(): string {
    return `connection lost${this.code === undefined ? "" : ` (${this.code})`}`
  }
}

/** A request got no response in time, or the deadline of the send passed. */
export class TimedOut extends reason<TimedOut>()("TimedOut", {
  /**
   * What the send was doing: `in-flight` once the request may have been on its way, `connecting` while its connection was
   * seen not to be established, `waiting` while there was no request, for example for the rate limit or between two
   * attempts.
   */
  stage: Schema.Literals(["waiting", "connecting", "in-flight"]),
  /** The time allowed: the time-out of a request, or the deadline of the send. */
  after: Schema.Duration,
}) {
  override get message(): string {
    return `timed out after ${Duration.format(this.after)} ${doing[this.stage]}`
  }
}

const doing: { readonly [Stage in TimedOut["stage"]]: string } = {
  waiting: "while waiting to send",
  connecting: "while connecting",
  "in-flight": "without a response",
}

/**
 * The `HttpClient` given to `SentClient` repeats or redirects requests on its own, so one attempt may have been more than
 * one request.
 *
 * **Details**
 *
 * A second request is refused where it is seen before it is made. What became of the first one is not known.
 */
export class RequestRepeated extends reason<RequestRepeated>()("RequestRepeated", {
  /** `again` if the client repeated the request, `elsewhere` if the response or the error came from another URL. */
  how: Schema.Literals(["again", "elsewhere"]),
}) {
  override get message(): string {
    return this.how === "again"
      ? "the HTTP client repeated the request on its own"
      : "the response came from another URL than the request was sent to"
  }
}

// -----------------------------------------------------------------------------
// Any of them
// -----------------------------------------------------------------------------

const reasons = [
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
] as const

/** The schema of every reason. */
export const Reason: Schema.Union<typeof reasons> = Schema.Union(reasons)

/** Any reason that a `SentError` can have; `_tag` says which. */
export type Reason = typeof Reason.Type

const formatIssues = (list: ReadonlyArray<Issue>): string =>
  list
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")} ${message}`))
    .join("; ")

const formatDetail = (text: string | undefined): string => (text === undefined ? "" : `: ${text}`)

const formatForeign = (what: "page" | "other" | undefined): string =>
  what === "page"
    ? ": the response is an HTML page, not the service's; check the firewalls and proxies on the way"
    : ""

const formatRetryAfter = (retryAfter: Duration.Duration | undefined): string =>
  retryAfter === undefined ? "" : `: retry after ${Duration.format(retryAfter)}`
