/**
 * What each reason means: the one table that errors, retries, the circuit breaker, the lock-out of rejected credentials
 * and the pages read. `pnpm build:docs` makes the pages' tables from it.
 */
import type { Issue, Reason } from "./reason.ts"

/**
 * What a failure says about the message: `not-sent` if the service certainly did not accept it, `unknown` if it may
 * have.
 */
export type Delivery = "not-sent" | "unknown"

/**
 * Who can fix the cause of a failure: the `recipient`, that is the person who gave the phone number; the `operator` of
 * the application; the `provider`; or `time` alone, which makes the failure transient.
 */
export type MendedBy = "recipient" | "operator" | "provider" | "time"

/** A fact that is the same for every failure with a reason, or that depends on the reason's data. */
export type Fact<R, A extends string> = A | Conditional<R, A>

/** A fact that depends on the reason's data. */
export interface Conditional<R, A extends string> {
  readonly of: (reason: R) => A
  /** In words, for the pages: when the fact is which. */
  readonly when: { readonly [K in A]?: string }
}

/** What a reason means. */
export interface ReasonFacts<R> {
  /** Whether the service may have accepted the message. */
  readonly delivery: Fact<R, Delivery>
  /** Who can fix the cause. `time` is what makes a failure transient. */
  readonly mendedBy: Fact<R, MendedBy>
  /** Whether the service responds so only to valid credentials. */
  readonly provesCredentials: boolean
  /** How the circuit breaker counts it: as a failure of the service, as a sign of health, or not at all. */
  readonly health: "success" | "failure" | "ignored"
  /** In words, for the pages: when it occurs. */
  readonly occurs: string
  /** In words, for the pages: what to do about it. */
  readonly remedy: string
}

/** One row for each reason. */
export type ReasonTable = {
  readonly [Tag in Reason["_tag"]]: ReasonFacts<Extract<Reason, { readonly _tag: Tag }>>
}

const onlyPhoneNumber = (fields: ReadonlyArray<string | undefined>): boolean =>
  fields.length > 0 && fields.every((field) => field?.toLowerCase() === "phonenumber")

const fieldsOf = (issues: ReadonlyArray<Issue>): ReadonlyArray<string | undefined> =>
  issues.map(({ path }) => path[0])

const byField = {
  recipient: "if only `phoneNumber` is wrong",
  operator: "otherwise",
}

/** The table. */
export const reasonTable: ReasonTable = {
  InvalidRequest: {
    delivery: "not-sent",
    mendedBy: {
      of: ({ issues }) => (onlyPhoneNumber(fieldsOf(issues)) ? "recipient" : "operator"),
      when: byField,
    },
    provesCredentials: false,
    health: "ignored",
    occurs: "the input is malformed; `issues` lists every field",
    remedy: "fix the fields in `issues`",
  },
  InvalidOptions: {
    delivery: "not-sent",
    mendedBy: "operator",
    provesCredentials: false,
    health: "ignored",
    occurs: "an option of a layer or of a send is invalid; `issues` lists each",
    remedy: "fix the options in `issues`",
  },
  CredentialsUnavailable: {
    delivery: "not-sent",
    mendedBy: "operator",
    provesCredentials: false,
    health: "ignored",
    occurs: "credentials are missing, malformed, or were rejected three times in a row",
    remedy: "check where they are stored; after three 401s, replace them",
  },
  ValidationFailed: {
    delivery: "not-sent",
    mendedBy: {
      of: ({ fieldErrors }) =>
        onlyPhoneNumber(Object.keys(fieldErrors)) ? "recipient" : "operator",
      when: byField,
    },
    provesCredentials: true,
    health: "success",
    occurs: "400 with field errors",
    remedy: "fix the fields in `fieldErrors`",
  },
  InvalidPhoneNumber: {
    delivery: "not-sent",
    mendedBy: "recipient",
    provesCredentials: true,
    health: "success",
    occurs: "400 `Invalid phone number`",
    remedy: "ask the recipient for another number",
  },
  TemplateNotFound: {
    delivery: "not-sent",
    mendedBy: "operator",
    provesCredentials: true,
    health: "success",
    occurs: "400 `Template not found`",
    remedy: "check that the template exists in this account",
  },
  InsufficientBalance: {
    delivery: "not-sent",
    mendedBy: "operator",
    provesCredentials: true,
    health: "success",
    occurs: "400 `Insufficient balance`; with the balance and the estimated cost as exact decimals",
    remedy: "top up the account",
  },
  RequestRejected: {
    delivery: "not-sent",
    mendedBy: "operator",
    provesCredentials: false,
    health: "success",
    occurs: "any other 400, 413, 415, 422",
    remedy: "read `detail` and fix the request",
  },
  CredentialsRejected: {
    delivery: "not-sent",
    mendedBy: "operator",
    provesCredentials: false,
    health: "success",
    occurs: "401; `header` names the header at fault, if the service does",
    remedy: "check whether the key was rotated; the provider locks it after ten failures in a row",
  },
  AccessDenied: {
    delivery: "not-sent",
    mendedBy: "operator",
    provesCredentials: true,
    health: "success",
    occurs: "403",
    remedy: "check what this account is allowed to do",
  },
  EndpointNotFound: {
    delivery: "not-sent",
    mendedBy: "operator",
    provesCredentials: false,
    health: "success",
    occurs: "404",
    remedy: "check `baseUrl` (`SENT_BASE_URL`)",
  },
  RateLimited: {
    delivery: "not-sent",
    mendedBy: "time",
    provesCredentials: false,
    // The caller sends too fast; the service is well.
    health: "ignored",
    occurs: "429; with `retryAfter` and the limits",
    remedy: "send more slowly: set the layer's `rateLimit`",
  },
  ServiceOverloaded: {
    delivery: {
      of: ({ retryAfter }) => (retryAfter === undefined ? "unknown" : "not-sent"),
      when: { "not-sent": "with `Retry-After`", unknown: "without" },
    },
    mendedBy: "time",
    provesCredentials: false,
    health: "failure",
    occurs: "503",
    remedy: "wait; check the provider's status page",
  },
  ServerFailed: {
    // It may have failed before or after it accepted the message.
    delivery: "unknown",
    mendedBy: {
      // What is not implemented (501, 505) stays so.
      of: ({ status }) => ([500, 502, 504].includes(status) ? "time" : "provider"),
      when: { time: "500, 502, 504", provider: "otherwise" },
    },
    provesCredentials: false,
    health: "failure",
    occurs: "any other 5xx",
    remedy: "do not send again blindly: wait for an update, or look at the dashboard",
  },
  UnexpectedResponse: {
    delivery: {
      // A 4xx rejects the message; after a 408, Request Timeout, the service may still have read it.
      of: ({ status }) =>
        status >= 400 && status < 500 && status !== 408 ? "not-sent" : "unknown",
      when: { "not-sent": "for a 4xx other than 408", unknown: "otherwise" },
    },
    mendedBy: {
      of: ({ status }) => (status === 408 ? "time" : "operator"),
      when: { time: "408", operator: "otherwise" },
    },
    provesCredentials: false,
    health: "success",
    occurs: "a redirect (never followed), 408, or any other status",
    remedy: "check `baseUrl` and the proxies on the way",
  },
  ConnectionFailed: {
    delivery: "not-sent",
    mendedBy: {
      // Names and connections come back; a certificate that is not trusted stays so.
      of: ({ stage }) => (stage === "tls" ? "operator" : "time"),
      when: { time: "DNS and connect", operator: "TLS" },
    },
    provesCredentials: false,
    health: "failure",
    occurs: "the DNS lookup, the connection or the TLS handshake failed",
    remedy: "check the network, the firewall and the certificates: `stage` and `code`",
  },
  ConnectionLost: {
    delivery: "unknown",
    mendedBy: "time",
    provesCredentials: false,
    health: "failure",
    occurs: "the connection broke, or the response was not HTTP",
    remedy: "do not send again blindly: wait for an update, or look at the dashboard",
  },
  TimedOut: {
    delivery: {
      of: ({ stage }) => (stage === "waiting" ? "not-sent" : "unknown"),
      when: { "not-sent": "while waiting", unknown: "once a request is in flight" },
    },
    mendedBy: "time",
    provesCredentials: false,
    health: "failure",
    occurs: "no response in time, or the deadline of the send passed",
    remedy: "compare `after` with `timeout` and `deadline` to see which it was",
  },
  CircuitOpen: {
    delivery: "not-sent",
    mendedBy: "time",
    provesCredentials: false,
    health: "ignored",
    occurs: "the circuit breaker is open",
    remedy: "look at the failures before it; it closes by itself",
  },
}

/** The row of a reason. */
export const factsOf = <R extends Reason>(reason: R): ReasonFacts<R> =>
  // Each row is typed by its own reason; TypeScript does not relate the tag of `R` to the row of that tag.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  reasonTable[reason._tag] as unknown as ReasonFacts<R>

const valueOf = <R, A extends string>(fact: Fact<R, A>, reason: R): A =>
  typeof fact === "string" ? fact : fact.of(reason)

/** What a reason says about the message. */
export const deliveryOf = (reason: Reason): Delivery => valueOf(factsOf(reason).delivery, reason)

/** Who can fix the cause of a failure. */
export const mendedByOf = (reason: Reason): MendedBy => valueOf(factsOf(reason).mendedBy, reason)

/** Whether a failure passes with time. */
export const isTransient = (reason: Reason): boolean => mendedByOf(reason) === "time"
