/** What a caller asks of sends that are enqueued, and what may still be changed about them. */
import type { SentError } from "@effect-sent/core/SentError"
import * as Clock from "effect/Clock"
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SqlClient } from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { rejectInvalid } from "../options.ts"
import type { Ask } from "../sql/answer.ts"
import { toColumn } from "../sql/column.ts"
import { type DurableSend, isFinal, sendOf } from "./durableSend.ts"
import { type DurableSenderError, NotRequeued, NotSettled, type Operation } from "./errors.ts"
import { notATime, timeOf } from "./options.ts"
import type { Row, State } from "./row.ts"
import * as Telemetry from "./telemetry.ts"
import type { Transitions } from "./transitions.ts"

/** How a message is sent anew. */
export interface RequeueOptions {
  /** Allows that the recipient gets the message twice. Required if the send is unknown. */
  readonly acceptDuplicate?: true | undefined
  /** Until when it may be sent. Default: it is sent, however late. */
  readonly notAfter?: DateTime.DateTime.Input | undefined
}

/** The questions about sends. */
export interface Lookup {
  /**
   * Cancels a send that was not attempted yet, and returns the state that it has now: `cancelled`, or what it had come to.
   * Undefined if there is no such key.
   */
  readonly cancel: (key: string) => Effect.Effect<State | undefined, DurableSenderError>
  /** Finds a send by its key. */
  readonly find: (key: string) => Effect.Effect<DurableSend | undefined, DurableSenderError>
  /** Finds a send by its `sendId`, for example in `onUpdate` of the tracker. */
  readonly findBySendId: (
    sendId: string,
  ) => Effect.Effect<DurableSend | undefined, DurableSenderError>
  /** All sends by their keys, or those in a state. */
  readonly list: (state?: State) => Stream.Stream<DurableSend, DurableSenderError>
  /** How many sends there are in each state. It reads the whole table. */
  readonly count: Effect.Effect<ReadonlyMap<State, number>, DurableSenderError>
  /**
   * Sends a refused, expired or unknown message anew. One that is unknown may have been sent, so it needs
   * `acceptDuplicate: true`. `notAfter` replaces the earlier one. Fails with `NotRequeued` if the state does not allow it, or the
   * message is blanked.
   */
  readonly requeue: (
    key: string,
    options?: RequeueOptions,
  ) => Effect.Effect<void, SentError | NotRequeued | DurableSenderError>
}

interface MadeLookup extends Lookup {
  /** The row of a key, as it is in the table. */
  readonly rowOf: (key: string) => Effect.Effect<Row | undefined, DurableSenderError>
}

/** Makes the questions. `wake` tells the workers of this process. */
export const makeLookup = (
  sql: SqlClient,
  ask: Ask<Operation, DurableSenderError>,
  transitions: Transitions,
  wake: Effect.Effect<void>,
): MadeLookup => {
  const rowBy = (column: "key" | "send_id", value: string) =>
    Effect.map(
      ask("find", sql<Row>`select * from effect_sent_queue where ${sql(column)} = ${value}`),
      ([row]) => row,
    )

  const findBy = Effect.fnUntraced(function* (column: "key" | "send_id", value: string) {
    const row = yield* rowBy(column, toColumn(value))
    return row === undefined ? undefined : sendOf(row, yield* Clock.currentTimeMillis)
  })

  const find = (key: string) => findBy("key", key)

  /** Changes what nobody has looked at since its time passed: what a killed process was sending, and what is too late. */
  const upToDate = (now: number) => Effect.andThen(transitions.lose(now), transitions.expire(now))

  return {
    rowOf: (key) => rowBy("key", key),
    find,
    findBySendId: (sendId) => findBy("send_id", sendId),

    list: (state) =>
      Stream.paginate(
        "",
        Effect.fnUntraced(function* (after: string) {
          const now = yield* Clock.currentTimeMillis
          if (after === "") yield* ask("list", upToDate(now))
          const rows = yield* ask(
            "list",
            sql<Row>`select * from effect_sent_queue
              where key > ${after} ${state === undefined ? sql.literal("") : sql`and state = ${state}`}
              order by key limit ${pageSize}`,
          )
          const next = rows.length < pageSize ? undefined : rows.at(-1)?.key
          return [rows.map((row) => sendOf(row, now)), Option.fromUndefinedOr(next)] as const
        }),
      ),

    count: Effect.gen(function* () {
      yield* ask("list", upToDate(yield* Clock.currentTimeMillis))
      const rows = yield* ask(
        "list",
        sql<{ readonly state: State; readonly n: number | string }>`
          select state, count(*) as n from effect_sent_queue group by state`,
      )
      return new Map(rows.map(({ n, state }) => [state, Number(n)]))
    }),

    cancel: Effect.fnUntraced(function* (key) {
      const now = yield* Clock.currentTimeMillis
      if (yield* ask("cancel", transitions.cancel({ key: toColumn(key), now }))) {
        yield* Telemetry.changed("cancelled")
        return "cancelled"
      }
      return (yield* find(key))?.state
    }),

    requeue: Effect.fnUntraced(function* (key, { acceptDuplicate, notAfter } = {}) {
      const until = timeOf(notAfter)
      yield* rejectInvalid(
        notAfter !== undefined && until === undefined ? [notATime("notAfter")] : [],
      )
      const now = yield* Clock.currentTimeMillis
      yield* ask("requeue", upToDate(now))
      const isRequeued = yield* ask(
        "requeue",
        transitions.requeue({
          key: toColumn(key),
          now,
          notAfter: until ?? null,
          acceptDuplicate: acceptDuplicate === true,
        }),
      )
      if (isRequeued) return yield* sql.afterCommit(wake)
      const state = (yield* find(key))?.state
      return yield* new NotRequeued({
        ...(state && { state }),
        problem: problemOf(state, acceptDuplicate === true),
      })
    }),
  }
}

const pageSize = 100

const problemOf = (state: State | undefined, acceptDuplicate: boolean): string => {
  if (state === undefined) return "there is none with this key"
  if (state === "unknown" && !acceptDuplicate) {
    return "it may have been sent; pass `acceptDuplicate: true` if the recipient may get it twice"
  }
  return state === "unknown" || state === "refused" || state === "expired"
    ? "its message is no longer kept; enqueue it with another key"
    : `it is ${state}`
}

/** Waits for a send, and looks more and more rarely: after 100 ms at first, and every 5 seconds in the end. */
export const makeAwaitFinal =
  (find: Lookup["find"]) =>
  (
    key: string,
    { within = "5 minutes" }: { readonly within?: Duration.Input | undefined } = {},
  ): Effect.Effect<DurableSend, NotSettled | DurableSenderError> =>
    Effect.gen(function* () {
      const after = Duration.fromInputUnsafe(within)
      const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(after)
      for (let pause = 100; ; pause = Math.min(pause * 2, 5000)) {
        const send = yield* find(key)
        if (send !== undefined && isFinal(send.state)) return send
        const left = until - (yield* Clock.currentTimeMillis)
        if (send === undefined || left <= 0) {
          return yield* new NotSettled({ after, ...(send && { state: send.state }) })
        }
        yield* Effect.sleep(Duration.millis(Math.min(pause, left)))
      }
    })
