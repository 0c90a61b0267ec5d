/** The hours in which a recipient is not disturbed, by the recipient's clock. */
import type { Issue } from "@effect-sent/core/SentError"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** From one local time until another one, of the next day if it is the earlier one. */
export interface QuietHours {
  /** The IANA time zone of the recipient, e.g. `Europe/Berlin`. */
  readonly zone: string
  /** When they begin, e.g. `21:00`. */
  readonly from: string
  /** When they end, e.g. `08:00`. */
  readonly to: string
}

const Column = Schema.fromJsonString(
  Schema.Struct({ zone: Schema.String, from: Schema.String, to: Schema.String }),
)

/** Quiet hours as a column. */
export const toColumn: (quietHours: QuietHours) => string = Schema.encodeSync(Column)

/** The quiet hours of a column. */
export const fromColumn = (column: string | null): QuietHours | undefined =>
  column === null ? undefined : Option.getOrUndefined(Schema.decodeUnknownOption(Column)(column))

/** What is wrong with quiet hours. */
export const checkQuietHours = (value: QuietHours): ReadonlyArray<Issue> => {
  const { from, to, zone } = value
  return [
    ...(typeof zone === "string" && Option.isSome(DateTime.zoneMakeNamed(zone))
      ? []
      : [issue("zone", 'must be an IANA time zone, e.g. "Europe/Berlin"')]),
    ...(timeOf(from) === undefined ? [issue("from", rightTime)] : []),
    ...(timeOf(to) === undefined ? [issue("to", rightTime)] : []),
    ...(from === to ? [issue("to", "must differ from `from`")] : []),
  ]
}

const rightTime = 'must be a time of 24 hours, e.g. "21:00"'

const issue = (name: string, message: string): Issue => ({ path: ["quietHours", name], message })

interface Time {
  readonly hour: number
  readonly minute: number
}

const timeOf = (text: string): Time | undefined => {
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
  return hour === undefined ? undefined : { hour: Number(hour), minute: Number(minute) }
}

/** A time in which messages may be sent. */
export interface Opening {
  /** When it begins: the time asked for, if it is not a quiet one. */
  readonly from: number
  /** When the next quiet hours begin. */
  readonly until: number
}

/** The first opening at or after a time, in milliseconds since 1970. */
export const openingAt = (quietHours: QuietHours | undefined, time: number): Opening => {
  const [from, to] = [timeOf(quietHours?.from ?? ""), timeOf(quietHours?.to ?? "")]
  if (quietHours === undefined || from === undefined || to === undefined) {
    return { from: time, until: Number.POSITIVE_INFINITY }
  }
  // A local time that comes twice, or never, when the clocks change: the quiet hours are the longer ones.
  const begins = next(quietHours.zone, from, time, "earlier")
  const ends = next(quietHours.zone, to, time, "later")
  // Whichever comes first says whether it is quiet now.
  return begins < ends
    ? { from: time, until: begins }
    : { from: ends, until: next(quietHours.zone, from, ends, "earlier") }
}

/** The next instant after a time at which the clocks of a zone show a local time. */
const next = (
  zone: string,
  { hour, minute }: Time,
  after: number,
  disambiguation: "earlier" | "later",
): number => {
  const today = DateTime.toParts(DateTime.makeZonedUnsafe(after, { timeZone: zone }))
  for (let days = 0; days <= 2; days++) {
    // The day before a change of the clocks is not 24 hours long: the parts are counted, and not the milliseconds.
    const date = DateTime.toPartsUtc(
      DateTime.add(DateTime.makeUnsafe({ year: today.year, month: today.month, day: today.day }), {
        days,
      }),
    )
    const instant = DateTime.makeZonedUnsafe(
      { year: date.year, month: date.month, day: date.day, hour, minute },
      { timeZone: zone, adjustForTimeZone: true, disambiguation },
    ).epochMilliseconds
    if (instant > after) return instant
  }
  return after + 86_400_000
}
