/** Formats times of the mock's clock. */

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const clockFormat = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" })
const shortFormat = new Intl.DateTimeFormat(undefined, { timeStyle: "short" })
const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" })
const fullFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "long" })

/** `12 s`, `3 min`, `2 h`, `5 d`. */
const span = (millis: number): string => {
  if (millis < minute) return `${Math.floor(millis / second)} s`
  if (millis < hour) return `${Math.floor(millis / minute)} min`
  if (millis < day) return `${Math.floor(millis / hour)} h`
  return `${Math.floor(millis / day)} d`
}

/** The time since then: `now`, `12 s`, …, and the date after a week. */
export const ago = (iso: string, now: number): string => {
  const passed = now - Date.parse(iso)
  if (passed < 3 * second) return "now"
  return passed < 7 * day ? span(passed) : dateFormat.format(new Date(iso))
}

/** The time until then: `in 4 s`. At least a second, because an update may be due and not sent yet. */
export const ahead = (iso: string, now: number): string =>
  `in ${span(Math.max(Date.parse(iso) - now, second))}`

/** A short duration: `4 ms`, `1.5 s`. */
export const duration = (millis: number): string => {
  if (millis < second) return `${Math.round(millis)} ms`
  if (millis < minute) return `${Number((millis / second).toFixed(1))} s`
  return span(millis)
}

/** The time of day. */
export const clockTime = (iso: string): string => clockFormat.format(new Date(iso))

/** Hours and minutes. */
export const shortTime = (iso: string): string => shortFormat.format(new Date(iso))

/** The full date and time. */
export const fullTime = (iso: string): string => fullFormat.format(new Date(iso))
