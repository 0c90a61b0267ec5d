/** A first-in, first-out queue from which any entry can be removed. Each operation takes the same time at any length. */

export interface Entry<A> {
  readonly value: A
  previous: Entry<A> | undefined
  next: Entry<A> | undefined
  isIn: boolean
}

export interface Fifo<A> {
  readonly add: (value: A) => Entry<A>
  /** Does nothing when the entry has been removed. */
  readonly remove: (entry: Entry<A>) => void
  /** The oldest entry. */
  readonly first: () => Entry<A> | undefined
  readonly size: () => number
}

// Not a `Map` or a `Set`: finding the first entry of one that is emptied from its front takes time in proportion to what was
// removed.
export const makeFifo = <A>(): Fifo<A> => {
  let first: Entry<A> | undefined
  let last: Entry<A> | undefined
  let size = 0
  return {
    add: (value) => {
      const entry: Entry<A> = { value, previous: last, next: undefined, isIn: true }
      if (last === undefined) first = entry
      else last.next = entry
      last = entry
      size += 1
      return entry
    },
    remove: (entry) => {
      if (!entry.isIn) return
      entry.isIn = false
      if (entry.previous === undefined) first = entry.next
      else entry.previous.next = entry.next
      if (entry.next === undefined) last = entry.previous
      else entry.next.previous = entry.previous
      size -= 1
    },
    first: () => first,
    size: () => size,
  }
}
