/** Core's values as plain ones, and plain ones as core's. */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as SentError from "@effect-sent/core/SentError"
import type { Failure, FailureFacts, OptionsValue, ReasonValue } from "../Value.ts"

/** A value of core as a plain one. */
export const toPlain = (value: unknown): unknown => {
  if (Redacted.isRedacted(value)) return { _tag: "Secret", value: Redacted.value(value) }
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

/** The class of a reason of core. */
interface ReasonClass {
  readonly fields: Readonly<Record<string, unknown>>
}

/** Reasons of core, by their tags. */
export interface Reasons<Reason> {
  readonly valueOf: (reason: Reason) => ReasonValue
  readonly make: (value: Pick<ReasonValue, "_tag" | "fields">) => Reason
}

/** The reasons that have these classes, whose names are the tags. */
export const reasonsOf = <Reason extends Error & { readonly _tag: string }>(
  classes: ReadonlyMap<string, ReasonClass>,
): Reasons<Reason> => ({
  valueOf: (reason) => ({
    _tag: reason._tag,
    message: reason.message,
    fields: Object.fromEntries(
      Object.keys(classes.get(reason._tag)?.fields ?? {}).flatMap((name) => {
        const value: unknown = Reflect.get(reason, name)
        return name === "_tag" || value === undefined ? [] : [[name, toPlain(value)]]
      }),
    ),
  }),
  make: ({ _tag, fields }) => {
    const found = classes.get(_tag)
    if (found === undefined) throw new Error(`no such reason: ${_tag}`)
    // The types of a class per tag are those of the adapter's own classes, which have the same fields.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const Class = found as unknown as new (fields: object) => Reason
    return new Class(optionsOf(fields))
  },
})

const reasons = /* @__PURE__ */ reasonsOf<SentError.Reason>(
  /* @__PURE__ */ new Map(
    /* @__PURE__ */ SentError.Reason.members.map((one) => [one.fields._tag.schema.literal, one]),
  ),
)

/** A failure of core as a plain one. */
export const failureOf = (error: SentError.SentError): Failure => ({
  reason: reasons.valueOf(error.reason),
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
  new SentError.SentError({ reason: reasons.make(reason), attempts, unknownAttempts })

/** What an error with these fields says. */
export const describe = (error: Parameters<typeof errorOf>[0]): FailureFacts =>
  factsOf(errorOf(error))

/** The words of a reason with these fields. */
export const wordsOf = (reason: Pick<ReasonValue, "_tag" | "fields">): string =>
  reasons.make(reason).message
