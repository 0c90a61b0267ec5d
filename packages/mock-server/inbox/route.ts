/** The address of the opened message: `#/messages/<id>`. */

const pattern = /^#\/messages\/(.+)$/

/** The id of the message in the address. */
export const openedId = (): string | undefined => {
  const encoded = pattern.exec(location.hash)?.[1]
  if (encoded === undefined) return undefined
  try {
    return decodeURIComponent(encoded)
  } catch {
    // Malformed, so not written by this page. As an id, it leads to "No such message".
    return encoded
  }
}

/** The search in the address: `?search=status:failed`. */
export const searched = (): string => new URLSearchParams(location.search).get("search") ?? ""

/** Keeps the search in the address, so that it survives a reload and can be shared. */
export const keepSearch = (search: string): void => {
  const query = search === "" ? "" : `?${new URLSearchParams({ search }).toString()}`
  history.replaceState(null, "", `${location.pathname}${query}${location.hash}`)
}

/** Changes the address. `replace` keeps the history short while the reader moves from message to message. */
export const goTo = (id: string | undefined, how: "push" | "replace"): void => {
  const hash = id === undefined ? "#/" : `#/messages/${encodeURIComponent(id)}`
  if (how === "push") history.pushState(null, "", hash)
  else history.replaceState(null, "", hash)
}

/** Calls the listener when the reader navigates the history or edits the address. */
export const onNavigated = (listener: () => void): void => {
  window.addEventListener("hashchange", listener)
  window.addEventListener("popstate", listener)
}
