/**
 * How far a send has come: the one place that counts its attempts and knows what may have been accepted.
 *
 *     begin ─▶ in flight ─ settle ─▶ settled ─ next ─▶ none ─▶ begin …
 *
 * A send can be interrupted, or its deadline can pass, between any two of these steps, so `fail` and `timeOut` must tell
 * the truth in every state: a request that is in flight may have been accepted, and so may one that no step has settled.
 */
import type * as Duration from "effect/Duration"
import { SentError } from "../../SentError.ts"
import { type Reason, TimedOut } from "./reason.ts"
import { type Delivery, deliveryOf } from "./reasonTable.ts"

/** What is known of one attempt once it has ended. */
export type Outcome = Delivery | "accepted"

/** The progress of one send. */
export interface Progress {
  /** How many requests were sent so far. */
  readonly attempts: () => number
  /** A request is about to be sent. */
  readonly begin: () => void
  /** The request ended in this way. */
  readonly settle: (outcome: Outcome) => void
  /** The send goes on without the last request: it waits before another one. */
  readonly next: () => void
  /** The error of a send that ends here, for this reason. */
  readonly fail: (reason: Reason) => SentError
  /** The error of a send whose deadline passes here. */
  readonly timeOut: (deadline: Duration.Duration) => SentError
}

/** The last request: `none` before the first one and while the send waits for another one. */
type Last = "none" | "in-flight" | Outcome

/** A send that has not begun. */
export const makeProgress = (): Progress => {
  let attempts = 0
  // Of the requests before the last one, those that may have been accepted.
  let unknownAttempts = 0
  let last: Last = "none"

  const mayBeAccepted = (): boolean => last !== "none" && last !== "not-sent"

  const next = (): void => {
    if (mayBeAccepted()) unknownAttempts += 1
    last = "none"
  }

  const fail = (reason: Reason): SentError => {
    // The reason speaks of the last request; where it says less than is known of that, the request counts as well.
    const isUnsaid = mayBeAccepted() && deliveryOf(reason) === "not-sent"
    return new SentError({
      reason,
      attempts,
      unknownAttempts: unknownAttempts + (isUnsaid ? 1 : 0),
    })
  }

  return {
    attempts: () => attempts,
    begin: () => {
      next()
      attempts += 1
      last = "in-flight"
    },
    settle: (outcome) => {
      // Once only: a request that may have been accepted stays so.
      if (last === "in-flight") last = outcome
    },
    next,
    fail,
    timeOut: (deadline) =>
      fail(new TimedOut({ stage: mayBeAccepted() ? "in-flight" : "waiting", after: deadline })),
  }
}
