/** Decides when to give up a target that does not respond, so that not every case waits for it. */
import * as Effect from "effect/Effect"
import type { Exchange, Outcome } from "./exchange.ts"

export interface Patience {
  /** Takes note of an outcome that no case expects. */
  readonly note: (outcome: Outcome) => Effect.Effect<void>
  /** Why nothing more is sent. Undefined until then. */
  readonly reason: () => string | undefined
}

/** How many requests in a row may go without a response, or meet a rate limit, before the target is given up. */
const few = 3

/** A request that any HTTP server answers somehow. */
export const probe = { method: "GET", target: "/", headers: {}, body: new Uint8Array() } as const

export const makePatience = (exchange: Exchange): Patience => {
  let reason: string | undefined
  let broken = 0
  let limited = 0
  let isProbing = false

  const note = Effect.fnUntraced(function* (outcome: Outcome) {
    if (outcome._tag === "Responded") {
      broken = 0
      limited = outcome.response.status === 429 ? limited + 1 : 0
      if (limited >= few) reason ??= `the rate limit was used up ${few} times in a row`
      return
    }
    broken += 1
    if (outcome.kind === "untrusted") reason ??= outcome.how
    if (broken < few || isProbing || reason !== undefined) return
    // Some servers only fail at some requests.
    isProbing = true
    const probed = yield* exchange(probe)
    isProbing = false
    if (probed._tag === "Responded") broken = 0
    else reason ??= `${probed.how}, several times in a row`
  })

  return { note, reason: () => reason }
}
