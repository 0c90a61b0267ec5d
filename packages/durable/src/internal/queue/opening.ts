/** When a program that does not send in quiet hours may send. */
import type { SentError } from "@effect-sent/core/SentError"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { rejectInvalid } from "../options.ts"
import { checkQuietHours, openingAt as findOpening, type QuietHours } from "./quietHours.ts"

/** A time in which messages may be sent. */
export interface Opening {
  /** When it begins: the time that was asked about, if it is not a quiet one. */
  readonly from: DateTime.Utc
  /** When the next quiet hours begin. */
  readonly until: DateTime.Utc
}

/**
 * Finds the first opening at or after a time, for a program that does not send in quiet hours at all, whatever its messages say.
 * Fails with the reason `InvalidOptions` if the quiet hours are invalid.
 *
 * @example
 * ```ts
 * import { DurableSender } from "@effect-sent/durable"
 * import { DateTime, Effect } from "effect"
 *
 * const night = { zone: "Europe/Berlin", from: "21:00", to: "08:00" }
 * const { from } = await DurableSender.openingAt(night, DateTime.makeUnsafe("2030-06-01T20:00:00Z")).pipe(
 *   Effect.runPromise,
 * )
 * console.assert(DateTime.formatIso(from) === "2030-06-02T06:00:00.000Z")
 * ```
 */
export const openingAt = Effect.fnUntraced(function* (
  quietHours: QuietHours,
  time: DateTime.DateTime,
): Effect.fn.Return<Opening, SentError> {
  yield* rejectInvalid(checkQuietHours(quietHours))
  const { from, until } = findOpening(quietHours, DateTime.toEpochMillis(time))
  return { from: DateTime.makeUnsafe(from), until: DateTime.makeUnsafe(until) }
})
