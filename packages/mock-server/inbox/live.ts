/** The stream of what happens in the mock. */
import type { Message } from "../src/Message.ts"

/** Who wants to know. */
export interface LiveListener {
  /** The stream is open: whatever happened before has to be asked for. */
  readonly opened: () => void
  /** The stream broke; it is opened again by itself. */
  readonly lost: () => void
  /** Messages that are new or have changed, each once. */
  readonly changed: (messages: ReadonlyArray<Message>) => void
  /** What is known may be wrong by now: ask again. */
  readonly outdated: () => void
}

/** A browser that gave up (the answer was not a stream) is made to try again after this. */
const reopenAfterMillis = 2000
/** A hidden page has no animation frames; its changes are handed on at this pace. */
const hiddenPaceMillis = 1000

/** Hands changes on once per animation frame: a burst of hundreds is drawn once. */
const batched = (hand: (messages: ReadonlyArray<Message>) => void) => {
  const waiting = new Map<string, Message>()
  let frame = 0
  let timer = 0
  const flush = (): void => {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
    const messages = [...waiting.values()]
    waiting.clear()
    if (messages.length > 0) hand(messages)
  }
  return {
    add: (messages: ReadonlyArray<Message>): void => {
      if (waiting.size === 0) {
        frame = requestAnimationFrame(flush)
        timer = window.setTimeout(flush, hiddenPaceMillis)
      }
      for (const message of messages) waiting.set(message.id, message)
    },
    drop: (): void => waiting.clear(),
  }
}

/** Listens for as long as the page is open. */
export const listen = (listener: LiveListener): void => {
  const batch = batched(listener.changed)
  const open = (): void => {
    const source = new EventSource("events")
    source.addEventListener("open", () => {
      batch.drop()
      listener.opened()
    })
    source.addEventListener("error", () => {
      listener.lost()
      if (source.readyState === EventSource.CLOSED) window.setTimeout(open, reopenAfterMillis)
    })
    source.addEventListener("messages", (event: MessageEvent<string>) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      batch.add(JSON.parse(event.data) as ReadonlyArray<Message>)
    })
    for (const name of ["cleared", "reload"]) {
      source.addEventListener(name, () => {
        batch.drop()
        listener.outdated()
      })
    }
  }
  open()
}
