/** Which message is open, as the address says: `#/messages/<id>`. */

const pattern = /^#\/messages\/(.+)$/

/** The id of the message that the address names. */
export const openedId = (): string | undefined => {
  const encoded = pattern.exec(location.hash)?.[1]
  if (encoded === undefined) return undefined
  try {
    return decodeURIComponent(encoded)
  } catch {
    // Not written by this page; as an id it leads to "no such message", which is what it is.
    return encoded
  }
}

/** `replace` keeps the history short while the reader steps from message to message. */
export const goTo = (id: string | undefined, how: "push" | "replace"): void => {
  const hash = id === undefined ? "#/" : `#/messages/${encodeURIComponent(id)}`
  if (how === "push") history.pushState(null, "", hash)
  else history.replaceState(null, "", hash)
}

/** Calls back when the reader goes back or forth, or edits the address. */
export const onNavigated = (listener: () => void): void => {
  window.addEventListener("hashchange", listener)
  window.addEventListener("popstate", listener)
}
