/** What the in-memory service does with a request. */
import * as Duration from "effect/Duration"
import type { MessageStatus } from "../updates/status.ts"
import type { Reason } from "../send/reason.ts"

/** A response of the service. */
export interface TestResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** A string is sent as it is, and any other value as JSON. Default: no body. */
  readonly body?: unknown
}

/** An update that follows an accepted message. */
export interface TestUpdate {
  readonly status: MessageStatus
  /** How long after the message was accepted. Default: at once. */
  readonly after?: Duration.Input | undefined
  /** Default: `sms`. */
  readonly channel?: string | undefined
}

/** What the service does with one request. Make it with `accept`, `fail` or `respond`. */
export interface Outcome {
  /** A response; a connection that is refused, or that is lost; or no response at all. */
  readonly answer: TestResponse | "refused" | "lost" | "silent"
  /** Whether the service accepts the message, whatever it answers. */
  readonly isAccepted: boolean
  /** How long it takes to answer. */
  readonly delay: Duration.Duration
  /** The updates of the accepted message. */
  readonly updates: ReadonlyArray<TestUpdate>
}

/** The options of an outcome with which the service accepts the message. */
export interface AcceptOptions {
  /** How long it takes to answer. Default: no time. */
  readonly delay?: Duration.Input | undefined
  /** The updates that follow, for a message with a `webhookUrl`. Default: none. */
  readonly updates?: ReadonlyArray<TestUpdate> | undefined
}

/** The reasons that follow from what the service (v1) does. The client finds all others by itself. */
export type PlayedReason = Exclude<
  Reason["_tag"],
  | "InvalidRequest"
  | "InvalidOptions"
  | "CredentialsUnavailable"
  | "CircuitOpen"
  | "RequestRepeated"
  // Of v3.
  | "KeyConflict"
  | "MessageNotFound"
>

/** The reasons that say nothing of whether the service accepted the message. */
type Doubtful =
  "ConnectionLost" | "TimedOut" | "ServerFailed" | "ServiceOverloaded" | "UnexpectedResponse"

/** The options of an outcome with which a send fails. Which there are depends on the reason. */
export type FailOptions<Tag extends PlayedReason> = Pick<AcceptOptions, "delay"> &
  (Tag extends "RateLimited" | "ServiceOverloaded"
    ? {
        /** The `Retry-After`, in whole seconds. Default: 1 second of `RateLimited`, and none of `ServiceOverloaded`. */
        readonly retryAfter?: Duration.Input | undefined
      }
    : unknown) &
  (Tag extends Doubtful
    ? Pick<AcceptOptions, "updates"> & {
        /** Whether the service accepts the message nevertheless. Default: false. */
        readonly isAccepted?: boolean | undefined
      }
    : unknown)

/** The options of all reasons together. */
interface AnyFailOptions extends AcceptOptions {
  readonly retryAfter?: Duration.Input | undefined
  readonly isAccepted?: boolean | undefined
}

/**
 * The service accepts the message: 204.
 *
 * @example
 * ```ts
 * import * as Testing from "@effect-sent/core/testing"
 *
 * const delivered = Testing.accept({
 *   delay: "1 second",
 *   updates: [{ status: "SENT" }, { status: "DELIVERED", after: "4 seconds" }],
 * })
 * console.assert(delivered.isAccepted)
 * ```
 */
export const accept = (options: AcceptOptions = {}): Outcome =>
  outcome({ status: 204 }, { ...options, isAccepted: true })

/**
 * The send fails for this reason: the service responds with the contract's example for it, or the connection fails.
 *
 * **Details**
 *
 * `ServiceOverloaded` is _not sent_ with a `retryAfter`, and _unknown_ without. Of `TimedOut`, there is no response until the
 * client's `timeout` is over.
 *
 * @example
 * ```ts
 * import * as Testing from "@effect-sent/core/testing"
 *
 * const busy = Testing.fail("RateLimited", { retryAfter: "20 seconds" })
 * const lost = Testing.fail("ConnectionLost", { isAccepted: true })
 * console.assert(!busy.isAccepted && lost.isAccepted)
 * ```
 */
export const fail = <Tag extends PlayedReason>(tag: Tag, options?: FailOptions<Tag>): Outcome => {
  const given: AnyFailOptions = options ?? {}
  return outcome(failures[tag](given), given)
}

/**
 * The service sends this response, whatever it is. A 2xx accepts the message, unless `isAccepted` says otherwise.
 *
 * @example
 * ```ts
 * import * as Testing from "@effect-sent/core/testing"
 *
 * const blocked = Testing.respond({ status: 403, body: "<html>Blocked by the firewall</html>" })
 * console.assert(!blocked.isAccepted)
 * ```
 */
export const respond = (
  response: TestResponse,
  options: AcceptOptions & { readonly isAccepted?: boolean | undefined } = {},
): Outcome => outcome(response, { isAccepted: isSuccess(response.status), ...options })

const isSuccess = (status: number): boolean => status >= 200 && status < 300

const outcome = (
  answer: Outcome["answer"],
  { delay = Duration.zero, isAccepted = false, updates = [] }: AnyFailOptions,
): Outcome => ({ answer, isAccepted, delay: Duration.fromInputUnsafe(delay), updates })

const problem = (
  status: number,
  title: string,
  more: { readonly detail?: string; readonly errors?: object } = {},
  headers: Readonly<Record<string, string>> = {},
): TestResponse => ({
  status,
  headers: { "content-type": "application/problem+json", ...headers },
  body: { status, title, ...more },
})

const refusal = (detail: string) => (): TestResponse => problem(400, "Bad Request", { detail })

const secondsOf = (duration: Duration.Input): string =>
  String(Math.ceil(Duration.toSeconds(Duration.fromInputUnsafe(duration))))

/** What the service does, for each reason: the examples of the contract. */
const failures: { readonly [Tag in PlayedReason]: (options: AnyFailOptions) => Outcome["answer"] } =
  {
    ValidationFailed: () =>
      problem(400, "One or more validation errors occurred", {
        errors: {
          phoneNumber: ["Phone number is required"],
          templateId: ["TemplateId is required"],
        },
      }),
    InvalidPhoneNumber: refusal("Invalid phone number"),
    TemplateNotFound: refusal("Template not found"),
    InsufficientBalance: refusal(
      "Insufficient balance. Current balance: 0.0050, estimated cost: 0.0200",
    ),
    RequestRejected: refusal("The request cannot be processed"),
    CredentialsRejected: () => problem(401, "Unauthorized", { detail: "Invalid API credentials!" }),
    AccessDenied: () => problem(403, "Forbidden"),
    EndpointNotFound: () => problem(404, "Not Found"),
    RateLimited: ({ retryAfter = "1 second" }) => {
      const seconds = secondsOf(retryAfter)
      const detail = `Rate limit exceeded. Please retry after ${seconds} seconds.`
      return problem(429, "Too Many Requests", { detail }, { "retry-after": seconds })
    },
    ServerFailed: () => problem(500, "Internal Server Error"),
    ServiceOverloaded: ({ retryAfter }) =>
      problem(
        503,
        "Service Unavailable",
        {},
        retryAfter === undefined ? {} : { "retry-after": secondsOf(retryAfter) },
      ),
    UnexpectedResponse: () => ({
      status: 200,
      headers: { "content-type": "text/html" },
      body: "<!doctype html><title>Welcome</title>",
    }),
    ConnectionFailed: () => "refused",
    ConnectionLost: () => "lost",
    TimedOut: () => "silent",
  }
