/** The interface of a delivery store, and the records that it keeps. */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Kind from "../options.ts"
import { joinSteps, type Step } from "./state.ts"

// -----------------------------------------------------------------------------
// Records
// -----------------------------------------------------------------------------

/** How many characters a message id, a caller's reference, the key of a claim or its owner has at most. */
export const maxTextLength = 255

/** What the client knew about a send when `sendToPhone` ended. */
export const SendOutcome = Schema.Struct({
  /** `accepted`: there is a receipt. `unknown`: the message may have been sent. `not-sent`: it certainly was not. */
  delivery: Schema.Literals(["accepted", "unknown", "not-sent"]),
  /** When the send ended. */
  at: Schema.DateTimeUtcFromMillis,
  /** The message's id, if the response had one. */
  messageId: Schema.optional(Schema.String),
  /** The tag of the error's reason, e.g. `TimedOut`, if the send failed. */
  reason: Schema.optional(Schema.String),
})

/** An outcome that {@link SendOutcome} accepts. */
export type SendOutcome = typeof SendOutcome.Type

/**
 * All that is known of a send, or a part of it. It has no phone number, no text and no secret.
 *
 * **Details**
 *
 * Over v3, updates that arrive before the id of their message is known are a record too, of steps only. Its id begins with
 * `waiting_`, and it expires when the tracker no longer waits for the send.
 */
export interface SendRecord {
  /** The id of the send: over v1, that of the token in its callback URL. It has 1 to 64 characters of `A-Z a-z 0-9 _ -`. */
  readonly id: string
  /** Until when the send is tracked. After that, {@link DeliveryStore} may forget it. */
  readonly expiresAt: DateTime.Utc
  /** When the record was made, before the message was sent. Absent if only updates are known. */
  readonly openedAt?: DateTime.Utc | undefined
  /** The caller's own reference. Several sends may have the same, for example the repetition of one that failed. */
  readonly reference?: string | undefined
  /** The idempotency key of the message, over v3. Several sends may have the same, if the message was sent again with it. */
  readonly idempotencyKey?: string | undefined
  /** How the send ended. Absent while it is under way, or if its process was killed in the middle. */
  readonly outcome?: SendOutcome | undefined
  /** The updates. Any of them proves that the message was sent. */
  readonly steps?: ReadonlyArray<Step> | undefined
}

/** A record as a store returns it. */
export interface StoredSend extends SendRecord {
  readonly steps: ReadonlyArray<Step>
  /**
   * How many parts of the record cannot be read: damaged, or written by a later version. They are never overwritten.
   * While there is one, the send is never `not-sent`.
   */
  readonly unreadable: number
}

/** Whether the message of a send was accepted, by all that is known of the send. */
export type Delivery = SendOutcome["delivery"]

/**
 * Returns whether the message of a send was accepted, by all that is known of it.
 *
 * **Details**
 *
 * An update proves that the message was sent, whatever the client knew. A send without an outcome is `unknown`: its process
 * may have been killed in the middle.
 *
 * @example
 * ```ts
 * import { DeliveryStore } from "@effect-sent/core"
 * import { DateTime } from "effect"
 *
 * const at = DateTime.makeUnsafe("2025-10-31T10:10:42Z")
 * const record = { id: "a", expiresAt: at, outcome: { delivery: "not-sent" as const, at } }
 * console.assert(DeliveryStore.deliveryOf(record) === "not-sent")
 *
 * const step = { messageId: "m", status: "SENT", receivedAt: at }
 * console.assert(DeliveryStore.deliveryOf({ ...record, steps: [step] }) === "accepted")
 * ```
 */
export const deliveryOf = (send: Known): Delivery => {
  if (send.steps !== undefined && send.steps.length > 0) return "accepted"
  const delivery = send.outcome?.delivery ?? "unknown"
  return delivery === "not-sent" && (send.unreadable ?? 0) > 0 ? "unknown" : delivery
}

/**
 * Joins two records of the same send: all that is known by either.
 *
 * **Details**
 *
 * It is commutative, associative and idempotent. The later `expiresAt` and the earlier `openedAt` count; of two outcomes,
 * `accepted` before `not-sent` before `unknown`; of two references or keys, the one that sorts first; steps are joined by
 * `DeliveryStatus.joinSteps`.
 *
 * @example
 * ```ts
 * import { DeliveryStore } from "@effect-sent/core"
 * import { DateTime } from "effect"
 *
 * const at = DateTime.makeUnsafe("2025-10-31T10:10:42Z")
 * const opened = { id: "a", expiresAt: at, reference: "order 12345" }
 * const updated = { id: "a", expiresAt: at, steps: [{ messageId: "m", status: "SENT", receivedAt: at }] }
 * const joined = DeliveryStore.join(opened, updated)
 * console.assert(joined.reference === "order 12345" && joined.steps.length === 1)
 * ```
 */
export const join = (one: Known, other: Known): StoredSend => ({
  id: one.id,
  expiresAt: DateTime.max(one.expiresAt, other.expiresAt),
  openedAt: best(one.openedAt, other.openedAt, DateTime.isLessThan),
  reference: best(one.reference, other.reference, isBefore),
  idempotencyKey: best(one.idempotencyKey, other.idempotencyKey, isBefore),
  outcome: best(one.outcome, other.outcome, saysMore),
  steps: joinSteps(one.steps ?? [], other.steps ?? []),
  unreadable: Math.max(one.unreadable ?? 0, other.unreadable ?? 0),
})

/** What may be joined: a record, stored or not. */
type Known = SendRecord & { readonly unreadable?: number | undefined }

const best = <A>(
  one: A | undefined,
  other: A | undefined,
  isBetter: (one: A, other: A) => boolean,
): A | undefined =>
  one === undefined || other === undefined ? (one ?? other) : isBetter(other, one) ? other : one

const isBefore = (one: string, other: string): boolean => one < other

const weight: { readonly [Kind in Delivery]: number } = { unknown: 0, "not-sent": 1, accepted: 2 }

/** A total order of outcomes. */
const saysMore = (one: SendOutcome, other: SendOutcome): boolean => {
  const by =
    weight[one.delivery] - weight[other.delivery] ||
    Number(one.messageId !== undefined) - Number(other.messageId !== undefined) ||
    other.at.epochMilliseconds - one.at.epochMilliseconds
  return by === 0 ? isBefore(textOf(one), textOf(other)) : by > 0
}

const textOf = ({ messageId = "", reason = "" }: SendOutcome): string => `${messageId} ${reason}`

// -----------------------------------------------------------------------------
// Questions
// -----------------------------------------------------------------------------

/** What to find sends by: the id of a send, the id of a message in an outcome or a step, the caller's reference, or the key. */
export type SendKey =
  | { readonly id: string }
  | { readonly messageId: string }
  | { readonly reference: string }
  | { readonly idempotencyKey: string }

/** How many sends `find` returns at most. */
export const maxFound = 100

/** A page of the sends that are `unknown` by {@link deliveryOf}. */
export interface UnknownPage {
  readonly sends: ReadonlyArray<StoredSend>
  /** Passed as `after`, it continues where this page ends. Undefined on the last page. */
  readonly next: string | undefined
}

/** Which of the sends that are `unknown` to list. */
export interface UnknownOptions {
  /** Only sends that were opened before this time, so as to leave out those that are under way. Default: all. */
  readonly openedBefore?: DateTime.Utc | undefined
  /** `next` of the page before. Default: from the beginning. */
  readonly after?: string | undefined
  /** How many sends a page has at most: 1 to 1,000. A page may have fewer, even none, and still have a `next`. Default: 100. */
  readonly limit?: number | undefined
}

// -----------------------------------------------------------------------------
// Claims
// -----------------------------------------------------------------------------

/** A claim on an event, so that it is handled once. */
export interface Claim {
  /** What identifies the event, with a prefix for who handles it. */
  readonly key: string
  /** What identifies the claimant among all processes, for example a random id for each claim. */
  readonly owner: string
  /**
   * Until when. It must be later than the handler's time-out, by more than the clocks of the machines differ. In
   * `complete`: until when to recognise the event.
   */
  readonly until: DateTime.Utc
}

/**
 * The response to a claim.
 *
 * - `claimed`: the event is the claimant's to handle, until the time of the claim.
 * - `held`: another claimant handles it; try again later.
 * - `completed`: it was handled.
 */
export type ClaimResult = "claimed" | "held" | "completed"

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * The store failed. The write may have happened: repeat the operation, since each of them may be
 * repeated.
 */
export class DeliveryStoreError extends Schema.TaggedError<DeliveryStoreError>(
  "DeliveryStore/DeliveryStoreError",
)("DeliveryStoreError", {
  operation: Schema.Literals([
    "load",
    "append",
    "find",
    "unknown",
    "claim",
    "complete",
    "release",
    "forget",
  ]),
  /** What is wrong, in a few words, without keys and values. */
  problem: Schema.String,
  cause: Schema.optionalKey(Schema.Defect()),
}) {
  override get message(): string {
    return `the delivery store failed to ${verbs[this.operation]}: ${this.problem}`
  }
}

const verbs: { readonly [Operation in DeliveryStoreError["operation"]]: string } = {
  load: "load what it has",
  append: "append to a send",
  find: "find sends",
  unknown: "list unknown sends",
  claim: "claim an event",
  complete: "complete a claim",
  release: "release a claim",
  forget: "forget what is over",
}

/**
 * The service that keeps sends and claims.
 *
 * **Details**
 *
 * What an implementation must guarantee; `@effect-sent/core/DeliveryStoreConformance` tests it:
 *
 * - When an operation has succeeded, what it wrote is kept and every process reads it. When it has failed, been interrupted
 *   or been killed, what it wrote is kept or not, and nothing else is damaged.
 * - Appends commute: `find` returns the `join` of all records that were appended to an id, whoever appended them, at the
 *   same time or one after the other. Beyond `DeliveryStatus.maxSteps` steps, those that `DeliveryStatus.joinSteps` keeps.
 * - What cannot be read is never overwritten or removed until it is forgotten, and does not keep what is beside it from
 *   being read. It is counted in `unreadable`.
 * - Of any number of simultaneous claims of a key by different owners, one is `claimed`.
 * - Nothing is forgotten early: not a send before its `expiresAt`, and not a claim before its `until`, unless the store's
 *   documentation gives a capacity.
 * - The time is that of Effect's `Clock` in the calling process, so that tests can set it.
 * - Each operation ends, in a time that does not grow with the number of sends. It may be interrupted.
 *
 * Texts are well-formed and have 1 to {@link maxTextLength} characters; a store may rely on it. Compare them exactly: letter
 * case counts.
 */
export class DeliveryStore extends Context.Service<
  DeliveryStore,
  {
    /** Adds what is known of a send: makes the record if there is none, and joins it otherwise. */
    readonly append: (send: SendRecord) => Effect.Effect<void, DeliveryStoreError>
    /**
     * Finds sends, the latest by `openedAt` first, at most {@link maxFound}. A send that has expired is found until it is
     * forgotten.
     */
    readonly find: (by: SendKey) => Effect.Effect<ReadonlyArray<StoredSend>, DeliveryStoreError>
    /**
     * Lists the sends that are `unknown` by {@link deliveryOf}, each at least once, in an order that the store chooses. A send
     * that becomes unknown or ceases to be while pages are read may be on a page or not.
     */
    readonly unknown: (options?: UnknownOptions) => Effect.Effect<UnknownPage, DeliveryStoreError>
    /**
     * Claims an event until a time. A claim whose time has come is free again; a claim that its owner repeats is granted
     * again.
     *
     * With `send`, appends this record in the same operation, before it claims and whatever the response.
     */
    readonly claim: (
      claim: Claim,
      send?: SendRecord,
    ) => Effect.Effect<ClaimResult, DeliveryStoreError>
    /**
     * Marks an event as handled, until a time, whoever holds the claim now: handled is handled. The latest `until` counts.
     */
    readonly complete: (claim: Claim) => Effect.Effect<void, DeliveryStoreError>
    /** Gives a claim back. Does nothing if another owner holds it by now, or if the event was handled. */
    readonly release: (claim: Claim) => Effect.Effect<void, DeliveryStoreError>
    /**
     * Forgets sends whose `expiresAt` and claims whose `until` is at or before a time, at most `limit` of both together
     * (default: 1,000), and returns how many. Call it again until it returns 0.
     */
    readonly forget: (options: {
      readonly before: DateTime.Utc
      readonly limit?: number | undefined
    }) => Effect.Effect<number, DeliveryStoreError>
  }
>()("@effect-sent/core/DeliveryStore") {}

/** A store, as an option. */
export const deliveryStore: Kind.Kind = Kind.having(
  "a DeliveryStore",
  "append",
  "find",
  "claim",
  "complete",
  "release",
)
