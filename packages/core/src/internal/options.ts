/**
 * Checks options, when a layer is built or a send begins: one table of kinds for each module, one checker for all of them.
 *
 * ```ts
 * const kinds = Kind.struct<Options>({
 *   limit: Kind.required(Kind.whole(1)),
 *   window: Kind.required(Kind.duration()),
 *   key: Kind.text,
 * })
 *
 * yield* Kind.checkOptions(kinds, given) // fails with InvalidOptions
 * ```
 *
 * A table has a kind for every option of its type, or it does not compile. Every option that is not `required` may be
 * absent. An issue says which option is wrong by path, what is right and what was given. It never shows a secret.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { InvalidOptions, type Issue, SentError } from "../SentError.ts"

// -----------------------------------------------------------------------------
// Tables
// -----------------------------------------------------------------------------

/** Finds the issues of a value, with paths that begin at the value. */
export type Kind = (value: unknown) => ReadonlyArray<Issue>

/** The kind of an option that must not be absent. */
export type Required = Kind & { readonly isRequired: true }

/** A kind for each option of a type. */
export type Kinds<O> = {
  readonly [K in keyof O]-?: undefined extends O[K] ? Kind : Required
}

/** Makes an option required. */
export const required = (kind: Kind): Required =>
  Object.assign((value: unknown) => kind(value), { isRequired: true } as const)

/** An object with these options and no other ones. */
export const struct =
  <O extends object>(kinds: Kinds<O>): Kind =>
  (value) => {
    if (!isOptions(value)) return [wrong("must be an object with options", describe(value))]
    const known = Object.entries<Kind | Required>(kinds)
    const names = known.map(([name]) => name)
    return [
      ...Object.keys(value)
        .filter((name) => !names.includes(name))
        .map((name) => ({ path: [name], message: notAnOption(name, names) })),
      ...known.flatMap(([name, kind]) => {
        const given: unknown = Reflect.get(value, name)
        return given === undefined && !("isRequired" in kind) ? [] : at(name, kind(given))
      }),
    ]
  }

// A list, a Map, an Effect or a promise has none of the options, and would be taken for an object without options.
const isOptions = (value: unknown): value is object =>
  Predicate.isObject(value) && !(Symbol.iterator in value) && !Predicate.isPromiseLike(value)

/** Puts a name before the paths of issues. */
export const at = (name: string, issues: ReadonlyArray<Issue>): ReadonlyArray<Issue> =>
  issues.map(({ message, path }) => ({ path: [name, ...path], message }))

const notAnOption = (name: string, names: ReadonlyArray<string>): string => {
  const nearest = nearestTo(name, names)
  return nearest === undefined
    ? `is not an option (the options are ${names.join(", ")})`
    : `is not an option (did you mean ${nearest}?)`
}

/** The name that has most pairs of letters in common (Dice's coefficient), if it has enough of them. */
const nearestTo = (name: string, names: ReadonlyArray<string>): string | undefined => {
  const pairs = pairsOf(name)
  const [nearest] = names
    .map((known) => {
      const others = pairsOf(known)
      const common = [...pairs].filter((pair) => others.has(pair)).length
      return { known, score: (2 * common) / (pairs.size + others.size) }
    })
    .filter(({ score }) => score > 0.3)
    .toSorted((a, b) => b.score - a.score)
  return nearest?.known
}

const pairsOf = (name: string): ReadonlySet<string> => {
  const letters = name.toLowerCase()
  return new Set(Array.from(letters, (_, index) => letters.slice(index, index + 2)).slice(0, -1))
}

// -----------------------------------------------------------------------------
// Kinds
// -----------------------------------------------------------------------------

/** A value that passes a test. `right` completes "the option …". */
export const where =
  (right: string, test: (value: unknown) => boolean): Kind =>
  (value) =>
    test(value) ? [] : [wrong(right, describe(value))]

/** A duration above zero: finite, unless it may be infinite. */
export const duration = ({ infinite = false, zero = false } = {}): Kind =>
  where(
    `must be a ${infinite ? "" : "finite "}duration${zero ? "" : " above zero"}, e.g. "30 seconds"`,
    (value) =>
      !Number.isNaN(value) &&
      Option.exists(
        // It also reads values of other types: as no duration, or as zero.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        Duration.fromInput(value as Duration.Input),
        (given) =>
          (zero ? !Duration.isNegative(given) : Duration.isPositive(given)) &&
          (infinite || Duration.isFinite(given)),
      ),
  )

/** A whole number, `min` or more. */
export const whole = (min: number): Kind =>
  where(
    `must be a whole number, ${min} or more`,
    (value) => Number.isSafeInteger(value) && Number(value) >= min,
  )

/** A finite number, above `min` or, unless `isAbove`, equal to it. */
export const number = (min: number, isAbove = false): Kind =>
  where(
    `must be a number ${isAbove ? "above" : "of at least"} ${min}`,
    (value) => Number.isFinite(value) && (isAbove ? Number(value) > min : Number(value) >= min),
  )

/** A boolean, and not the text of one. */
export const boolean: Kind = where("must be true or false", Predicate.isBoolean)

/** A text that is not empty. */
export const text: Kind = where(
  "must be a string that is not empty",
  (value) => Predicate.isString(value) && value !== "",
)

/** A function. */
export const fn: Kind = where("must be a function", Predicate.isFunction)

/** One of these values. */
export const oneOf = (...values: ReadonlyArray<string>): Kind =>
  where(
    `must be ${values.map((value) => JSON.stringify(value)).join(" or ")}`,
    (value) => Predicate.isString(value) && values.includes(value),
  )

/** An object with these methods. `what` names it. */
export const having = (what: string, ...methods: ReadonlyArray<string>): Kind =>
  where(`must be ${what}`, (value) =>
    methods.every(
      (name) => Predicate.hasProperty(value, name) && Predicate.isFunction(value[name]),
    ),
  )

/** Either of two kinds; the issues are those of the second one. */
export const either =
  (one: Kind, other: Kind): Kind =>
  (value) =>
    one(value).length === 0 ? [] : other(value)

/**
 * A secret, plain or `Redacted`. `problemOf` says what else is wrong with it, without showing it; empty if that is all in
 * `right`.
 */
export const secret =
  (right: string, problemOf: (secret: string) => string | undefined): Kind =>
  (value) => {
    const given = Redacted.isRedacted(value) ? Redacted.value(value) : value
    const problem = Predicate.isString(given)
      ? (slipIn(given) ?? problemOf(given))
      : `it is ${Predicate.isNullish(given) ? String(given) : describeType(given)}`
    if (problem === undefined) return []
    return [{ path: [], message: problem === "" ? right : `${right} (${problem})` }]
  }

/** One or more of a kind, in a list or alone. */
export const oneOrMore =
  (one: Kind): Kind =>
  (value) => {
    if (!Array.isArray(value)) return one(value)
    return value.length === 0
      ? [{ path: [], message: "must not be an empty list" }]
      : value.flatMap((item: unknown, index) => at(String(index), one(item)))
  }

/** What goes wrong with secrets on their way through shells, files and templates. */
const slipIn = (given: string): string | undefined => {
  if (given === "") return "it is empty"
  if (/^(?:undefined|null|NaN|\[object \w+\])$/.test(given)) {
    return `it is the word "${given}": a variable was not set`
  }
  if (/^(["'`]).*\1$/s.test(given)) return "it is in quotes: remove them"
  if (/^\s|\s$/.test(given)) return "it begins or ends with a space or a line break"
  return undefined
}

// -----------------------------------------------------------------------------
// Words
// -----------------------------------------------------------------------------

const wrong = (right: string, given: string): Issue => ({
  path: [],
  message: `${right} (got ${given})`,
})

/** What was given. Long texts are left out: they may be anything. */
const describe = (value: unknown): string => {
  if (Predicate.isString(value)) {
    return value.length <= 24 ? JSON.stringify(value) : `a string of ${value.length} characters`
  }
  if (Duration.isDuration(value)) return Duration.format(value)
  if (Predicate.isNumber(value) || Predicate.isBoolean(value) || Predicate.isNullish(value)) {
    return String(value)
  }
  return describeType(value)
}

const describeType = (value: unknown): string => {
  if (Array.isArray(value)) return "an array"
  if (!Predicate.isObject(value)) return `a ${typeof value}`
  const { constructor } = value
  const name = Predicate.isFunction(constructor) ? constructor.name : ""
  return /^[A-Z]\w*$/.test(name) && name !== "Object" ? `a ${name}` : "an object"
}

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/** The error of invalid options. */
const invalidOptions = (issues: ReadonlyArray<Issue>): SentError =>
  new SentError({ reason: new InvalidOptions({ issues }), attempts: 0 })

/** Fails if there is any issue. */
export const rejectInvalid = (issues: ReadonlyArray<Issue>): Effect.Effect<void, SentError> =>
  issues.length === 0 ? Effect.void : Effect.fail(invalidOptions(issues))

/** Fails if options are not of their kind. */
export const checkOptions = (kind: Kind, value: unknown): Effect.Effect<void, SentError> =>
  rejectInvalid(kind(value))
