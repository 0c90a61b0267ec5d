/** Keys by the time at which they expire, the next one first: a binary heap. */

export interface Expiries {
  /** Sets when a key expires, in milliseconds since 1970. */
  readonly set: (key: string, at: number) => void
  readonly delete: (key: string) => void
  /** When a key expires. */
  readonly get: (key: string) => number | undefined
  readonly size: () => number
  /** The key that expires next. */
  readonly next: () => string | undefined
  /** The key that expires next, if it does at or before a time. */
  readonly before: (time: number) => string | undefined
}

interface Expiry {
  readonly key: string
  readonly at: number
  /** Of two that expire at the same time, the one that was set first is the next. */
  readonly order: number
}

const isBefore = (one: Expiry, other: Expiry): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)

export const makeExpiries = (): Expiries => {
  const current = new Map<string, Expiry>()
  // An entry is stale if its key has another one by now, or none.
  let heap: Array<Expiry> = []
  let order = 0

  const push = (entry: Expiry): void => {
    let place = heap.push(entry) - 1
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || isBefore(parent, entry)) break
      heap[place] = parent
      place = above
    }
    heap[place] = entry
  }

  const pop = (): void => {
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let place = 0
    for (;;) {
      const [left, right] = [heap[2 * place + 1], heap[2 * place + 2]]
      if (left === undefined) break
      const isRight = right !== undefined && isBefore(right, left)
      const child = isRight ? right : left
      if (isBefore(last, child)) break
      heap[place] = child
      place = 2 * place + (isRight ? 2 : 1)
    }
    heap[place] = last
  }

  const first = (): Expiry | undefined => {
    for (;;) {
      const [entry] = heap
      if (entry === undefined || current.get(entry.key) === entry) return entry
      pop()
    }
  }

  return {
    set: (key, at) => {
      if (current.get(key)?.at === at) return
      const entry = { key, at, order: order++ }
      current.set(key, entry)
      push(entry)
      // Half of it is stale at least, so this pays for itself.
      if (heap.length > 2 * current.size + 64) {
        heap = [...current.values()].toSorted((one, other) => (isBefore(one, other) ? -1 : 1))
      }
    },
    delete: (key) => void current.delete(key),
    get: (key) => current.get(key)?.at,
    size: () => current.size,
    next: () => first()?.key,
    before: (time) => {
      const entry = first()
      return entry !== undefined && entry.at <= time ? entry.key : undefined
    },
  }
}
