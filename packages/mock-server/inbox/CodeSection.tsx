import type { JSX } from "preact"
import { CopyButton } from "./CopyButton.tsx"

/** A heading and a text to copy into a shell or a file. */
export const CodeSection = (props: {
  readonly heading: string
  readonly text: string
  readonly copy: (text: string) => Promise<boolean>
}): JSX.Element => (
  <section class="welcome-step">
    <header>
      <h3>{props.heading}</h3>
      <CopyButton label="Copy" text={props.text} isSmall copy={props.copy} />
    </header>
    {/* Focusable, so that it can be scrolled by keyboard. */}
    <pre tabIndex={0} role="region" aria-label={props.heading} data-scrolls>
      {props.text}
    </pre>
  </section>
)
