import type { JSX, RefObject } from "preact"
import { useLayoutEffect, useRef } from "preact/hooks"
import type { Message } from "../src/Message.ts"
import type { Info, Scenario } from "./api.ts"
import { CopyButton } from "./CopyButton.tsx"
import { curlOfMessage } from "./curl.ts"
import { Facts } from "./Facts.tsx"
import { Icon } from "./Icon.tsx"
import { IconButton } from "./IconButton.tsx"
import { Phone } from "./Phone.tsx"
import { Pill } from "./Pill.tsx"
import { Raw } from "./Raw.tsx"
import { statusLabel, titleOf } from "./status.ts"
import type { Opened } from "./store.ts"
import { Timeline } from "./Timeline.tsx"

interface Context {
  readonly info: Info | undefined
  readonly scenarios: ReadonlyArray<Scenario>
  readonly now: number
  readonly copy: (text: string) => Promise<boolean>
  readonly onResend: (id: string, updateId: string) => Promise<void>
}

const Body = (props: Context & { readonly message: Message }): JSX.Element => {
  const { info, message } = props
  const scrolled = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => scrolled.current?.scrollTo(0, 0), [message.id])
  return (
    <div class="reader-body" data-scrolls ref={scrolled}>
      <div class="reader-columns">
        <Phone message={message} />
        <div class="reader-cards">
          <Timeline
            // A new component for each message, so that unfolded details do not stay unfolded for the next one.
            key={message.id}
            message={message}
            webhookUrl={info?.webhookUrlHint ?? "http://127.0.0.1:3000/webhook"}
            now={props.now}
            copy={props.copy}
            onResend={(updateId) => props.onResend(message.id, updateId)}
          />
          <Facts
            message={message}
            summary={props.scenarios.find(({ name }) => name === message.scenario)?.summary}
          />
        </div>
      </div>
      <Raw message={message} />
    </div>
  )
}

const Gone = (): JSX.Element => (
  <div class="placeholder">
    <Icon name="never" />
    <p>
      <strong>No such message</strong>
    </p>
    <p>
      The mock stores messages in memory. They are removed when it stops or the inbox is cleared.
    </p>
  </div>
)

/** The opened message. */
export const OpenedMessage = (
  props: Context & {
    readonly opened: Opened
    readonly headingRef: RefObject<HTMLHeadingElement | null>
    readonly onClose: () => void
    readonly onRemove: (id: string) => void
  },
): JSX.Element => {
  const { message, isGone } = props.opened
  return (
    <>
      <header class="reader-head">
        <IconButton icon="back" label="Back to the list" class="back" onClick={props.onClose} />
        <h2 tabIndex={-1} ref={props.headingRef}>
          <bdi>{isGone ? "Message" : message === undefined ? "…" : titleOf(message)}</bdi>
        </h2>
        {message !== undefined && <Pill status={message.status} label={statusLabel(message)} />}
        <span class="spacer" />
        {/* Nothing is known of a malformed request that could be sent again. */}
        {message !== undefined && message.request.method !== "" && props.info !== undefined && (
          <CopyButton
            label="Copy as curl"
            text={curlOfMessage(message, props.info.baseUrl)}
            copy={props.copy}
          />
        )}
        {message !== undefined && (
          <IconButton
            icon="bin"
            label="Delete the message"
            title="Delete the message"
            onClick={() => props.onRemove(message.id)}
          />
        )}
        <IconButton
          icon="close"
          label="Close the message"
          title="Close (Esc)"
          class="close"
          onClick={props.onClose}
        />
      </header>
      {isGone && <Gone />}
      {message !== undefined && (
        <Body
          message={message}
          info={props.info}
          scenarios={props.scenarios}
          now={props.now}
          copy={props.copy}
          onResend={props.onResend}
        />
      )}
    </>
  )
}
