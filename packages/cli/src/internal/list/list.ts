/** A list of people: one message for each row. It is read and checked as a whole before anything is sent. */
import { SentClient, type SentError, type SendToPhone } from "@effect-sent/core"
import { Effect, Result } from "effect"
import { readFile } from "node:fs/promises"
import { basename } from "node:path"
import { type Ended, messageOf, usage } from "../ended.ts"
import { readNumber } from "./number.ts"
import { readTable, type Row } from "./rows.ts"
import { textOf } from "./text.ts"

/** A message of a list. */
export interface Message {
  readonly line: number
  readonly input: SendToPhone.Input
  /** Which message to this number it is in the list, from 1. */
  readonly nth: number
}

/** A row that cannot be sent. */
export interface Problem {
  readonly line: number
  readonly problem: string
}

/** A row with a number that an earlier row has, too. */
export interface Repeated {
  readonly line: number
  readonly first: number
  /** Whether the whole message is the same. */
  readonly isEqual: boolean
}

/** A list. */
export interface List {
  readonly name: string
  /** How many rows have anything in them. */
  readonly rows: number
  readonly messages: ReadonlyArray<Message>
  readonly problems: ReadonlyArray<Problem>
  readonly repeated: ReadonlyArray<Repeated>
  /** The number of phone numbers from which spaces or invisible characters were removed. */
  readonly mended: number
}

/** How a list is read. */
export interface Options {
  readonly file: string
  readonly delimiter: string | undefined
  /** The template of the rows that have none. */
  readonly template: string | undefined
  /** Whether a person may get several messages. Otherwise the first row of a number counts. */
  readonly allowDuplicates: boolean
}

/** Reads and checks a list. Every column other than `to`, `template` and `webhook` is a variable of the template. */
export const readList = Effect.fnUntraced(function* (
  options: Options,
): Effect.fn.Return<List, Ended> {
  const { allowDuplicates, delimiter, file } = options
  const bytes = yield* Effect.tryPromise({ try: () => readFile(file), catch: unreadable(file) })
  const { columns, rows } = yield* Effect.try({
    try: () => readTable(textOf(bytes), delimiter),
    catch: (error) => usage(`${file}: ${messageOf(error)}`),
  })
  if (rows.length === 0) return yield* Effect.fail(usage(`${file}: the list has no rows`))
  if (options.template === undefined && !columns.includes("template")) {
    return yield* Effect.fail(
      usage(`${file}: no template; pass --template, or add a column "template"`),
    )
  }

  const messages: Array<Message> = []
  const problems: Array<Problem> = []
  const repeated: Array<Repeated> = []
  const seen = new Map<string, Array<Message>>()
  let mended = 0
  for (const row of rows) {
    const read = yield* Effect.result(readMessage(row, columns, options.template))
    if (Result.isFailure(read)) {
      problems.push({ line: row.line, problem: read.failure })
      continue
    }
    const { input, isMended } = read.success
    if (isMended) mended += 1
    const same = seen.get(input.phoneNumber) ?? []
    const [first] = same
    const message: Message = { line: row.line, input, nth: same.length + 1 }
    if (first !== undefined) {
      const isEqual = same.some((other) => isSame(other.input, input))
      repeated.push({ line: row.line, first: first.line, isEqual })
    }
    if (first !== undefined && !allowDuplicates) continue
    seen.set(input.phoneNumber, [...same, message])
    messages.push(message)
  }
  return { name: basename(file), rows: rows.length, messages, problems, repeated, mended }
})

/** The problems of files that people meet, by the codes of Node.js. */
const problems: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "does not exist"],
  ["EISDIR", "is a folder; name the file in it"],
  ["EACCES", "cannot be read: you lack the permission"],
])

const unreadable = (file: string) => (error: unknown) => {
  const code = error instanceof Error && "code" in error ? error.code : undefined
  const problem = problems.get(String(code)) ?? `cannot be read: ${messageOf(error)}`
  return usage(`${file} ${problem}`)
}

const readMessage = Effect.fnUntraced(function* (
  { cells }: Row,
  columns: ReadonlyArray<string>,
  common: string | undefined,
) {
  const fields = Object.fromEntries(
    columns.flatMap((name, index) => (name === "" ? [] : [[name, cells[index] ?? ""]])),
  )
  const { template = "", to = "", webhook = "", ...variables } = fields
  const { isMended, phoneNumber, problem } = readNumber(to)
  if (problem !== undefined) return yield* Effect.fail(problem)
  const input = yield* SentClient.readInput({
    phoneNumber,
    templateId: template.trim() === "" ? (common ?? "") : template.trim(),
    messageBody: variables,
    webhookUrl: webhook.trim() === "" ? undefined : webhook.trim(),
  }).pipe(Effect.mapError(wordsOf))
  return { input, isMended }
})

/** What is wrong with a message, by the columns of the list. */
const wordsOf = ({ message, reason }: SentError.SentError): string =>
  reason._tag === "InvalidRequest"
    ? reason.issues
        .map(({ message: problem, path }) => `${columnOf(path.map(String))} ${problem}`)
        .join("; ")
    : message

const columnOf = ([name = "", ...rest]: ReadonlyArray<string>): string =>
  rest[0] ?? { phoneNumber: "to", templateId: "template", webhookUrl: "webhook" }[name] ?? name

const isSame = (one: SendToPhone.Input, other: SendToPhone.Input): boolean =>
  JSON.stringify(one) === JSON.stringify(other)
