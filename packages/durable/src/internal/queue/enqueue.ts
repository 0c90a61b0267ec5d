/** Adds messages to the table: one at a time, or a stream of them. */
import type { Input } from "@effect-sent/core/SendToPhone"
import { readInput } from "@effect-sent/core/SentClient"
import { InvalidRequest, type Issue, SentError } from "@effect-sent/core/SentError"
import type * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import type { Ask } from "../sql/answer.ts"
import { toColumn } from "../sql/column.ts"
import type { Digest } from "./digest.ts"
import { type DurableSenderError, KeyConflict, type Operation, queueError } from "./errors.ts"
import { checkEnqueue, type EnqueueOptions, priorities, timeOf } from "./options.ts"
import { openingAt, toColumn as quietColumn } from "./quietHours.ts"
import { columnsOf, type NewRow, toOptional } from "./row.ts"
import * as Telemetry from "./telemetry.ts"
import type { Transitions } from "./transitions.ts"

/** An item of `enqueueAll`. */
export interface EnqueueItem extends EnqueueOptions {
  readonly input: Input
}

/** How many messages one statement adds. */
const batch = 500

/** What adding needs. */
export interface Adding {
  readonly sql: SqlClient
  readonly ask: Ask<Operation, DurableSenderError>
  readonly transitions: Transitions
  readonly digest: Digest
  /** Whether the sender sets the callback URL, so that the message must not have one. */
  readonly hasCallbacks: boolean
}

/** Checks a message, and makes its row. */
export const makeRow = Effect.fnUntraced(function* (
  { digest, hasCallbacks }: Pick<Adding, "digest" | "hasCallbacks">,
  input: Input,
  options: EnqueueOptions,
): Effect.fn.Return<NewRow, SentError> {
  const message = yield* readInput(input)
  const issues = [
    ...checkEnqueue(options),
    ...(hasCallbacks && message.webhookUrl !== undefined
      ? [{ path: ["webhookUrl"], message: "must be absent: the sender sets it" }]
      : []),
  ]
  if (issues.length > 0) return yield* invalid(issues)
  const { key, notAfter, notBefore, priority = "normal", quietHours, reference } = options
  const now = yield* Clock.currentTimeMillis
  return {
    key: toColumn(key),
    state: "pending",
    fence: 0,
    is_queued: 1,
    priority: priorities.get(priority) ?? null,
    due_at: openingAt(quietHours, Math.max(now, timeOf(notBefore) ?? now)).from,
    not_after: timeOf(notAfter) ?? null,
    quiet_hours: quietHours === undefined ? null : quietColumn(quietHours),
    lease_until: 0,
    attempts: 0,
    digest: yield* digest(message),
    ...columnsOf(message),
    reference: toOptional(reference),
    trace: yield* Telemetry.currentTrace,
    enqueued_at: now,
  }
})

const invalid = (issues: ReadonlyArray<Issue>): SentError =>
  new SentError({ reason: new InvalidRequest({ issues }), attempts: 0 })

/** The functions that add messages. */
export interface Enqueue {
  /**
   * Enqueues a message, within the caller's `sql.withTransaction`, if one is open. Returns `known`, and does nothing, if the
   * key has the same message already, whatever its state. Fails with `KeyConflict` if the key has another one, and with the
   * reason `InvalidRequest` if the message or an option is invalid.
   */
  readonly enqueue: (
    input: Input,
    options: EnqueueOptions,
  ) => Effect.Effect<"enqueued" | "known", SentError | KeyConflict | DurableSenderError>
  /**
   * Enqueues a stream of messages, 500 in a transaction, and returns how many were new and how many were known. If it fails,
   * what came before is enqueued: repeat it with the same keys.
   */
  readonly enqueueAll: <E, R>(
    items: Stream.Stream<EnqueueItem, E, R>,
  ) => Effect.Effect<
    { readonly enqueued: number; readonly known: number },
    E | SentError | KeyConflict | DurableSenderError,
    R
  >
}

/** Makes the functions that add messages. `added` is run when new ones are committed. */
export const makeEnqueue = (adding: Adding, added: Effect.Effect<void>): Enqueue => {
  const { ask, sql, transitions } = adding

  /** Adds rows, and returns how many are new. Fails if a key has another message. */
  const add = Effect.fnUntraced(function* (
    rows: Arr.NonEmptyReadonlyArray<NewRow>,
  ): Effect.fn.Return<number, KeyConflict | DurableSenderError> {
    const news = yield* ask("enqueue", transitions.add(rows))
    if (news.length < rows.length) {
      const keys = rows.map(({ key }) => key)
      const known = yield* ask(
        "enqueue",
        sql<{ readonly key: string; readonly digest: string }>`
          select key, digest from effect_sent_queue where ${sql.in("key", keys)}`,
      )
      const digests = new Map(known.map(({ digest, key }) => [key, digest]))
      if (rows.some(({ digest, key }) => digests.get(String(key)) !== digest)) {
        return yield* new KeyConflict()
      }
    }
    if (news.length > 0) yield* sql.afterCommit(added)
    return news.length
  })

  return {
    enqueue: Effect.fn("DurableSender.enqueue")(function* (input, options) {
      const row = yield* makeRow(adding, input, options)
      return (yield* add([row])) > 0 ? "enqueued" : "known"
    }),

    enqueueAll: (items) =>
      items.pipe(
        Stream.mapEffect(({ input, ...options }) => makeRow(adding, input, options)),
        Stream.grouped(batch),
        Stream.mapEffect((rows) =>
          // All or none of them, so that what came before an error is known.
          Effect.map(inTransaction(sql, add(rows)), (enqueued) => ({
            enqueued,
            known: rows.length - enqueued,
          })),
        ),
        Stream.runFold(
          () => ({ enqueued: 0, known: 0 }),
          (sum, { enqueued, known }) => ({
            enqueued: sum.enqueued + enqueued,
            known: sum.known + known,
          }),
        ),
        Effect.withSpan("DurableSender.enqueueAll"),
      ),
  }
}

/** Runs an effect in a transaction, whose own errors are the database's. */
const inTransaction = <A, E>(
  sql: SqlClient,
  effect: Effect.Effect<A, E>,
): Effect.Effect<A, E | DurableSenderError> =>
  Effect.catchIf(
    sql.withTransaction(effect),
    (error): error is Extract<E | SqlError, SqlError> =>
      typeof error === "object" && error !== null && "_tag" in error && error._tag === "SqlError",
    () => Effect.fail(queueError("enqueue", "the transaction failed")),
  )
