/** Quiet hours by the clocks of recipients, also when the clocks change. */
import { assert, describe, it } from "@effect/vitest"
import { openingAt } from "../src/internal/queue/quietHours.ts"

const hour = 3_600_000
/** The clocks of all zones show the hours below at a multiple of it. */
const step = 300_000

/** Days on which clocks change: by an hour, by half of one, at midnight, and by a whole day. */
const changes = [
  ["Europe/Berlin", "2030-03-31T01:00:00Z"],
  ["Europe/Berlin", "2030-10-27T01:00:00Z"],
  ["America/New_York", "2030-03-10T07:00:00Z"],
  ["Australia/Lord_Howe", "2030-04-06T15:00:00Z"],
  ["Australia/Lord_Howe", "2030-10-05T15:30:00Z"],
  ["America/Sao_Paulo", "2018-11-04T03:00:00Z"],
  ["Africa/Cairo", "2030-04-25T22:00:00Z"],
  ["Pacific/Apia", "2011-12-30T10:00:00Z"],
  ["Pacific/Chatham", "2030-09-28T14:00:00Z"],
  ["Asia/Kathmandu", "2030-06-15T12:00:00Z"],
  ["America/St_Johns", "2030-11-03T04:30:00Z"],
] as const

const hours = [
  ["21:00", "08:00"],
  ["21:00", "02:30"],
  ["02:30", "08:00"],
  ["02:10", "02:40"],
  ["00:00", "00:30"],
  ["23:30", "00:10"],
  ["12:00", "13:00"],
] as const

describe.each(changes)("in %s, around %s", (zone, change) => {
  const clock = new Intl.DateTimeFormat("en", {
    timeZone: zone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  })
  const shown = new Map<number, string>()
  const clockAt = (time: number): string => {
    const known = shown.get(time) ?? clock.format(time)
    shown.set(time, known)
    return known
  }
  const isQuiet = (from: string, to: string, time: number): boolean => {
    const local = clockAt(time)
    return from < to ? from <= local && local < to : from <= local || local < to
  }

  it.each(hours)("nobody is disturbed from %s to %s, or made to wait for long", (from, to) => {
    const changed = Date.parse(change)
    const length =
      (Date.parse(`2030-01-02T${to}Z`) - Date.parse(`2030-01-01T${from}Z`)) % (24 * hour)
    for (let time = changed - 6 * hour; time < changed + 6 * hour; time += 3 * step) {
      const opening = openingAt({ zone, from, to }, time)
      const seen = `${new Date(time).toISOString()}: ${new Date(opening.from).toISOString()}`
      assert.isAtLeast(opening.from, time, seen)
      assert.isAbove(opening.until, opening.from, seen)
      // What a change of the clocks adds to the quiet hours.
      assert.isAtMost(opening.from - time, length + 2 * hour, seen)
      for (let sent = opening.from; sent < opening.until; sent += step) {
        if (isQuiet(from, to, sent)) assert.fail(`${seen}, ${new Date(sent).toISOString()}`)
      }
    }
  })
})
