/** The live stream of changes in the mock. */
import type { Message } from "../src/Message.ts"

/** The callbacks for the events of the stream. */
export interface LiveListener {
  /** The stream is open. Load everything that happened before. */
  readonly opened: () => void
  /** The connection was lost. The stream reconnects by itself. */
  readonly lost: () => void
  /** New or changed messages, each of them once. */
  readonly changed: (messages: ReadonlyArray<Message>) => void
  /** The loaded messages may be outdated. Load them again. */
  readonly outdated: () => void
}

/** The delay before the stream is opened again, when the browser gave up because the answer was not a stream. */
const reopenAfterMillis = 2000
/** The interval at which a hidden page, which has no animation frames, passes changes on. */
const hiddenPaceMillis = 1000

/** Passes changes on once per animation frame, so that a burst of hundreds is drawn once. */
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

/** Listens until the page is closed. */
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
