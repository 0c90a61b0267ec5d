import type { ComponentChildren, JSX } from "preact"
import type { Answer, Message } from "../src/Message.ts"
import { Json } from "./Json.tsx"
import { madeVisible } from "./text.ts"

const Exchange = (props: {
  readonly heading: string
  readonly startLine: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}): JSX.Element => (
  <pre class="raw" tabIndex={0} role="region" aria-label={props.heading}>
    <b>{madeVisible(props.startLine)}</b>
    {Object.entries(props.headers).map(([name, value]) => (
      <span key={name}>
        {"\n"}
        <span class="raw-header">{madeVisible(name)}:</span> {madeVisible(value)}
      </span>
    ))}
    {props.body !== undefined && props.body !== "" && (
      <>
        {"\n\n"}
        <Json text={props.body} />
      </>
    )}
  </pre>
)

/** What a fault did to the answer. Undefined when the answer arrived whole. */
const brokenWords: Readonly<Record<Answer["delivery"], string | undefined>> = {
  whole: undefined,
  reset: "The connection was reset: this answer did not reach the caller.",
  truncated: "The answer was truncated: only part of it reached the caller.",
  malformed: "The caller received malformed bytes instead of this answer.",
}

const AnswerPart = ({ answer }: { readonly answer: Answer | undefined }): ComponentChildren => {
  if (answer === undefined) {
    return (
      <p class="hint">
        No answer: it is delayed, or a fault reset the connection before acceptance.
      </p>
    )
  }
  const broken = brokenWords[answer.delivery]
  return (
    <>
      {broken !== undefined && <p class="hint hint-warning">{broken}</p>}
      <Exchange
        heading="Raw answer"
        startLine={`HTTP/1.1 ${answer.status}`}
        headers={answer.headers}
        body={
          // A string is shown as it is, not as JSON.
          typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body)
        }
      />
    </>
  )
}

/** The raw request and the raw answer. */
export const Raw = ({ message }: { readonly message: Message }): JSX.Element => {
  const { request } = message
  return (
    <div class="exchanges">
      <section class="card" aria-labelledby="request-heading">
        <h3 id="request-heading">Request</h3>
        <Exchange
          heading="Raw request"
          startLine={
            request.method === ""
              ? "malformed, and not stored"
              : `${request.method} ${request.target} HTTP/1.1`
          }
          headers={request.headers}
          body={request.body}
        />
      </section>
      <section class="card" aria-labelledby="answer-heading">
        <h3 id="answer-heading">Answer</h3>
        <AnswerPart answer={message.answer} />
      </section>
    </div>
  )
}
