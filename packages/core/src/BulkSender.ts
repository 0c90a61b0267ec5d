/**
 * Many messages: a stream of inputs in, a stream of results out, in bounded memory.
 *
 * **Details**
 *
 * Messages are sent by the `SentClient` in the context, so its retry policy, rate limit and circuit breaker apply to all
 * of them.
 *
 * @example
 * ```ts
 * import { BulkSender, SentClient } from "@effect-sent/core"
 * import { Console, Effect, Result, Stream } from "effect"
 *
 * const templateId = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"
 * const inputs = Stream.make("+1234567890", "+1234567891").pipe(
 *   Stream.map((phoneNumber) => ({ phoneNumber, templateId })),
 * )
 *
 * await BulkSender.sendAll(inputs, { concurrency: 16 }).pipe(
 *   Stream.runForEach(({ index, result }) =>
 *     Console.log(`${index}: ${Result.isSuccess(result) ? "accepted" : result.failure.delivery}`),
 *   ),
 *   Effect.provide(SentClient.layerEnv),
 *   Effect.runPromise,
 * )
 * ```
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { checkCount, rejectInvalid } from "./internal/options.ts"
import type { Input, SendReceipt } from "./SendToPhone.ts"
import { SentClient, type SendOptions } from "./SentClient.ts"
import type { Reason, SentError } from "./SentError.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/** The result of one message. */
export interface BulkResult {
  /** The position of the input in the source, from 0. */
  readonly index: number
  readonly input: Input
  readonly result: Result.Result<SendReceipt, SentError>
}

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
 * Interruption aborts the messages that are being sent. Whether the service accepted them is unknown.
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
export const sendAll = <E, R>(
  inputs: Stream.Stream<Input, E, R>,
  options: Options = {},
): Stream.Stream<BulkResult, E | SentError, R | SentClient> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { concurrency = 8, onProgress, order = "input", send } = options
      yield* rejectInvalid(checkCount(concurrency, ["concurrency"]))
      const client = yield* SentClient
      let summary = emptySummary

      const sendOne = (input: Input, index: number): Effect.Effect<BulkResult> => {
        const sending = Effect.map(
          Effect.result(client.sendToPhone(input, send)),
          (result): BulkResult => ({ index, input, result }),
        )
        return Effect.tap(sending, (result) => {
          summary = summarize(summary, result)
          return onProgress === undefined ? Effect.void : onProgress(summary)
        })
      }

      return Stream.mapEffect(inputs, sendOne, {
        concurrency,
        unordered: order === "completion",
      })
    }),
  )

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
  inputs: Stream.Stream<Input, E, R>,
  options?: Options,
): Effect.Effect<Summary, E | SentError, R | SentClient> =>
  // In order of completion: a summary has no order, and no result waits for an earlier one.
  Stream.runFold(
    sendAll(inputs, { ...options, order: "completion" }),
    () => emptySummary,
    summarize,
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
export const summarize = (summary: Summary, { result }: BulkResult): Summary => {
  const total = summary.total + 1
  if (Result.isSuccess(result)) return { ...summary, total, accepted: summary.accepted + 1 }
  const { delivery, reason } = result.failure
  if (delivery === "unknown") return { ...summary, total, unknown: summary.unknown + 1 }
  const { _tag } = reason
  return {
    ...summary,
    total,
    rejected: { ...summary.rejected, [_tag]: (summary.rejected[_tag] ?? 0) + 1 },
  }
}
