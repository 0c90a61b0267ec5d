/**
 * How far a send has come: the one place that counts its attempts and knows what may have been accepted.
 *
 *     begin ─▶ in flight ─ learn ─▶ known ─ next ─▶ none ─▶ begin …
 *
 * A send can be interrupted between any two of these steps, so what is said of it must be true in every state: a request
 * that is in flight may have been accepted, unless its connection was seen not to be established. From the head of a
 * response on, its verdict is known, whatever becomes of its body.
 */
import type { LazyArg } from "effect/Function"
import * as Result from "effect/Result"
import { SentError } from "../../SentError.ts"
import type { Reason } from "./reason.ts"
import { type Delivery, deliveryOf } from "./reasonTable.ts"
import type { Verdict } from "./verdict.ts"
import { withoutStack } from "./withoutStack.ts"

/** What is known of a message. */
export type Knowledge = Delivery | "accepted"

/** The last request: `none` before the first one and while the send waits for another one. */
type Last =
  | { readonly _tag: "none" }
  | { readonly _tag: "in-flight"; readonly isUnsent: () => boolean }
  | { readonly _tag: "known"; readonly verdict: LazyArg<Verdict> }

const none: Last = { _tag: "none" }

/** The progress of one send. */
export class Progress {
  #attempts = 0
  /** Of the requests before the last one, those that may have been accepted. */
  #unknownAttempts: number
  #last: Last = none
  readonly #isRead: boolean

  /**
   * A send that has not begun. `unknownBefore` counts the requests of earlier sends, with the same idempotency key, that may
   * have been accepted. A look-up `isRead`, so that no message can come of it.
   */
  constructor({ isRead = false, unknownBefore = 0 } = {}) {
    this.#isRead = isRead
    this.#unknownAttempts = unknownBefore
  }

  /** How many requests were sent so far. */
  get attempts(): number {
    return this.#attempts
  }

  /** What is known of the message now. It is final once a request in flight was aborted. */
  get knowledge(): Knowledge {
    const known = this.#ofLast
    return known === "not-sent" && this.#unknownAttempts > 0 ? "unknown" : known
  }

  /** A request is about to be sent. `isUnsent` says whether it was seen not to be written. */
  begin(isUnsent: () => boolean): void {
    this.next()
    this.#attempts += 1
    this.#last = { _tag: "in-flight", isUnsent }
  }

  /** The verdict of the request is known, and made where it is asked for. The last one counts. */
  learn(verdict: LazyArg<Verdict>): void {
    if (this.#last._tag !== "none") this.#last = { _tag: "known", verdict }
  }

  /** The send goes on without the last request: it waits before another one. */
  next(): void {
    if (this.#ofLast !== "not-sent") this.#unknownAttempts += 1
    this.#last = none
  }

  /** The error of a send that ends here, for this reason. */
  fail(reason: Reason): SentError {
    // The reason speaks of the last request; where it says less than is known of that, the request counts as well.
    const isUnsaid = this.#ofLast !== "not-sent" && deliveryOf(reason) === "not-sent"
    return withoutStack(
      () =>
        new SentError({
          reason,
          attempts: this.#attempts,
          unknownAttempts: this.#unknownAttempts + (isUnsaid ? 1 : 0),
          ...(this.#isRead ? { isRead: true } : {}),
        }),
    )
  }

  get #ofLast(): Knowledge {
    const last = this.#last
    if (last._tag === "none" || this.#isRead) return "not-sent"
    if (last._tag === "in-flight") return last.isUnsent() ? "not-sent" : "unknown"
    return Result.match(last.verdict(), { onSuccess: () => "accepted", onFailure: deliveryOf })
  }
}
