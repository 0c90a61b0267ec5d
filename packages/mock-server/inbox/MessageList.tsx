import type { JSX } from "preact"
import { useLayoutEffect, useRef, useState } from "preact/hooks"
import type { Message } from "../src/Message.ts"
import { Icon } from "./Icon.tsx"
import { MessageRow, rowId } from "./MessageRow.tsx"

/** The height of a row in pixels: `--row-height` in the style sheet. */
const rowHeight = 88
/** The number of rows that are drawn beyond each edge, so that fast scrolling shows no gap. */
const overscan = 6
/** Older messages are loaded when fewer rows than this are left below the view. */
const loadAhead = 30

interface View {
  readonly top: number
  readonly height: number
}

/** The row at the upper edge. It keeps its position when rows are inserted above it. */
interface Anchor {
  readonly id: string
  readonly offset: number
}

/** Keeps the visible rows in place when rows are inserted, and scrolls to the selection. */
const useView = (
  messages: ReadonlyArray<Message>,
  selectedId: string | undefined,
  search: string,
) => {
  const ref = useRef<HTMLDivElement>(null)
  const anchor = useRef<Anchor | undefined>(undefined)
  const [view, setView] = useState<View>({ top: 0, height: 0 })

  const look = (): void => {
    const list = ref.current
    if (list === null) return
    const { clientHeight: height, scrollTop } = list
    // The position is negative while the list overscrolls.
    const top = Math.max(0, scrollTop)
    const first = messages[Math.floor(top / rowHeight)]
    anchor.current =
      top === 0 || first === undefined ? undefined : { id: first.id, offset: top % rowHeight }
    setView((before) => (before.top === top && before.height === height ? before : { top, height }))
  }
  const latestLook = useRef(look)
  latestLook.current = look

  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => latestLook.current())
    if (ref.current !== null) observer.observe(ref.current)
    return () => observer.disconnect()
  }, [])

  useLayoutEffect(() => {
    const list = ref.current
    const { current } = anchor
    if (list !== null && current !== undefined) {
      const index = messages.findIndex(({ id }) => id === current.id)
      if (index >= 0) list.scrollTop = index * rowHeight + current.offset
    }
    look()
  }, [messages])

  useLayoutEffect(() => {
    anchor.current = undefined
    ref.current?.scrollTo(0, 0)
  }, [search])

  useLayoutEffect(() => {
    const list = ref.current
    const index = messages.findIndex(({ id }) => id === selectedId)
    if (list === null || index < 0) return
    const top = index * rowHeight
    if (top < list.scrollTop) list.scrollTop = top
    else if (top + rowHeight > list.scrollTop + list.clientHeight) {
      list.scrollTop = top + rowHeight - list.clientHeight
    }
    look()
    // Only when the selection changes: new messages must not move the view.
  }, [selectedId])

  return { ref, view, look }
}

/** The list of messages. Only the visible rows and the selected one are in the document. */
export const MessageList = (props: {
  readonly messages: ReadonlyArray<Message>
  readonly more: boolean
  readonly total: number
  readonly search: string
  readonly selectedId: string | undefined
  readonly openId: string | undefined
  readonly freshAfter: number
  readonly now: number
  readonly onOpen: (id: string) => void
  readonly onNearEnd: () => void
}): JSX.Element => {
  const { messages, selectedId } = props
  const { look, ref, view } = useView(messages, selectedId, props.search)
  const isAtTop = view.top === 0

  // The newest message that the reader has seen at the top. Messages above it are counted as new after scrolling away.
  const seen = useRef(0)
  if (isAtTop) seen.current = messages[0]?.number ?? 0
  const unseen = isAtTop ? 0 : messages.findIndex(({ number }) => number <= seen.current)

  const first = Math.max(0, Math.floor(view.top / rowHeight) - overscan)
  const end = Math.ceil((view.top + view.height) / rowHeight) + overscan
  const selectedIndex = messages.findIndex(({ id }) => id === selectedId)
  const drawn = messages.slice(first, end).map((message, at) => ({ message, index: first + at }))
  const selected = messages[selectedIndex]
  // `aria-activedescendant` refers to the selected row, so the row must exist.
  if (selected !== undefined && (selectedIndex < first || selectedIndex >= end)) {
    drawn.push({ message: selected, index: selectedIndex })
  }

  const isNearEnd = props.more && end + loadAhead >= messages.length
  const { onNearEnd } = props
  useLayoutEffect(() => {
    if (isNearEnd) onNearEnd()
  }, [isNearEnd, messages.length])

  return (
    <>
      {unseen > 0 && (
        <button type="button" class="unseen" onClick={() => ref.current?.scrollTo(0, 0)}>
          <Icon name="up" />
          {unseen.toLocaleString("en")} new
        </button>
      )}
      <div
        ref={ref}
        id="message-list"
        class="list"
        role="listbox"
        tabIndex={0}
        aria-label="Messages, newest first"
        aria-activedescendant={selected === undefined ? undefined : rowId(selected)}
        onScroll={look}
      >
        <div
          class={isAtTop ? "rows rows-moving" : "rows"}
          role="presentation"
          style={{ height: `${messages.length * rowHeight}px` }}
        >
          {drawn.map(({ index, message }) => (
            <MessageRow
              key={message.id}
              message={message}
              index={index}
              total={props.total}
              top={`${index * rowHeight}px`}
              isSelected={message.id === selectedId}
              isOpen={message.id === props.openId}
              isFresh={isAtTop && message.number > props.freshAfter}
              now={props.now}
              onOpen={() => props.onOpen(message.id)}
            />
          ))}
        </div>
        {props.more && (
          <p class="list-more" role="presentation">
            Loading older messages…
          </p>
        )}
      </div>
    </>
  )
}
