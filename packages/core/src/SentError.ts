/**
 * The one error of a send, and its reasons.
 *
 * **Details**
 *
 * `Effect.catchTag("SentError", …)` catches every failure, `Effect.catchReason("SentError", "RateLimited", …)` catches
 * one kind. `delivery` is the first thing to look at before anything is sent again. Neither the error nor its reason
 * holds a phone number, a template value or a credential.
 *
 * @example
 * ```ts
 * import { SentClient } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const outcome = await SentClient.sendToPhone({ phoneNumber: "12", templateId: "" }).pipe(
 *   Effect.as("accepted"),
 *   Effect.catchReason("SentError", "InvalidRequest", ({ issues }) =>
 *     Effect.succeed(`invalid: ${issues.map(({ path }) => path.join(".")).join(", ")}`),
 *   ),
 *   Effect.catchTag("SentError", (error) => Effect.succeed(error.delivery)),
 *   Effect.provide(SentClient.layerEnv),
 *   Effect.runPromise,
 * )
 * console.assert(outcome === "invalid: phoneNumber, templateId")
 * ```
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Reason } from "./internal/send/reason.ts"
import * as Table from "./internal/send/reasonTable.ts"
import { makeReasonTable } from "./internal/send/reasonWords.ts"
import type { Delivery, MendedBy, ReasonTable } from "./internal/send/reasonTable.ts"

export * from "./internal/send/reason.ts"
export type {
  Conditional,
  Delivery,
  Fact,
  MendedBy,
  ReasonFacts,
  ReasonMeaning,
  ReasonTable,
  ReasonWords,
} from "./internal/send/reasonTable.ts"

/** What each reason means, for a page or a dashboard: one row for each. */
export const reasonTable: ReasonTable = /* @__PURE__ */ makeReasonTable()

/**
 * The failure of a send.
 *
 * **Gotchas**
 *
 * To send again after `delivery: "unknown"` can put a second message on a person's phone: v1 has no idempotency key, and
 * with another key, v3 takes it for another message. `isTransient` alone does not make a retry safe; `isRetryable` does.
 */
export class SentError extends Schema.TaggedError<SentError>()("SentError", {
  /** What went wrong; `_tag` says which reason it is. */
  reason: Reason,
  /** How many requests were sent, the last one included; 0 if none was. */
  attempts: Schema.Int,
  /**
   * How many of the requests may have been accepted, without the one that `reason` describes. Always 0, unless the
   * retry policy says `atLeastOnce`, or the requests have an idempotency key, with which they are one message at most. A
   * request of an earlier send with the same key, at `firstUsedAt`, counts too.
   */
  unknownAttempts: Schema.Int.pipe(Schema.withConstructorDefault(Effect.succeed(0))),
  /** True of a look-up, which can send nothing, whatever becomes of it. Absent of a send. */
  isRead: Schema.optionalKey(Schema.Boolean),
}) {
  /**
   * The message, and as `cause` what is known, as plain data: of an error, `structuredClone` (workers, queues) copies
   * nothing else.
   */
  constructor(
    fields: {
      readonly reason: Reason
      readonly attempts: number
      readonly unknownAttempts?: number
      readonly isRead?: boolean
    },
    options?: Schema.MakeOptions,
  ) {
    super(fields, options)
    const { attempts, delivery, reason, unknownAttempts } = this
    const known = { _tag: this._tag, delivery, attempts, unknownAttempts, reason: reason._tag }
    Object.defineProperties(this, {
      message: {
        value: this.isRead === true ? reason.message : `${reason.message} [${said[delivery]}]`,
      },
      cause: { value: known },
    })
  }
  /** Whether the service may have accepted the message, with the last request or with an earlier one. */
  get delivery(): Delivery {
    if (this.isRead === true) return "not-sent"
    return this.unknownAttempts > 0 ? "unknown" : Table.deliveryOf(this.reason)
  }
  /** Whether the failure passes with time. */
  get isTransient(): boolean {
    return Table.isTransient(this.reason)
  }
  /** Whether sending again may succeed and cannot duplicate: the message was not sent, and the failure is transient. */
  get isRetryable(): boolean {
    return this.isTransient && this.delivery === "not-sent"
  }
  /**
   * Whether the same message with the same idempotency key may settle, over v3, whether it was sent: the failure is transient,
   * and the provider says what becomes of the key.
   */
  get isSettledByKey(): boolean {
    return this.isTransient && Table.isSettledByKey(this.reason)
  }
  /** Who can fix the cause. */
  get mendedBy(): MendedBy {
    return Table.mendedByOf(this.reason)
  }
  /** How long to wait from now, if the service or the circuit breaker says. */
  get retryAfter(): Duration.Duration | undefined {
    return "retryAfter" in this.reason ? this.reason.retryAfter : undefined
  }
  /** The JSON form, for logs, has the message and what the getters say. */
  override toJSON(): unknown {
    return {
      _tag: this._tag,
      message: this.message,
      delivery: this.delivery,
      isRetryable: this.isRetryable,
      isTransient: this.isTransient,
      mendedBy: this.mendedBy,
      attempts: this.attempts,
      unknownAttempts: this.unknownAttempts,
      reason: this.reason,
    }
  }
}

const said: { readonly [K in Delivery]: string } = {
  "not-sent": "not sent",
  unknown: "the message may have been sent",
}

/**
 * Returns whether a value is a {@link SentError}.
 *
 * @example
 * ```ts
 * import { SentError } from "@effect-sent/core"
 *
 * const error = new SentError.SentError({
 *   reason: new SentError.ServerFailed({ status: 502 }),
 *   attempts: 1,
 * })
 * console.assert(SentError.isSentError(error) && error.delivery === "unknown")
 * console.assert(!SentError.isSentError(new Error("another")))
 * ```
 */
export const isSentError = (u: unknown): u is SentError => u instanceof SentError
