import type { JSX } from "preact"
import { Dialog } from "./Dialog.tsx"
import { IconButton } from "./IconButton.tsx"

const keys: ReadonlyArray<readonly [keys: ReadonlyArray<string>, meaning: string]> = [
  [["↓", "j"], "Older message"],
  [["↑", "k"], "Newer message"],
  [["Enter"], "Open the message"],
  [["Esc"], "Close the message, or leave the search"],
  [["/"], "Search"],
  [["Home", "End"], "Newest, or oldest loaded message"],
  [["?"], "Show keyboard shortcuts"],
]

/** Lists the keyboard shortcuts. */
export const KeysDialog = (props: { readonly onClose: () => void }): JSX.Element => (
  <Dialog label="Keyboard shortcuts" kind="box" onClose={props.onClose}>
    {(close) => (
      <>
        <header class="dialog-title">
          <h2>Keyboard shortcuts</h2>
          <IconButton icon="close" label="Close the keyboard shortcuts" onClick={close} />
        </header>
        <dl class="keys">
          {keys.map(([names, meaning]) => (
            <div key={meaning}>
              <dt>
                {names.map((name) => (
                  <kbd key={name}>{name}</kbd>
                ))}
              </dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      </>
    )}
  </Dialog>
)
