import type { JSX } from "preact"
import { toneOf } from "./status.ts"

/** A status in its colour. */
export const Pill = (props: {
  readonly status: string
  /** What to write, where it is more than the status. */
  readonly label?: string
}): JSX.Element => (
  <span class={`pill pill-${toneOf(props.status)}`}>{props.label ?? props.status}</span>
)
