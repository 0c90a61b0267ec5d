/** Lists messages by the parameters of a query, newest first. */
import * as Result from "effect/Result"
import type { Message } from "../../Message.ts"
import { type Answer, problem } from "../http/answer.ts"
import type { Control } from "../play/control.ts"
import { cropped } from "./cropped.ts"
import { isFound } from "./search.ts"

export interface MessageList {
  readonly messages: ReadonlyArray<Message>
  /** The number of messages that match the filters, on all pages. */
  readonly total: number
  /** Whether older messages follow on the next page. */
  readonly more: boolean
}

/** Whether a list has the requests that were refused as invalid. */
type Refused = "exclude" | "include" | "only"

/**
 * Returns a page of messages, or the 400 that names the invalid parameter. `refused` applies unless the query has a parameter of
 * this name.
 */
export const listMessages = (
  control: Control,
  query: URLSearchParams,
  refused: Refused = "exclude",
): Result.Result<MessageList, Answer> =>
  Result.gen(function* () {
    for (const name of query.keys()) yield* known(name)
    const limit = yield* read(query, "limit", wholeNumber(1, 1000), 100)
    const before = yield* read(query, "before", wholeNumber(0, Number.MAX_SAFE_INTEGER), Infinity)
    const since = yield* read(query, "since", time, -Infinity)
    const until = yield* read(query, "until", time, Infinity)
    const search = query.get("search")?.trim() ?? ""
    const which = yield* refusedIn(query, refused)
    const senderId = query.get("senderId")?.toLowerCase()
    const found = [
      ...(which === "only" ? [] : control.recordsOf(senderId)),
      ...(which === "exclude" ? [] : control.refusedOf(senderId)),
    ]
      .toSorted((one, other) => one.number - other.number)
      .filter(
        (record) =>
          isSame(record.phoneNumber, query.get("phoneNumber")) &&
          isSame(record.templateId, query.get("templateId")) &&
          since <= record.receivedAt &&
          record.receivedAt < until &&
          (search === "" || isFound(control.show(record), search)),
      )
    const older = found.filter(({ number }) => number < before)
    // Only the messages of the page are converted: converting many thousands would take too long.
    const messages = older
      .slice(-limit)
      .toReversed()
      .map((record) => cropped(control.show(record)))
    return { messages, total: found.length, more: older.length > messages.length }
  })

const parameters = [
  "phoneNumber",
  "templateId",
  "senderId",
  "since",
  "until",
  "search",
  "limit",
  "before",
  "refused",
]

const refusedIn = (query: URLSearchParams, otherwise: Refused): Result.Result<Refused, Answer> => {
  const text = query.get("refused") ?? otherwise
  return text === "exclude" || text === "include" || text === "only"
    ? Result.succeed(text)
    : Result.fail(problem(400, "refused must be exclude, include or only"))
}

const known = (name: string): Result.Result<void, Answer> =>
  parameters.includes(name)
    ? Result.succeed(undefined)
    : Result.fail(
        problem(
          400,
          `Unknown parameter ${JSON.stringify(name.slice(0, 80))}; known parameters: ${parameters.join(", ")}`,
        ),
      )

/** The form of a parameter. */
interface Form {
  /** Returns NaN for an invalid text. */
  readonly parse: (text: string) => number
  /** Completes the sentence "… must be". */
  readonly expected: string
}

const wholeNumber = (least: number, most: number): Form => ({
  parse: (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    return value >= least && value <= most ? value : Number.NaN
  },
  expected: `a whole number from ${least} to ${most}`,
})

const time: Form = {
  parse: (text) => Date.parse(text),
  expected: "an ISO 8601 time, e.g. 2026-01-31T12:00:00Z",
}

/** Reads a parameter. Without the parameter, returns `otherwise`. */
const read = (
  query: URLSearchParams,
  name: string,
  { expected, parse }: Form,
  otherwise: number,
): Result.Result<number, Answer> => {
  const text = query.get(name)
  if (text === null) return Result.succeed(otherwise)
  const value = parse(text)
  return Number.isNaN(value)
    ? Result.fail(problem(400, `${name} must be ${expected}`))
    : Result.succeed(value)
}

// A plus sign in a query means a space, so a number that is typed without `%2B` begins with a space.
const isSame = (actual: string | undefined, wanted: string | null): boolean =>
  wanted === null || actual?.toLowerCase() === wanted.replace(/^ /, "+").toLowerCase()
