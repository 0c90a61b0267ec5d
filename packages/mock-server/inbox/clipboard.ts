/** For a page without the clipboard API: one that is not served from this machine, over plain HTTP. */
const copyBySelection = (text: string): boolean => {
  const before = document.activeElement
  const area = document.createElement("textarea")
  area.value = text
  area.className = "offscreen"
  // What lies outside of an open modal dialog cannot be selected.
  const parent = document.querySelector("dialog[open]") ?? document.body
  parent.append(area)
  area.select()
  try {
    // Deprecated, and the only way here.
    // oxlint-disable-next-line typescript/no-deprecated
    return document.execCommand("copy")
  } finally {
    area.remove()
    if (before instanceof HTMLElement) before.focus({ preventScroll: true })
  }
}

/** Whether the text is on the clipboard now. */
export const copyText = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text)
  }
}
