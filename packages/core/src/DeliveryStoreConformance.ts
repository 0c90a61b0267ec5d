/**
 * The tests of a delivery store, for those who write their own: {@link cases}, to be run by any test framework.
 *
 * **Details**
 *
 * Each case gets two handles on the same data, such as two connections to one database, as two processes would have. For a
 * store that is for one process, pass the same handle twice. A case uses new ids, so all of them may run on one store, at the
 * same time and over and over again.
 *
 * @example
 * ```ts
 * import { DeliveryStore } from "@effect-sent/core"
 * import * as DeliveryStoreConformance from "@effect-sent/core/DeliveryStoreConformance"
 * import { Effect } from "effect"
 *
 * // With vitest: it.effect.each(cases)("$name", ({ run }) => …)
 * const store = await Effect.runPromise(DeliveryStore.makeMemory())
 * for (const { run } of DeliveryStoreConformance.cases) await Effect.runPromise(run(store, store))
 * ```
 */
import * as Effect from "effect/Effect"
import * as DeliveryStore from "./DeliveryStore.ts"
import {
  type ConformanceError,
  type Case,
  type Store,
  same,
  said,
  unknownOf,
  fresh,
  at,
  expiresAt,
  stepOf,
} from "./internal/conformance/check.ts"
import { claimCases } from "./internal/conformance/claims.ts"
import { sendCases } from "./internal/conformance/sends.ts"

export { type Case, ConformanceError, type Store } from "./internal/conformance/check.ts"

/**
 * The cases that every store must pass.
 *
 * @see {@link damaged} for records that cannot be read, which takes a store that can be damaged.
 */
export const cases: ReadonlyArray<Case> = [...sendCases, ...claimCases]

/**
 * The cases about records that cannot be read, for a store that can be damaged.
 *
 * **Details**
 *
 * `damage` makes one stored part of the send with this id unreadable, or adds one that is. It runs before the handles are
 * made: what a store reads when it starts is damaged too. `handles` makes them.
 *
 * @example
 * ```ts
 * import { DeliveryStore } from "@effect-sent/core"
 * import * as DeliveryStoreConformance from "@effect-sent/core/DeliveryStoreConformance"
 * import { Context, Effect, Layer } from "effect"
 * import { KeyValueStore } from "effect/persistence"
 *
 * const program = Effect.gen(function* () {
 *   const everything = yield* KeyValueStore.KeyValueStore
 *   const open = Layer.build(DeliveryStore.layerKeyValueStore).pipe(
 *     Effect.map((context) => Context.get(context, DeliveryStore.DeliveryStore)),
 *   )
 *   const cases = DeliveryStoreConformance.damaged({
 *     open,
 *     damage: (id) => Effect.orDie(everything.set(`effect-sent/send/${id}/4102444800000/999`, "")),
 *   })
 *   for (const { run } of cases) yield* run
 * })
 * await program.pipe(Effect.scoped, Effect.provide(KeyValueStore.layerMemory), Effect.runPromise)
 * ```
 */
export const damaged = <E, R>({
  damage,
  open,
}: DamagedOptions<E, R>): ReadonlyArray<{
  readonly name: string
  readonly run: Effect.Effect<void, ConformanceError | DeliveryStore.DeliveryStoreError | E, R>
}> => [
  {
    name: "keeps what it cannot read, counts it, and reads what is beside it",
    run: Effect.gen(function* () {
      const id = yield* fresh
      const part = { id, expiresAt, openedAt: at(1), reference: id }
      yield* (yield* open).append(part)
      yield* damage(id)
      const store = yield* open
      const step = { id, expiresAt, steps: [stepOf(id, "DELIVERED", 1)] }
      yield* store.append(step)
      // Also after another restart: nothing has overwritten it.
      for (const handle of [store, yield* open]) {
        const [found] = yield* handle.find({ id })
        yield* same(true, (found?.unreadable ?? 0) > 0)
        yield* same(said(step).steps, found === undefined ? [] : said(found).steps)
      }
    }),
  },
  {
    name: "does not say that a message was not sent, if it cannot read all",
    run: Effect.gen(function* () {
      const id = yield* fresh
      const outcome = { delivery: "not-sent", at: at(2) } as const
      const store = yield* open
      yield* store.append({ id, expiresAt, openedAt: at(1) })
      yield* damage(id)
      yield* (yield* open).append({ id, expiresAt, outcome })
      const again = yield* open
      const found = yield* again.find({ id })
      yield* same(["unknown"], found.map(DeliveryStore.deliveryOf))
      yield* same([id], yield* unknownOf(again, [id]))
    }),
  },
]

/** The options of {@link damaged}. */
export interface DamagedOptions<E, R> {
  /** Makes a new handle on the same data, as a process that starts. */
  readonly open: Effect.Effect<Store, E, R>
  /** Makes one stored part of the send with this id unreadable, or adds one that is. */
  readonly damage: (id: string) => Effect.Effect<void, E, R>
}
