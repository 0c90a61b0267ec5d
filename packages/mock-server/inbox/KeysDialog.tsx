import type { JSX } from "preact"
import { Dialog } from "./Dialog.tsx"
import { Icon } from "./Icon.tsx"

const keys: ReadonlyArray<readonly [keys: ReadonlyArray<string>, meaning: string]> = [
  [["↓", "j"], "Older message"],
  [["↑", "k"], "Newer message"],
  [["Enter"], "Open the message"],
  [["Esc"], "Close the message, leave the search"],
  [["/"], "Search"],
  [["Home", "End"], "Newest, oldest loaded"],
  [["?"], "These keys"],
]

/** What the keys do. */
export const KeysDialog = (props: { readonly onClose: () => void }): JSX.Element => (
  <Dialog label="Keys" kind="box" onClose={props.onClose}>
    {(close) => (
      <>
        <header class="dialog-title">
          <h2>Keys</h2>
          <button
            type="button"
            class="button button-icon"
            aria-label="Close the keys"
            onClick={close}
          >
            <Icon name="close" />
          </button>
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
