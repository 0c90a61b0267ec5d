/**
 * Limits the concurrent attempts for each receiver, so that one that hangs delays no other. Attempts that wait for a slot start
 * first in, first out.
 */
import { type Fifo, makeFifo } from "../fifo.ts"

/** The maximum number of concurrent attempts for one URL, without its query. */
const perPath = 32
/** The maximum number of concurrent attempts for one host and port: a caller may put a token in the path of each message. */
const perOrigin = 64

export interface Slots {
  /** Calls `start` when the receiver has a free slot. */
  readonly enter: (url: URL, start: () => void) => Ticket
}

export interface Ticket {
  /** Frees the slot, or gives up waiting for one. */
  readonly leave: () => void
}

/** The attempts for one path. */
interface Lane {
  readonly key: string
  readonly origin: Origin
  readonly waiting: Fifo<() => void>
  running: number
}

interface Origin {
  readonly name: string
  running: number
  /** The lanes that have waiting attempts and a free slot, in turn. */
  readonly ready: Set<Lane>
}

export const makeSlots = (): Slots => {
  const lanes = new Map<string, Lane>()
  const origins = new Map<string, Origin>()

  const laneOf = ({ origin: name, pathname }: URL): Lane => {
    const key = `${name}${pathname}`
    const known = lanes.get(key)
    if (known !== undefined) return known
    const origin = origins.get(name) ?? { name, running: 0, ready: new Set() }
    const lane: Lane = { key, origin, waiting: makeFifo(), running: 0 }
    origins.set(name, origin)
    lanes.set(key, lane)
    return lane
  }

  /** Starts the waiting attempts of an origin while it has free slots, one of each lane in turn. */
  const startWaiting = (origin: Origin): void => {
    for (const lane of origin.ready) {
      if (origin.running >= perOrigin) return
      origin.ready.delete(lane)
      const first = lane.waiting.first()
      if (first === undefined) continue
      lane.waiting.remove(first)
      lane.running += 1
      origin.running += 1
      first.value()
      // Added at the end of the set, which the loop still reaches.
      markReady(lane)
    }
  }

  const markReady = (lane: Lane): void => {
    if (lane.waiting.size() > 0 && lane.running < perPath) lane.origin.ready.add(lane)
  }

  const forgetUnused = (lane: Lane): void => {
    const { origin } = lane
    if (lane.running > 0 || lane.waiting.size() > 0) return
    lanes.delete(lane.key)
    origin.ready.delete(lane)
    if (origin.running === 0 && origin.ready.size === 0) origins.delete(origin.name)
  }

  return {
    enter: (url, start) => {
      const lane = laneOf(url)
      let state: "waiting" | "running" | "left" = "waiting"
      const entry = lane.waiting.add(() => {
        state = "running"
        start()
      })
      markReady(lane)
      startWaiting(lane.origin)
      return {
        leave: () => {
          if (state === "left") return
          if (state === "waiting") lane.waiting.remove(entry)
          else {
            lane.running -= 1
            lane.origin.running -= 1
            markReady(lane)
            startWaiting(lane.origin)
          }
          state = "left"
          forgetUnused(lane)
        },
      }
    },
  }
}
