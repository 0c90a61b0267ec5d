/** Light or dark: the system's wish, unless the reader chose the other one. */

/** How the page looks. */
export type Theme = "light" | "dark"

const key = "effect-sent-mock.theme"
const systemIsDark = matchMedia("(prefers-color-scheme: dark)")

const system = (): Theme => (systemIsDark.matches ? "dark" : "light")

const chosen = (): Theme | undefined => {
  try {
    const value = localStorage.getItem(key)
    return value === "light" || value === "dark" ? value : undefined
  } catch {
    // Storage is turned off in this browser: the system's wish counts.
    return undefined
  }
}

let choice = chosen()

const show = (): void => {
  if (choice === undefined) delete document.documentElement.dataset["theme"]
  else document.documentElement.dataset["theme"] = choice
}

/** What is shown now. */
export const currentTheme = (): Theme => choice ?? system()

/** Shows what was chosen at an earlier visit. Before anything is drawn, so that nothing flashes. */
export const applyTheme = show

/** Shows the other one. Choosing what the system wishes follows the system again. */
export const toggleTheme = (): void => {
  const next = currentTheme() === "dark" ? "light" : "dark"
  choice = next === system() ? undefined : next
  show()
  try {
    if (choice === undefined) localStorage.removeItem(key)
    else localStorage.setItem(key, choice)
  } catch {
    // Not remembered, for want of storage; the page itself has switched.
  }
}

/** Calls back when the system changes its wish. Gives what ends it. */
export const onSystemTheme = (listener: () => void): (() => void) => {
  systemIsDark.addEventListener("change", listener)
  return () => systemIsDark.removeEventListener("change", listener)
}
