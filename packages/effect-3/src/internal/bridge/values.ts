/** Values of Effect 3 as plain ones, and plain ones as values of Effect 3. */
import type { OptionsValue, ReasonValue } from "@effect-sent/facade/Value"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"

/** A value as a plain one. */
const toPlain = (value: unknown): unknown => {
  if (Duration.isDuration(value)) return { _tag: "Duration", millis: Duration.toMillis(value) }
  if (DateTime.isDateTime(value)) return { _tag: "Time", millis: DateTime.toEpochMillis(value) }
  if (BigDecimal.isBigDecimal(value)) return { _tag: "Decimal", text: BigDecimal.format(value) }
  return value
}

const fromPlain = (value: unknown): unknown => {
  if (!Predicate.hasProperty(value, "_tag")) return value
  if (value._tag === "Decimal" && "text" in value) {
    return BigDecimal.unsafeFromString(String(value.text))
  }
  if (value._tag === "Secret" && "value" in value) return Redacted.make(value.value)
  if (!("millis" in value) || !Predicate.isNumber(value.millis)) return value
  return value._tag === "Duration"
    ? Duration.millis(value.millis)
    : DateTime.unsafeMake(value.millis)
}

/** The fields of an object, or options, as plain ones. */
export const plainFields = (fields: object): OptionsValue =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, toPlain(value)]))

/** Plain fields as those of Effect 3. */
export const nativeFields = (fields: OptionsValue): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, fromPlain(value)]))

/** A tagged object as a plain one. */
export const plainTagged = (
  tagged: object & { readonly _tag: string },
): Omit<ReasonValue, "message"> => {
  const { _tag, ...fields } = { ...tagged }
  return { _tag, fields: plainFields(fields) }
}
