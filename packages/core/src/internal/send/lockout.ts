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

/** A lock-out, shared by all sends of a layer. */
export class Lockout {
  readonly #keys = new Map<string, Key>()
  /** The last one that was asked for: nearly all sends have the same. */
  #last: readonly [credentials: Credentials, key: Key] | undefined

  /** The place of one request among those with the same credentials. */
  place(credentials: Credentials): Place {
    return new Place(this.#keyOf(credentials))
  }

  /** Whether credentials that are locked out may be asked for again at this time. It counts as asking for them. */
  mayAskAgain(credentials: Credentials, now: number): boolean {
    const key = this.#keyOf(credentials)
    if (now < key.askAt) return false
    key.pause = Math.min(key.pause * 2, longestPauseMillis)
    key.askAt = now + key.pause
    return true
  }

  #keyOf(credentials: Credentials): Key {
    if (this.#last?.[0] === credentials) return this.#last[1]
    const id = `${revealed(credentials.senderId)} ${Redacted.value(credentials.apiKey)}`
    const key = this.#keys.get(id) ?? this.#add(id)
    this.#last = [credentials, key]
    return key
  }

  #add(id: string): Key {
    if (this.#keys.size >= maxKeys) forgetOne(this.#keys)
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
    this.#keys.set(id, key)
    return key
  }
}

/** The place of one request. Whoever has it calls `leave` at the end, however that comes. */
export class Place {
  readonly #key: Key
  #isTaken = false
  #refusalsBefore = 0
  #last: LazyArg<Verdict> | undefined

  constructor(key: Key) {
    this.#key = key
  }

  /** Waits until the request may be sent. Fails if the key is locked out. An exit if there is nothing to wait for. */
  enter(): Effect.Effect<void, CredentialsUnavailable> {
    const key = this.#key
    if (key.isGood) return Exit.void
    if (isLocked(key)) return lockedOut()
    if (hasRoom(key)) {
      this.#take()
      return Exit.void
    }
    return Effect.callback<void, CredentialsUnavailable>((resume) => {
      const waiter: Waiter = { take: () => this.#take(), resume }
      key.waiting.add(waiter)
      return Effect.sync(() => key.waiting.delete(waiter))
    })
  }

  /**
   * The request is about to be sent. False if the key was refused since `enter`, so that the request must not be sent
   * before another `enter`.
   */
  begin(): boolean {
    const key = this.#key
    if (this.#isTaken) this.#giveBack()
    if (!key.isGood && !hasRoom(key)) {
      settle(key)
      return false
    }
    this.#take()
    this.#refusalsBefore = key.allRefusals
    return true
  }

  /** The verdict of the request is known, and made where it is asked for. The last one counts. */
  learn(verdict: LazyArg<Verdict>): void {
    this.#last = verdict
  }

  /** The request has ended at this time, or was never sent. */
  leave(now: number): void {
    if (!this.#isTaken) return
    this.#giveBack()
    const key = this.#key
    const verdict = this.#last?.()
    const reason = verdict !== undefined && Result.isFailure(verdict) ? verdict.failure : undefined
    if (reason?._tag === "CredentialsRejected") {
      key.isGood = false
      key.refusals += 1
      key.allRefusals += 1
      key.pause = firstPauseMillis
      key.askAt = now + firstPauseMillis
    } else if (verdict !== undefined && (reason === undefined || provesCredentials(reason))) {
      key.refusals = 0
      if (this.#refusalsBefore === key.allRefusals) key.isGood = true
    }
    settle(key)
  }

  #take(): void {
    this.#isTaken = true
    this.#key.taken += 1
  }

  #giveBack(): void {
    this.#isTaken = false
    this.#key.taken -= 1
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
