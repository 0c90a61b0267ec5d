import type { JSX } from "preact"
import { toneOf } from "./status.ts"

/** A status in the colour of its tone. */
export const Pill = (props: {
  readonly status: string
  /** The text. Default: the status. */
  readonly label?: string
}): JSX.Element => (
  <span class={`pill pill-${toneOf(props.status)}`}>{props.label ?? props.status}</span>
)
