/** Reads the input of a send, and says what is wrong with it and where. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { InvalidRequest, type Issue, SentError } from "../../SentError.ts"
import type { SendToPhoneRequest } from "../../SendToPhone.ts"
import * as Kind from "../options.ts"
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
  const given = withoutUndefined(input)
  const beyond = Predicate.isObject(given) ? variableIssues(Reflect.get(given, "messageBody")) : []
  return decode(given).pipe(
    Effect.mapError((issues) => [...issues.map((issue) => explain(issue, given)), ...beyond]),
    Effect.flatMap((request) =>
      beyond.length === 0 ? Effect.succeed(request) : Effect.fail(beyond),
    ),
    Effect.mapError(
      (issues) => new SentError({ reason: new InvalidRequest({ issues }), attempts: 0 }),
    ),
  )
}

const decode = decodeOrExplain(sendToPhone.request)

// `{ webhookUrl: undefined }` means an absent field, as it does in JSON.
const withoutUndefined = (input: unknown): unknown =>
  Predicate.isObject(input) && !Array.isArray(input)
    ? Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
    : input

const explain = (issue: Issue, input: unknown): Issue => {
  const number =
    issue.path.join(".") === "phoneNumber" && Predicate.hasProperty(input, "phoneNumber")
      ? input.phoneNumber
      : undefined
  const problem = Predicate.isString(number) ? problemOfNumber(number) : undefined
  return problem === undefined
    ? issue
    : { path: issue.path, message: `${issue.message} (${problem})` }
}

// The schema reads own fields only, and JSON has a form for lone surrogates that strict readers reject.
const variableIssues = (variables: unknown): ReadonlyArray<Issue> => {
  if (!Predicate.isObject(variables) || Array.isArray(variables)) return []
  const entries = Object.entries(variables)
  const issues = [
    ...plainObject(variables),
    ...entries
      .filter(([name]) => !isWellFormed(name))
      .map(() => ({ path: [], message: "has a name that is not well-formed Unicode" })),
    ...entries.flatMap(([name, value]) =>
      Predicate.isString(value) && !isWellFormed(value)
        ? {
            path: [name],
            message: `is not well-formed Unicode (a lone surrogate at ${placeOf(value)})`,
          }
        : [],
    ),
  ]
  return Kind.at("messageBody", issues)
}

// Of another realm too, whose prototype is not this one's.
const plainObject = Kind.where('must be a plain object, e.g. { name: "John" }', (value) => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
})

const loneSurrogate = /\p{Cs}/u

const isWellFormed = (text: string): boolean => !loneSurrogate.test(text)

const placeOf = (text: string): string => `character ${text.search(loneSurrogate) + 1}`
