/** The options of one send. */
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import * as Kind from "../options.ts"
import { type RetryPolicy, retryPolicy } from "./retryPolicy.ts"

/** The options of one request, of any kind. They take precedence over the options of the client. */
export interface CommonOptions {
  /** How long the response to one request may take. Default: the client's. */
  readonly timeout?: Duration.Input | undefined
  /** How long the send may take in total. Default: the client's. */
  readonly deadline?: Duration.Input | undefined
  /** Which failures are retried. Default: the policy of `SentClient.withRetryPolicy`, and then the client's. */
  readonly retryPolicy?: RetryPolicy | undefined
}

/** The options of one send. They take precedence over the options of the client. */
export interface SendOptions extends CommonOptions {
  /**
   * The idempotency key of this message: 1 to 255 letters, digits, hyphens and underscores. Only over v3; v1 refuses it.
   * Default: a random one for each send, which its retries keep.
   *
   * The service accepts one message for a key within 24 hours, and answers a repeated request as it did the first one. Give
   * the same key only to the same message, and a key that an earlier send has used with the time of its first use.
   */
  readonly idempotencyKey?: string | UsedKey | undefined
}

/**
 * A key that an earlier send has used, for example in a process that was killed.
 *
 * **Details**
 *
 * The earlier send may have been accepted, so whatever happens, this one is not reported as `not-sent`. It ends, or is
 * refused, an hour before the 24 hours since the first use are over: after them, the service would accept it once more.
 */
export interface UsedKey {
  readonly key: string
  /** When a request was first sent with it. */
  readonly firstUsedAt: DateTime.Utc
}

/** The kinds of {@link CommonOptions}. */
export const commonKinds: Kind.Kinds<CommonOptions> = {
  timeout: Kind.duration(),
  deadline: Kind.duration(),
  retryPolicy,
}

/** The options of one request. */
export const commonOptions: Kind.Kind = /* @__PURE__ */ Kind.struct<CommonOptions>(commonKinds)

/** Whether a value is an idempotency key. */
export const isIdempotencyKey = (value: unknown): value is string =>
  Predicate.isString(value) && /^[A-Za-z0-9_-]{1,255}$/.test(value)

// Not shown: it may be made of a phone number.
const aKey: Kind.Kind = (value) =>
  isIdempotencyKey(value)
    ? []
    : [{ path: [], message: "must be 1 to 255 letters, digits, hyphens and underscores" }]

const usedKey: Kind.Kind = Kind.struct<UsedKey>({
  key: Kind.required(aKey),
  firstUsedAt: Kind.required(
    Kind.where("must be a DateTime.Utc", (value) => DateTime.isDateTime(value)),
  ),
})

/** The options of one send. */
export const sendOptions: Kind.Kind = Kind.struct<SendOptions>({
  ...commonKinds,
  idempotencyKey: (value) => (Predicate.isObject(value) ? usedKey(value) : aKey(value)),
})
