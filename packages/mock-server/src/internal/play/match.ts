/** Compares messages with a match, and finds the closest one when none matches. */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { formInWords } from "../http/refusal.ts"
import type { Message } from "../../Message.ts"
import { type Match, type MatchMembers, MessageNotFound } from "../../MessageMatch.ts"

/** Returns whether a message matches. */
export const matches = (match: Match, message: Message): boolean =>
  Predicate.isFunction(match) ? match(message) : differences(match, message).length === 0

/** The error for a match that none of these messages satisfies. `invalid` are the requests that were refused as invalid. */
export const notFound = (
  match: Match,
  messages: ReadonlyArray<Message>,
  invalid: ReadonlyArray<Message> = [],
): MessageNotFound => {
  const wanted = describe(match)
  const refused = inWords(invalid)
  if (Predicate.isFunction(match)) {
    return new MessageNotFound({ wanted, seen: messages.length, ...refused })
  }
  let nearest:
    { readonly message: Message; readonly differences: ReadonlyArray<string> } | undefined
  for (const message of messages) {
    const found = differences(match, message)
    // Of two equally close messages, the newer one is more likely to be the intended one.
    if (nearest === undefined || found.length <= nearest.differences.length) {
      nearest = { message, differences: found }
    }
  }
  return new MessageNotFound({
    wanted,
    seen: messages.length,
    ...refused,
    ...(nearest === undefined
      ? {}
      : {
          nearest: `message ${nearest.message.number}, where ${nearest.differences.join(" and ")}`,
        }),
  })
}

const inWords = (invalid: ReadonlyArray<Message>): { readonly refused?: string } => {
  const latest = invalid.at(-1)
  return latest === undefined
    ? {}
    : {
        refused:
          invalid.length === 1
            ? `1 request was refused as invalid: ${describeRefused(latest)}`
            : `${invalid.length} requests were refused as invalid, the latest: ${describeRefused(latest)}`,
      }
}

/** `request 3, POST /v1/messages/phone → 400: phoneNumber: Must match …`. */
const describeRefused = ({ answer, number, refusal, request }: Message): string => {
  const form = refusal === undefined ? "" : formInWords(refusal)
  const path = request.target.split("?")[0]
  return `request ${number}, ${request.method} ${path} → ${answer?.status}: ${refusal?.reason}${
    form === "" ? "" : ` (${form})`
  }`
}

type Pair = readonly [name: string, wanted: unknown, actual: unknown]

const ignoresCase = new Set(["templateId", "senderId"])

/** The value of a member of a match. Some are not members of a message itself. */
const memberOf = (message: Message, name: string): unknown => {
  if (name === "answerStatus") return message.answer?.status
  if (name === "reason") return message.refusal?.reason
  return Object.entries(message).find(([key]) => key === name)?.[1]
}

const pairs = (
  { variables = {}, ...members }: MatchMembers,
  message?: Message,
): ReadonlyArray<Pair> => [
  ...Object.entries(members)
    .filter(([, wanted]) => wanted !== undefined)
    .map(([name, wanted]): Pair => [
      name,
      wanted,
      message === undefined ? undefined : memberOf(message, name),
    ]),
  ...Object.entries(variables).map(([name, wanted]): Pair => [
    `variables.${name}`,
    wanted,
    message?.variables[name],
  ]),
]

const differences = (match: MatchMembers, message: Message): ReadonlyArray<string> =>
  pairs(match, message)
    .filter(([name, wanted, actual]) => !fits(name, wanted, actual))
    .map(([name, wanted, actual]) => `${name} is ${quoted(actual)}, ${missed(wanted)}`)

const fits = (name: string, wanted: unknown, actual: unknown): boolean => {
  if (Schema.isSchema(wanted)) return Schema.is(wanted)(actual)
  if (wanted instanceof RegExp) {
    // A global expression would continue after its last match.
    return Predicate.isString(actual) && actual.search(wanted) !== -1
  }
  if (Predicate.isFunction(wanted)) return wanted(actual) === true
  return ignoresCase.has(name) && Predicate.isString(wanted) && Predicate.isString(actual)
    ? wanted.toLowerCase() === actual.toLowerCase()
    : wanted === actual
}

const missed = (wanted: unknown): string => {
  if (Schema.isSchema(wanted)) return "which does not conform to the schema"
  if (wanted instanceof RegExp) return `which does not match ${String(wanted)}`
  if (Predicate.isFunction(wanted)) return `which ${nameOf(wanted)} rejects`
  return `not ${quoted(wanted)}`
}

/** Describes a match. */
export const describe = (match: Match): string => {
  if (Predicate.isFunction(match)) return "the function"
  const members = pairs(match).map(([name, wanted]) => `${name} ${inShort(wanted)}`)
  return members.length === 0 ? "an empty match" : members.join(" and ")
}

const inShort = (wanted: unknown): string => {
  if (Schema.isSchema(wanted)) return "of a schema"
  if (wanted instanceof RegExp) return String(wanted)
  return Predicate.isFunction(wanted) ? `accepted by ${nameOf(wanted)}` : quoted(wanted)
}

const nameOf = (predicate: { readonly name: string }): string =>
  predicate.name === "" ? "the function" : `the function ${predicate.name}`

const quoted = (value: unknown): string => (value === undefined ? "absent" : JSON.stringify(value))
