/**
 * Keeps a wrong key from being locked: the provider locks it after ten refusals (401) in a row.
 *
 * | a key is | requests at a time                                       | it becomes                                     |
 * | -------- | -------------------------------------------------------- | ---------------------------------------------- |
 * | unproven | those in flight and the refusals in a row are 3 at most  | good by a proof, locked out by the third refusal |
 * | good     | any number                                               | unproven by a refusal                          |
 * | locked   | none                                                     |                                                |
 *
 * Which responses prove a key is a column of `reasonTable.ts`. A proof counts for a key only if its request began after
 * the last refusal; an earlier one only ends the row of refusals.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { LazyArg } from "effect/Function"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { Credentials } from "../../SentCredentials.ts"
import { CredentialsUnavailable } from "./reason.ts"
import { provesCredentials } from "./reasonTable.ts"
import type { Verdict } from "./verdict.ts"

// Well below the ten, since several programs may use the same credentials.
const maxRefusals = 3

// A vault that lags behind a rotation is asked soon, and one that holds a wrong key rarely.
const firstPauseMillis = 1000
const longestPauseMillis = 30_000

// An application may have a key for each of its customers.
const maxKeys = 1000

/** A lock-out, shared by all sends of a layer. */
export interface Lockout {
  /** The place of one request among those with the same credentials. */
  readonly place: (credentials: Credentials) => Place
  /** Whether credentials that are locked out may be asked for again at this time. It counts as asking for them. */
  readonly mayAskAgain: (credentials: Credentials, now: number) => boolean
}

/** The place of one request. Whoever has it calls `leave` at the end, however that comes. */
export interface Place {
  /** Waits until the request may be sent. Fails if the key is locked out. An exit if there is nothing to wait for. */
  readonly enter: () => Effect.Effect<void, CredentialsUnavailable>
  /**
   * The request is about to be sent. False if the key was refused since `enter`, so that the request must not be sent
   * before another `enter`.
   */
  readonly begin: () => boolean
  /** The verdict of the request is known, and made where it is asked for. The last one counts. */
  readonly learn: (verdict: LazyArg<Verdict>) => void
  /** The request has ended, or was never sent. */
  readonly leave: Effect.Effect<void>
}

/** What is known of a key. */
interface Key {
  isGood: boolean
  /** Since the last proof. */
  refusals: number
  /** All that there were. */
  allRefusals: number
  /** Places that count: of requests in flight, and of those that wait for their turn with a key that is not proven. */
  taken: number
  readonly waiting: Set<Waiter>
  isSettling: boolean
  /** When the credentials may be asked for again, in milliseconds since the epoch. */
  askAt: number
  pause: number
}

interface Waiter {
  readonly take: () => void
  readonly resume: (exit: Exit.Exit<void, CredentialsUnavailable>) => void
}

/** A lock-out that knows no key. */
export const makeLockout = (): Lockout => {
  const keys = new Map<string, Key>()
  const keyOf = (credentials: Credentials): Key => {
    const id = `${revealed(credentials.senderId)} ${Redacted.value(credentials.apiKey)}`
    const known = keys.get(id)
    if (known !== undefined) return known
    if (keys.size >= maxKeys) forgetOne(keys)
    const key: Key = {
      isGood: false,
      refusals: 0,
      allRefusals: 0,
      taken: 0,
      waiting: new Set(),
      isSettling: false,
      askAt: 0,
      pause: firstPauseMillis,
    }
    keys.set(id, key)
    return key
  }
  return {
    place: (credentials) => makePlace(keyOf(credentials)),
    mayAskAgain: (credentials, now) => {
      const key = keyOf(credentials)
      if (now < key.askAt) return false
      key.pause = Math.min(key.pause * 2, longestPauseMillis)
      key.askAt = now + key.pause
      return true
    },
  }
}

const makePlace = (key: Key): Place => {
  let isTaken = false
  let refusalsBefore = 0
  let last: LazyArg<Verdict> | undefined

  const take = (): void => {
    isTaken = true
    key.taken += 1
  }
  const giveBack = (): void => {
    isTaken = false
    key.taken -= 1
  }

  return {
    enter: () => {
      if (key.isGood) return Exit.void
      if (isLocked(key)) return lockedOut()
      if (hasRoom(key)) {
        take()
        return Exit.void
      }
      return Effect.callback<void, CredentialsUnavailable>((resume) => {
        const waiter: Waiter = { take, resume }
        key.waiting.add(waiter)
        return Effect.sync(() => key.waiting.delete(waiter))
      })
    },
    begin: () => {
      if (isTaken) giveBack()
      if (!key.isGood && !hasRoom(key)) {
        settle(key)
        return false
      }
      take()
      refusalsBefore = key.allRefusals
      return true
    },
    learn: (verdict) => {
      last = verdict
    },
    leave: Effect.suspend(() => {
      if (!isTaken) return Effect.void
      giveBack()
      const verdict = last?.()
      const reason =
        verdict !== undefined && Result.isFailure(verdict) ? verdict.failure : undefined
      if (reason?._tag === "CredentialsRejected") {
        return Effect.map(Clock.currentTimeMillis, (now) => {
          key.isGood = false
          key.refusals += 1
          key.allRefusals += 1
          key.pause = firstPauseMillis
          key.askAt = now + firstPauseMillis
          settle(key)
        })
      }
      if (verdict !== undefined && (reason === undefined || provesCredentials(reason))) {
        key.refusals = 0
        if (refusalsBefore === key.allRefusals) key.isGood = true
      }
      settle(key)
      return Effect.void
    }),
  }
}

const isLocked = (key: Key): boolean => key.refusals >= maxRefusals

const hasRoom = (key: Key): boolean => key.taken + key.refusals < maxRefusals

const lockedOut = (): Exit.Exit<never, CredentialsUnavailable> =>
  Exit.fail(
    new CredentialsUnavailable({
      description:
        `the service rejected them ${maxRefusals} times in a row (401); ` +
        "nothing is sent until they change",
    }),
  )

/** Lets those who wait go on, as far as the key allows it now. */
const settle = (key: Key): void => {
  // Whoever goes on does so at once, and may end within this loop.
  if (key.isSettling) return
  key.isSettling = true
  for (const waiter of key.waiting) {
    if (!key.isGood && !isLocked(key) && !hasRoom(key)) break
    key.waiting.delete(waiter)
    if (isLocked(key)) {
      waiter.resume(lockedOut())
    } else {
      if (!key.isGood) waiter.take()
      waiter.resume(Exit.void)
    }
  }
  key.isSettling = false
}

/** Forgets the oldest key that no request uses: one without refusals, if there is any. */
const forgetOne = (keys: Map<string, Key>): void => {
  const idle = [...keys].filter(([, { taken, waiting }]) => taken === 0 && waiting.size === 0)
  const [id] = idle.find(([, { refusals }]) => refusals === 0) ?? idle[0] ?? []
  if (id !== undefined) keys.delete(id)
}

/** Whether both are the same sender and key. */
export const sameCredentials = (a: Credentials, b: Credentials): boolean =>
  revealed(a.senderId) === revealed(b.senderId) &&
  Redacted.value(a.apiKey) === Redacted.value(b.apiKey)

/** Whether both are of the same account, as far as can be seen: a key can be replaced within one. */
export const sameAccount = (a: Credentials, b: Credentials): boolean =>
  revealed(a.senderId) === revealed(b.senderId) && revealed(a.profileId) === revealed(b.profileId)

const revealed = (secret: Redacted.Redacted | undefined): string =>
  secret === undefined ? "" : Redacted.value(secret)
