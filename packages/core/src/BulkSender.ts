/**
 * Many messages: a stream of inputs in, a stream of results out, in bounded memory.
 *
 * **Details**
 *
 * Messages are sent by the `SentClient` in the context, so its retry policy, rate limit and circuit breaker apply to all
 * of them. {@link sendAllWith} sends through something else, such as a `DeliveryTracker`.
 *
 * An element of the source is an input, or an input with a `context`: whatever you want back with its result, such as the
 * id of a customer.
 *
 * @example
 * ```ts
 * import { BulkSender, SentClient } from "@effect-sent/core"
 * import { Console, Effect, Result, Stream } from "effect"
 *
 * const templateId = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"
 * const customers = [
 *   { id: 4711, phone: "+1234567890" },
 *   { id: 4712, phone: "+1234567891" },
 * ]
 * const items = Stream.fromIterable(customers).pipe(
 *   Stream.map(({ id, phone }) => ({ input: { phoneNumber: phone, templateId }, context: id })),
 * )
 *
 * await BulkSender.sendAll(items, { concurrency: 16 }).pipe(
 *   Stream.runForEach(({ context, result }) =>
 *     Console.log(`${context}: ${Result.isSuccess(result) ? "accepted" : result.failure.delivery}`),
 *   ),
 *   Effect.provide(SentClient.layerEnv),
 *   Effect.runPromise,
 * )
 * ```
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Kind from "./internal/options.ts"
import { commonOptions } from "./internal/send/sendOptions.ts"
import type { Input, SendReceipt } from "./SendToPhone.ts"
import { SentClient, type SendOptions } from "./SentClient.ts"
import type { Reason, SentError } from "./SentError.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/** A message, and what you want back with its result. */
export interface Item<A, Message = Input> {
  readonly input: Message
  /** Yours: it is not read, and comes back with the result. */
  readonly context: A
}

/** The result of one message. */
export interface BulkResult<A = undefined, Receipt = SendReceipt, Message = Input> {
  /** The position of the element in the source, from 0. */
  readonly index: number
  readonly input: Message
  /** The context of the element; undefined if it was an input alone. */
  readonly context: A
  readonly result: Result.Result<Receipt, SentError>
}

/** What sends one message: `SentClient.sendToPhone`, or `sendToPhone` of a `DeliveryTracker`. */
export type Send<Message, Receipt> = (
  input: Message,
  options?: SendOptions,
) => Effect.Effect<Receipt, SentError>

/** The results of many messages, counted. */
export interface Summary {
  readonly total: number
  /** Messages that the service accepted. */
  readonly accepted: number
  /** Messages that the service may have accepted: do not send them again blindly. */
  readonly unknown: number
  /**
   * Messages that were certainly not sent, by reason. It is safe to send them again once the cause is fixed.
   */
  readonly rejected: { readonly [K in Reason["_tag"]]?: number }
}

/** The options of a bulk send. */
export interface Options {
  /** How many messages are sent at a time; a whole number, 1 or more. Default: 8. */
  readonly concurrency?: number | undefined
  /** Whether results come in the order of the inputs or of their completion. Default: `input`. */
  readonly order?: "input" | "completion" | undefined
  /** The options of each send. There is no `idempotencyKey` among them: over v3, each message has one of its own. */
  readonly send?: Omit<SendOptions, "idempotencyKey"> | undefined
  /** Runs with the summary so far after each result, before the result is emitted. Default: nothing. */
  readonly onProgress?: ((summary: Summary) => Effect.Effect<void>) | undefined
  /**
   * Ends the bulk early, without an interruption: when this effect completes, nothing more is taken from the source, the
   * messages that are being sent end as usual, and the stream ends with their results. Default: never.
   *
   * An element without a result was not sent. How long the rest may take is the `deadline` in `send`.
   */
  readonly stopWhen?: Effect.Effect<unknown> | undefined
}

// -----------------------------------------------------------------------------
// Sending
// -----------------------------------------------------------------------------

/**
 * Sends every message of a stream. A message that fails is a result and does not end the stream.
 *
 * **Details**
 *
 * At most `concurrency` inputs are pulled from the source ahead of the results that are pulled from the stream, so a
 * slow consumer slows the source down. (A source that emits chunks is pulled a chunk at a time.) An error of the source
 * ends the stream, after the results of the messages that are being sent. Invalid options fail with the reason
 * `InvalidOptions`.
 *
 * The provider locks a key after ten failed authentications in a row. Therefore, the client sends at most three messages
 * at a time until a response proves that the key is valid, and again after a 401: see `SentClient.layer`.
 *
 * **Gotchas**
 *
 * Interruption aborts the messages that are being sent. Whether the service accepted them is unknown. To end a bulk early,
 * for example on SIGTERM, use `stopWhen`.
 *
 * @example
 * ```ts
 * import { BulkSender, SentClient } from "@effect-sent/core"
 * import { Effect, Result, Stream } from "effect"
 *
 * const inputs = Stream.make("+1234567890", "+1234567891", "no number").pipe(
 *   Stream.map((phoneNumber) => ({
 *     phoneNumber,
 *     templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 *   })),
 * )
 *
 * const results = await BulkSender.sendAll(inputs).pipe(
 *   Stream.runCollect,
 *   Effect.provide(SentClient.layerEnv),
 *   Effect.runPromise,
 * )
 * console.assert(results.map(({ result }) => Result.isSuccess(result)).join() === "true,true,false")
 * ```
 */
export const sendAll: {
  <A, E, R>(
    items: Stream.Stream<Item<A>, E, R>,
    options?: Options,
  ): Stream.Stream<BulkResult<A>, E | SentError, R | SentClient>
  <E, R>(
    inputs: Stream.Stream<Input, E, R>,
    options?: Options,
  ): Stream.Stream<BulkResult, E | SentError, R | SentClient>
} = <A, E, R>(
  items: Stream.Stream<Input | Item<A>, E, R>,
  options?: Options,
): Stream.Stream<BulkResult<A | undefined>, E | SentError, R | SentClient> =>
  Stream.unwrap(
    SentClient.useSync(({ sendToPhone }) => sendAllWith(sendToPhone)(asItems(items), options)),
  )

/**
 * Sends every message of a stream of items through any function that sends, for example that of a `DeliveryTracker`,
 * whose results are handles of the sends.
 *
 * @example
 * ```ts
 * import { BulkSender, DeliveryTracker } from "@effect-sent/core"
 * import { Effect, Stream } from "effect"
 *
 * const templateId = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"
 * const items = Stream.make({ input: { phoneNumber: "+1234567890", templateId }, context: 4711 })
 *
 * const tracked = Stream.unwrap(
 *   DeliveryTracker.DeliveryTracker.useSync(({ sendToPhone }) =>
 *     BulkSender.sendAllWith(sendToPhone)(items, { concurrency: 16 }),
 *   ),
 * )
 * ```
 */
export const sendAllWith =
  <Message, Receipt>(sendToPhone: Send<Message, Receipt>) =>
  <A, E, R>(
    items: Stream.Stream<Item<A, Message>, E, R>,
    options: Options = {},
  ): Stream.Stream<BulkResult<A, Receipt, Message>, E | SentError, R> =>
    Stream.unwrap(
      Effect.gen(function* () {
        yield* Kind.rejectInvalid([...Kind.at("inputs", aStream(items)), ...bulkOptions(options)])
        const { concurrency = 8, onProgress, order = "input", send } = options
        const stop = yield* makeStop(options.stopWhen)
        let summary = emptySummary

        const sendOne = (
          { context, input }: Item<A, Message>,
          index: number,
        ): Effect.Effect<BulkResult<A, Receipt, Message>> => {
          const sending = Effect.map(Effect.result(sendToPhone(input, send)), (result) => ({
            index,
            input,
            context,
            result,
          }))
          return Effect.tap(sending, (result) => {
            summary = summarize(summary, result)
            return onProgress === undefined ? Effect.void : onProgress(summary)
          })
        }

        return stop.source(items).pipe(
          Stream.mapEffect(
            // A source may emit many at a time: those that were not begun are left.
            (item, index) =>
              Effect.suspend(() => (stop.isStopped() ? Effect.undefined : sendOne(item, index))),
            { concurrency, unordered: order === "completion" },
          ),
          Stream.filter(Predicate.isNotUndefined),
        )
      }),
    )

/** Inputs alone are items without a context. Options that are not a stream are left to the check. */
const asItems = <A, E, R>(
  items: Stream.Stream<Input | Item<A>, E, R>,
): Stream.Stream<Item<A | undefined>, E, R> =>
  Stream.isStream(items)
    ? Stream.map(items, (item) => ("input" in item ? item : { input: item, context: undefined }))
    : items

/** What ends the source early, and says that it has. */
const makeStop = Effect.fnUntraced(function* (stopWhen: Effect.Effect<unknown> | undefined) {
  let isStopped = false
  if (stopWhen === undefined) {
    return { isStopped: () => isStopped, source: <S>(source: S): S => source }
  }
  const stopped = yield* Deferred.make<void>()
  yield* stopWhen.pipe(
    Effect.andThen(
      Effect.suspend(() => {
        isStopped = true
        return Deferred.succeed(stopped, undefined)
      }),
    ),
    Effect.forkScoped,
  )
  return {
    isStopped: () => isStopped,
    source: <A, E, R>(source: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> =>
      Stream.interruptWhen(source, Deferred.await(stopped)),
  }
})

const aStream: Kind.Kind = Kind.where(
  "must be a Stream; a list becomes one with Stream.fromIterable",
  Stream.isStream,
)

const bulkOptions: Kind.Kind = Kind.struct<Options>({
  concurrency: Kind.whole(1),
  order: Kind.oneOf("input", "completion"),
  send: commonOptions,
  onProgress: Kind.fn,
  stopWhen: Kind.where("must be an Effect", Effect.isEffect),
})

/**
 * Sends every message of a stream and returns the summary.
 *
 * @example
 * ```ts
 * import { BulkSender, SentClient } from "@effect-sent/core"
 * import { Console, Effect, Stream } from "effect"
 *
 * const templateId = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"
 * const summary = await BulkSender.run(
 *   Stream.make({ phoneNumber: "+1234567890", templateId }, { phoneNumber: "no number", templateId }),
 *   { onProgress: ({ accepted, total }) => Console.log(`${accepted} of ${total}`) },
 * ).pipe(Effect.provide(SentClient.layerEnv), Effect.runPromise)
 * console.assert(summary.accepted === 1 && summary.rejected.InvalidRequest === 1)
 * ```
 */
export const run = <E, R>(
  inputs: Stream.Stream<Input | Item<unknown>, E, R>,
  options?: Options,
): Effect.Effect<Summary, E | SentError, R | SentClient> =>
  // In order of completion: a summary has no order, and no result waits for an earlier one.
  SentClient.use(({ sendToPhone }) =>
    Stream.runFold(
      sendAllWith(sendToPhone)(asItems(inputs), { ...options, order: "completion" }),
      () => emptySummary,
      summarize,
    ),
  )

// -----------------------------------------------------------------------------
// Summary
// -----------------------------------------------------------------------------

/** The summary of no messages. */
export const emptySummary: Summary = { total: 0, accepted: 0, unknown: 0, rejected: {} }

/**
 * Adds a result to a summary.
 *
 * @example
 * ```ts
 * import { BulkSender } from "@effect-sent/core"
 *
 * const summaryOf = (results: ReadonlyArray<BulkSender.BulkResult>): BulkSender.Summary =>
 *   results.reduce(BulkSender.summarize, BulkSender.emptySummary)
 * console.assert(summaryOf([]).total === 0)
 * ```
 */
export const summarize = (
  summary: Summary,
  { result }: Pick<BulkResult<unknown, unknown>, "result">,
): Summary => {
  const total = summary.total + 1
  if (isUnknown(result)) return { ...summary, total, unknown: summary.unknown + 1 }
  if (Result.isSuccess(result)) return { ...summary, total, accepted: summary.accepted + 1 }
  const { _tag } = result.failure.reason
  return {
    ...summary,
    total,
    rejected: { ...summary.rejected, [_tag]: (summary.rejected[_tag] ?? 0) + 1 },
  }
}

/** Whether the message may have been sent. A tracker follows such a message, and succeeds with its handle. */
const isUnknown = (result: Result.Result<unknown, SentError>): boolean =>
  Result.isFailure(result)
    ? result.failure.delivery === "unknown"
    : Predicate.hasProperty(result.success, "delivery") && result.success.delivery === "unknown"
