/**
 * The updates of an account's webhook, over v3: they name a message, and may come before its id is known here.
 *
 * Such an update waits as a record of its own in the store, for a bounded time. Whoever brings the two together, the process that
 * has the answer or the one that has the update, writes first and looks then: so one of the two at least sees the other.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type { Scope } from "effect/Scope"
import { type MessageStatusEvent, stepOf } from "../../DeliveryStatus.ts"
import { HandledElsewhere } from "./seen.ts"
import { type Step, stepKey, timeOf } from "./state.ts"
import { deliveryOf, DeliveryStoreError, type SendRecord, type StoredSend } from "./store.ts"
import type { Tracked } from "./tracked.ts"
import { isWaiting, type Waiting } from "./waiting.ts"

export interface AccountUpdates {
  /** Takes an update: for the sends of its message or, if no send is known to have it, to wait for one. */
  readonly receive: (event: MessageStatusEvent) => Effect.Effect<void, unknown>
  /**
   * Brings a send that was accepted together with the updates that came before, and so those that were unknown and had the same
   * key. It does not fail: what the store or a handler refuses is tried again in the background.
   */
  readonly accepted: (send: SendRecord, options: Accepted) => Effect.Effect<void>
}

interface Accepted {
  /** Whether the store has the outcome. */
  readonly isStored: boolean
  /** The key, if others may have used it. */
  readonly key: string | undefined
}

/** Applies an event to a send, and calls the application's hook unless it has succeeded under this key. */
export type Apply = (
  key: string,
  send: SendRecord,
  event: MessageStatusEvent,
) => Effect.Effect<void, unknown>

/** The updates of one message: its sends, the latest first, and the steps that wait for them. */
interface Message {
  readonly sends: ReadonlyArray<StoredSend>
  readonly waiting: ReadonlyArray<Step>
}

/** How long `sendToPhone` waits for the store. */
const patience = Duration.seconds(2)

/** For so long the service executes a message with one key once. */
const keyWindow = Duration.days(1)

/** As the provider does, and longer. */
const patiently = Schedule.min([
  Schedule.exponential("1 second"),
  Schedule.spaced("1 minute"),
]).pipe(Schedule.upTo({ duration: keyWindow }))

export const makeAccountUpdates = (
  tracked: Tracked,
  waiting: Waiting,
  apply: Apply,
  append: (send: SendRecord) => Effect.Effect<void, DeliveryStoreError>,
  scope: Scope,
): AccountUpdates => {
  const look = (messageId: string): Effect.Effect<Message, DeliveryStoreError> =>
    Effect.map(tracked.find({ messageId }), (found) => ({
      sends: found.filter((record) => !isWaiting(record)),
      waiting: found.filter(isWaiting).flatMap(({ steps }) => steps),
    }))

  /** Tells the sends of a message what they do not know yet. */
  const tell = (sends: ReadonlyArray<StoredSend>, event: MessageStatusEvent) => {
    const key = stepKey(stepOf(event))
    return Effect.forEach(
      sends.filter(({ steps }) => !steps.some((step) => stepKey(step) === key)),
      (send) => tracked.apply(send, event, append),
      { discard: true },
    )
  }

  /** Gives an event to all sends of its message. The hook is called for the latest one. */
  const give = Effect.fnUntraced(function* (
    [latest, ...others]: ReadonlyArray<StoredSend>,
    event: MessageStatusEvent,
  ) {
    if (latest === undefined) return
    yield* tell(others, event)
    yield* apply(`message ${stepKey(stepOf(event))}`, latest, event)
  })

  const giveAll = Effect.fnUntraced(function* (
    { sends, waiting: steps }: Message,
    event: MessageStatusEvent,
  ) {
    const own = stepKey(stepOf(event))
    for (const step of steps) {
      if (stepKey(step) === own) continue
      // Whoever handles it at this moment does so to its end, or it is tried again with the next update.
      yield* Effect.catchIf(
        give(sends, eventOf(step)),
        (error) => error instanceof HandledElsewhere,
        () => Effect.void,
      )
    }
    yield* give(sends, event)
    waiting.claimed(event.messageId)
  })

  const settleEarlier = Effect.fnUntraced(function* ({ id, outcome }: SendRecord, key: string) {
    if (outcome === undefined) return
    const oldest = DateTime.subtractDuration(outcome.at, keyWindow)
    for (const send of yield* tracked.find({ idempotencyKey: key })) {
      const { expiresAt, openedAt } = send
      const isOlder = openedAt === undefined || DateTime.isLessThan(openedAt, oldest)
      if (send.id === id || isOlder || deliveryOf(send) !== "unknown") continue
      if (!(yield* tracked.record({ id: send.id, expiresAt, outcome }))) yield* notStored
    }
  })

  /** Brings a send and its updates together, and returns what the hook is to be called with. */
  const join = Effect.fnUntraced(function* (
    send: SendRecord,
    messageId: string,
    { isStored, key }: Accepted,
  ): Effect.fn.Return<Message, DeliveryStoreError> {
    if (key !== undefined) yield* settleEarlier(send, key)
    // Another process cannot see the send yet, so an update there may still begin to wait.
    if (!isStored && tracked.isPending(send.id)) return yield* notStored
    const message = yield* look(messageId)
    for (const step of message.waiting) yield* tell(message.sends, eventOf(step))
    return message
  })

  const handle = Effect.fnUntraced(function* ({ sends, waiting: steps }: Message) {
    for (const step of steps) yield* give(sends, eventOf(step))
  })

  return {
    receive: Effect.fnUntraced(function* (event) {
      const message = yield* look(event.messageId)
      if (message.sends.length > 0) return yield* giveAll(message, event)
      const isKept = yield* waiting.store(event)
      const again = isKept ? yield* look(event.messageId) : message
      return again.sends.length > 0 ? yield* giveAll(again, event) : undefined
    }),
    accepted: Effect.fnUntraced(function* (send, options) {
      const messageId = send.outcome?.messageId
      if (messageId === undefined) return
      const joining = join(send, messageId, options)
      const first = yield* Effect.result(Effect.timeout(joining, patience))
      if (Result.isSuccess(first) && first.success.waiting.length === 0) return
      yield* (Result.isSuccess(first) ? Effect.succeed(first.success) : joining).pipe(
        Effect.flatMap(handle),
        Effect.tapError((error) =>
          error instanceof HandledElsewhere
            ? Effect.void
            : Effect.logError(
                "a delivery update that waited for its send was not handled; it is tried again",
                error,
              ),
        ),
        Effect.retry(patiently),
        Effect.andThen(Effect.sync(() => waiting.claimed(messageId))),
        Effect.ignore,
        Effect.forkIn(scope),
      )
    }),
  }
}

const notStored = Effect.suspend(() =>
  Effect.fail(new DeliveryStoreError({ operation: "append", problem: "not stored yet" })),
)

/** The event of a step: what the store keeps of an update. */
const eventOf = (step: Step): MessageStatusEvent => ({
  _tag: "MessageStatus",
  messageId: step.messageId,
  status: step.status,
  at: timeOf(step),
  statedAt: step.statedAt,
  receivedAt: step.receivedAt,
  channel: step.channel,
  accountId: undefined,
  templateId: undefined,
  agentId: undefined,
  recipient: undefined,
  sender: undefined,
  body: Redacted.make(undefined, { label: "update" }),
})
