/** Streams of Effect 3 through core's bulk sender. */
import { openBulk, runBulk } from "@effect-sent/facade/Bulk"
import type {
  BulkFailure,
  BulkOptions,
  BulkResultValue,
  SendFailure,
  SummaryValue,
} from "@effect-sent/facade/BulkSend"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { SentError } from "../../SentError.ts"
import { errorOf } from "./errors.ts"
import { failureOf } from "./facts.ts"
import { CallHost } from "./host.ts"
import { plainOptions } from "./options.ts"
import { makePull } from "./pulls.ts"
import { fromTask, runTask } from "./run.ts"
import { plainFields } from "./values.ts"

/** A bulk send of an application. What is not of its type is left to core's check. */
export interface Bulk<Message, Receipt, E, R, Options, R2> {
  readonly items: Stream.Stream<unknown, E, R>
  /** Whether each item is one with a context, and none an input alone. */
  readonly areItems: boolean
  readonly send: (input: Message, options?: Options) => Effect.Effect<Receipt, SentError, R2>
  readonly options: { readonly send?: Options | undefined } | undefined
}

/** A result of a bulk send. */
interface Result<A, Receipt, Message> {
  readonly index: number
  readonly input: Message
  readonly context: A
  readonly result: Either.Either<Receipt, SentError>
}

/** Sends every message of a stream. */
export const streamAll = <A, Message, Receipt, E, R, Options, R2>(
  bulk: Bulk<Message, Receipt, E, R, Options, R2>,
): Stream.Stream<Result<A, Receipt, Message>, E | SentError, R | R2> =>
  Stream.unwrapScoped(
    Effect.withFiberRuntime<
      Stream.Stream<Result<A, Receipt, Message>, E | SentError>,
      never,
      R | R2 | Scope.Scope
    >((fiber) => {
      const host = new CallHost(fiber)
      const source = sourceOf(bulk, runtimeIn(host))
      const { close, pull } = openBulk(source.options, host)
      const next = fromTask(pull, (failure: BulkFailure) => Option.some(bulkError<E>(failure)))
      return Effect.as(
        Effect.addFinalizer(() =>
          Effect.zipRight(
            fromTask(close, (never) => never),
            source.close,
          ),
        ),
        Stream.repeatEffectChunkOption(
          Effect.flatMap(next, (results) =>
            results === undefined
              ? Effect.fail(Option.none())
              : Effect.succeed(
                  Chunk.unsafeFromArray(
                    results.map((result) => nativeResult<A, Receipt, Message>(result)),
                  ),
                ),
          ),
        ),
      )
    }),
  )

/** Sends every message of a stream, and counts the results. */
export const runAll = <Message, Receipt, E, R, Options, R2>(
  bulk: Bulk<Message, Receipt, E, R, Options, R2>,
): Effect.Effect<SummaryValue, E | SentError, R | R2> =>
  Effect.withFiberRuntime<SummaryValue, E | SentError, R | R2>((fiber) => {
    const host = new CallHost(fiber)
    const source = sourceOf(bulk, runtimeIn(host))
    return Effect.ensuring(
      fromTask(runBulk(source.options, host), (failure: BulkFailure) => bulkError<E>(failure)),
      source.close,
    )
  })

/** The runtime of a fiber, whose context has what its effect requires. */
const runtimeIn = <R>({ runtime }: CallHost): Runtime.Runtime<R> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  runtime as Runtime.Runtime<unknown>

const sourceOf = <Message, Receipt, E, R, Options, R2>(
  { areItems, items, options, send }: Bulk<Message, Receipt, E, R, Options, R2>,
  runtime: Runtime.Runtime<R | R2>,
): { readonly options: BulkOptions; readonly close: Effect.Effect<void> } => {
  const scope = Effect.runSync(Scope.make())
  const { onProgress, stopWhen, ...rest } = recordOf(options)
  const isAsked = {
    onProgress: Predicate.isFunction(onProgress),
    stopWhen: Effect.isEffect(stopWhen),
  }
  // Those that are asked have their types.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const asked = { onProgress, stopWhen } as {
    readonly onProgress: (summary: SummaryValue) => Effect.Effect<void>
    readonly stopWhen: Effect.Effect<unknown>
  }
  return {
    close: Scope.close(scope, Exit.void),
    options: {
      areItems,
      source: isStream(items) ? makePull(items, runtime, scope) : { wrong: items },
      send: (input) =>
        runTask(
          runtime,
          // Of the type of the items, which core passes on.
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion
          Effect.mapError(send(input as Message, options?.send), (native): SendFailure => ({
            failure: failureOf(native),
            native,
          })),
        ),
      options: {
        ...plainFields(rest),
        ...("send" in rest ? { send: plainOptions(rest["send"]) } : {}),
        ...(onProgress === undefined || isAsked.onProgress ? {} : { onProgress }),
        ...(stopWhen === undefined || isAsked.stopWhen ? {} : { stopWhen }),
      },
      onProgress: isAsked.onProgress
        ? (summary) => runTask(runtime, asked.onProgress(summary))
        : undefined,
      stopWhen: isAsked.stopWhen ? runTask(runtime, asked.stopWhen) : undefined,
    },
  }
}

const recordOf = (options: unknown): Readonly<Record<string, unknown>> =>
  Predicate.isRecord(options) ? options : {}

const isStream = (items: unknown): boolean => Predicate.hasProperty(items, Stream.StreamTypeId)

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows it
const bulkError = <E>(failure: BulkFailure): E | SentError =>
  failure._tag === "Options"
    ? errorOf(failure.failure)
    : // An error of the source, as it was.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      (failure.error as E)

/** The values that came from the application are of its types. */
const nativeResult = <A, Receipt, Message>({
  result,
  ...rest
}: BulkResultValue): Result<A, Receipt, Message> => {
  const either: Either.Either<unknown, unknown> =
    result._tag === "Success" ? Either.right(result.receipt) : Either.left(result.native)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { ...rest, result: either } as Result<A, Receipt, Message>
}
