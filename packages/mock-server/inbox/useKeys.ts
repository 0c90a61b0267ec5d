import { useEffect, useRef } from "preact/hooks"

/** What the keys do. */
export interface KeyActions {
  /** To the next older (1) or newer (-1) message, or by more. */
  readonly move: (by: number) => void
  readonly openSelected: () => void
  readonly close: () => void
  readonly focusSearch: () => void
  /** Out of the search box: empties it, and leaves it when it is empty. */
  readonly leaveSearch: () => void
  readonly focusList: () => void
  readonly showKeys: () => void
}

/** The rows that Page Up and Page Down step over. */
const pageRows = 8

const inSearch = (key: string, actions: KeyActions): boolean => {
  switch (key) {
    case "Escape":
      actions.leaveSearch()
      return true
    case "ArrowDown":
    case "Enter":
      actions.focusList()
      return true
    default:
      return false
  }
}

/** Moves that the opened message needs for scrolling, and that only count outside of it. */
const moves: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: pageRows,
  PageUp: -pageRows,
  Home: -Infinity,
  End: Infinity,
}

const elsewhere = (key: string, target: EventTarget | null, actions: KeyActions): boolean => {
  const element = target instanceof Element ? target : document.body
  const by = moves[key]
  if (by !== undefined) {
    if (element.closest("[data-scrolls]") !== null) return false
    actions.move(by)
    return true
  }
  switch (key) {
    case "j":
      actions.move(1)
      return true
    case "k":
      actions.move(-1)
      return true
    case "Enter":
      // On a button or a link, Enter is the button's.
      if (element !== document.body && element.getAttribute("role") !== "listbox") return false
      actions.openSelected()
      return true
    case "Escape":
      actions.close()
      return true
    case "/":
      actions.focusSearch()
      return true
    case "?":
      actions.showKeys()
      return true
    default:
      return false
  }
}

/** The keys of the page, wherever the focus is. */
export const useKeys = (actions: KeyActions): void => {
  const latest = useRef(actions)
  latest.current = actions
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
      // A dialog closes by itself and keeps all other keys.
      if (document.querySelector("dialog[open]") !== null) return
      const isDone =
        event.target instanceof HTMLInputElement
          ? inSearch(event.key, latest.current)
          : elsewhere(event.key, event.target, latest.current)
      if (isDone) event.preventDefault()
    }
    document.addEventListener("keydown", press)
    return () => document.removeEventListener("keydown", press)
  }, [])
}
