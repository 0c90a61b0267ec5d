/** What a run is about to do, in words: it is shown before the first message. */
import type { List, Message } from "../list/list.ts"

/** The plan of a run. */
export interface Plan {
  readonly list: List
  /** The messages that this run adds to the campaign. */
  readonly added: ReadonlyArray<Message>
  /** Those of people who have a message in the campaign already. */
  readonly known: ReadonlyArray<Message>
  /** How many are new, but beyond the limit. */
  readonly beyond: number
}

/** How many lines are named. */
const named = 20

/** Describes a plan. */
export const describePlan = ({ added, beyond, known, list }: Plan): string => {
  const { mended, messages, problems, repeated, rows } = list
  const [first] = added
  const equal = repeated.filter(({ isEqual }) => isEqual)
  const others = repeated.filter(({ isEqual }) => !isEqual)
  // Either all of the repeated ones are messages, or none is.
  const fate = messages.length + problems.length === rows ? "sent again" : "left out"
  return [
    `${list.name}: ${counted(rows, "row")}, ${added.length} to send`,
    ...(known.length === 0 ? [] : [`  ${known.length} in the campaign already`]),
    ...(beyond === 0 ? [] : [`  ${beyond} beyond --limit`]),
    ...(mended === 0
      ? []
      : [
          `  ${counted(mended, "number")} had spaces around it, or invisible characters, removed here`,
        ]),
    ...(equal.length === 0
      ? []
      : [`  ${counted(equal.length, "row")} equal to an earlier one, ${fate}: ${linesOf(equal)}`]),
    ...(others.length === 0
      ? []
      : [
          `  ${counted(others.length, "row")} with the number of an earlier one, ${fate}: ${linesOf(others)}`,
        ]),
    ...(first === undefined ? [] : [`  the first message: ${describeMessage(first)}`]),
  ].join("\n")
}

/** Describes the rows that cannot be sent. */
export const describeProblems = ({ problems }: List): string =>
  [
    `${counted(problems.length, "row")} cannot be sent:`,
    ...problems.slice(0, named).map(({ line, problem }) => `  line ${line}: ${problem}`),
    ...(problems.length > named ? [`  and ${problems.length - named} more`] : []),
  ].join("\n")

/** Describes the rows of which the campaign has another message for the person. */
export const describeOthers = (lines: ReadonlyArray<number>): string =>
  `${counted(lines.length, "row")} differ from the message that the campaign has for the number, and are not sent: ` +
  `line ${lines.slice(0, named).join(", ")}${lines.length > named ? ` and ${lines.length - named} more` : ""}. ` +
  "A person gets one message of a campaign; use another campaign for another message"

const describeMessage = ({ input, line }: Message): string =>
  [
    `line ${line}, to ${input.phoneNumber}, template ${input.templateId}`,
    ...Object.entries(input.messageBody ?? {}).map(([name, value]) => `${name}=${value}`),
  ].join(", ")

const linesOf = (lines: ReadonlyArray<{ readonly line: number; readonly first: number }>): string =>
  lines
    .slice(0, named)
    .map(({ first, line }) => `line ${line} as ${first}`)
    .join(", ") + (lines.length > named ? `, and ${lines.length - named} more` : "")

/** A number of things. */
export const counted = (count: number, thing: string): string =>
  `${count} ${thing}${count === 1 ? "" : "s"}`
