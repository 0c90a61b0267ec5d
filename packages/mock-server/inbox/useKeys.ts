import { useEffect, useRef } from "preact/hooks"

/** The actions of the keyboard shortcuts. */
export interface KeyActions {
  /** Moves the selection by this many messages. Positive numbers move to older messages. */
  readonly move: (by: number) => void
  readonly openSelected: () => void
  readonly close: () => void
  readonly focusSearch: () => void
  /** Clears the search box, or leaves it when it is empty. */
  readonly leaveSearch: () => void
  readonly focusList: () => void
  readonly showKeys: () => void
}

/** The number of rows that Page Up and Page Down move by. */
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

/** Keys that move the selection. Inside the opened message, they scroll instead. */
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
      // On a button or a link, Enter activates it.
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

/** Handles the keyboard shortcuts of the page, regardless of the focus. */
export const useKeys = (actions: KeyActions): void => {
  const latest = useRef(actions)
  latest.current = actions
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
      // An open dialog handles Escape itself and ignores all shortcuts.
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
