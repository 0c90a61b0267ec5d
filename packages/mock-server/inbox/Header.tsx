import type { JSX, RefObject } from "preact"
import { useEffect, useState } from "preact/hooks"
import { Icon } from "./Icon.tsx"
import { IconButton } from "./IconButton.tsx"
import type { State } from "./store.ts"
import { counted } from "./text.ts"
import { currentTheme, onSystemTheme, toggleTheme } from "./theme.ts"

const liveWords: Readonly<Record<State["live"], string>> = {
  connecting: "connecting",
  live: "live",
  reconnecting: "reconnecting",
}

const ThemeButton = (): JSX.Element => {
  const [theme, setTheme] = useState(currentTheme)
  useEffect(() => onSystemTheme(() => setTheme(currentTheme())), [])
  const other = theme === "dark" ? "light" : "dark"
  return (
    <IconButton
      icon={theme === "dark" ? "sun" : "moon"}
      label={`Switch to ${other} colours`}
      title={`Switch to ${other} colours`}
      onClick={() => {
        toggleTheme()
        setTheme(currentTheme())
      }}
    />
  )
}

/** The title, the connection state, the search, and the actions on the whole inbox. */
export const Header = (props: {
  readonly state: State
  readonly searchRef: RefObject<HTMLInputElement | null>
  readonly onSearch: (search: string) => void
  readonly onScenarios: () => void
  readonly onKeys: () => void
  readonly onClear: () => void
  readonly onEnableWebhooks: () => void
}): JSX.Element => {
  const { answeredSearch, info, isLoaded, live, search, total } = props.state
  const disabledWebhooks = info?.disabledWebhooks ?? []
  const isDisabled = disabledWebhooks.length > 0
  return (
    <header class="top">
      <div class="brand">
        <img src="icon.svg" alt="" width="24" height="24" />
        <h1>effect-sent mock</h1>
        <span class={`live live-${live}`} role="status">
          {liveWords[live]}
        </span>
      </div>
      <div class="search" role="search">
        <Icon name="search" />
        <input
          ref={props.searchRef}
          type="search"
          placeholder="Number, variable, status:failed, is:refused…"
          aria-label="Search messages"
          autocomplete="off"
          spellcheck={false}
          value={search}
          onInput={(event) => props.onSearch(event.currentTarget.value)}
        />
        <span class="count">
          {isLoaded && search === answeredSearch
            ? search === ""
              ? counted(total, "message")
              : `${total.toLocaleString("en")} found`
            : "…"}
        </span>
        <kbd aria-hidden="true">/</kbd>
      </div>
      {(info?.droppedUpdates ?? 0) > 0 && (
        <span class="dropped" role="status">
          {counted(info?.droppedUpdates ?? 0, "update")} dropped
        </span>
      )}
      {isDisabled && (
        <span class="dropped" role="status">
          Webhook disabled after ten failures{" "}
          <button
            type="button"
            class="button"
            title={disabledWebhooks.join(", ")}
            onClick={props.onEnableWebhooks}
          >
            Enable
          </button>
        </span>
      )}
      <div class="top-buttons">
        <button
          type="button"
          class="button"
          // The visible label is hidden in a narrow window.
          aria-label="Scenarios"
          onClick={props.onScenarios}
        >
          <Icon name="list" />
          <span class="button-words">Scenarios</span>
        </button>
        <button
          type="button"
          class="button button-icon top-keys"
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts (?)"
          onClick={props.onKeys}
        >
          ?
        </button>
        <ThemeButton />
        <IconButton
          icon="bin"
          label="Clear the inbox"
          title="Clear the inbox"
          isDisabled={total === 0 && search === ""}
          onClick={props.onClear}
        />
      </div>
    </header>
  )
}
