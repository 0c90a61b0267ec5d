/**
 * Sends that survive: a message is enqueued with a key of the caller, and sent at most once, across crashes and machines.
 *
 * **Details**
 *
 * `enqueue` is a row in your database, in your own transaction if you have one open. A {@link worker} sends it, in this process or
 * another one. Before a message goes on the wire, its row becomes `attempting`, by a compare-and-set that is on the disk when it
 * returns; if the process dies after that, the message is `unknown` and is never sent again by itself. With `publicUrl`, the updates
 * that a `DeliveryTracker` receives settle what is unknown.
 *
 * The layer makes its table, `effect_sent_queue`, in the `SqlClient` in the context: SQLite by `Sqlite.layer`, or Postgres, beyond
 * one machine, by `PgClient.layer` of `@effect/sql-pg`.
 *
 * **Gotchas**
 *
 * Give every message a key that says what it is about, e.g. `order 12345 shipped`, and not a random one: only the same key again
 * keeps a message from being sent twice.
 *
 * @example
 * ```ts
 * import { SentClient } from "@effect-sent/core"
 * import { DurableSender, Sqlite } from "@effect-sent/durable"
 * import { Effect, Layer } from "effect"
 *
 * const DurableLive = DurableSender.worker().pipe(
 *   Layer.provide(SentClient.layerEnv),
 *   Layer.provideMerge(
 *     DurableSender.layer({ secret: "a random secret of at least 32 characters" }),
 *   ),
 *   Layer.provideMerge(Sqlite.layer({ filename: ":memory:" })),
 * )
 *
 * const program = Effect.gen(function* () {
 *   const sender = yield* DurableSender.DurableSender
 *   const message = { phoneNumber: "+1234567890", templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8" }
 *   yield* sender.enqueue(message, { key: "order 12345 shipped" })
 *   // In any process with the same database, also after a crash.
 *   return yield* sender.awaitFinal("order 12345 shipped")
 * })
 *
 * const send = await program.pipe(Effect.provide(DurableLive), Effect.runPromise)
 * console.assert(send.state === "accepted")
 * ```
 */
import * as CallbackUrl from "@effect-sent/core/CallbackUrl"
import type { Input } from "@effect-sent/core/SendToPhone"
import * as SentClient from "@effect-sent/core/SentClient"
import type { SentError } from "@effect-sent/core/SentError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type * as Stream from "effect/Stream"
import { checkClient, checkDuration, rejectInvalid } from "./internal/options.ts"
import { commitIssues } from "./internal/queue/commits.ts"
import { makeDigest } from "./internal/queue/digest.ts"
import type { DurableSend } from "./internal/queue/durableSend.ts"
import { type Adding, type Enqueue, makeEnqueue } from "./internal/queue/enqueue.ts"
import {
  type DurableSenderError,
  type KeyConflict,
  type NotRepeated,
  type NotSettled,
  queueError,
} from "./internal/queue/errors.ts"
import { type Lookup, makeAwaitFinal, makeLookup } from "./internal/queue/lookup.ts"
import { makeSendOnce, type SentOnce } from "./internal/queue/once.ts"
import { checkConcurrency, checkSecret, type EnqueueOptions } from "./internal/queue/options.ts"
import type { Line } from "./internal/queue/sending.ts"
import { makeSignal } from "./internal/queue/signal.ts"
import { makeTransitions } from "./internal/queue/transitions.ts"
import { makeUpkeep } from "./internal/queue/upkeep.ts"
import { runWorker } from "./internal/queue/worker.ts"
import { makeAsk } from "./internal/sql/answer.ts"
import { createTables } from "./internal/sql/migrations.ts"

export type { DurableSend } from "./internal/queue/durableSend.ts"
export type { Enqueue, EnqueueItem } from "./internal/queue/enqueue.ts"
export {
  DurableSenderError,
  KeyConflict,
  NotRepeated,
  NotRequeued,
  NotSettled,
} from "./internal/queue/errors.ts"
export type { Lookup, RequeueOptions } from "./internal/queue/lookup.ts"
export type { SentOnce } from "./internal/queue/once.ts"
export { type Opening, openingAt } from "./internal/queue/opening.ts"
export type { EnqueueOptions, Priority } from "./internal/queue/options.ts"
export type { QuietHours } from "./internal/queue/quietHours.ts"
export type { State } from "./internal/queue/row.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/** The options of a sender. */
export interface Options {
  /**
   * The secret of the digests by which a key's message is recognised, and of the callback URLs: at least 32 characters, and the
   * same in every process and after a restart.
   */
  readonly secret: string | Redacted.Redacted<string>
  /**
   * The `publicUrl` of the `DeliveryTracker` that receives the updates. The tracker needs the same `secret`, or the
   * `callbackSecret` if there is one, and the `SqlDeliveryStore` of the same database. Default: none, and an unknown send stays
   * unknown until it is requeued.
   */
  readonly publicUrl?: string | URL | undefined
  /** The `secret` of that tracker, if it is another one than that of the digests. Default: `secret`. */
  readonly callbackSecret?: string | Redacted.Redacted<string> | undefined
  /** How long a callback URL is valid. Default: 3 days, as with the tracker. */
  readonly timeToLive?: Duration.Input | undefined
  /**
   * How long the `messageBody` of a refused, expired or unknown send is kept, so that it can be requeued. That of an accepted or a
   * cancelled one is blanked at once. Default: 7 days.
   */
  readonly keepBodies?: Duration.Input | undefined
  /** How long the phone number is kept after a send is settled. Default: 30 days. */
  readonly keepNumbers?: Duration.Input | undefined
  /**
   * How long the key is kept after a send is settled. After that, the key is as good as new, and a message with it is sent.
   * Default: forever.
   */
  readonly keepKeys?: Duration.Input | undefined
  /** How long the database may take to answer. After that, an operation fails. Default: 5 seconds. */
  readonly timeout?: Duration.Input | undefined
  /** Whether the layer makes the tables and brings them up to date: see {@link migrate}. Default: true. */
  readonly migrate?: boolean | undefined
}

/** The options of a worker. */
export interface WorkerOptions {
  /**
   * How many messages it sends at the same time. The rate is that of the client's `rateLimit`. If the process is killed, at
   * most so many become unknown. Default: 10.
   */
  readonly concurrency?: number | undefined
  /**
   * How long a claim lasts. A send has two thirds of it as its deadline. What a killed process was sending is known to be
   * `unknown` after that time. Default: 3 minutes.
   */
  readonly lease?: Duration.Input | undefined
  /** How long it waits until it looks again for what other processes have enqueued. Default: 1 second. */
  readonly pollInterval?: Duration.Input | undefined
  /**
   * What is run when nothing can be sent until somebody has fixed the account or the credentials, e.g. to alert somebody. The worker
   * then tries one message at a time, at most once a minute. Default: an error is logged.
   */
  readonly onHold?: ((error: SentError) => Effect.Effect<void>) | undefined
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/** What the service does: it also adds messages ({@link Enqueue}), and finds, cancels and requeues sends ({@link Lookup}). */
export interface Service extends Enqueue, Lookup {
  /**
   * Sends a message now, at most once for its key, however often it is called: for a step of a workflow engine that repeats its
   * steps. It needs no worker.
   *
   * **Details**
   *
   * If an earlier call was accepted, it returns without a receipt. If an earlier call is attempting or unknown, it fails with
   * `NotRepeated`. If no earlier call reached the wire, or it was certainly not sent, it sends. Fails with the `SentError` of the
   * send otherwise: call it again if that `isRetryable`.
   *
   * **Gotchas**
   *
   * It fails within a transaction: what it writes before it sends must be committed.
   */
  readonly sendOnce: (
    input: Input,
    options: SendOnceOptions,
  ) => Effect.Effect<
    SentOnce,
    SentError | KeyConflict | NotRepeated | DurableSenderError,
    SentClient.SentClient
  >
  /**
   * Waits until a send is accepted, refused, expired or cancelled, for at most `within`. Default: 5 minutes. An unknown one is
   * waited for, since an update may settle it.
   */
  readonly awaitFinal: (
    key: string,
    options?: { readonly within?: Duration.Input | undefined },
  ) => Effect.Effect<DurableSend, NotSettled | DurableSenderError>
  /** The sends of which it is unknown whether they were sent. Do not send them again blindly. */
  readonly unknown: Stream.Stream<DurableSend, DurableSenderError>
  /** Runs a worker in the current scope: see {@link worker}. */
  readonly work: (
    options?: WorkerOptions,
  ) => Effect.Effect<void, SentError | DurableSenderError, SentClient.SentClient | Scope.Scope>
}

/** The service that enqueues, finds and sends messages. */
export class DurableSender extends Context.Service<DurableSender, Service>()(
  "@effect-sent/durable/DurableSender",
) {}

/** How a message is sent once. */
export interface SendOnceOptions extends Pick<EnqueueOptions, "key" | "reference"> {
  /** How long the claim of a call lasts: see {@link WorkerOptions}. Default: 3 minutes. */
  readonly lease?: Duration.Input | undefined
}

// -----------------------------------------------------------------------------
// Construction
// -----------------------------------------------------------------------------

/**
 * Makes the table, or brings it up to date. Several processes may run it at the same time. It is the same as
 * `SqlDeliveryStore.migrate`.
 *
 * @example
 * ```ts
 * import { DurableSender, Sqlite } from "@effect-sent/durable"
 * import { Effect } from "effect"
 *
 * await DurableSender.migrate().pipe(
 *   Effect.provide(Sqlite.layer({ filename: ":memory:" })),
 *   Effect.runPromise,
 * )
 * ```
 */
export const migrate = (): Effect.Effect<
  void,
  Migrator.MigrationError | SqlError,
  SqlClient.SqlClient
> => createTables

/**
 * Makes a sender with the `SqlClient` in the context.
 *
 * Fails with the reason `InvalidOptions` if an option is invalid, if the database is neither SQLite nor Postgres, or if its commits
 * are not on the disk when they return (`synchronous` of SQLite, `synchronous_commit` of Postgres): a power cut would then lose
 * what was attempted, and it would be sent again.
 *
 * @example
 * ```ts
 * import { DurableSender, Sqlite } from "@effect-sent/durable"
 * import { Effect } from "effect"
 *
 * const message = { phoneNumber: "+1234567890", templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8" }
 *
 * const results = await Effect.gen(function* () {
 *   const sender = yield* DurableSender.make({ secret: "a random secret of at least 32 characters" })
 *   return [
 *     yield* sender.enqueue(message, { key: "order 12345 shipped" }),
 *     yield* sender.enqueue(message, { key: "order 12345 shipped" }),
 *     yield* sender.cancel("order 12345 shipped"),
 *   ]
 * }).pipe(Effect.provide(Sqlite.layer({ filename: ":memory:" })), Effect.runPromise)
 * console.assert(results.join() === "enqueued,known,cancelled")
 * ```
 */
export const make = Effect.fnUntraced(function* (
  options: Options,
): Effect.fn.Return<Service, SentError | Migrator.MigrationError | SqlError, SqlClient.SqlClient> {
  const { keepBodies = "7 days", keepKeys = Duration.infinity, keepNumbers = "30 days" } = options
  const { publicUrl, secret, timeout = "5 seconds", timeToLive = "3 days" } = options
  const { callbackSecret = secret } = options
  // The names of the tables are ours: the client's own spelling of names does not apply.
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  yield* rejectInvalid([
    ...checkSecret(secret, "secret"),
    ...(callbackSecret === secret ? [] : checkSecret(callbackSecret, "callbackSecret")),
    ...checkDuration(timeToLive, "timeToLive"),
    ...checkDuration(keepBodies, "keepBodies"),
    ...checkDuration(keepNumbers, "keepNumbers"),
    ...checkDuration(keepKeys, "keepKeys"),
    ...checkDuration(timeout, "timeout"),
    ...checkClient(sql),
  ])
  yield* Effect.flatMap(commitIssues(sql), rejectInvalid)
  if (options.migrate !== false) yield* createTables

  const ask = makeAsk(Duration.fromInputUnsafe(timeout), queueError)
  const transitions = makeTransitions(sql)
  const signal = makeSignal()
  const line: Line = {
    ask,
    transitions,
    urls:
      publicUrl === undefined
        ? undefined
        : yield* CallbackUrl.make({ publicUrl, secret: callbackSecret }),
    timeToLive: millisOf(timeToLive),
  }
  const adding: Adding = {
    sql,
    ask,
    transitions,
    digest: yield* makeDigest(Redacted.isRedacted(secret) ? Redacted.value(secret) : secret),
    hasCallbacks: publicUrl !== undefined,
  }
  const upkeep = makeUpkeep(sql, transitions, {
    bodies: millisOf(keepBodies),
    numbers: millisOf(keepNumbers),
    keys: millisOf(keepKeys),
  })
  const { rowOf, ...lookup } = makeLookup(sql, ask, transitions, signal.wake)
  const sendOnce = makeSendOnce(adding, line, rowOf)

  return {
    ...makeEnqueue(adding, signal.wake),
    ...lookup,
    sendOnce: Effect.fn("DurableSender.sendOnce")(function* (
      input,
      { lease = defaultLease, ...given },
    ) {
      yield* rejectInvalid(checkDuration(lease, "lease"))
      return yield* sendOnce(input, given, millisOf(lease))
    }),
    awaitFinal: makeAwaitFinal(lookup.find),
    unknown: lookup.list("unknown"),
    work: Effect.fnUntraced(function* (given = {}) {
      const { concurrency = 10, lease = defaultLease, pollInterval = "1 second" } = given
      const { onHold = () => Effect.void } = given
      yield* rejectInvalid([
        ...checkConcurrency(concurrency),
        ...checkDuration(lease, "lease"),
        ...checkDuration(pollInterval, "pollInterval"),
      ])
      const settings = {
        concurrency,
        lease: millisOf(lease),
        pollInterval: millisOf(pollInterval),
        onHold,
      }
      const client = yield* SentClient.SentClient
      yield* runWorker(line, client, settings, upkeep, signal.listen)
    }),
  }
})

const defaultLease = Duration.minutes(3)

const millisOf = (input: Duration.Input): number =>
  Math.round(Duration.toMillis(Duration.fromInputUnsafe(input)))

/**
 * Provides a sender with the `SqlClient` in the context.
 *
 * @example
 * ```ts
 * import { DeliveryTracker, SentClient } from "@effect-sent/core"
 * import { DurableSender, SqlDeliveryStore } from "@effect-sent/durable"
 * import { PgClient } from "@effect/sql-pg"
 * import { Config, Layer } from "effect"
 *
 * // The tracker receives the updates, which settle what is unknown.
 * const callbacks = {
 *   publicUrl: "https://app.example.com/webhooks/sent",
 *   secret: "a random secret of at least 32 characters",
 * }
 *
 * export const SenderLive = Layer.mergeAll(
 *   DurableSender.layer(callbacks),
 *   DeliveryTracker.layer(callbacks).pipe(
 *     Layer.provide(SentClient.layerEnv),
 *     Layer.provide(SqlDeliveryStore.layer()),
 *   ),
 * ).pipe(Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") })))
 * ```
 */
export const layer = (
  options: Options,
): Layer.Layer<
  DurableSender,
  SentError | Migrator.MigrationError | SqlError,
  SqlClient.SqlClient
> => Layer.effect(DurableSender, make(options))

/**
 * Runs a worker, which sends what is due with the client in the context. There may be any number of workers, in any number of
 * processes.
 *
 * **Details**
 *
 * | the send ends | the row becomes |
 * | --- | --- |
 * | accepted | `accepted` |
 * | not sent, and it passes with time | `pending`, due after 1, 2, 4, … seconds, 5 minutes at most, or `retryAfter` |
 * | not sent, because of the message | `refused` |
 * | not sent, because of the account or the credentials | `pending`; the worker stops, and one message at a time finds out when it can go on |
 * | it may have been sent | `unknown` |
 *
 * The limits, the circuit breaker, the retry policy and the lock-out of rejected credentials are those of the client. When the scope
 * closes, what is on the wire ends, and what is only claimed is given back.
 *
 * **Gotchas**
 *
 * A process that is told to stop needs up to two thirds of the `lease` for that; in practice, as long as one response takes.
 *
 * @example
 * ```ts
 * import { RateLimit, SentClient, SentCredentials } from "@effect-sent/core"
 * import { DurableSender } from "@effect-sent/durable"
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 *
 * export const WorkerLive = DurableSender.worker({ concurrency: 20, lease: "2 minutes" }).pipe(
 *   Layer.provide(SentClient.layer({ rateLimit: RateLimit.make({ limit: 5, window: "1 second" }) })),
 *   Layer.provide(SentCredentials.layerConfig()),
 *   Layer.provide(FetchHttpClient.layer),
 * )
 * ```
 */
export const worker = (
  options?: WorkerOptions,
): Layer.Layer<never, SentError | DurableSenderError, DurableSender | SentClient.SentClient> =>
  Layer.effectDiscard(DurableSender.use((sender) => sender.work(options)))
