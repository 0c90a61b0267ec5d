import type { JSX } from "preact"
import { useLayoutEffect, useRef, useState } from "preact/hooks"
import type { Message } from "../src/Message.ts"
import { Icon } from "./Icon.tsx"
import { MessageRow, rowId } from "./MessageRow.tsx"

/** In pixels; the style sheet has the same number as `--row-height`. */
const rowHeight = 88
/** Rows drawn beyond both edges, so that fast scrolling shows no gap. */
const overscan = 6
/** Older messages are asked for when this few rows are left below. */
const askAhead = 30

interface View {
  readonly top: number
  readonly height: number
}

/** The row at the upper edge; it stays where it is when rows come in above it. */
interface Anchor {
  readonly id: string
  readonly offset: number
}

/** Keeps the view on what the reader looks at, and follows the selection. */
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
    // Overscrolling bounces below 0.
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
    // Only when another message is selected: new ones must not move the view.
  }, [selectedId])

  return { ref, view, look }
}

/** The list of messages. Only the rows in view, and the selected one, are in the document. */
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

  // What the reader has seen at the top; all above it is new to a reader who scrolled away.
  const seen = useRef(0)
  if (isAtTop) seen.current = messages[0]?.number ?? 0
  const unseen = isAtTop ? 0 : messages.findIndex(({ number }) => number <= seen.current)

  const first = Math.max(0, Math.floor(view.top / rowHeight) - overscan)
  const end = Math.ceil((view.top + view.height) / rowHeight) + overscan
  const selectedIndex = messages.findIndex(({ id }) => id === selectedId)
  const drawn = messages.slice(first, end).map((message, at) => ({ message, index: first + at }))
  const selected = messages[selectedIndex]
  // A screen reader is pointed at the selected row, so it has to be there.
  if (selected !== undefined && (selectedIndex < first || selectedIndex >= end)) {
    drawn.push({ message: selected, index: selectedIndex })
  }

  const isNearEnd = props.more && end + askAhead >= messages.length
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
