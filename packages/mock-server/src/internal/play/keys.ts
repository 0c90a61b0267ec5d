/**
 * The idempotency keys of all accounts: what was answered under each, for a day of the mock's clock. Only successes are kept. A
 * request whose key is in flight waits for the first one.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Answer } from "../http/answer.ts"
import type { Timeline } from "./timeline.ts"

/** The success that is kept under a key. */
export interface Kept {
  readonly answer: Answer
  readonly requestId: string
  /** The body of the request that was executed. */
  readonly body: string
  /** The number of its first message. */
  readonly number: number
}

/** What a request meets under its key. */
export type Met =
  /** Nothing: the request is executed. `finish` says with what; undefined keeps nothing. */
  | { readonly _tag: "Free"; readonly finish: (kept: Kept | undefined) => void }
  | { readonly _tag: "Kept"; readonly kept: Kept }
  /** The first request did not end in time. */
  | { readonly _tag: "InFlight" }

export interface Keys {
  readonly meet: (senderId: string, key: string) => Effect.Effect<Met>
  /** Forgets the keys of all accounts or of one. */
  readonly clear: (senderId?: string) => void
}

/** For how long a key is kept, from its first use, and how long a request waits for one in flight. In milliseconds. */
const keptMillis = 24 * 60 * 60 * 1000
const waitMillis = 5000

/** The oldest are forgotten first. */
const maxKeys = 100_000

interface Entry {
  readonly senderId: string
  readonly expiresAt: number
  kept: Kept | undefined
  readonly done: Deferred.Deferred<void>
}

export const makeKeys = (timeline: Timeline): Keys => {
  const entries = new Map<string, Entry>()

  const live = (name: string, senderId: string): Entry | undefined => {
    const entry = entries.get(name)
    if (entry === undefined || timeline.now(senderId) < entry.expiresAt) return entry
    entries.delete(name)
    return undefined
  }

  const begin = (name: string, senderId: string): Met => {
    const entry: Entry = {
      senderId,
      expiresAt: timeline.now(senderId) + keptMillis,
      kept: undefined,
      done: Deferred.makeUnsafe(),
    }
    entries.set(name, entry)
    for (const oldest of entries.keys()) {
      if (entries.size <= maxKeys) break
      entries.delete(oldest)
    }
    return {
      _tag: "Free",
      finish: (kept) => {
        entry.kept = kept
        if (kept === undefined && entries.get(name) === entry) entries.delete(name)
        Deferred.doneUnsafe(entry.done, Effect.void)
      },
    }
  }

  const meet = (senderId: string, key: string, deadline?: number): Effect.Effect<Met> =>
    Effect.suspend(() => {
      const name = `${senderId} ${key}`
      const entry = live(name, senderId)
      if (entry === undefined) return Effect.succeed(begin(name, senderId))
      if (entry.kept !== undefined) return Effect.succeed({ _tag: "Kept", kept: entry.kept })
      const until = deadline ?? timeline.now(senderId) + waitMillis
      const left = until - timeline.now(senderId)
      if (left <= 0) return Effect.succeed({ _tag: "InFlight" })
      return timeline
        .track(
          senderId,
          Effect.raceFirst(Deferred.await(entry.done), timeline.sleep(senderId, left)),
        )
        .pipe(Effect.andThen(meet(senderId, key, until)))
    })

  return {
    meet: (senderId, key) => meet(senderId, key),
    clear: (senderId) => {
      for (const [name, entry] of entries) {
        if (senderId === undefined || entry.senderId === senderId) entries.delete(name)
      }
    },
  }
}
