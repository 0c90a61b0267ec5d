import type { JSX } from "preact"
import { useEffect, useState } from "preact/hooks"
import { Icon } from "./Icon.tsx"

const doneMillis = 1600

/** Copies a text. After copying, the icon is a tick for a moment. */
export const CopyButton = (props: {
  readonly label: string
  readonly text: string
  readonly isSmall?: boolean
  readonly copy: (text: string) => Promise<boolean>
}): JSX.Element => {
  const [isDone, setIsDone] = useState(false)
  useEffect(() => {
    if (!isDone) return undefined
    const timer = setTimeout(() => setIsDone(false), doneMillis)
    return () => clearTimeout(timer)
  }, [isDone])
  return (
    <button
      type="button"
      class={props.isSmall === true ? "button button-small" : "button"}
      // The visible label may be hidden in a narrow window.
      aria-label={props.label}
      title={props.label}
      onClick={async () => setIsDone(await props.copy(props.text))}
    >
      <Icon name={isDone ? "tick" : "copy"} />
      <span class="button-words">{props.label}</span>
    </button>
  )
}
