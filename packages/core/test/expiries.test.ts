/** The heap behind the store in memory: what expires next, at a cost that does not grow with what it holds. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { makeExpiries } from "../src/internal/updates/expiries.ts"

const Act = Schema.Union([
  Schema.Struct({
    act: Schema.Literal("set"),
    key: Schema.Literals(["a", "b", "c", "d", "e"]),
    at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })),
  }),
  Schema.Struct({ act: Schema.Literal("delete"), key: Schema.Literals(["a", "b", "c", "d", "e"]) }),
])

/** A time that counts how often it is compared. */
const timeOf = (at: number, counter: { comparisons: number }): number => {
  const time = {
    valueOf: () => {
      counter.comparisons += 1
      return at
    },
  }
  // It is compared as the number that it stands for.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return time as unknown as number
}

/** How many comparisons it takes to add a key and to remove the next one, while there are so many. */
const cost = (size: number): number => {
  const counter = { comparisons: 0 }
  const expiries = makeExpiries()
  const turns = 3 * size
  for (let index = 0; index < size; index++) expiries.set(`${index}`, timeOf(index, counter))
  counter.comparisons = 0
  for (let index = size; index < size + turns; index++) {
    expiries.set(`${index}`, timeOf(index, counter))
    expiries.delete(expiries.next() ?? "")
  }
  assert.strictEqual(expiries.size(), size)
  return counter.comparisons / turns
}

describe("keys by the time at which they expire", () => {
  it.effect.prop(
    "have the next one first, and of two at the same time the one that was set first",
    { acts: Schema.Array(Act).check(Schema.isMaxLength(200)) },
    ({ acts }) =>
      Effect.sync(() => {
        const expiries = makeExpiries()
        // In the order in which they were set.
        let model: ReadonlyArray<readonly [key: string, at: number]> = []
        for (const act of acts) {
          const before = model.find(([key]) => key === act.key)
          const others = model.filter(([key]) => key !== act.key)
          if (act.act === "delete") {
            expiries.delete(act.key)
            model = others
          } else {
            expiries.set(act.key, act.at)
            if (before?.[1] !== act.at) model = [...others, [act.key, act.at]]
          }
          const [next] = model.toSorted(([, one], [, other]) => one - other)
          assert.strictEqual(expiries.next(), next?.[0])
          assert.strictEqual(expiries.size(), model.length)
          assert.strictEqual(
            expiries.before(4),
            next !== undefined && next[1] <= 4 ? next[0] : undefined,
          )
        }
      }),
  )

  it("cost nearly the same, however many there are", () => {
    const [few, many] = [cost(300), cost(30_000)]
    // A hundred times as many: the depth of the heap, 15 instead of 8.
    assert.isBelow(many / few, 2.5)
  })
})
