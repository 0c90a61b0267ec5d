/** The same thing in two forms: each has one of the other form, which is made once and known by its identity. */

export interface Pairs<A, B> {
  readonly toB: (a: A) => B
  readonly toA: (b: B) => A
}

export const makePairs = <A extends object, B extends object>(make: Pairs<A, B>): Pairs<A, B> => {
  const ofA = new WeakMap<A, B>()
  const ofB = new WeakMap<B, A>()
  return { toB: remembered(make.toB, ofA, ofB), toA: remembered(make.toA, ofB, ofA) }
}

/** Makes the other form of a value once, and knows both by each other. */
const remembered =
  <From extends object, To extends object>(
    make: (from: From) => To,
    known: WeakMap<From, To>,
    back: WeakMap<To, From>,
  ): ((from: From) => To) =>
  (from) => {
    const before = known.get(from)
    if (before !== undefined) return before
    const made = make(from)
    known.set(from, made)
    back.set(made, from)
    return made
  }
