import type { JSX } from "preact"
import type { Message } from "../src/Message.ts"
import { Icon, type IconName } from "./Icon.tsx"
import { channelName, toneOf, type Tone } from "./status.ts"
import { shortId } from "./text.ts"
import { clockTime, shortTime } from "./time.ts"

/** The mark under a bubble, as messengers draw it. */
const icons: Readonly<Record<Tone, IconName>> = {
  quiet: "clock",
  moving: "tick",
  good: "ticks",
  read: "ticks",
  bad: "alert",
  refused: "alert",
}

const wordsOf = (status: string): string =>
  status === "ACCEPTED" ? "accepted, no update yet" : status.toLowerCase()

const Variables = ({ variables }: { readonly variables: Message["variables"] }): JSX.Element => {
  return (
    <dl class="bubble-variables">
      {Object.entries(variables).map(([name, value]) => (
        <div key={name}>
          <dt>
            <bdi>{name}</bdi>
          </dt>
          <dd>
            <bdi>{value === "" ? <em>empty</em> : value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  )
}

const Bubble = ({ message }: { readonly message: Message }): JSX.Element => {
  const tone = toneOf(message.status)
  const since = message.updates.findLast(({ status }) => status === message.status)
  return (
    <>
      <div class={`bubble bubble-${tone}`}>
        <p class="bubble-template">
          template <bdi title={message.templateId}>{shortId(message.templateId ?? "unknown")}</bdi>{" "}
          {Object.keys(message.variables).length === 0 ? "without variables" : "with"}
        </p>
        <Variables variables={message.variables} />
      </div>
      <p class={`marks marks-${tone}`}>
        <Icon name={icons[tone]} />
        <bdi>{wordsOf(message.status)}</bdi>
        <time dateTime={since?.happensAt ?? message.receivedAt}>
          {clockTime(since?.happensAt ?? message.receivedAt)}
        </time>
      </p>
    </>
  )
}

const NotSent = ({ message }: { readonly message: Message }): JSX.Element => (
  <div class="not-sent">
    <Icon name="never" />
    <strong>Not sent</strong>
    <p>
      {message.answer === undefined
        ? "The request was refused or not processed. Nothing reaches a phone."
        : `The answer was ${message.answer.status}. Nothing reaches a phone.`}
    </p>
  </div>
)

const channelWords = ({ accepted, channel }: Message): string => {
  if (channel !== undefined) return channelName(channel)
  return accepted ? "channel not known yet" : "no channel"
}

/** The message on the recipient's phone: the variables and the status. The mock does not have the template's text. */
export const Phone = ({ message }: { readonly message: Message }): JSX.Element => (
  <figure class="phone" aria-label="The recipient's phone">
    <div class="phone-screen">
      <div class="phone-top" aria-hidden="true">
        <span>{shortTime(message.receivedAt)}</span>
        <span class="phone-island" />
        <span class="phone-signal">
          <i />
          <i />
          <i />
          <i />
        </span>
      </div>
      <div class="phone-sender">
        <span class="phone-avatar">
          <Icon name="message" />
        </span>
        <bdi title={message.senderId}>
          {message.senderId === "" ? "no sender id" : shortId(message.senderId)}
        </bdi>
        <small>
          <bdi>{channelWords(message)}</bdi>
        </small>
      </div>
      <div class="phone-chat" tabIndex={0} role="region" aria-label="Chat" data-scrolls>
        {message.accepted ? <Bubble message={message} /> : <NotSent message={message} />}
      </div>
    </div>
  </figure>
)
