/** Reads the input of a send over v3, and says what is wrong with it and where. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { Issue, SentError } from "../../SentError.ts"
import * as Kind from "../options.ts"
import { decodeOrExplain } from "../send/explain.ts"
import {
  explainNumber,
  invalid,
  textIssues,
  variableIssues,
  withoutUndefined,
} from "../send/input.ts"
import { getMessage, sendMessages } from "../send/operation.ts"
import type { LookUp, MessagesRequest } from "./request.ts"

/**
 * Validates an input as a send does, which may come from a caller whom TypeScript does not check. Use it to reject a message
 * before it is put into a queue.
 *
 * @example
 * ```ts
 * import { SentMessages } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const error = await SentMessages.readInput({ to: ["12"], text: "Hello" }).pipe(
 *   Effect.flip,
 *   Effect.runPromise,
 * )
 * console.assert(error.delivery === "not-sent" && error.message.includes("to.0 must be an E.164"))
 * ```
 */
export const readInput = (input: unknown): Effect.Effect<MessagesRequest, SentError> => {
  const given = plain(input)
  const beyond = beyondSchema(given)
  return decode(given).pipe(
    Effect.mapError((issues) => [...issues.map((issue) => explain(issue, given)), ...beyond]),
    Effect.flatMap((request) =>
      beyond.length === 0 ? Effect.succeed(request) : Effect.fail(beyond),
    ),
    Effect.mapError(invalid),
  )
}

/** Validates the id of a message. */
export const readId = (id: unknown): Effect.Effect<LookUp, SentError> =>
  Effect.mapError(decodeId({ id }), invalid)

const decode = /* @__PURE__ */ decodeOrExplain(sendMessages.request)

const decodeId = /* @__PURE__ */ decodeOrExplain(getMessage.request)

const plain = (input: unknown): unknown => {
  const given = withoutUndefined(input)
  return Predicate.hasProperty(given, "template")
    ? { ...given, template: withoutUndefined(given.template) }
    : given
}

const explain = (issue: Issue, input: unknown): Issue => {
  const [field, index] = issue.path
  return field === "to" && Predicate.hasProperty(input, "to") && Array.isArray(input.to)
    ? explainNumber(issue, input.to[Number(index)])
    : issue
}

const beyondSchema = (input: unknown): ReadonlyArray<Issue> => {
  if (!Predicate.isObject(input)) return []
  const { template, text }: { readonly template?: unknown; readonly text?: unknown } = input
  const parameters = Predicate.hasProperty(template, "parameters") ? template.parameters : undefined
  const name = Predicate.hasProperty(template, "name") ? template.name : undefined
  return [
    ...(Predicate.isString(text) ? Kind.at("text", textIssues(text)) : []),
    ...Kind.at("template", [
      ...(Predicate.isString(name) ? Kind.at("name", textIssues(name)) : []),
      ...Kind.at("parameters", variableIssues(parameters)),
    ]),
  ]
}
