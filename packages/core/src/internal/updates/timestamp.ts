/** Timestamps of RFC 3339. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

// The date and time of RFC 3339. JavaScript reads many other formats, and a time without a zone as local time.
const dateTime =
  /^(\d{4}-\d\d-(\d\d))[Tt ](?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

// The leap second of UTC. JavaScript has none, so it counts as the second before.
const leapSecond = /(?<=[Tt ]23:59:)60(?=(?:\.\d+)?[Zz]$)/

/** Parses a timestamp. Undefined if it is malformed, or on a day that does not exist. */
export const parseTimestamp = (text: string): DateTime.Utc | undefined => {
  const [time, date = "", day] = dateTime.exec(text.replace(leapSecond, "59")) ?? []
  // JavaScript would read the 30th of February as the 2nd of March.
  const isInCalendar = new Date(date).getUTCDate() === Number(day)
  return time !== undefined && isInCalendar
    ? Option.getOrUndefined(DateTime.make(time.toUpperCase()))
    : undefined
}
