/** What the conformance cases have in common: checks, and samples with ids of their own. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Schema from "effect/Schema"
import type * as DeliveryStatus from "../../DeliveryStatus.ts"
import * as DeliveryStore from "../../DeliveryStore.ts"
import * as Hmac from "../updates/hmac.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/** A store that is tested. */
export type Store = DeliveryStore.DeliveryStore["Service"]

/** A guarantee that the store does not give. */
export class ConformanceError extends Schema.TaggedError<ConformanceError>(
  "DeliveryStoreConformance/ConformanceError",
)("ConformanceError", {
  expected: Schema.String,
  actual: Schema.String,
}) {
  override get message(): string {
    return `expected ${this.expected}, but got ${this.actual}`
  }
}

/** A test of a store. */
export interface Case {
  /** What the store guarantees. */
  readonly name: string
  /** Runs the test with two handles on the same data. */
  readonly run: (
    one: Store,
    other: Store,
  ) => Effect.Effect<void, ConformanceError | DeliveryStore.DeliveryStoreError>
}

// -----------------------------------------------------------------------------
// Checks
// -----------------------------------------------------------------------------

/** Compares two values as JSON. */
export const same = (expected: unknown, actual: unknown): Effect.Effect<void, ConformanceError> => {
  const [one, other] = [JSON.stringify(expected), JSON.stringify(actual)]
  return one === other ? Effect.void : new ConformanceError({ expected: one, actual: other })
}

/** What a record says. */
interface Said {
  readonly [name: string]: unknown
  readonly steps: ReadonlyArray<unknown>
}

/** What a record says, so that it can be compared as JSON. */
export const said = (send: DeliveryStore.SendRecord): Said => {
  const { expiresAt, id, idempotencyKey, openedAt, outcome, reference, steps } = DeliveryStore.join(
    send,
    send,
  )
  return {
    id,
    expiresAt: expiresAt.epochMilliseconds,
    openedAt: openedAt?.epochMilliseconds,
    reference,
    idempotencyKey,
    outcome: outcome && {
      delivery: outcome.delivery,
      at: outcome.at.epochMilliseconds,
      messageId: outcome.messageId,
      reason: outcome.reason,
    },
    steps: steps.map(({ channel, messageId, receivedAt, statedAt, status }) => ({
      messageId,
      status,
      statedAt: statedAt?.epochMilliseconds,
      receivedAt: receivedAt.epochMilliseconds,
      channel,
    })),
  }
}

/** Checks that a store has exactly what these records say together. */
export const has = Effect.fnUntraced(function* (
  store: Store,
  ...records: readonly [DeliveryStore.SendRecord, ...ReadonlyArray<DeliveryStore.SendRecord>]
) {
  const [first, ...rest] = records
  const joined = rest.reduce<DeliveryStore.SendRecord>(DeliveryStore.join, first)
  const found = yield* store.find({ id: first.id })
  yield* same([said(joined)], found.map(said))
  yield* same(
    [0],
    found.map(({ unreadable }) => unreadable),
  )
})

export const idsOf = (sends: ReadonlyArray<DeliveryStore.SendRecord>): ReadonlyArray<string> =>
  sends.map(({ id }) => id)

/** The pages of unknown sends, as far as these sends are on them. */
export const unknownOf = Effect.fnUntraced(function* (
  store: Store,
  ids: ReadonlyArray<string>,
  options?: DeliveryStore.UnknownOptions,
) {
  const listed = new Set<string>()
  let after: string | undefined
  do {
    const page: DeliveryStore.UnknownPage = yield* store.unknown({ ...options, after })
    if (page.sends.length > (options?.limit ?? 100)) {
      yield* same(`at most ${options?.limit ?? 100} sends`, page.sends.length)
    }
    for (const { id } of page.sends) if (ids.includes(id)) listed.add(id)
    if (page.next === after && after !== undefined) yield* same("another page", after)
    after = page.next
  } while (after !== undefined)
  return [...listed].toSorted()
})

// -----------------------------------------------------------------------------
// Samples
// -----------------------------------------------------------------------------

export const fresh = Effect.map(Hmac.randomBytes(12), Base64Url.encode)

export const at = (millis: number): DateTime.Utc => DateTime.makeUnsafe(1_700_000_000_000 + millis)

/** Later than any test. */
export const expiresAt = DateTime.makeUnsafe("2100-01-01")

export const fromNow = (millis: number): Effect.Effect<DateTime.Utc> =>
  Effect.map(Clock.currentTimeMillis, (now) => DateTime.makeUnsafe(now + millis))

export const minute = 60_000

export const stepOf = (
  messageId: string,
  status: string,
  stated: number,
  more: Partial<DeliveryStatus.Step> = {},
): DeliveryStatus.Step => ({
  messageId,
  status,
  statedAt: at(stated),
  receivedAt: at(stated + 5),
  channel: "sms",
  ...more,
})

/** The parts that make up a whole record. */
export const partsOf = (id: string): ReadonlyArray<DeliveryStore.SendRecord> => [
  { id, expiresAt, openedAt: at(1), reference: `order ${id}`, idempotencyKey: `key-${id}` },
  { id, expiresAt, outcome: { delivery: "accepted", at: at(2), messageId: `m-${id}` } },
  ...["QUEUED", "ROUTED", "SENT", "DELIVERED", "READ"].map((status, index) => ({
    id,
    expiresAt,
    steps: [stepOf(`m-${id}`, status, index)],
  })),
]

export const nonEmpty = (
  id: string,
  records: ReadonlyArray<DeliveryStore.SendRecord>,
): readonly [DeliveryStore.SendRecord, ...ReadonlyArray<DeliveryStore.SendRecord>] => [
  { id, expiresAt: records[0]?.expiresAt ?? expiresAt },
  ...records,
]

export const claimOf = Effect.fnUntraced(function* (key: string, millis: number) {
  return { key, owner: yield* fresh, until: yield* fromNow(millis) }
})

/** Texts that a store may confuse. */
export const oddTexts = [
  "'; drop table sends; --",
  "%_*?[a]\\",
  "../../etc/passwd",
  "a/b/c:d e",
  "Ünïcode 订单 😀",
  " leading and trailing ",
  "null",
  "x".repeat(DeliveryStore.maxTextLength - 40),
]
