/**
 * Many messages: a stream of inputs in, a stream of results out, in bounded memory.
 *
 * Each message is sent by the `SentClient` in the context, so that its retry policy, rate limit and circuit breaker hold
 * for all of them.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { checkCount, rejectInvalid } from "./internal/options.ts"
import { wereTaken } from "./internal/send/lockout.ts"
import type { SendReceipt, SendToPhoneInput } from "./SendToPhone.ts"
import { SentClient, type SendOptions } from "./SentClient.ts"
import type { Reason, SentError } from "./SentError.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/**
 * What became of one message.
 *
 * @example
 * ```ts
 * import type { BulkSender } from "@effect-sent/core"
 * import { Result } from "effect"
 *
 * const line = ({ index, result }: BulkSender.BulkResult): string =>
 *   Result.isSuccess(result) ? `${index}: accepted` : `${index}: ${result.failure.delivery}`
 * ```
 */
export interface BulkResult {
  /** Its place in the source, from 0. */
  readonly index: number
  readonly input: SendToPhoneInput
  readonly result: Result.Result<SendReceipt, SentError>
}

/**
 * What became of many messages.
 *
 * @example
 * ```ts
 * import { BulkSender } from "@effect-sent/core"
 *
 * const summary: BulkSender.Summary = BulkSender.emptySummary
 * console.assert(summary.total === 0)
 * ```
 */
export interface Summary {
  readonly total: number
  /** The service has them. */
  readonly accepted: number
  /** The service may have them: not to be sent again blindly. */
  readonly unknown: number
  /** The service certainly does not have them, by reason; safe to send again once the cause is mended. */
  readonly rejected: { readonly [K in Reason["_tag"]]?: number }
}

/**
 * The options of a bulk.
 *
 * @example
 * ```ts
 * import type { BulkSender } from "@effect-sent/core"
 * import { Console } from "effect"
 *
 * const options: BulkSender.Options = {
 *   concurrency: 16,
 *   onProgress: ({ accepted, total }) => Console.log(`${accepted} of ${total}`),
 * }
 * ```
 */
export interface Options {
  /** How many messages are under way at a time; a whole number, 1 or more. Default: 8. */
  readonly concurrency?: number | undefined
  /** Whether results come in the order of the inputs, or as they end. Default: `input`. */
  readonly order?: "input" | "completion" | undefined
  /** The options of each send. */
  readonly send?: SendOptions | undefined
  /** Runs after each result, before it is passed on, with the summary so far. Default: nothing. */
  readonly onProgress?: ((summary: Summary) => Effect.Effect<void>) | undefined
}

// -----------------------------------------------------------------------------
// Sending
// -----------------------------------------------------------------------------

/**
 * Sends every message of a stream. A message that fails is a result and not the end; an error of the source ends the
 * stream, after the results of what is under way.
 *
 * At most `concurrency` inputs are taken from the source ahead of the results that were taken from the stream: who
 * takes results slowly slows the source. (A source that makes its elements in chunks makes a chunk at a time.)
 *
 * Ten failed authentications in a row lock a key at the provider. So the first message goes alone, and those after it
 * one by one, until an answer shows that the service knows the key; after a 401 it is so again. A wrong key is sent
 * three times in all, when the client stops by itself; one that is revoked meanwhile, at most `concurrency` times and
 * once more.
 *
 * To interrupt it interrupts what is under way; whether those messages went out is unknown.
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
  inputs: Stream.Stream<SendToPhoneInput, E, R>,
  options: Options = {},
): Stream.Stream<BulkResult, E | SentError, R | SentClient> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { concurrency = 8, onProgress, order = "input", send } = options
      yield* rejectInvalid(checkCount(concurrency, ["concurrency"]))
      const client = yield* SentClient
      const inTurn = makeTurns()
      let summary = emptySummary

      const sendOne = (input: SendToPhoneInput, index: number): Effect.Effect<BulkResult> => {
        const sending = Effect.map(
          Effect.result(client.sendToPhone(input, send)),
          (result): BulkResult => ({ index, input, result }),
        )
        return inTurn(sending).pipe(
          Effect.tap((result) => {
            summary = summarize(summary, result)
            return onProgress === undefined ? Effect.void : onProgress(summary)
          }),
        )
      }

      return Stream.mapEffect(inputs, sendOne, {
        concurrency,
        unordered: order === "completion",
      })
    }),
  )

/**
 * Sends every message of a stream and says in the end what became of them.
 *
 * @example
 * ```ts
 * import { BulkSender, SentClient } from "@effect-sent/core"
 * import { Effect, Stream } from "effect"
 *
 * const templateId = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"
 * const summary = await BulkSender.run(
 *   Stream.make({ phoneNumber: "+1234567890", templateId }, { phoneNumber: "no number", templateId }),
 * ).pipe(Effect.provide(SentClient.layerEnv), Effect.runPromise)
 * console.assert(summary.accepted === 1 && summary.rejected.InvalidRequest === 1)
 * ```
 */
export const run = <E, R>(
  inputs: Stream.Stream<SendToPhoneInput, E, R>,
  options?: Options,
): Effect.Effect<Summary, E | SentError, R | SentClient> =>
  // As they end: nobody sees the order, and no result waits for one before it.
  Stream.runFold(
    sendAll(inputs, { ...options, order: "completion" }),
    () => emptySummary,
    summarize,
  )

// -----------------------------------------------------------------------------
// Turns
// -----------------------------------------------------------------------------

/** Lets sends through one by one until the service has shown that it knows the credentials, and freely from then on. */
const makeTurns = () => {
  const alone = Semaphore.makeUnsafe(1)
  let areKnown = false
  let refusals = 0

  const learning = (send: Effect.Effect<BulkResult>): Effect.Effect<BulkResult> =>
    Effect.suspend(() => {
      const refusalsBefore = refusals
      return Effect.tap(send, ({ result }) =>
        Effect.sync(() => {
          const reason = Result.isFailure(result) ? result.failure.reason : undefined
          if (reason?._tag === "Unauthorized") {
            refusals += 1
            areKnown = false
            // What was begun before a refusal says nothing about the time after it.
          } else if (refusals === refusalsBefore && wereTaken(reason)) {
            areKnown = true
          }
        }),
      )
    })

  return (send: Effect.Effect<BulkResult>): Effect.Effect<BulkResult> => {
    const freely = learning(send)
    return Effect.suspend(() => {
      if (areKnown) return freely
      // Those who waited while another found out go freely, too, and not one after the other.
      return alone
        .withPermit(Effect.suspend(() => (areKnown ? Effect.undefined : freely)))
        .pipe(Effect.flatMap((sent) => (sent === undefined ? freely : Effect.succeed(sent))))
    })
  }
}

// -----------------------------------------------------------------------------
// Summary
// -----------------------------------------------------------------------------

/**
 * Of no message at all.
 *
 * @example
 * ```ts
 * import { BulkSender } from "@effect-sent/core"
 *
 * console.assert(BulkSender.emptySummary.accepted === 0)
 * ```
 */
export const emptySummary: Summary = { total: 0, accepted: 0, unknown: 0, rejected: {} }

/**
 * A summary with one more message.
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
