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

/** What happens in the stream. The tab that holds it passes it on to the others. */
type StreamEvent =
  | { readonly type: "opened" | "lost" | "outdated" }
  | { readonly type: "messages"; readonly messages: ReadonlyArray<Message> }
  /** A new tab asks whether the stream is open. */
  | { readonly type: "asked" }

/** The mock sends an event every 15 seconds. When two are missing, the connection is lost. */
const heartbeatMillis = 35_000

/** Opens the stream, and opens it anew when it is lost. */
const openStream = (emit: (event: StreamEvent) => void): void => {
  let source: EventSource | undefined
  let silence = 0
  let heardAt = Date.now()
  const reopen = (): void => {
    source?.close()
    emit({ type: "lost" })
    open()
  }
  const heard = (): void => {
    heardAt = Date.now()
    clearTimeout(silence)
    silence = window.setTimeout(reopen, heartbeatMillis)
  }
  const open = (): void => {
    const own = new EventSource("events")
    source = own
    heard()
    own.addEventListener("open", () => {
      heard()
      emit({ type: "opened" })
    })
    own.addEventListener("error", () => {
      emit({ type: "lost" })
      if (own === source && own.readyState === EventSource.CLOSED) {
        window.setTimeout(open, reopenAfterMillis)
      }
    })
    own.addEventListener("heartbeat", heard)
    own.addEventListener("messages", (event: MessageEvent<string>) => {
      heard()
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      emit({ type: "messages", messages: JSON.parse(event.data) as ReadonlyArray<Message> })
    })
    for (const name of ["cleared", "reload"]) {
      own.addEventListener(name, () => {
        heard()
        emit({ type: "outdated" })
      })
    }
  }
  open()
  // After sleep, a timer may still wait although the connection is long gone.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - heardAt > heartbeatMillis) reopen()
  })
}

/**
 * Listens until the page is closed. A browser opens six connections to a server: of several tabs, only one holds the stream, and
 * passes on what arrives.
 */
export const listen = (listener: LiveListener): void => {
  const batch = batched(listener.changed)
  let isOpen = false
  const handle = (event: StreamEvent): void => {
    switch (event.type) {
      case "opened": {
        if (isOpen) return
        isOpen = true
        batch.drop()
        listener.opened()
        return
      }
      case "lost": {
        isOpen = false
        listener.lost()
        return
      }
      case "outdated": {
        batch.drop()
        listener.outdated()
        return
      }
      case "messages": {
        batch.add(event.messages)
        return
      }
      case "asked":
    }
  }
  // Without a secure context, a page has no locks: each tab then holds a stream of its own.
  if (!("locks" in navigator)) {
    openStream(handle)
    return
  }
  const channel = new BroadcastChannel("effect-sent-mock")
  const share = (event: StreamEvent): void => {
    // A channel, unlike a window, has no target origin.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    channel.postMessage(event)
  }
  const emit = (event: StreamEvent): void => {
    handle(event)
    share(event)
  }
  let isHolder = false
  channel.addEventListener("message", ({ data }: MessageEvent<StreamEvent>) => {
    if (data.type !== "asked") handle(data)
    else if (isHolder && isOpen) share({ type: "opened" })
  })
  share({ type: "asked" })
  void navigator.locks.request("effect-sent-mock", () => {
    isHolder = true
    // The tab that held the stream before is closed, and what happened since then has not arrived.
    if (isOpen) emit({ type: "lost" })
    openStream(emit)
    // Until this tab is closed.
    return new Promise<void>(() => undefined)
  })
}
