import type { JSX } from "preact"
import type { Message } from "../src/Message.ts"
import { Icon } from "./Icon.tsx"
import { Pill } from "./Pill.tsx"
import { channelName, receiverProblem, statusLabel, titleOf } from "./status.ts"
import { cropped } from "./text.ts"
import { ago, fullTime } from "./time.ts"

const mostPreviewed = 3
const longestValue = 60
const longestReason = 120

/** The text, or the first variables: the mock does not have the template's text. */
const Preview = ({ text, variables }: Message): JSX.Element => {
  if (text !== undefined) {
    return (
      <span class="row-preview">
        <bdi>{cropped(text, longestReason)}</bdi>
      </span>
    )
  }
  const shown = Object.entries(variables).slice(0, mostPreviewed)
  if (shown.length === 0) return <span class="row-preview row-preview-none">no variables</span>
  return (
    <span class="row-preview">
      {shown.map(([name, value]) => (
        <span key={name} class="row-variable">
          <bdi class="row-variable-name">{cropped(name, longestValue)}</bdi>{" "}
          <bdi>{cropped(value, longestValue)}</bdi>
        </span>
      ))}
    </span>
  )
}

/** The DOM id of a message's row. */
export const rowId = (message: Message): string => `message-${message.number}`

/** A message in the list. */
export const MessageRow = (props: {
  readonly message: Message
  /** The index among the loaded messages, from 0. */
  readonly index: number
  readonly total: number
  readonly top: string
  readonly isSelected: boolean
  readonly isOpen: boolean
  readonly isFresh: boolean
  readonly now: number
  readonly onOpen: () => void
}): JSX.Element => {
  const { message } = props
  const problem = receiverProblem(message)
  return (
    <div
      id={rowId(message)}
      class="row"
      role="option"
      aria-selected={props.isSelected}
      aria-current={props.isOpen ? "true" : undefined}
      aria-posinset={props.index + 1}
      aria-setsize={props.total}
      style={{ transform: `translateY(${props.top})` }}
      onClick={props.onOpen}
    >
      <div class={props.isFresh ? "row-inner row-fresh" : "row-inner"}>
        <span class="row-line">
          <bdi class="row-number">{cropped(titleOf(message), longestValue)}</bdi>
          <time class="row-time" dateTime={message.receivedAt} title={fullTime(message.receivedAt)}>
            {ago(message.receivedAt, props.now)}
          </time>
        </span>
        {message.refusal === undefined ? (
          <Preview {...message} />
        ) : (
          <span class="row-preview">{cropped(message.refusal.reason, longestReason)}</span>
        )}
        <span class="row-line row-facts">
          <Pill status={message.status} label={statusLabel(message)} />
          {message.channel !== undefined && <bdi>{channelName(message.channel)}</bdi>}
          {problem !== undefined && (
            <span class="row-problem" title={problem}>
              <Icon name="alert" />
              {problem}
            </span>
          )}
          <bdi class="row-scenario">
            {message.scenario ?? message.because ?? (message.refusal && "invalid request")}
          </bdi>
        </span>
      </div>
    </div>
  )
}
