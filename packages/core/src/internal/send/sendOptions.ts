/** The options of one send. */
import type * as Duration from "effect/Duration"
import * as Kind from "../options.ts"
import { type RetryPolicy, retryPolicy } from "./retryPolicy.ts"

/** The options of one send. They take precedence over the options of the client. */
export interface SendOptions {
  /** How long the response to one request may take. Default: the client's. */
  readonly timeout?: Duration.Input | undefined
  /** How long the send may take in total. Default: the client's. */
  readonly deadline?: Duration.Input | undefined
  /** Which failures are retried. Default: the policy of `SentClient.withRetryPolicy`, and then the client's. */
  readonly retryPolicy?: RetryPolicy | undefined
}

/** The kinds of {@link SendOptions}. */
export const sendKinds: Kind.Kinds<SendOptions> = {
  timeout: Kind.duration(),
  deadline: Kind.duration(),
  retryPolicy,
}

/** The options of one send. */
export const sendOptions: Kind.Kind = Kind.struct<SendOptions>(sendKinds)
