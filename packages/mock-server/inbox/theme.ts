/** The colour scheme: the system's, unless the reader chose the other one. */

/** A colour scheme. */
export type Theme = "light" | "dark"

const key = "effect-sent-mock.theme"
const systemIsDark = matchMedia("(prefers-color-scheme: dark)")

const system = (): Theme => (systemIsDark.matches ? "dark" : "light")

const chosen = (): Theme | undefined => {
  try {
    const value = localStorage.getItem(key)
    return value === "light" || value === "dark" ? value : undefined
  } catch {
    // Storage is disabled in this browser: use the system's scheme.
    return undefined
  }
}

let choice = chosen()

const show = (): void => {
  if (choice === undefined) delete document.documentElement.dataset["theme"]
  else document.documentElement.dataset["theme"] = choice
}

/** The current scheme. */
export const currentTheme = (): Theme => choice ?? system()

/** Applies the scheme of an earlier visit. Call it before the first rendering, so that the page does not flash. */
export const applyTheme = show

/** Switches the scheme. When the result is the system's scheme, the page follows the system again. */
export const toggleTheme = (): void => {
  const next = currentTheme() === "dark" ? "light" : "dark"
  choice = next === system() ? undefined : next
  show()
  try {
    if (choice === undefined) localStorage.removeItem(key)
    else localStorage.setItem(key, choice)
  } catch {
    // Storage is disabled in this browser: the choice lasts until the page is closed.
  }
}

/** Calls the listener when the system's scheme changes. Returns the function that unsubscribes it. */
export const onSystemTheme = (listener: () => void): (() => void) => {
  systemIsDark.addEventListener("change", listener)
  return () => systemIsDark.removeEventListener("change", listener)
}
