/** Copies without the clipboard API, which a page from another machine over plain HTTP does not have. */
const copyBySelection = (text: string): boolean => {
  const before = document.activeElement
  const area = document.createElement("textarea")
  area.value = text
  area.className = "offscreen"
  // Text outside of an open modal dialog cannot be selected.
  const parent = document.querySelector("dialog[open]") ?? document.body
  parent.append(area)
  area.select()
  try {
    // Deprecated, but the only way without the clipboard API.
    // oxlint-disable-next-line typescript/no-deprecated
    return document.execCommand("copy")
  } finally {
    area.remove()
    if (before instanceof HTMLElement) before.focus({ preventScroll: true })
  }
}

/** Copies a text. Returns whether it is on the clipboard. */
export const copyText = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text)
  }
}
