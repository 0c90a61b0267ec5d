import type { ComponentChildren, JSX } from "preact"
import { useState } from "preact/hooks"
import type { Attempt, Message, Update } from "../src/Message.ts"
import { CopyButton } from "./CopyButton.tsx"
import { curlOfUpdate } from "./curl.ts"
import { Icon } from "./Icon.tsx"
import { Json } from "./Json.tsx"
import { Pill } from "./Pill.tsx"
import { toneOf } from "./status.ts"
import { counted, madeVisible } from "./text.ts"
import { ahead, clockTime, duration, fullTime } from "./time.ts"

const Time = ({ at }: { readonly at: string }): JSX.Element => (
  <time dateTime={at} title={fullTime(at)}>
    {clockTime(at)}
  </time>
)

const after = (from: string, to: string): string => duration(Date.parse(to) - Date.parse(from))

const isSuccess = (status: number | undefined): boolean =>
  status !== undefined && status >= 200 && status < 300

const Attempts = ({ attempts }: { readonly attempts: ReadonlyArray<Attempt> }): JSX.Element => (
  <ol class="attempts" aria-label={counted(attempts.length, "attempt")}>
    {attempts.map((attempt, index) => (
      <li key={index} class={isSuccess(attempt.status) ? "attempt-good" : "attempt-bad"}>
        <Icon name={isSuccess(attempt.status) ? "tick" : "close"} />
        <span class="attempt-answer">
          {attempt.status === undefined ? (
            <bdi>{attempt.problem ?? "no answer"}</bdi>
          ) : (
            `answered ${attempt.status}`
          )}
        </span>
        <span class="quiet">
          <Time at={attempt.at} /> · {duration(attempt.durationMillis)}
        </span>
        {(attempt.headers !== undefined || attempt.answer !== undefined) && (
          <details class="event-body">
            <summary aria-label={`Headers and answer of attempt ${index + 1}`}>
              <Icon name="chevron" />
              Headers
            </summary>
            <pre tabIndex={0} role="region" aria-label={`Headers of attempt ${index + 1}`}>
              {Object.entries(attempt.headers ?? {}).map(([name, value]) => (
                <span key={name}>
                  <span class="raw-header">{madeVisible(name)}:</span> {madeVisible(value)}
                  {"\n"}
                </span>
              ))}
              {attempt.answer !== undefined && (
                <>
                  {"\nanswer:\n"}
                  {madeVisible(attempt.answer)}
                </>
              )}
            </pre>
          </details>
        )}
      </li>
    ))}
  </ol>
)

const stateNames: Readonly<Record<Update["state"], string>> = {
  waiting: "sending",
  received: "received",
  retrying: "retrying",
  "given-up": "given up",
  "not-allowed": "not allowed",
  dropped: "dropped",
}

/** The delivery state of an update, in words. */
const stateWords = ({ dueAt, state }: Update, now: number): string =>
  state === "waiting" && Date.parse(dueAt) > now
    ? `waiting, due ${ahead(dueAt, now)}`
    : stateNames[state]

const UpdateItem = (props: {
  readonly update: Update
  readonly webhookUrl: string | undefined
  readonly copy: (text: string) => Promise<boolean>
  /** When the request arrived. */
  readonly receivedAt: string
  readonly now: number
  readonly onResend: (updateId: string) => Promise<void>
}): JSX.Element => {
  const { now, update } = props
  const [isSending, setIsSending] = useState(false)
  const resend = async (): Promise<void> => {
    setIsSending(true)
    await props.onResend(update.id)
    setIsSending(false)
  }
  // The mock refuses to resend an update that is still waiting or whose receiver is not allowed.
  const canResend = update.state !== "waiting" && update.state !== "not-allowed"
  const lastHeaders = update.attempts.at(-1)?.headers
  const isLate = update.dueAt !== update.happensAt
  const isAhead = Date.parse(update.happensAt) > now
  return (
    <li class={`event event-${toneOf(update.status)}${isAhead ? " event-ahead" : ""}`}>
      <div class="event-head">
        <Pill status={update.status} />
        <span class="quiet">
          <Time at={update.happensAt} /> · +{after(props.receivedAt, update.happensAt)}
        </span>
        <span class={`state state-${update.state}`}>{stateWords(update, now)}</span>
        <div class="event-actions">
          {props.webhookUrl !== undefined && lastHeaders !== undefined && (
            <CopyButton
              label="Copy update as curl"
              isSmall={true}
              text={curlOfUpdate(update, props.webhookUrl, lastHeaders)}
              copy={props.copy}
            />
          )}
          {canResend && (
            <button
              type="button"
              class="button button-small"
              aria-label={`Resend update ${update.id}, ${update.status}`}
              title="Resend"
              disabled={isSending}
              onClick={() => void resend()}
            >
              <Icon name="again" />
              <span class="button-words">{isSending ? "Sending…" : "Resend"}</span>
            </button>
          )}
        </div>
      </div>
      {isLate && (
        <p class="event-note">
          Sent late by the scenario: due <Time at={update.dueAt} />, +
          {after(props.receivedAt, update.dueAt)}
        </p>
      )}
      {update.attempts.length > 0 && <Attempts attempts={update.attempts} />}
      <details class="event-body">
        <summary>
          <Icon name="chevron" />
          Body
        </summary>
        <pre tabIndex={0} role="region" aria-label={`Body of update ${update.id}`}>
          <Json text={JSON.stringify(update.body)} />
        </pre>
      </details>
    </li>
  )
}

const hostOf = (url: string): string => {
  try {
    return new URL(url).hostname
  } catch {
    return url
  }
}

/** What the reader has to do to receive updates. Null when updates can be delivered. */
const Hint = (props: {
  readonly message: Message
  readonly webhookUrl: string
}): ComponentChildren => {
  const { message } = props
  if (message.refusal !== undefined) {
    return (
      <p class="hint hint-warning">
        Refused as invalid: <bdi>{message.refusal.reason}</bdi>
      </p>
    )
  }
  if (!message.accepted) return null
  if (message.webhookUrl === undefined) {
    return (
      <p class="hint">
        No updates: the request has no webhookUrl. Add{" "}
        <code>"webhookUrl": "{props.webhookUrl}"</code> to its body to receive updates.
      </p>
    )
  }
  if (message.updates.some(({ state }) => state === "not-allowed")) {
    return (
      <p class="hint hint-warning">
        Nothing was sent to <bdi>{message.webhookUrl}</bdi>: by default, the mock sends updates to
        this machine only. Start it with <code>--allow-host {hostOf(message.webhookUrl)}</code> to
        allow this host.
      </p>
    )
  }
  return null
}

/** The request and its updates, in the order in which they are due. */
export const Timeline = (props: {
  readonly message: Message
  readonly webhookUrl: string
  readonly now: number
  readonly copy: (text: string) => Promise<boolean>
  readonly onResend: (updateId: string) => Promise<void>
}): JSX.Element => {
  const { message } = props
  const status = message.accepted ? "ACCEPTED" : "REFUSED"
  return (
    <section class="card" aria-labelledby="timeline-heading">
      <h3 id="timeline-heading">Timeline</h3>
      <Hint message={message} webhookUrl={props.webhookUrl} />
      <ol class="timeline">
        <li class={`event event-${toneOf(status)}`}>
          <div class="event-head">
            <Pill status={status} />
            <span class="quiet">
              <Time at={message.receivedAt} />
            </span>
            <span class="state state-none">
              {message.answer === undefined ? "no answer" : `answered ${message.answer.status}`}
            </span>
          </div>
        </li>
        {message.updates.map((update) => (
          <UpdateItem
            key={update.id}
            update={update}
            webhookUrl={message.webhookUrl}
            copy={props.copy}
            receivedAt={message.receivedAt}
            now={props.now}
            onResend={props.onResend}
          />
        ))}
      </ol>
      {message.accepted && message.webhookUrl !== undefined && message.updates.length === 0 && (
        <p class="quiet">This scenario has no updates.</p>
      )}
    </section>
  )
}
