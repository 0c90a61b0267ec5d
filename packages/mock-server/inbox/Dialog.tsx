import type { ComponentChildren, JSX } from "preact"
import { useEffect, useRef } from "preact/hooks"

/** A modal dialog that is open while it is mounted. Escape and a click outside of it close it. */
export const Dialog = (props: {
  readonly label: string
  readonly kind: "drawer" | "box"
  readonly onClose: () => void
  readonly children: (close: () => void) => ComponentChildren
}): JSX.Element => {
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => ref.current?.showModal(), [])
  // `close` of the dialog element restores the focus.
  const close = (): void => ref.current?.close()
  return (
    <dialog
      ref={ref}
      class={`dialog dialog-${props.kind}`}
      aria-label={props.label}
      onClose={props.onClose}
      onClick={(event) => {
        if (event.target === event.currentTarget) close()
      }}
    >
      <div class="dialog-inner">{props.children(close)}</div>
    </dialog>
  )
}
