/**
 * The tracked sends: what is known of them in the store, and the fibers of this process that wait for them.
 *
 * An update goes to these fibers first, then to the store, and only then is it answered. What the store has not taken yet
 * stays in memory, and is part of every answer until the store has it.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { MessageStatusEvent } from "../../DeliveryStatus.ts"
import { stepOf } from "../../DeliveryStatus.ts"
import { makeSends } from "./memoryStore.ts"
import { makeMessages, reportSecondMessage } from "./secondMessage.ts"
import type { Step } from "./state.ts"
import {
  deliveryOf,
  type DeliveryStore,
  DeliveryStoreError,
  join,
  type SendKey,
  type SendRecord,
  type StoredSend,
} from "./store.ts"

export interface Tracked {
  /**
   * Writes what is known of a send, within a time, and returns whether the store has it. It does not fail: a message matters more
   * than its record.
   */
  readonly record: (send: SendRecord, within?: Duration.Duration) => Effect.Effect<boolean>
  /** Tells an event to the fibers that wait for it, and then to the store, which may be told more in the same operation. */
  readonly apply: <A = void>(
    send: SendRecord,
    event: MessageStatusEvent,
    put: (send: SendRecord) => Effect.Effect<A, DeliveryStoreError>,
  ) => Effect.Effect<A, DeliveryStoreError>
  /** The sends that were opened before a time and of which it is unknown whether they were sent. */
  readonly unknown: (openedBefore: DateTime.Utc) => Stream.Stream<StoredSend, DeliveryStoreError>
  /** Finds the sends that have not expired. */
  readonly find: (by: SendKey) => Effect.Effect<ReadonlyArray<StoredSend>, DeliveryStoreError>
  /** Whether the store has not taken yet what is known of a send. */
  readonly isPending: (id: string) => boolean
  /** The steps of a send; of a store that fails, those that this process knows. */
  readonly stepsOf: (id: string) => Effect.Effect<ReadonlyArray<Step>>
  /** Calls a listener with each step of a send that this process receives. */
  readonly listen: (
    id: string,
    listener: (step: Step) => void,
  ) => Effect.Effect<void, never, Scope.Scope>
}

/** How long a send and a reader wait for the store. */
const patience = Duration.seconds(2)

/** How often what has expired is forgotten, in milliseconds. */
const upkeepInterval = 60_000

/** The longest time until what the store did not take is offered again, in seconds. */
const maxPause = 60

export const makeTracked = Effect.fnUntraced(function* (
  store: DeliveryStore["Service"],
  capacity: number,
): Effect.fn.Return<Tracked, never, Scope.Scope> {
  const pending = makeSends(capacity)
  const listeners = new Map<string, Set<(step: Step) => void>>()
  const messages = makeMessages(capacity)

  const flush = Effect.fnUntraced(function* <A>(
    send: SendRecord,
    put: (send: SendRecord) => Effect.Effect<A, DeliveryStoreError>,
  ): Effect.fn.Return<A, DeliveryStoreError> {
    const [all = send] = pending.find({ id: send.id })
    const result = yield* put(all)
    // Unless more has come meanwhile, which is on its way to the store by itself.
    if (pending.find({ id: send.id })[0] === all) pending.remove(send.id)
    return result
  })

  const withPending = (send: StoredSend): StoredSend => {
    const [more] = pending.find({ id: send.id })
    return more === undefined ? send : join(send, more)
  }

  const findAll = Effect.fnUntraced(function* (by: SendKey) {
    const stored = yield* inTime("find", store.find(by), patience)
    const sends = stored.map(withPending)
    const ids = new Set(sends.map(({ id }) => id))
    return [...sends, ...pending.find(by).filter(({ id }) => !ids.has(id))]
  })

  const scope = yield* Effect.scope
  const inBackground = (work: Effect.Effect<void, unknown>): Effect.Effect<void> =>
    Effect.asVoid(Effect.forkIn(Effect.ignore(work), scope))

  let isRetrying = false
  /** Offers the store what it has not taken, until it has. */
  const retry = Effect.suspend(() => {
    if (isRetrying) return Effect.void
    isRetrying = true
    return inBackground(
      Effect.gen(function* () {
        for (let seconds = 1; pending.ids().length > 0; seconds = Math.min(2 * seconds, maxPause)) {
          yield* Effect.sleep(Duration.seconds(seconds))
          yield* Effect.ignore(
            inTime(
              "append",
              Effect.forEach(
                pending.ids(),
                (id) =>
                  Effect.ignore(
                    Effect.forEach(pending.find({ id }), (send) => flush(send, store.append)),
                  ),
                { discard: true },
              ),
              patience,
            ),
          )
          forgetExpired(pending, yield* Clock.currentTimeMillis)
        }
      }).pipe(Effect.ensuring(Effect.sync(() => (isRetrying = false)))),
    )
  })

  const write = <A>(
    send: SendRecord,
    put: (send: SendRecord) => Effect.Effect<A, DeliveryStoreError>,
  ): Effect.Effect<A, DeliveryStoreError> =>
    Effect.suspend(() => {
      pending.append(send)
      // Also if nobody waits for it any longer.
      return Effect.onError(flush(send, put), () => retry)
    })

  let upkeepAt = 0
  /** Forgets what has expired. It begins with a send or an update, so it is idle when the process is. */
  const upkeep = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (now < upkeepAt) return
    upkeepAt = now + upkeepInterval
    const before = DateTime.makeUnsafe(now)
    yield* inBackground(Effect.repeat(store.forget({ before }), { until: (count) => count === 0 }))
  })

  return {
    record: (send, within = patience) =>
      inTime("append", write(send, store.append), within).pipe(
        Effect.as(true),
        Effect.catch(({ problem }) =>
          Effect.as(
            Effect.logWarning(`a send could not be stored yet and is kept in memory: ${problem}`),
            false,
          ),
        ),
        Effect.tap(upkeep),
      ),
    apply: (send, event, put) =>
      Effect.suspend(() => {
        const step = stepOf(event)
        const isSecond = messages.isSecond(send, step.messageId)
        for (const listener of listeners.get(send.id) ?? []) listener(step)
        return write({ ...send, steps: [step] }, put).pipe(
          Effect.tap(isSecond ? reportSecondMessage : Effect.void),
          Effect.tap(upkeep),
        )
      }),
    find: Effect.fnUntraced(function* (by) {
      const now = yield* Clock.currentTimeMillis
      const sends = yield* findAll(by)
      return sends.filter(({ expiresAt }) => expiresAt.epochMilliseconds > now)
    }),
    unknown: (openedBefore) =>
      Stream.paginate(
        undefined,
        Effect.fnUntraced(function* (after: string | undefined) {
          const page = yield* inTime("unknown", store.unknown({ openedBefore, after }), patience)
          // What the store has not taken yet may be the update that settles it.
          const sends = page.sends.map(withPending).filter((send) => deliveryOf(send) === "unknown")
          return [sends, Option.fromUndefinedOr(page.next)] as const
        }),
      ),
    isPending: (id) => pending.find({ id }).length > 0,
    stepsOf: (id) =>
      findAll({ id }).pipe(
        Effect.catch(() => Effect.sync(() => pending.find({ id }))),
        Effect.map((sends) => sends.flatMap(({ steps }) => steps)),
      ),
    listen: (id, listener) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const all = listeners.get(id) ?? new Set()
          listeners.set(id, all.add(listener))
        }),
        () =>
          Effect.sync(() => {
            const all = listeners.get(id)
            if (all?.delete(listener) === true && all.size === 0) listeners.delete(id)
          }),
      ),
  }
})

const forgetExpired = ({ expired, remove }: ReturnType<typeof makeSends>, now: number): void => {
  for (let id = expired(now); id !== undefined; id = expired(now)) remove(id)
}

/** Bounds how long an operation may take. */
const inTime = <A>(
  operation: DeliveryStoreError["operation"],
  effect: Effect.Effect<A, DeliveryStoreError>,
  duration: Duration.Duration,
): Effect.Effect<A, DeliveryStoreError> =>
  Effect.timeoutOrElse(effect, {
    duration,
    orElse: () =>
      Effect.fail(
        new DeliveryStoreError({
          operation,
          problem: `no response within ${Duration.format(duration)}`,
        }),
      ),
  })
