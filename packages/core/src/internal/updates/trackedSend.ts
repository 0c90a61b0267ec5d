/** Sends a message that is tracked: what is written before it goes out, and what after its answer. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { SentClient } from "../../SentClient.ts"
import { InvalidRequest, SentError } from "../../SentError.ts"
import type { Input, SendReceipt } from "../../SendToPhone.ts"
import { randomKey } from "../messages/key.ts"
import { isIdempotencyKey, type SendOptions } from "../send/sendOptions.ts"
import type { AccountUpdates } from "./accountUpdates.ts"
import { follow, type Tracked } from "./follow.ts"
import { checkSend, outcomeOf, restOf, shareOf, unknownOf } from "./sending.ts"
import type { Delivery, SendRecord } from "./store.ts"
import type { Tracked as TrackedSends } from "./tracked.ts"

/** The input of a tracked send, without the `webhookUrl`, which the tracker adds over v1. */
export type TrackedInput = Omit<Input, "webhookUrl">

/** The options of a tracked send. */
export interface TrackedOptions extends SendOptions {
  /**
   * The caller's own name for the send, of 1 to 255 characters. It is stored before anything is sent, so that
   * `findByReference` finds the send even if the process is killed in the middle.
   */
  readonly reference?: string | undefined
}

/** A tracked send of this process: the service has accepted the message, or may have. */
export interface TrackedSend extends Tracked {
  /** Whether the service confirmed that it accepted the message. If it is `unknown`, an update proves that it did. */
  readonly delivery: Exclude<Delivery, "not-sent">
  /** The receipt. Fails with the error of the send if `delivery` is `unknown`. */
  readonly receipt: Effect.Effect<SendReceipt, SentError>
}

/** How the updates of a send are told from those of others. */
export interface Addressing {
  /** A new send. Over v1, it has a callback URL. */
  readonly open: Effect.Effect<{
    readonly id: string
    readonly expiresAt: number
    readonly url?: string
  }>
  /** Over v3, updates name the message, whose id is known after the answer. */
  readonly account?: AccountUpdates | undefined
}

/** Makes the function that sends. */
export const makeTrackedSend = (
  client: SentClient["Service"],
  tracked: TrackedSends,
  { account, open }: Addressing,
): ((input: TrackedInput, options?: TrackedOptions) => Effect.Effect<TrackedSend, SentError>) =>
  Effect.fnUntraced(function* (
    input: TrackedInput,
    { reference, ...sendOptions }: TrackedOptions = {},
  ): Effect.fn.Return<TrackedSend, SentError> {
    const issues = checkSend(input, reference)
    if (issues.length > 0) {
      return yield* new SentError({ reason: new InvalidRequest({ issues }), attempts: 0 })
    }
    const { expiresAt, id, url } = yield* open
    const openedAt = yield* DateTime.now
    const given = sendOptions.idempotencyKey
    const idempotencyKey = account === undefined ? undefined : (given ?? (yield* randomKey))
    const opened: SendRecord = {
      id,
      expiresAt: DateTime.makeUnsafe(expiresAt),
      openedAt,
      reference,
      idempotencyKey: keyOf(idempotencyKey),
    }
    // Before the message is sent, since the process may be killed, and an update may arrive before the response.
    const [took] = yield* Effect.timed(tracked.record(opened, shareOf(sendOptions.deadline)))
    const result = yield* Effect.result(
      client.sendToPhone(url === undefined ? input : { ...input, webhookUrl: url }, {
        ...sendOptions,
        ...restOf(sendOptions.deadline, took),
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      }),
    )
    const ended = { ...opened, outcome: outcomeOf(result, yield* DateTime.now) }
    const isStored = yield* tracked.record(ended)
    if (Result.isFailure(result) && result.failure.delivery === "not-sent") {
      // An update is proof, whatever an intermediary said. Without a request, there is none.
      const isProven = result.failure.attempts > 0 && (yield* tracked.stepsOf(id)).length > 0
      if (!isProven) return yield* result.failure
    }
    if (account !== undefined && Result.isSuccess(result)) {
      // A key that the caller did not give was used for nothing else.
      const key = given === undefined ? undefined : result.success.idempotencyKey
      yield* account.accepted(ended, { isStored, key })
    }
    return {
      ...follow(tracked, ended),
      delivery: Result.isSuccess(result) ? ("accepted" as const) : ("unknown" as const),
      receipt: Effect.mapError(Effect.fromResult(result), unknownOf),
    }
  })

/** The key of an option; the client rejects one that is malformed. */
const keyOf = (given: SendOptions["idempotencyKey"]): string | undefined => {
  const key = Predicate.isObject(given) ? given.key : given
  return isIdempotencyKey(key) ? key : undefined
}
