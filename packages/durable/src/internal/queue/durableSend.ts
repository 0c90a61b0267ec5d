/** A durable send as callers see it. */
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import { fromColumn } from "../sql/column.ts"
import { fromOptional, numberOf, type Row, type State } from "./row.ts"

/** A durable send, as it is in the database. */
export interface DurableSend {
  readonly key: string
  readonly state: State
  /** The recipient, until the number is blanked. It is redacted, so that no log shows it. */
  readonly phoneNumber: Redacted.Redacted<string> | undefined
  /** The caller's own reference. */
  readonly reference: string | undefined
  /** The id by which `DeliveryTracker.find` follows it, once it was attempted, with `publicUrl`. */
  readonly sendId: string | undefined
  /** How often it was about to be sent. */
  readonly attempts: number
  /** The tag of the last error's reason, e.g. `RateLimited`. */
  readonly reason: string | undefined
  readonly enqueuedAt: DateTime.Utc
  /** When it is to be sent, if it is pending. */
  readonly dueAt: DateTime.Utc
  /** Since when its state is as it is, if nobody is to send it. */
  readonly settledAt: DateTime.Utc | undefined
}

/** Reads a row, at a time. */
export const sendOf = (row: Row, now: number): DurableSend => {
  const settledAt = numberOf(row.settled_at)
  return {
    key: fromColumn(row.key),
    state: stateOf(row, now),
    phoneNumber: row.phone_number === null ? undefined : Redacted.make(row.phone_number),
    reference: fromOptional(row.reference),
    sendId: row.send_id ?? undefined,
    attempts: row.attempts,
    reason: row.reason ?? undefined,
    enqueuedAt: DateTime.makeUnsafe(Number(row.enqueued_at)),
    dueAt: DateTime.makeUnsafe(Number(row.due_at)),
    settledAt: settledAt === undefined ? undefined : DateTime.makeUnsafe(settledAt),
  }
}

/** The state of a row at a time, also if no worker has looked at it since. */
export const stateOf = (row: Row, now: number): State => {
  if (row.state === "attempting" && Number(row.lease_until) <= now) {
    const isResumable = row.is_queued === 1 && (numberOf(row.key_until) ?? 0) > now
    return isResumable ? "attempting" : "unknown"
  }
  const notAfter = numberOf(row.not_after)
  return row.state === "pending" && notAfter !== undefined && notAfter <= now
    ? "expired"
    : row.state
}

/** The states in which nothing more is to come. */
export const isFinal = (state: State): boolean =>
  state === "accepted" || state === "refused" || state === "expired" || state === "cancelled"
