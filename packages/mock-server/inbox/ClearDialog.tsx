import type { JSX } from "preact"
import { Dialog } from "./Dialog.tsx"
import { counted } from "./text.ts"

/** Asks before everything is forgotten. */
export const ClearDialog = (props: {
  readonly total: number
  /** The count is that of a search, and all the others go as well. */
  readonly isSearching: boolean
  readonly onClear: () => void
  readonly onClose: () => void
}): JSX.Element => (
  <Dialog label="Clear the inbox" kind="box" onClose={props.onClose}>
    {(close) => (
      <>
        <h2>Clear the inbox?</h2>
        <p>
          {props.isSearching
            ? "The mock forgets every message, not only those of this search"
            : `The mock forgets ${counted(props.total, "message")}`}
          , and the updates that are still to come.
        </p>
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={close}>
            Keep
          </button>
          <button
            type="button"
            class="button button-danger"
            onClick={() => {
              close()
              props.onClear()
            }}
          >
            Clear
          </button>
        </div>
      </>
    )}
  </Dialog>
)
