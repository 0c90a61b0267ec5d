/** The same thing in two forms: each has one of the other form, which is made once and known by its identity. */

export interface Pairs<A, B> {
  readonly toB: (a: A) => B
  readonly toA: (b: B) => A
}

export const makePairs = <A extends object, B extends object>(make: Pairs<A, B>): Pairs<A, B> => {
  const ofA = new WeakMap<A, B>()
  const ofB = new WeakMap<B, A>()
  const pair = (a: A, b: B): void => {
    ofA.set(a, b)
    ofB.set(b, a)
  }
  return {
    toB: (a) => {
      const known = ofA.get(a)
      if (known !== undefined) return known
      const b = make.toB(a)
      pair(a, b)
      return b
    },
    toA: (b) => {
      const known = ofB.get(b)
      if (known !== undefined) return known
      const a = make.toA(b)
      pair(a, b)
      return a
    },
  }
}
