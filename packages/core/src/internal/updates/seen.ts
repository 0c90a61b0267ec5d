/** Recognises events that were handled before, so that none is handled twice: by claims in the store. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { type DeliveryEvent, stepOf } from "../../DeliveryStatus.ts"
import { makeSha256 } from "./digest.ts"
import * as Hmac from "./hmac.ts"
import type { InFlight, TookTooLong } from "./inFlight.ts"
import { makeMemoryStore } from "./memoryStore.ts"
import { stepKey } from "./state.ts"
import type { Claim, ClaimResult, DeliveryStore, DeliveryStoreError } from "./store.ts"

export interface Seen<E> {
  /** Runs the work unless it has succeeded for this event before, under this name. The body is that of the event. */
  readonly once: (
    name: string,
    event: DeliveryEvent,
    body: Uint8Array,
    work: Effect.Effect<void, E, Scope.Scope>,
  ) => Effect.Effect<void, E | Failure>
  /** The same for a key. `claim` may store an update in the same operation. */
  readonly onceFor: (
    key: string,
    claim: (lease: Claim) => Effect.Effect<ClaimResult, DeliveryStoreError>,
    work: Effect.Effect<void, E, Scope.Scope>,
  ) => Effect.Effect<void, E | Failure>
}

/** Why it may not be known whether the event was handled. */
export type Failure = DeliveryStoreError | HandledElsewhere | TookTooLong

/** Another process is handling the event, and may still fail. */
export class HandledElsewhere extends Schema.TaggedError<HandledElsewhere>("Seen/HandledElsewhere")(
  "HandledElsewhere",
  {},
) {
  override get message(): string {
    return "another process is handling this event"
  }
}

export interface SeenOptions {
  readonly dedupeSize?: number | undefined
  readonly store?: DeliveryStore["Service"] | undefined
}

const defaultDedupeSize = 10_000

/** How long handled events are recognised: much longer than the provider repeats a call, which is for hours. */
const memory = Duration.days(3)

/** How much longer than a handler may take its claim lasts: the clocks of two machines may differ. */
const margin = Duration.minutes(1)

/** How long a claim that is given back waits for the store. */
const patience = Duration.seconds(2)

/** How often what has expired is forgotten. */
const upkeepInterval = 60_000

export const makeSeen = Effect.fnUntraced(function* <E>(
  { dedupeSize = defaultDedupeSize, store: given }: SeenOptions,
  timeout: Duration.Duration,
  inFlight: InFlight<E | DeliveryStoreError | HandledElsewhere>,
): Effect.fn.Return<Seen<E>> {
  const store = given ?? makeMemoryStore({ sends: 1, claims: dedupeSize })
  const sha256 = yield* makeSha256
  let upkeepAt = 0

  /** A claim of this process, for so long from now. */
  const claimFor = Effect.fnUntraced(function* (
    claim: Omit<Claim, "until">,
    time: Duration.Duration,
  ) {
    const now = yield* Clock.currentTimeMillis
    return { ...claim, until: DateTime.makeUnsafe(now + Duration.toMillis(time)) }
  })

  const upkeep = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (now < upkeepAt) return
    upkeepAt = now + upkeepInterval
    yield* store.forget({ before: DateTime.makeUnsafe(now) })
  })

  const doOnce = Effect.fnUntraced(function* (
    key: string,
    claim: (lease: Claim) => Effect.Effect<ClaimResult, DeliveryStoreError>,
    work: Effect.Effect<void, E, Scope.Scope>,
  ) {
    const own = { key, owner: Base64Url.encode(yield* Hmac.randomBytes(12)) }
    const lease = yield* claimFor(own, Duration.sum(timeout, margin))
    const result = yield* claim(lease)
    if (result === "completed") return
    if (result === "held") yield* new HandledElsewhere()
    yield* Effect.onExit(work, (exit) =>
      Exit.isSuccess(exit)
        ? Effect.void
        : store.release(lease).pipe(Effect.timeout(patience), Effect.ignore),
    )
    // The work has succeeded: to fail here would certainly run it again.
    yield* claimFor(own, memory).pipe(
      Effect.flatMap(store.complete),
      Effect.catch(() =>
        Effect.logWarning(
          "a delivery update was handled but could not be stored; a duplicate would be handled again",
        ),
      ),
    )
    yield* Effect.ignore(upkeep)
  })

  const onceFor: Seen<E>["onceFor"] = (key, claim, work) =>
    inFlight.run(key, doOnce(key, claim, work))

  return {
    once: (name, event, body, work) =>
      Effect.flatMap(keyOf(sha256, event, body), (key) =>
        onceFor(`${name} ${key}`, store.claim, work),
      ),
    onceFor,
  }
})

/**
 * The key of an event. The headers are of no use, since a redelivery is signed again: a status is identified as a step is,
 * any other event by its whole body.
 */
const keyOf = (
  sha256: (bytes: Uint8Array) => Effect.Effect<string>,
  event: DeliveryEvent,
  body: Uint8Array,
): Effect.Effect<string> =>
  event._tag === "MessageStatus" ? Effect.succeed(stepKey(stepOf(event))) : sha256(body)
