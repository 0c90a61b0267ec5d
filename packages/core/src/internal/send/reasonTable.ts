/**
 * What each reason means, and which responses have it: the one table that errors, retries, the circuit breaker, the
 * lock-out of rejected credentials and the pages read. `pnpm build:tables` generates the tables of the pages from it.
 */
import {
  amountsOf,
  type Answer,
  codeOf,
  detailOf,
  fieldErrorsOf,
  headerAtFault,
  rateLimitOf,
  retryAfterOf,
  foreignOf,
} from "./answer.ts"
import * as Reasons from "./reason.ts"
import type { Issue, Reason } from "./reason.ts"
import { withoutStack } from "./withoutStack.ts"

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
export interface ReasonMeaning<R> {
  /** Whether the service may have accepted the message. */
  readonly delivery: Fact<R, Delivery>
  /** Who can fix the cause. `time` is what makes a failure transient. */
  readonly mendedBy: Fact<R, MendedBy>
  /** Whether it proves the credentials good: the service, in its own words, responds so only to valid ones. */
  readonly provesCredentials: Fact<R, "yes" | "no">
  /**
   * Whether a request may follow with the same idempotency key, when this one or an earlier one may have been accepted. Not
   * where the provider does not say what becomes of the key.
   */
  readonly settledByKey: Fact<R, "yes" | "no">
  /** How the circuit breaker counts it: as a failure of the service, as a sign of health, or not at all. */
  readonly health: "success" | "failure" | "ignored"
}

/** What a reason means, in words. */
export interface ReasonWords {
  /** When it occurs. */
  readonly occurs: string
  /** What to do about it. */
  readonly remedy: string
}

/** What a reason means, for programs and for people. */
export interface ReasonFacts<R> extends ReasonMeaning<R>, ReasonWords {}

/** What each reason means. */
export type ReasonTable = {
  readonly [Tag in Reason["_tag"]]: ReasonFacts<Extract<Reason, { readonly _tag: Tag }>>
}

/** What a reason means without its words, which stand in `reasonWords.ts`: a fact that depends on its data is a function. */
type Meaning<R> = {
  readonly [Column in keyof ReasonMeaning<R>]: Bare<R, ReasonMeaning<R>[Column]>
}

type Bare<R, F> = F extends Conditional<R, infer A> ? (reason: R) => A : F

/** A row of the table: what a reason means, and how a response is read. */
interface Row<R> extends Meaning<R> {
  /** Reads the reason from a response that has it. Undefined if no response can have it. */
  readonly read: ((answer: Answer) => R | undefined) | undefined
}

type Table = {
  readonly [Tag in Reason["_tag"]]: Row<Extract<Reason, { readonly _tag: Tag }>>
}

/** Reads a refusal of v3 with this code, or a 400 of v1 whose words begin like this. */
const onCode =
  <R>(code: string, words: RegExp | undefined, read: (answer: Answer) => R) =>
  (answer: Answer): R | undefined => {
    const { problem, status } = answer
    const isCoded = problem.code === code && status >= 400 && status < 500
    const isSaid = status === 400 && words?.test(problem.detail ?? "") === true
    return isCoded || isSaid ? read(answer) : undefined
  }

/** Reads a response with one of these statuses. */
const onStatus =
  <R>(statuses: ReadonlyArray<number>, read: (answer: Answer) => R) =>
  (answer: Answer): R | undefined =>
    statuses.includes(answer.status) ? read(answer) : undefined

const onlyPhoneNumber = (fields: ReadonlyArray<string>): boolean =>
  fields.length > 0 && fields.every((field) => /^(?:phoneNumber|to[.[]\d+\]?)$/i.test(field))

const fieldsOf = (issues: ReadonlyArray<Issue>): ReadonlyArray<string> =>
  issues.map(({ path }) => path.join("."))

/** The service cannot read the idempotency keys, and has not executed the request. */
const storeIsDown = "SERVICE_001"

/** A request with the same idempotency key is under way. */
const keyIsInUse = "CONFLICT_001"

/** The service cannot send to a phone number. */
const isNoNumber = "VALIDATION_002"

/** The code of a port that `fetch` does not connect to. The words are the Fetch standard's. */
export const blockedPort = "bad port"

/** The table. A response has the first reason whose row reads it. */
const table = {
  InvalidRequest: {
    read: undefined,
    delivery: "not-sent",
    mendedBy: ({ issues }) => (onlyPhoneNumber(fieldsOf(issues)) ? "recipient" : "operator"),
    provesCredentials: "no",
    settledByKey: "no",
    health: "ignored",
  },
  InvalidOptions: {
    read: undefined,
    delivery: "not-sent",
    mendedBy: "operator",
    provesCredentials: "no",
    settledByKey: "no",
    health: "ignored",
  },
  CredentialsUnavailable: {
    read: undefined,
    delivery: "not-sent",
    mendedBy: "operator",
    provesCredentials: "no",
    settledByKey: "yes",
    health: "ignored",
  },
  ValidationFailed: {
    read: (answer) => {
      const fieldErrors =
        answer.status === 400 && answer.problem.code !== isNoNumber
          ? fieldErrorsOf(answer)
          : undefined
      return fieldErrors === undefined ? undefined : new Reasons.ValidationFailed({ fieldErrors })
    },
    delivery: "not-sent",
    mendedBy: ({ fieldErrors }) =>
      onlyPhoneNumber(Object.keys(fieldErrors)) ? "recipient" : "operator",
    provesCredentials: "yes",
    settledByKey: "no",
    health: "success",
  },
  InvalidPhoneNumber: {
    read: onCode(
      isNoNumber,
      /^invalid phone number\b/i,
      (answer) => new Reasons.InvalidPhoneNumber(codeOf(answer)),
    ),
    delivery: "not-sent",
    mendedBy: "recipient",
    provesCredentials: "yes",
    settledByKey: "no",
    health: "success",
  },
  TemplateNotFound: {
    read: onCode(
      "RESOURCE_002",
      /^template not found\b/i,
      (answer) => new Reasons.TemplateNotFound(codeOf(answer)),
    ),
    delivery: "not-sent",
    mendedBy: "operator",
    provesCredentials: "yes",
    settledByKey: "no",
    health: "success",
  },
  InsufficientBalance: {
    read: onCode(
      "BUSINESS_003",
      /^insufficient balance\b/i,
      (answer) => new Reasons.InsufficientBalance({ ...amountsOf(answer), ...codeOf(answer) }),
    ),
    delivery: "not-sent",
    mendedBy: "operator",
    provesCredentials: "yes",
    settledByKey: "no",
    health: "success",
  },
  RequestRejected: {
    read: onStatus([400, 413, 415, 422], (answer) => {
      const words = detailOf(answer)
      const foreign = words.detail === undefined ? {} : foreignOf(answer)
      return new Reasons.RequestRejected({ status: answer.status, ...words, ...foreign })
    }),
    delivery: "not-sent",
    mendedBy: "operator",
    // What is too long or of the wrong type is rejected before anyone looks at the credentials.
    provesCredentials: ({ detail, foreign, status }) =>
      status === 400 && detail !== undefined && foreign === undefined ? "yes" : "no",
    settledByKey: "no",
    health: "success",
  },
  CredentialsRejected: {
    read: onStatus(
      [401],
      (answer) =>
        new Reasons.CredentialsRejected({ ...headerAtFault(answer), ...detailOf(answer) }),
    ),
    delivery: "not-sent",
    mendedBy: "operator",
    provesCredentials: "no",
    settledByKey: "yes",
    health: "success",
  },
  AccessDenied: {
    read: onStatus(
      [403],
      (answer) => new Reasons.AccessDenied({ ...detailOf(answer), ...foreignOf(answer) }),
    ),
    delivery: "not-sent",
    mendedBy: "operator",
    provesCredentials: ({ foreign }) => (foreign === undefined ? "yes" : "no"),
    settledByKey: "no",
    health: "success",
  },
  MessageNotFound: {
    read: onCode("RESOURCE_003", undefined, () => new Reasons.MessageNotFound()),
    delivery: "not-sent",
    mendedBy: "operator",
    provesCredentials: "yes",
    settledByKey: "no",
    health: "success",
  },
  KeyConflict: {
    // Of v1, which keeps no keys, nobody knows what a 409 would mean.
    read: (answer) =>
      answer.status === 409 && answer.isKeyed
        ? new Reasons.KeyConflict({ ...retryAfterOf(answer), ...detailOf(answer) })
        : undefined,
    // This request was not executed, but the other one with its key may be.
    delivery: "unknown",
    mendedBy: ({ code }) => (code === keyIsInUse ? "time" : "operator"),
    provesCredentials: "no",
    settledByKey: ({ code }) => (code === keyIsInUse ? "yes" : "no"),
    health: "success",
  },
  EndpointNotFound: {
    read: onStatus(
      [404],
      (answer) => new Reasons.EndpointNotFound({ url: answer.url, ...detailOf(answer) }),
    ),
    delivery: "not-sent",
    mendedBy: "operator",
    provesCredentials: "no",
    settledByKey: "no",
    health: "success",
  },
  RateLimited: {
    read: onStatus([429], (answer) => new Reasons.RateLimited(rateLimitOf(answer))),
    delivery: "not-sent",
    mendedBy: "time",
    provesCredentials: "no",
    settledByKey: "yes",
    // The caller sends too fast; the service is well.
    health: "ignored",
  },
  ServiceOverloaded: {
    read: onStatus(
      [503],
      (answer) => new Reasons.ServiceOverloaded({ ...retryAfterOf(answer), ...detailOf(answer) }),
    ),
    delivery: ({ code, retryAfter }) =>
      retryAfter === undefined && code !== storeIsDown ? "unknown" : "not-sent",
    mendedBy: "time",
    provesCredentials: "no",
    // Who cannot read the keys may also have failed to keep that of an earlier request.
    settledByKey: ({ code, retryAfter }) =>
      retryAfter === undefined || code === storeIsDown ? "no" : "yes",
    health: "failure",
  },
  ServerFailed: {
    read: (answer) =>
      answer.status >= 500 && answer.status < 600
        ? new Reasons.ServerFailed({ status: answer.status, ...detailOf(answer) })
        : undefined,
    // It may have failed before or after it accepted the message.
    delivery: "unknown",
    // A 501 or a 505 does not pass with time.
    mendedBy: ({ status }) => ([500, 502, 504].includes(status) ? "time" : "provider"),
    provesCredentials: "no",
    settledByKey: "no",
    health: "failure",
  },
  UnexpectedResponse: {
    read: (answer) =>
      new Reasons.UnexpectedResponse({ status: answer.status, ...detailOf(answer) }),
    // A 4xx rejects the message; after a 408, Request Timeout, the service may still have read it.
    delivery: ({ status }) =>
      status >= 400 && status < 500 && status !== 408 ? "not-sent" : "unknown",
    mendedBy: ({ status }) => (status === 408 ? "time" : "operator"),
    provesCredentials: "no",
    settledByKey: "no",
    health: "success",
  },
  ConnectionFailed: {
    read: undefined,
    delivery: "not-sent",
    // Names and connections come back; a certificate that is not trusted stays so, and so does a port.
    mendedBy: ({ code, stage }) => (stage === "tls" || code === blockedPort ? "operator" : "time"),
    provesCredentials: "no",
    settledByKey: "yes",
    health: "failure",
  },
  ConnectionLost: {
    read: undefined,
    delivery: "unknown",
    mendedBy: "time",
    provesCredentials: "no",
    settledByKey: "yes",
    health: "failure",
  },
  TimedOut: {
    read: undefined,
    delivery: ({ stage }) => (stage === "in-flight" ? "unknown" : "not-sent"),
    mendedBy: "time",
    provesCredentials: "no",
    settledByKey: "yes",
    health: "failure",
  },
  RequestRepeated: {
    read: undefined,
    delivery: "unknown",
    mendedBy: "operator",
    provesCredentials: "no",
    settledByKey: "no",
    health: "ignored",
  },
  CircuitOpen: {
    read: undefined,
    delivery: "not-sent",
    mendedBy: "time",
    provesCredentials: "no",
    settledByKey: "yes",
    health: "ignored",
  },
} satisfies Table

export const reasonTable: Table = table

/** For each reason, the facts that depend on its data: their words say when they are which. */
export type Conditions = { readonly [Tag in Reason["_tag"]]: ConditionsOf<(typeof table)[Tag]> }

type ConditionsOf<R> = {
  readonly [
    Name in keyof R as R[Name] extends Dependent<string> ? Name : never
  ]: R[Name] extends Dependent<infer A> ? { readonly [Value in A]?: string } : never
}

type Dependent<A extends string> = (reason: never) => A

/** The reason of a response that does not accept the message. */
export const reasonOf = (answer: Answer): Reason => withoutStack(() => readReason(answer))

const rows = /* @__PURE__ */ Object.values(reasonTable)

const readReason = (answer: Answer): Reason => {
  for (const { read } of rows) {
    const reason = read?.(answer)
    if (reason !== undefined) return reason
  }
  // The row of UnexpectedResponse reads every response.
  return new Reasons.UnexpectedResponse({ status: answer.status })
}

/** The row of a reason. */
export const factsOf = <R extends Reason>(reason: R): Meaning<R> =>
  // Each row is typed by its own reason; TypeScript does not relate the tag of `R` to the row of that tag.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  reasonTable[reason._tag] as unknown as Meaning<R>

const valueOf = <R, A extends string>(fact: A | ((reason: R) => A), reason: R): A =>
  typeof fact === "string" ? fact : fact(reason)

/** What a reason says about the message. */
export const deliveryOf = (reason: Reason): Delivery => valueOf(factsOf(reason).delivery, reason)

/** Whether a response with this reason proves the credentials good. */
export const provesCredentials = (reason: Reason): boolean =>
  valueOf(factsOf(reason).provesCredentials, reason) === "yes"

/** Whether a request may follow with the same idempotency key, when an earlier one may have been accepted. */
export const isSettledByKey = (reason: Reason): boolean =>
  valueOf(factsOf(reason).settledByKey, reason) === "yes"

/** Who can fix the cause of a failure. */
export const mendedByOf = (reason: Reason): MendedBy => valueOf(factsOf(reason).mendedBy, reason)

/** Whether a failure passes with time. */
export const isTransient = (reason: Reason): boolean => mendedByOf(reason) === "time"
