/** Sleepers by the time at which they wake: a binary heap. Those of the same time wake in the order in which they were added. */

export interface Sleeper {
  readonly wakesAt: number
  /** Undefined after the sleeper was woken or cancelled. */
  wake: (() => void) | undefined
}

interface Entry {
  readonly sleeper: Sleeper
  readonly order: number
}

export class Sleepers {
  private heap: Array<Entry> = []
  private cancelled = 0
  private count = 0

  add(sleeper: Sleeper): void {
    this.heap.push({ sleeper, order: ++this.count })
    this.up(this.heap.length - 1)
  }

  cancel(sleeper: Sleeper): void {
    if (sleeper.wake === undefined) return
    sleeper.wake = undefined
    this.cancelled += 1
    // Cancelled sleepers are removed together, because finding one in a heap takes as long as finding all.
    if (this.cancelled * 2 <= this.heap.length) return
    const entries = this.heap.filter((entry) => entry.sleeper.wake !== undefined)
    this.heap = entries.toSorted((one, other) => (isBefore(one, other) ? -1 : 1))
    this.cancelled = 0
  }

  /** When the next sleeper wakes. Undefined when there is none. */
  next(): number | undefined {
    for (;;) {
      const [first] = this.heap
      if (first === undefined || first.sleeper.wake !== undefined) return first?.sleeper.wakesAt
      this.cancelled -= 1
      this.removeFirst()
    }
  }

  /** Removes the sleepers that wake until this time, in order, and returns what wakes them. */
  take(until: number): ReadonlyArray<() => void> {
    const due: Array<() => void> = []
    for (let next = this.next(); next !== undefined && next <= until; next = this.next()) {
      const { sleeper } = this.removeFirst() ?? {}
      if (sleeper?.wake === undefined) break
      due.push(sleeper.wake)
      sleeper.wake = undefined
    }
    return due
  }

  private removeFirst(): Entry | undefined {
    const { heap } = this
    const [first] = heap
    const last = heap.pop()
    if (heap.length > 0 && last !== undefined) {
      heap[0] = last
      this.down(0)
    }
    return first
  }

  private up(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1
      if (!this.swapped(parent, at)) return
      at = parent
    }
  }

  private down(from: number): void {
    for (let at = from; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      const [one, other] = [this.heap[left], this.heap[right]]
      const least = one !== undefined && other !== undefined && isBefore(other, one) ? right : left
      if (!this.swapped(at, least)) return
      at = least
    }
  }

  /** Swaps two entries when the lower one is to come first. */
  private swapped(upper: number, lower: number): boolean {
    const [one, other] = [this.heap[upper], this.heap[lower]]
    if (one === undefined || other === undefined || !isBefore(other, one)) return false
    this.heap[upper] = other
    this.heap[lower] = one
    return true
  }
}

const isBefore = (one: Entry, other: Entry): boolean =>
  one.sleeper.wakesAt === other.sleeper.wakesAt
    ? one.order < other.order
    : one.sleeper.wakesAt < other.sleeper.wakesAt
