import type { ComponentChildren, JSX } from "preact"
import { useEffect, useRef } from "preact/hooks"

/** A modal dialog, open as long as it is there. Escape and a click beside it close it. */
export const Dialog = (props: {
  readonly label: string
  readonly kind: "drawer" | "box"
  readonly onClose: () => void
  readonly children: (close: () => void) => ComponentChildren
}): JSX.Element => {
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => ref.current?.showModal(), [])
  // The dialog's own closing gives the focus back to where it was.
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
