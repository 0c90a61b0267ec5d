/** Reads the input of a send, and says what is wrong with it and where. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { InvalidRequest, type Issue, SentError } from "../../SentError.ts"
import type { SendToPhoneRequest } from "../../SendToPhone.ts"
import * as Kind from "../options.ts"
import * as Pattern from "../patterns.ts"
import { decodeOrExplain } from "./explain.ts"
import { sendToPhone } from "./operation.ts"
import { problemOfNumber } from "./phoneNumber.ts"

/**
 * Validates an input as a send does, which may come from a caller whom TypeScript does not check. Use it to reject a message
 * before it is put into a queue.
 *
 * @example
 * ```ts
 * import { SentClient } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const error = await SentClient.readInput({ phoneNumber: "12", templateId: "" }).pipe(
 *   Effect.flip,
 *   Effect.runPromise,
 * )
 * console.assert(error.delivery === "not-sent" && error.reason._tag === "InvalidRequest")
 * ```
 */
export const readInput = (input: unknown): Effect.Effect<SendToPhoneRequest, SentError> => {
  const request = plainRequest(input)
  return request === undefined ? explainInput(input) : Effect.succeed(request)
}

// -----------------------------------------------------------------------------
// What is plainly valid
// -----------------------------------------------------------------------------

/**
 * The request of an input that is plainly valid, which nearly all are. Of any other one, the schema decides whether it is
 * valid after all, and what is wrong with it. A test holds both to each other.
 */
export const plainRequest = (input: unknown): SendToPhoneRequest | undefined => {
  const fields = plainFields(input, (name, value) => fieldRules.get(name)?.(value) === true)
  if (fields === undefined || !("phoneNumber" in fields && "templateId" in fields)) return undefined
  if (fields["messageBody"] !== undefined) {
    fields["messageBody"] = plainFields(fields["messageBody"], isVariable)
    if (fields["messageBody"] === undefined) return undefined
  }
  // Each field has passed its rule.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return fields as unknown as SendToPhoneRequest
}

const matches =
  (pattern: RegExp, maxLength = Infinity) =>
  (value: unknown): boolean =>
    Predicate.isString(value) && value.length <= maxLength && pattern.test(value)

const fieldRules: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ["phoneNumber", matches(Pattern.phoneNumber)],
  ["templateId", matches(Pattern.guid)],
  ["messageBody", Predicate.isObject],
  ["webhookUrl", matches(Pattern.webhookUrl, Pattern.maxUrlLength)],
])

const isVariable = (name: string, value: unknown): boolean =>
  name !== "__proto__" && Predicate.isString(value) && isWellFormed(name) && isWellFormed(value)

/** A copy of a plain object, if all of its fields are right. Each value is read once. */
const plainFields = (
  value: unknown,
  isRight: (name: string, value: unknown) => boolean,
): Record<string, unknown> | undefined => {
  if (!Predicate.isObject(value)) return undefined
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return undefined
  const fields: Record<string, unknown> = {}
  for (const name of Object.keys(value)) {
    const field = value[name]
    if (!isRight(name, field)) return undefined
    fields[name] = field
  }
  return fields
}

// -----------------------------------------------------------------------------
// What is wrong with the others
// -----------------------------------------------------------------------------

const explainInput = (input: unknown): Effect.Effect<SendToPhoneRequest, SentError> => {
  const given = withoutUndefined(input)
  const beyond = Predicate.isObject(given)
    ? Kind.at("messageBody", variableIssues(Reflect.get(given, "messageBody")))
    : []
  return decode(given).pipe(
    Effect.mapError((issues) => [...issues.map((issue) => explain(issue, given)), ...beyond]),
    Effect.flatMap((request) =>
      beyond.length === 0 ? Effect.succeed(request) : Effect.fail(beyond),
    ),
    Effect.mapError(invalid),
  )
}

/** The error of an input that has these issues. */
export const invalid = (issues: ReadonlyArray<Issue>): SentError =>
  new SentError({ reason: new InvalidRequest({ issues }), attempts: 0 })

const decode = decodeOrExplain(sendToPhone.request)

/** `{ webhookUrl: undefined }` means an absent field, as it does in JSON. */
export const withoutUndefined = (input: unknown): unknown =>
  Predicate.isObject(input) && !Array.isArray(input)
    ? Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
    : input

const explain = (issue: Issue, input: unknown): Issue => {
  const number =
    issue.path.join(".") === "phoneNumber" && Predicate.hasProperty(input, "phoneNumber")
      ? input.phoneNumber
      : undefined
  return explainNumber(issue, number)
}

/** Adds to an issue of a number what is wrong with it. */
export const explainNumber = (issue: Issue, number: unknown): Issue => {
  const problem = Predicate.isString(number) ? problemOfNumber(number) : undefined
  return problem === undefined
    ? issue
    : { path: issue.path, message: `${issue.message} (${problem})` }
}

/**
 * What is wrong with the variables of a template beyond their types: the schema reads own fields only, and JSON has a form for
 * lone surrogates that strict readers reject.
 */
export const variableIssues = (variables: unknown): ReadonlyArray<Issue> => {
  if (!Predicate.isObject(variables) || Array.isArray(variables)) return []
  const entries = Object.entries(variables)
  return [
    ...plainObject(variables),
    ...entries
      .filter(([name]) => !isWellFormed(name))
      .map(() => ({ path: [], message: "has a name that is not well-formed Unicode" })),
    ...entries.flatMap(([name, value]) =>
      Predicate.isString(value) ? Kind.at(name, textIssues(value)) : [],
    ),
  ]
}

/** What is wrong with a text beyond its type. */
export const textIssues = (text: string): ReadonlyArray<Issue> =>
  isWellFormed(text)
    ? []
    : [
        {
          path: [],
          message: `is not well-formed Unicode (a lone surrogate at ${placeOf(text)})`,
        },
      ]

// Of another realm too, whose prototype is not this one's.
const plainObject = Kind.where('must be a plain object, e.g. { name: "John" }', (value) => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
})

const loneSurrogate = /\p{Cs}/u

const isWellFormed = (text: string): boolean => !loneSurrogate.test(text)

const placeOf = (text: string): string => `character ${text.search(loneSurrogate) + 1}`
