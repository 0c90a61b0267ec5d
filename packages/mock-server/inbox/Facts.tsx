import type { ComponentChildren, JSX } from "preact"
import type { Message } from "../src/Message.ts"
import { fullTime } from "./time.ts"

const Fact = (props: {
  readonly name: string
  readonly children: ComponentChildren
}): JSX.Element => (
  <div>
    <dt>{props.name}</dt>
    <dd>{props.children}</dd>
  </div>
)

/** The details of a message. */
export const Facts = (props: {
  readonly message: Message
  readonly summary: string | undefined
}): JSX.Element => {
  const { message } = props
  const credentials = Object.entries(message.refusal?.credentials ?? {})
  return (
    <section class="card" aria-labelledby="facts-heading">
      <h3 id="facts-heading">Details</h3>
      <dl class="facts">
        {message.scenario !== undefined && (
          <Fact name="Scenario">
            <bdi>{message.scenario}</bdi>
            {props.summary !== undefined && <p class="quiet">{props.summary}</p>}
          </Fact>
        )}
        {message.because !== undefined && (
          <Fact name="Answer chosen by">
            <bdi>{message.because}</bdi>
          </Fact>
        )}
        {credentials.length > 0 && (
          <Fact name="Credentials">
            {credentials.map(([name, form]) => (
              <p key={name}>
                <bdi class="mono">{name}</bdi> {form}
              </p>
            ))}
          </Fact>
        )}
        <Fact name="Received">
          <time dateTime={message.receivedAt}>{fullTime(message.receivedAt)}</time>
        </Fact>
        <Fact name="Message number">{message.number.toLocaleString("en")}</Fact>
        <Fact name="Sender id">
          <bdi class="mono">{message.senderId === "" ? "none" : message.senderId}</bdi>
        </Fact>
        <Fact name="Template">
          {message.templateName !== undefined && (
            <p>
              <bdi>{message.templateName}</bdi>
            </p>
          )}
          <bdi class="mono">{message.templateId ?? "none"}</bdi>
        </Fact>
        {message.idempotencyKey !== undefined && (
          <Fact name="Idempotency key">
            <bdi class="mono">{message.idempotencyKey}</bdi>
            {message.replayOf !== undefined && (
              <p class="quiet">the answer of message {message.replayOf} was given again</p>
            )}
          </Fact>
        )}
        {message.recipients !== undefined && (
          <Fact name="Messages of the request">{message.recipients.toLocaleString("en")}</Fact>
        )}
        {message.price !== undefined && <Fact name="Price">{message.price.toFixed(4)}</Fact>}
        <Fact name="Message id">
          <bdi class="mono">{message.id}</bdi>
        </Fact>
        {message.webhookUrl !== undefined && (
          <Fact name="Webhook URL">
            <bdi class="mono">{message.webhookUrl}</bdi>
          </Fact>
        )}
      </dl>
    </section>
  )
}
