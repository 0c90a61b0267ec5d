/**
 * Many messages: a stream of inputs in, a stream of results out, in bounded memory.
 *
 * **Details**
 *
 * Messages are sent by the `SentClient` in the context, so its retry policy applies to all of them.
 *
 * An element of the source is an input, or an input with a `context`: whatever you want back with its result, such as the
 * id of a customer.
 *
 * @example
 * ```ts
 * import { BulkSender, SentClient } from "@effect-sent/effect-3"
 * import { Console, Effect, Either, Stream } from "effect"
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
 *     Console.log(`${context}: ${Either.isRight(result) ? "accepted" : result.left.delivery}`),
 *   ),
 *   Effect.provide(SentClient.layerEnv),
 *   Effect.runPromise,
 * )
 * ```
 */
import * as Facade from "@effect-sent/facade/Bulk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Stream from "effect/Stream"
import { failureOf } from "./internal/bridge/facts.ts"
import { runAll, streamAll } from "./internal/bridge/bulk.ts"
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
  /** The receipt on the right, or the error on the left. */
  readonly result: Either.Either<Receipt, SentError>
}

/** What sends one message, such as `SentClient.sendToPhone`. */
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
  /** The options of each send. */
  readonly send?: SendOptions | undefined
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
 * **Gotchas**
 *
 * Interruption aborts the messages that are being sent. Whether the service accepted them is unknown. To end a bulk early,
 * for example on SIGTERM, use `stopWhen`.
 *
 * @example
 * ```ts
 * import { BulkSender, SentClient } from "@effect-sent/effect-3"
 * import { Chunk, Effect, Either, Stream } from "effect"
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
 * const accepted = Chunk.toReadonlyArray(results).map(({ result }) => Either.isRight(result))
 * console.assert(accepted.join() === "true,true,false")
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
  streamAll({ items, areItems: false, send: sendToPhone, options })

/**
 * Sends every message of a stream of items through any function that sends.
 *
 * @example
 * ```ts
 * import { BulkSender, SentClient } from "@effect-sent/effect-3"
 * import { Effect, Stream } from "effect"
 *
 * const templateId = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"
 * const items = Stream.make({ input: { phoneNumber: "+1234567890", templateId }, context: 4711 })
 *
 * const logged = Stream.unwrap(
 *   Effect.map(SentClient.SentClient, ({ sendToPhone }) =>
 *     BulkSender.sendAllWith((input: BulkSender.Item<number>["input"], options) =>
 *       Effect.tapError(sendToPhone(input, options), (error) => Effect.logWarning(error.message)),
 *     )(items, { concurrency: 16 }),
 *   ),
 * )
 * ```
 */
export const sendAllWith =
  <Message, Receipt>(send: Send<Message, Receipt>) =>
  <A, E, R>(
    items: Stream.Stream<Item<A, Message>, E, R>,
    options?: Options,
  ): Stream.Stream<BulkResult<A, Receipt, Message>, E | SentError, R> =>
    streamAll({ items, areItems: true, send, options })

/**
 * Sends every message of a stream and returns the summary.
 *
 * @example
 * ```ts
 * import { BulkSender, SentClient } from "@effect-sent/effect-3"
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
  runAll({ items: inputs, areItems: false, send: sendToPhone, options })

const sendToPhone = (
  input: Input,
  options?: SendOptions,
): Effect.Effect<SendReceipt, SentError, SentClient> =>
  Effect.flatMap(SentClient, (client) => client.sendToPhone(input, options))

// -----------------------------------------------------------------------------
// Summary
// -----------------------------------------------------------------------------

/** The summary of no messages. */
export const emptySummary: Summary = Facade.emptySummary

/**
 * Adds a result to a summary.
 *
 * @example
 * ```ts
 * import { BulkSender } from "@effect-sent/effect-3"
 *
 * const summaryOf = (results: ReadonlyArray<BulkSender.BulkResult>): BulkSender.Summary =>
 *   results.reduce(BulkSender.summarize, BulkSender.emptySummary)
 * console.assert(summaryOf([]).total === 0)
 * ```
 */
export const summarize = (
  summary: Summary,
  { result }: Pick<BulkResult<unknown, unknown>, "result">,
): Summary =>
  Facade.summarize(
    { ...summary, rejected: { ...summary.rejected } },
    Either.isLeft(result) ? failureOf(result.left) : undefined,
  )
