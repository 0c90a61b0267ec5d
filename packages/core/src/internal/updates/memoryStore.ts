/** A delivery store in memory. Each operation is synchronous, so nothing can come between its parts. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import {
  type Claim,
  type ClaimResult,
  type DeliveryStore,
  deliveryOf,
  join,
  maxFound,
  type SendKey,
  type SendRecord,
  type StoredSend,
  type UnknownOptions,
  type UnknownPage,
} from "./store.ts"
import { makeExpiries } from "./expiries.ts"

export interface Capacity {
  readonly sends: number
  readonly claims: number
}

export const makeMemoryStore = (capacity: Capacity): DeliveryStore["Service"] => {
  const sends = makeSends(capacity.sends)
  const claims = makeClaims(capacity.claims)
  return {
    append: (send) => Effect.sync(() => sends.append(send)),
    find: (by) => Effect.sync(() => sends.find(by)),
    unknown: (options) => Effect.sync(() => sends.unknown(options)),
    claim: (claim, send) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        if (send !== undefined) sends.append(send)
        return claims.claim(claim, now)
      }),
    complete: (claim) => Effect.sync(() => claims.complete(claim)),
    release: (claim) => Effect.sync(() => void claims.release(claim)),
    forget: ({ before, limit = defaultForgotten }) =>
      Effect.sync(() => {
        const time = before.epochMilliseconds
        let forgotten = 0
        for (const { expired, remove } of [sends, claims]) {
          for (; forgotten < limit; forgotten++) {
            const key = expired(time)
            if (key === undefined) break
            remove(key)
          }
        }
        return forgotten
      }),
  }
}

export const defaultForgotten = 1_000

// -----------------------------------------------------------------------------
// Sends
// -----------------------------------------------------------------------------

interface Sends {
  readonly append: (send: SendRecord | StoredSend) => void
  readonly find: (by: SendKey) => ReadonlyArray<StoredSend>
  readonly unknown: (options?: UnknownOptions) => UnknownPage
  /** A send that expires at or before a time. */
  readonly expired: (before: number) => string | undefined
  readonly remove: (id: string) => void
  readonly ids: () => ReadonlyArray<string>
}

export const makeSends = (capacity: number): Sends => {
  const sends = new Map<string, StoredSend>()
  const expiries = makeExpiries()
  const byMessage = makeIndex()
  const byReference = makeIndex()
  const byKey = makeIndex()
  const unknown = makeUnknown((id) => {
    const send = sends.get(id)
    return send !== undefined && deliveryOf(send) === "unknown" ? send : undefined
  })

  const remove = (id: string): void => {
    const send = sends.get(id)
    if (send === undefined) return
    sends.delete(id)
    expiries.delete(id)
    for (const messageId of messageIdsOf(send)) byMessage.remove(messageId, id)
    if (send.reference !== undefined) byReference.remove(send.reference, id)
    if (send.idempotencyKey !== undefined) byKey.remove(send.idempotencyKey, id)
  }

  return {
    append: (send) => {
      const { id } = send
      const before = sends.get(id)
      const after = join(before ?? send, send)
      sends.set(id, after)
      expiries.set(id, after.expiresAt.epochMilliseconds)
      for (const messageId of messageIdsOf(after)) byMessage.add(messageId, id)
      byReference.replace(before?.reference, after.reference, id)
      byKey.replace(before?.idempotencyKey, after.idempotencyKey, id)
      if (before === undefined) unknown.add(id)
      while (sends.size > capacity) remove(expiries.next() ?? id)
    },
    find: (by) => {
      const ids =
        "id" in by
          ? [by.id]
          : "messageId" in by
            ? byMessage.get(by.messageId)
            : "reference" in by
              ? byReference.get(by.reference)
              : byKey.get(by.idempotencyKey)
      return ids
        .flatMap((id) => sends.get(id) ?? [])
        .toSorted(latestFirst)
        .slice(0, maxFound)
    },
    unknown: unknown.page,
    expired: expiries.before,
    remove,
    ids: () => [...sends.keys()],
  }
}

/** The ids of a send's messages. */
const messageIdsOf = ({ outcome, steps = [] }: SendRecord): ReadonlySet<string> =>
  new Set([
    ...(outcome?.messageId === undefined ? [] : [outcome.messageId]),
    ...steps.map(({ messageId }) => messageId),
  ])

/** The order of sends that are found: the latest first, and last those of which only updates are known. */
const latestFirst = (one: SendRecord, other: SendRecord): number =>
  (other.openedAt?.epochMilliseconds ?? -Infinity) -
    (one.openedAt?.epochMilliseconds ?? -Infinity) || 0

/** The ids of sends by another key. */
const makeIndex = () => {
  const index = new Map<string, Set<string>>()
  const add = (key: string, id: string): void => {
    const ids = index.get(key)
    if (ids === undefined) index.set(key, new Set([id]))
    else ids.add(id)
  }
  const remove = (key: string, id: string): void => {
    const ids = index.get(key)
    if (ids?.delete(id) === true && ids.size === 0) index.delete(key)
  }
  return {
    get: (key: string): ReadonlyArray<string> => [...(index.get(key) ?? [])],
    add,
    remove,
    replace: (before: string | undefined, after: string | undefined, id: string): void => {
      if (before !== undefined && before !== after) remove(before, id)
      if (after !== undefined) add(after, id)
    },
  }
}

/** The sends that may be unknown, in the order in which they came. */
const makeUnknown = (unknownSend: (id: string) => StoredSend | undefined) => {
  let entries: Array<{ readonly number: number; readonly id: string }> = []
  let next = 0
  let limit = 1_024
  return {
    add: (id: string): void => {
      entries.push({ number: next++, id })
      if (entries.length <= limit) return
      // Those that are settled by now. Half of the entries are new at least, so this pays for itself.
      entries = entries.filter((entry) => unknownSend(entry.id) !== undefined)
      limit = 2 * entries.length + 1_024
    },
    page: ({ after, limit: size = 100, openedBefore }: UnknownOptions = {}): UnknownPage => {
      const begin = after === undefined ? 0 : firstAfter(entries, Number(after))
      const sends: Array<StoredSend> = []
      // A page ends after so many entries even if few of them are unknown.
      const end = Math.min(entries.length, begin + 10 * size)
      let place = begin
      for (; place < end && sends.length < size; place++) {
        const send = unknownSend(entries[place]?.id ?? "")
        if (send !== undefined && isOpenedBefore(send, openedBefore)) sends.push(send)
      }
      const last = entries[place - 1]
      return { sends, next: place < entries.length ? String(last?.number) : undefined }
    },
  }
}

const isOpenedBefore = ({ openedAt }: StoredSend, before: DateTime.Utc | undefined): boolean =>
  before === undefined || openedAt === undefined || DateTime.isLessThan(openedAt, before)

/** The place of the first entry after a number, by bisection. */
const firstAfter = (
  entries: ReadonlyArray<{ readonly number: number }>,
  number: number,
): number => {
  let [low, high] = [0, entries.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((entries[middle]?.number ?? Infinity) > number) high = middle
    else low = middle + 1
  }
  return low
}

// -----------------------------------------------------------------------------
// Claims
// -----------------------------------------------------------------------------

interface Claims {
  readonly claim: (claim: Claim, now: number) => ClaimResult
  readonly complete: (claim: Claim) => void
  /** Whether the claim was released. */
  readonly release: (claim: Claim) => boolean
  /** An event whose claim or completion ends at or before a time. */
  readonly expired: (before: number) => string | undefined
  readonly remove: (key: string) => void
}

export const makeClaims = (capacity: number): Claims => {
  // Apart, so that a full memory never frees an event that is being handled.
  const holders = new Map<string, string>()
  const heldUntil = makeExpiries()
  const completedUntil = makeExpiries()

  const remove = (key: string): void => {
    holders.delete(key)
    heldUntil.delete(key)
    completedUntil.delete(key)
  }
  const expired = (before: number): string | undefined =>
    heldUntil.before(before) ?? completedUntil.before(before)

  return {
    claim: ({ key, owner, until }, now) => {
      if ((completedUntil.get(key) ?? -Infinity) > now) return "completed"
      const isHeld = (heldUntil.get(key) ?? -Infinity) > now
      if (isHeld && holders.get(key) !== owner) return "held"
      remove(key)
      holders.set(key, owner)
      heldUntil.set(key, until.epochMilliseconds)
      // What has expired, a little at a time.
      for (const _ of [1, 2]) {
        const over = expired(now)
        if (over !== undefined && over !== key) remove(over)
      }
      return "claimed"
    },
    complete: ({ key, until }) => {
      const before = completedUntil.get(key) ?? -Infinity
      remove(key)
      completedUntil.set(key, Math.max(until.epochMilliseconds, before))
      while (completedUntil.size() > capacity) completedUntil.delete(completedUntil.next() ?? key)
    },
    release: ({ key, owner }) => {
      const isReleased = holders.get(key) === owner
      if (isReleased) remove(key)
      return isReleased
    },
    expired,
    remove,
  }
}
