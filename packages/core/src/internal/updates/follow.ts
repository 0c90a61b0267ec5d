/** Follows a send: its state now, each new one, and the first that is final. */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as DeliveryStatus from "../../DeliveryStatus.ts"
import { type Delivery, deliveryOf, type SendRecord } from "./store.ts"
import type { Tracked as TrackedSends } from "./tracked.ts"

/** A send that is tracked. */
export interface Tracked {
  /** Identifies the send for `find`, for example after a restart. It is not secret: it does not reveal the URL. */
  readonly id: string
  /** The caller's own name for the send. */
  readonly reference: string | undefined
  /**
   * The idempotency key of the message, over v3. If the send is unknown, the message can be sent again with this key and the
   * time of `openedAt`, and the updates of the one message come to both.
   */
  readonly idempotencyKey: string | undefined
  /** When it was about to be sent. Undefined if only updates are known. */
  readonly openedAt: DateTime.Utc | undefined
  /** Whether the message was sent, by all that was known when the send was found. An update proves that it was. */
  readonly delivery: Delivery
  /** Until when it is tracked. */
  readonly expiresAt: DateTime.Utc
  /** The state by the updates so far. Any update proves that the message was sent. */
  readonly state: Effect.Effect<DeliveryStatus.State>
  /**
   * The current state, if there was an update, and each new state; a slow consumer gets the latest. An update that another
   * process received follows within 15 seconds. The stream ends when the send is no longer tracked, and not with a final
   * status, since `READ` and `FAILED` may follow `DELIVERED`.
   */
  readonly statuses: Stream.Stream<DeliveryStatus.State>
  /**
   * Waits until the status is final, for at most `within`. Default: 5 minutes. It sees every outcome, also one that another
   * process received; the store is asked after 1, 2, 4, 8 and then every 15 seconds, and at the end.
   */
  readonly awaitFinal: (options?: {
    readonly within?: Duration.Input | undefined
  }) => Effect.Effect<DeliveryStatus.State, DeliveryTimedOut>
}

/**
 * No final status arrived in time.
 *
 * **Gotchas**
 *
 * Without a `status`, there was no update at all. If the send itself is `unknown`, it still is.
 */
export class DeliveryTimedOut extends Schema.TaggedError<DeliveryTimedOut>(
  "DeliveryTracker/DeliveryTimedOut",
)("DeliveryTimedOut", {
  /** The latest status, if there was an update. */
  status: Schema.optionalKey(DeliveryStatus.MessageStatus),
  /** The time allowed. */
  after: Schema.Duration,
}) {
  override get message(): string {
    const latest =
      this.status === undefined ? "no update arrived" : `the latest status is ${this.status}`
    return `no final status within ${Duration.format(this.after)}; ${latest}`
  }
}

/** The handle of a send. */
export const follow = (tracked: TrackedSends, send: SendRecord): Tracked => {
  const { expiresAt, id, idempotencyKey, openedAt, reference } = send
  // A send that is no longer tracked keeps its last state.
  let known = DeliveryStatus.fromSteps(send.steps ?? [])
  const learn = (steps: ReadonlyArray<DeliveryStatus.Step>): DeliveryStatus.State => {
    known = DeliveryStatus.join(known, { steps })
    return known
  }
  const state = Effect.map(tracked.stepsOf(id), learn)

  /** Calls back with each state: the current one, that of each update, and what other processes received. */
  const watch = Effect.fnUntraced(function* (listener: (state: DeliveryStatus.State) => void) {
    yield* tracked.listen(id, (step) => listener(learn([step])))
    const look = Effect.map(state, listener)
    yield* look
    yield* Effect.forkScoped(
      Effect.gen(function* () {
        for (let seconds = 1; ; seconds = Math.min(2 * seconds, maxPause)) {
          yield* Effect.sleep(Duration.seconds(seconds))
          yield* look
        }
      }),
    )
  })

  const statuses = Stream.unwrap(
    Effect.gen(function* () {
      const queue = yield* Queue.sliding<DeliveryStatus.State, Cause.Done>(1)
      let last = DeliveryStatus.empty
      yield* watch((next) => {
        if (next === last || next.status === undefined) return
        last = next
        Queue.offerUnsafe(queue, next)
      })
      const left = expiresAt.epochMilliseconds - (yield* Clock.currentTimeMillis)
      yield* Effect.forkScoped(
        Effect.andThen(
          Effect.sleep(Duration.millis(Math.max(0, left))),
          Effect.sync(() => Queue.endUnsafe(queue)),
        ),
      )
      return Stream.fromQueue(queue)
    }),
  )

  const awaitFinal: Tracked["awaitFinal"] = ({ within = defaultWithin } = {}) => {
    const after = Duration.fromInputUnsafe(within)
    const orElse = () =>
      Effect.flatMap(state, (last) =>
        last.isFinal
          ? Effect.succeed(last)
          : Effect.fail(
              new DeliveryTimedOut({
                after,
                ...(last.status === undefined ? {} : { status: last.status }),
              }),
            ),
      )
    return Effect.gen(function* () {
      const outcome = yield* Deferred.make<DeliveryStatus.State>()
      yield* watch((next) => {
        if (next.isFinal) Deferred.doneUnsafe(outcome, Effect.succeed(next))
      })
      return yield* Deferred.await(outcome)
    }).pipe(Effect.scoped, Effect.timeoutOrElse({ duration: after, orElse }))
  }

  return {
    id,
    reference,
    idempotencyKey,
    openedAt,
    delivery: deliveryOf(send),
    expiresAt,
    state,
    statuses,
    awaitFinal,
  }
}

/** The longest time between two looks at the store, in seconds. */
const maxPause = 15

const defaultWithin = Duration.minutes(5)
