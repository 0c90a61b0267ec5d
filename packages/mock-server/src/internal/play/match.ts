/** Compares messages with a match, and finds the closest one when none matches. */
import * as Predicate from "effect/Predicate"
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
  const refused = inWords(invalid)
  if (Predicate.isFunction(match)) {
    return new MessageNotFound({ wanted: "the function", seen: messages.length, ...refused })
  }
  const wanted = describe(match)
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
export const describeRefused = ({ answer, number, refusal, request }: Message): string => {
  const form = refusal === undefined ? "" : formInWords(refusal)
  const path = request.target.split("?")[0]
  return `request ${number}, ${request.method} ${path} → ${answer?.status}: ${refusal?.reason}${
    form === "" ? "" : ` (${form})`
  }`
}

type Pair = readonly [name: string, wanted: unknown, actual: unknown]

const ignoresCase = new Set(["templateId", "senderId"])

const pairs = (
  { variables = {}, ...members }: MatchMembers,
  message?: Message,
): ReadonlyArray<Pair> => [
  ...Object.entries(members)
    .filter(([, wanted]) => wanted !== undefined)
    .map(([name, wanted]): Pair => {
      const actual =
        message === undefined
          ? undefined
          : Object.entries(message).find(([key]) => key === name)?.[1]
      return [name, wanted, actual]
    }),
  ...Object.entries(variables).map(([name, wanted]): Pair => [
    `variables.${name}`,
    wanted,
    message?.variables[name],
  ]),
]

const differences = (match: MatchMembers, message: Message): ReadonlyArray<string> =>
  pairs(match, message)
    .filter(([name, wanted, actual]) => !isSame(name, wanted, actual))
    .map(([name, wanted, actual]) => `${name} is ${quoted(actual)}, not ${quoted(wanted)}`)

const isSame = (name: string, wanted: unknown, actual: unknown): boolean =>
  ignoresCase.has(name) && Predicate.isString(wanted) && Predicate.isString(actual)
    ? wanted.toLowerCase() === actual.toLowerCase()
    : wanted === actual

const describe = (match: MatchMembers): string => {
  const members = pairs(match).map(([name, wanted]) => `${name} ${quoted(wanted)}`)
  return members.length === 0 ? "an empty match" : members.join(" and ")
}

const quoted = (value: unknown): string => (value === undefined ? "absent" : JSON.stringify(value))
