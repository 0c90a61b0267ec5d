/** Many messages: the streams of the application through core's bulk sender. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as BulkSender from "@effect-sent/core/BulkSender"
import { SentClient } from "@effect-sent/core/SentClient"
import { isSentError, type SentError } from "@effect-sent/core/SentError"
import type { SendReceipt } from "@effect-sent/core/SendToPhone"
import type {
  BulkFailure,
  BulkOptions,
  BulkResultValue,
  BulkValue,
  SendFailure,
  SummaryValue,
} from "../BulkSend.ts"
import type { Host } from "../Host.ts"
import type { Task } from "../Task.ts"
import type { Failure } from "../Value.ts"
import { contextOf } from "./context.ts"
import { coreOptions } from "./policy.ts"
import { streamOf } from "./pulls.ts"
import { fromTask, toTask } from "./tasks.ts"
import { errorOf, failureOf } from "./values.ts"

/** An error of the source. */
class SourceFailed {
  readonly error: unknown
  constructor(error: unknown) {
    this.error = error
  }
}

/** The errors of the application, by core's of the same messages. */
type Natives = WeakMap<SentError, unknown>

/** Begins a bulk send, whose results are pulled. */
export const openBulk = (bulk: BulkOptions, host: Host): BulkValue => {
  const natives: Natives = new WeakMap()
  const scope = Scope.makeUnsafe()
  let opened: Pull.Pull<ReadonlyArray<Outcome>, BulkError> | undefined
  const next = Effect.suspend(() => {
    if (opened !== undefined) return opened
    return Effect.flatMap(Stream.toPull(resultsOf(bulk, natives)), (pull) => {
      opened = pull
      return pull
    })
  }).pipe(
    Effect.map((results) => results.map((result) => resultValue(result, natives))),
    Pull.catchDone(() => Effect.undefined),
    Effect.provideService(Scope.Scope, scope),
  )
  const context = contextOf(host)
  return {
    pull: toTask(next, context, { onFailure: bulkFailure, onSuccess: (results) => results }),
    close: toTask(Scope.close(scope, Exit.void), context, {
      onFailure: (never) => never,
      onSuccess: () => undefined,
    }),
  }
}

type BulkError = SentError | SourceFailed

type Outcome = BulkSender.BulkResult<unknown, SendReceipt, unknown>

const resultsOf = (bulk: BulkOptions, natives: Natives): Stream.Stream<Outcome, BulkError> => {
  const send = senderOf(bulk, natives)
  const { options, source } = parts(bulk)
  return bulk.areItems
    ? BulkSender.sendAllWith(send)(source, options)
    : Stream.provideService(
        BulkSender.sendAll(source, options),
        SentClient,
        SentClient.of({ sendToPhone: send }),
      )
}

/** Sends every message, and counts the results. */
export const runBulk = (bulk: BulkOptions, host: Host): Task<SummaryValue, BulkFailure> => {
  const { options, source } = parts(bulk)
  return toTask(
    Effect.provideService(
      BulkSender.run(source, options),
      SentClient,
      SentClient.of({ sendToPhone: senderOf(bulk, new WeakMap()) }),
    ),
    contextOf(host),
    { onFailure: bulkFailure, onSuccess: summaryValue },
  )
}

const parts = ({ onProgress, options, source, stopWhen }: BulkOptions) => {
  const given = {
    ...options,
    ...("send" in options ? { send: coreOptions(options["send"]) } : {}),
    ...(onProgress === undefined
      ? {}
      : {
          onProgress: (summary: BulkSender.Summary) => fromTask(onProgress(summaryValue(summary))),
        }),
    ...(stopWhen === undefined ? {} : { stopWhen: fromTask(stopWhen) }),
  }
  const items =
    typeof source === "function"
      ? Stream.mapError(streamOf(source), (error) => new SourceFailed(error))
      : source.wrong
  return {
    // Both are checked by core.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    options: given as BulkSender.Options,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    source: items as Stream.Stream<BulkSender.Item<unknown>, SourceFailed>,
  }
}

const senderOf =
  ({ send }: BulkOptions, natives: Natives) =>
  (input: unknown): Effect.Effect<SendReceipt, SentError> =>
    Effect.matchEffect(fromTask(send(input)), {
      // The receipt is the application's, and core does not look at it.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      onSuccess: (receipt) => Effect.succeed(receipt as SendReceipt),
      onFailure: ({ failure, native }: SendFailure) => {
        const error = errorOf(failure)
        natives.set(error, native)
        return Effect.fail(error)
      },
    })

const resultValue = (
  { context, index, input, result }: Outcome,
  natives: Natives,
): BulkResultValue => ({
  index,
  input,
  context,
  result: Result.isSuccess(result)
    ? { _tag: "Success", receipt: result.success }
    : { _tag: "Failure", native: natives.get(result.failure) },
})

const bulkFailure = (error: BulkError): BulkFailure =>
  isSentError(error)
    ? { _tag: "Options", failure: failureOf(error) }
    : { _tag: "Source", error: error.error }

// -----------------------------------------------------------------------------
// Summaries
// -----------------------------------------------------------------------------

const summaryValue = ({
  accepted,
  rejected,
  total,
  unknown,
}: BulkSender.Summary): SummaryValue => ({
  total,
  accepted,
  unknown,
  rejected: Object.fromEntries(
    Object.entries(rejected).filter((entry): entry is [string, number] =>
      Predicate.isNumber(entry[1]),
    ),
  ),
})

/** The summary of no messages. */
export const emptySummary: SummaryValue = /* @__PURE__ */ summaryValue(BulkSender.emptySummary)

/** Adds the result of a message to a summary: its failure, or undefined if it was accepted. */
export const summarize = (summary: SummaryValue, failure: Failure | undefined): SummaryValue =>
  summaryValue(
    BulkSender.summarize(summary, {
      result: failure === undefined ? Result.succeed(undefined) : Result.fail(errorOf(failure)),
    }),
  )
