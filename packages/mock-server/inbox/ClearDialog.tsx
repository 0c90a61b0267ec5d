import type { JSX } from "preact"
import { Dialog } from "./Dialog.tsx"
import { counted } from "./text.ts"

/** Asks for confirmation before all messages are removed. */
export const ClearDialog = (props: {
  readonly total: number
  /** Whether `total` counts the results of a search. Other messages are removed, too. */
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
            ? "This removes every message, not only the search results,"
            : `This removes ${counted(props.total, "message")}`}{" "}
          and cancels pending updates.
        </p>
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={close}>
            Cancel
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
