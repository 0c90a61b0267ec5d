/** Core's values as plain ones, and plain ones as core's. */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import * as SentError from "@effect-sent/core/SentError"
import type { Failure, FailureFacts, OptionsValue, ReasonValue } from "../Value.ts"

/** A value of a reason as a plain one. */
const toPlain = (value: unknown): unknown => {
  if (Duration.isDuration(value)) return { _tag: "Duration", millis: Duration.toMillis(value) }
  if (DateTime.isDateTime(value)) return { _tag: "Time", millis: DateTime.toEpochMillis(value) }
  if (BigDecimal.isBigDecimal(value)) return { _tag: "Decimal", text: BigDecimal.format(value) }
  return value
}

/** A plain value as core's. */
const fromPlain = (value: unknown): unknown => {
  if (!Predicate.hasProperty(value, "_tag")) return value
  if (value._tag === "Decimal" && "text" in value) {
    return BigDecimal.fromStringUnsafe(String(value.text))
  }
  if (!("millis" in value) || !Predicate.isNumber(value.millis)) return value
  return value._tag === "Duration"
    ? Duration.millis(value.millis)
    : DateTime.makeUnsafe(value.millis)
}

/** Options as core's. Of an absent one, core takes its default. */
export const optionsOf = (options: OptionsValue): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(options).map(([name, value]) => [name, fromPlain(value)]))

// -----------------------------------------------------------------------------
// Failures
// -----------------------------------------------------------------------------

const reasonValue = (reason: SentError.Reason): ReasonValue => ({
  _tag: reason._tag,
  message: reason.message,
  fields: Object.fromEntries(
    fieldsOf(reason._tag).flatMap((name) => {
      const value: unknown = Reflect.get(reason, name)
      return value === undefined ? [] : [[name, toPlain(value)]]
    }),
  ),
})

/** The classes of the reasons, by their tags. */
const classes: ReadonlyMap<string, (typeof SentError.Reason.members)[number]> =
  /* @__PURE__ */ new Map(
    /* @__PURE__ */ SentError.Reason.members.map((one) => [one.fields._tag.schema.literal, one]),
  )

const fieldsOf = (tag: string): ReadonlyArray<string> =>
  Object.keys(classes.get(tag)?.fields ?? {}).filter((name) => name !== "_tag")

/** Makes a reason of core. */
const reasonOf = ({ _tag, fields }: Pick<ReasonValue, "_tag" | "fields">): SentError.Reason => {
  const Reason = classes.get(_tag)
  if (Reason === undefined) throw new Error(`no such reason: ${_tag}`)
  // The types of a class per tag are those of the adapter's own classes, which have the same fields.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const make = Reason as unknown as new (fields: object) => SentError.Reason
  return new make(optionsOf(fields))
}

/** A failure of core as a plain one. */
export const failureOf = (error: SentError.SentError): Failure => ({
  reason: reasonValue(error.reason),
  attempts: error.attempts,
  unknownAttempts: error.unknownAttempts,
  facts: factsOf(error),
})

const factsOf = (error: SentError.SentError): FailureFacts => ({
  message: error.message,
  delivery: error.delivery,
  isTransient: error.isTransient,
  isRetryable: error.isRetryable,
  mendedBy: error.mendedBy,
  retryAfterMillis:
    error.retryAfter === undefined ? undefined : Duration.toMillis(error.retryAfter),
})

/** The error of core that a plain failure is of. */
export const errorOf = ({
  attempts,
  reason,
  unknownAttempts,
}: Pick<Failure, "attempts" | "unknownAttempts"> & {
  readonly reason: Pick<ReasonValue, "_tag" | "fields">
}): SentError.SentError =>
  new SentError.SentError({ reason: reasonOf(reason), attempts, unknownAttempts })

/** What an error with these fields says. */
export const describe = (error: Parameters<typeof errorOf>[0]): FailureFacts =>
  factsOf(errorOf(error))

/** The words of a reason with these fields. */
export const wordsOf = (reason: Pick<ReasonValue, "_tag" | "fields">): string =>
  reasonOf(reason).message
