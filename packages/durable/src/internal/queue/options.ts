/** Checks what callers pass. */
import type { Issue } from "@effect-sent/core/SentError"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { checkQuietHours, type QuietHours } from "./quietHours.ts"

/** How urgent a message is. */
export type Priority = "high" | "normal" | "low"

/** The priorities, the most urgent first, with their columns. */
export const priorities: ReadonlyMap<Priority, number> = new Map<Priority, number>([
  ["high", 0],
  ["normal", 1],
  ["low", 2],
])

/** How a message is enqueued. */
export interface EnqueueOptions {
  /**
   * The caller's name for this one message, of 1 to 255 characters, e.g. `order 12345 shipped`. However often it is enqueued,
   * it is sent at most once.
   */
  readonly key: string
  /** When it may be sent. Default: now. */
  readonly notBefore?: DateTime.DateTime.Input | undefined
  /** Until when it may be sent. After that, it is `expired`. Default: it is sent, however late. */
  readonly notAfter?: DateTime.DateTime.Input | undefined
  /** When the recipient is not to be disturbed, by the recipient's clock. Default: never. */
  readonly quietHours?: QuietHours | undefined
  /** What is sent first, of what is due. Default: `normal`. */
  readonly priority?: Priority | undefined
  /** Your own reference, of 1 to 255 characters. It is returned with the send, and nothing else. */
  readonly reference?: string | undefined
}

const maxTextLength = 255

/** What is wrong with a key. */
const checkKey = (key: unknown): ReadonlyArray<Issue> => checkText(key, "key")

const checkText = (text: unknown, name: string): ReadonlyArray<Issue> =>
  Predicate.isString(text) &&
  text.length >= 1 &&
  text.length <= maxTextLength &&
  text.isWellFormed()
    ? []
    : [{ path: [name], message: `must be a text of 1 to ${maxTextLength} characters` }]

/** What is wrong with how a message is enqueued. */
export const checkEnqueue = (options: EnqueueOptions): ReadonlyArray<Issue> => {
  const { key, notAfter, notBefore, priority, quietHours, reference } = options
  const [from, until] = [timeOf(notBefore), timeOf(notAfter)]
  return [
    ...checkKey(key),
    ...(reference === undefined ? [] : checkText(reference, "reference")),
    ...(notBefore !== undefined && from === undefined ? [notATime("notBefore")] : []),
    ...(notAfter !== undefined && until === undefined ? [notATime("notAfter")] : []),
    ...(from !== undefined && until !== undefined && until <= from
      ? [{ path: ["notAfter"], message: "must be later than `notBefore`" }]
      : []),
    ...(priority === undefined || priorities.has(priority)
      ? []
      : [{ path: ["priority"], message: 'must be "high", "normal" or "low"' }]),
    ...(quietHours === undefined ? [] : checkQuietHours(quietHours)),
  ]
}

/** What is wrong with a time. */
export const notATime = (name: string): Issue => ({
  path: [name],
  message:
    "must be a time: a DateTime, a Date, milliseconds since 1970, or a text such as 2030-01-01T09:00:00Z",
})

/** A time in milliseconds since 1970. Undefined if it is none, or absent. */
export const timeOf = (time: DateTime.DateTime.Input | undefined): number | undefined =>
  time === undefined
    ? undefined
    : Option.getOrUndefined(
        Option.map(DateTime.make(time), ({ epochMilliseconds }) => Math.round(epochMilliseconds)),
      )

const minSecretLength = 32

/** What is wrong with a secret. It is not shown. */
export const checkSecret = (
  secret: string | Redacted.Redacted<string>,
  name: string,
): ReadonlyArray<Issue> => {
  const text: unknown = Redacted.isRedacted(secret) ? Redacted.value(secret) : secret
  return Predicate.isString(text) && text.length >= minSecretLength
    ? []
    : [{ path: [name], message: `must have at least ${minSecretLength} characters` }]
}

/** What is wrong with a number of messages. */
export const checkConcurrency = (concurrency: number): ReadonlyArray<Issue> =>
  Number.isSafeInteger(concurrency) && concurrency >= 1 && concurrency <= 1000
    ? []
    : [{ path: ["concurrency"], message: "must be a whole number from 1 to 1000" }]
