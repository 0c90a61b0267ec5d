/** Reads the time of an update: that of RFC 3339 as documented, and whatever else can only mean one time. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

// RFC 3339, and ISO 8601 with an offset such as +0000 or none, which is UTC.
const isoTime =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:[.,](\d+))? ?(?:[Zz]|UTC|GMT|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?)?$/

// The date of HTTP: Fri, 31 Oct 2025 10:10:42 GMT.
const httpDate =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) (\d\d:\d\d:\d\d) GMT$/

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// Since 1970, in seconds, milliseconds, microseconds or nanoseconds: 10, 13, 16 or 19 digits until the year 2286.
const unixTime = /^(\d{10}(?:\.\d+)?|\d{13}|\d{16}|\d{19})$/

/** Reads a time. Undefined if it is malformed, or on a day that does not exist. */
export const parseTimestamp = (input: unknown): DateTime.Utc | undefined => {
  if (Predicate.isNumber(input)) return parseUnix(String(input))
  if (!Predicate.isString(input)) return undefined
  const text = input.trim()
  return parseIso(text) ?? parseHttpDate(text) ?? parseUnix(text)
}

const parseIso = (text: string): DateTime.Utc | undefined => {
  const [time, year, month, day, hour, minute, second, fraction = "", sign, hours, minutes] =
    isoTime.exec(text) ?? []
  if (time === undefined) return undefined
  const isLeapSecond = second === "60"
  const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === "-" ? -1 : 1)
  // The leap second is one of UTC. JavaScript has none, so it counts as the second before.
  if (isLeapSecond && (`${hour}:${minute}` !== "23:59" || offset !== 0)) return undefined
  const date = new Date(0)
  // Not `Date.UTC`, which would read the years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  const millis = Number(fraction.slice(0, 3).padEnd(3, "0"))
  date.setUTCHours(Number(hour), Number(minute), isLeapSecond ? 59 : Number(second), millis)
  // JavaScript would read the 30th of February as the 2nd of March, and the 13th month as January.
  const isInCalendar = date.getUTCDate() === Number(day) && date.getUTCMonth() + 1 === Number(month)
  return isInCalendar ? at(date.getTime() - offset * 60_000) : undefined
}

const parseHttpDate = (text: string): DateTime.Utc | undefined => {
  const [date, day, month = "", year, time] = httpDate.exec(text) ?? []
  if (date === undefined) return undefined
  const number = String(months.indexOf(month) / 3 + 1).padStart(2, "0")
  return parseIso(`${year}-${number}-${day}T${time}Z`)
}

const parseUnix = (text: string): DateTime.Utc | undefined => {
  if (!unixTime.test(text)) return undefined
  const digits = text.split(".")[0]?.length ?? 0
  return at(Math.floor(Number(text) / 10 ** (digits - 13)))
}

const at = (millis: number): DateTime.Utc | undefined =>
  Option.getOrUndefined(DateTime.make(millis))
