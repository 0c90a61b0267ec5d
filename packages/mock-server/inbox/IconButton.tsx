import type { JSX } from "preact"
import { Icon, type IconName } from "./Icon.tsx"

/** A button that shows only an icon. Screen readers read its label. */
export const IconButton = (props: {
  readonly icon: IconName
  readonly label: string
  readonly title?: string
  /** Additional CSS classes. */
  readonly class?: string
  readonly isDisabled?: boolean
  readonly onClick: () => void
}): JSX.Element => (
  <button
    type="button"
    class={`button button-icon ${props.class ?? ""}`.trim()}
    aria-label={props.label}
    title={props.title}
    disabled={props.isDisabled}
    onClick={props.onClick}
  >
    <Icon name={props.icon} />
  </button>
)
