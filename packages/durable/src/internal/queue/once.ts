/** `sendOnce`: a send by its caller, at most once for its key. */
import type { Input, SendReceipt } from "@effect-sent/core/SendToPhone"
import { SentClient } from "@effect-sent/core/SentClient"
import type { SentError } from "@effect-sent/core/SentError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { stateOf } from "./durableSend.ts"
import { type Adding, makeRow } from "./enqueue.ts"
import { type DurableSenderError, KeyConflict, NotRepeated, queueError } from "./errors.ts"
import type { EnqueueOptions } from "./options.ts"
import { columnsOf, type Row } from "./row.ts"
import { attempt, type Line } from "./sending.ts"

/** What `sendOnce` knows of a message that was accepted. */
export interface SentOnce {
  readonly state: "accepted"
  /** Whether an earlier call has sent it, or an update said so. */
  readonly isRepeated: boolean
  /** The receipt, if this call has sent it. */
  readonly receipt: SendReceipt | undefined
}

/** Sends a message at most once for its key. */
export const makeSendOnce =
  (
    adding: Adding,
    line: Line,
    find: (key: string) => Effect.Effect<Row | undefined, DurableSenderError>,
  ) =>
  (
    input: Input,
    options: Pick<EnqueueOptions, "key" | "reference">,
    lease: number,
  ): Effect.Effect<
    SentOnce,
    SentError | KeyConflict | NotRepeated | DurableSenderError,
    SentClient
  > =>
    Effect.gen(function* () {
      const { ask, sql, transitions } = adding
      const client = yield* SentClient
      if (Option.isSome(yield* Effect.serviceOption(sql.transactionService))) {
        return yield* queueError(
          "sendOnce",
          "it must not run in a transaction, since what it writes before it sends must be committed",
        )
      }
      const row = yield* makeRow(adding, input, options)
      const key = String(row.key)
      const now = yield* Clock.currentTimeMillis
      const leaseUntil = now + lease
      // Never pending, or a worker might take it.
      yield* ask(
        "sendOnce",
        transitions.add([{ ...row, state: "claimed", is_queued: 0, lease_until: leaseUntil }]),
      )
      const known = yield* find(key)
      if (known === undefined) return yield* queueError("sendOnce", "its row is gone")
      if (known.digest !== row.digest) return yield* new KeyConflict()
      // Whoever has the row now gets no further: its fence is an old one.
      const [taken] = yield* ask(
        "sendOnce",
        transitions.takeOver({ key, leaseUntil, columns: columnsOf(input) }),
      )
      const attempted = taken === undefined ? undefined : yield* attempt(line, client, taken, lease)
      if (attempted === undefined) {
        const other = yield* find(key)
        const endedAt = yield* Clock.currentTimeMillis
        const state = other === undefined ? "unknown" : stateOf(other, endedAt)
        return state === "accepted"
          ? { state, isRepeated: true, receipt: undefined }
          : yield* new NotRepeated({ state })
      }
      if (Result.isSuccess(attempted.result)) {
        return { state: "accepted", isRepeated: false, receipt: attempted.result.success }
      }
      return yield* attempted.result.failure
    })
