/** What a delivery store guarantees of claims. */
import * as Effect from "effect/Effect"
import {
  type Case,
  same,
  has,
  fresh,
  expiresAt,
  fromNow,
  minute,
  stepOf,
  claimOf,
} from "./check.ts"

/** The cases about claims. */
export const claimCases: ReadonlyArray<Case> = [
  {
    name: "grants a claim to one owner, and again to the same",
    run: Effect.fnUntraced(function* (one, other) {
      const key = yield* fresh
      const claim = yield* claimOf(key, minute)
      yield* same("claimed", yield* one.claim(claim))
      yield* same("held", yield* other.claim(yield* claimOf(key, minute)))
      yield* same("held", yield* one.claim(yield* claimOf(key, minute)))
      yield* same("claimed", yield* other.claim(claim))
      yield* same("claimed", yield* one.claim(yield* claimOf(yield* fresh, minute)))
    }),
  },
  {
    name: "grants one of many simultaneous claims",
    run: Effect.fnUntraced(function* (one, other) {
      for (let round = 0; round < 5; round++) {
        const key = yield* fresh
        const claims = yield* Effect.all(Array.from({ length: 16 }, () => claimOf(key, minute)))
        const results = yield* Effect.forEach(
          claims,
          (claim, index) => (index % 2 === 0 ? one : other).claim(claim),
          { concurrency: "unbounded" },
        )
        yield* same(1, results.filter((result) => result === "claimed").length)
        yield* same(15, results.filter((result) => result === "held").length)
      }
    }),
  },
  {
    name: "recognises a completed event, whoever asks",
    run: Effect.fnUntraced(function* (one, other) {
      const claim = yield* claimOf(yield* fresh, minute)
      yield* one.claim(claim)
      yield* one.complete({ ...claim, until: expiresAt })
      yield* same("completed", yield* other.claim(yield* claimOf(claim.key, minute)))
      yield* same("completed", yield* one.claim(claim))
      yield* one.release(claim)
      yield* same("completed", yield* other.claim(yield* claimOf(claim.key, minute)))
    }),
  },
  {
    name: "frees a claim that its owner releases, and no other's",
    run: Effect.fnUntraced(function* (one, other) {
      const claim = yield* claimOf(yield* fresh, minute)
      yield* one.claim(claim)
      yield* other.release(yield* claimOf(claim.key, minute))
      yield* same("held", yield* one.claim(yield* claimOf(claim.key, minute)))
      yield* other.release(claim)
      yield* same("claimed", yield* one.claim(yield* claimOf(claim.key, minute)))
    }),
  },
  {
    name: "frees a claim whose time has come, and what its owner does then harms nobody",
    run: Effect.fnUntraced(function* (one, other) {
      const late = yield* claimOf(yield* fresh, 0)
      yield* same("claimed", yield* one.claim(late))
      const next = yield* claimOf(late.key, minute)
      yield* same("claimed", yield* other.claim(next))
      // The first owner fails, after its time.
      yield* one.release(late)
      yield* same("held", yield* one.claim(yield* claimOf(late.key, minute)))
      yield* same("held", yield* one.claim({ ...late, until: yield* fromNow(minute) }))
      // Or it succeeds after its time: handled is handled.
      yield* one.complete({ ...late, until: expiresAt })
      yield* same("completed", yield* other.claim(next))
    }),
  },
  {
    name: "recognises a completed event until the latest of its times",
    run: Effect.fnUntraced(function* (one, other) {
      const key = yield* fresh
      yield* one.complete(yield* claimOf(key, 0))
      yield* same("claimed", yield* other.claim(yield* claimOf(key, minute)))
      yield* one.complete(yield* claimOf(key, 2 * minute))
      yield* other.complete(yield* claimOf(key, 0))
      yield* same("completed", yield* one.claim(yield* claimOf(key, minute)))
    }),
  },
  {
    name: "appends a send with a claim, whatever the response to it",
    run: Effect.fnUntraced(function* (one, other) {
      const [id, key] = yield* Effect.all([fresh, fresh])
      const part = (status: string) => ({ id, expiresAt, steps: [stepOf(id, status, 1)] })
      const claim = yield* claimOf(key, minute)
      yield* same("claimed", yield* one.claim(claim, part("SENT")))
      yield* same("held", yield* other.claim(yield* claimOf(key, minute), part("DELIVERED")))
      yield* one.complete({ ...claim, until: expiresAt })
      yield* same("completed", yield* other.claim(yield* claimOf(key, minute), part("READ")))
      yield* has(one, part("SENT"), part("DELIVERED"), part("READ"))
    }),
  },
]
