/** Decides what is played to a valid request: a fault, the answer that `Prefer` requests, or the scenario of its number or id. */
import type { Operation } from "@effect-sent/contract/Contract"
import type { Scenario } from "@effect-sent/contract/Scenario"
import { describeFault, type Faults, type Met } from "./faults.ts"
import { answerNamed, type Preferred } from "./prefer.ts"

/** How much of an answer reaches the caller. */
export type Ending = "whole" | "reset" | "truncated" | "malformed"

export interface Play {
  /** The answer of the contract. Undefined for success. */
  readonly wanted: Preferred | undefined
  readonly ending: Ending
  /** Whether the request is processed. False when the connection is reset before acceptance. */
  readonly processed: boolean
  readonly delayMillis: number
  /** The scenario that decides the answer. */
  readonly scenario: Scenario | undefined
  /** The scenario whose updates follow when the message to this number is accepted. */
  readonly scenarioOf: (phoneNumber: string | undefined) => Scenario | undefined
  /** Whether the scenario also decided the answer. */
  readonly byScenario: boolean
  /** A description of what else decided the answer. */
  readonly because: string | undefined
}

export interface Valid extends Met {
  /** The message that a look-up asks for. Undefined for an operation that sends. */
  readonly messageId: string | undefined
  /** Whether there is something to answer with: the message of a look-up, or the earlier answer of a replay. */
  readonly isKnown: boolean
  readonly preferred: Preferred | undefined
  /** What decided for the preferred answer, in words. */
  readonly chosenBy: string | undefined
}

/** Decides what is played. Call it once for each request: it counts faults and the turns of scenarios. */
export type Decide = (valid: Valid) => Play

/** The choice of what is played, and the counts that it depends on. */
export interface Plays {
  readonly decide: Decide
  /** Starts the scenarios with several answers anew, for all senders or for one. */
  readonly reset: (senderId?: string) => void
}

export const makePlays = (faults: Faults): Plays => {
  // The number of answers that were played, by sender and scenario, for scenarios with several answers.
  const turns = new Map<string, number>()

  const decide: Decide = (valid) => {
    const { chosenBy, isKnown, operation, preferred, senderId } = valid
    const fault = faults.meet(valid)
    const ofFault =
      fault?.scenario === undefined
        ? undefined
        : operation.scenarios.find(({ name }) => name === fault.scenario)
    const scenarioOf: Play["scenarioOf"] = (phoneNumber) =>
      ofFault ?? scenarioOfNumber(operation, phoneNumber)
    const scenario = isKnown ? ofFault : (ofFault ?? deciding(valid))
    const usual = preferred === undefined && fault?.answer === undefined
    const answer =
      usual && scenario !== undefined ? takeTurn(turns, senderId, operation, scenario) : undefined
    const wanted =
      fault?.answer === undefined
        ? (preferred ?? preferredOf(operation, answer))
        : preferredOf(operation, fault.answer)
    return {
      wanted,
      ending: fault?.broken ?? (fault?.reset === undefined ? (answer?.lost ?? "whole") : "reset"),
      processed: fault?.reset !== "before-acceptance",
      delayMillis: (fault?.latencyMillis ?? 0) + (answer?.delay ?? 0) * 1000,
      scenario,
      scenarioOf,
      byScenario: answer !== undefined,
      because: fault === undefined ? preferred && chosenBy : describeFault(fault),
    }
  }

  return {
    decide,
    reset: (senderId) => {
      if (senderId === undefined) turns.clear()
      for (const key of turns.keys()) if (key.startsWith(`${senderId} `)) turns.delete(key)
    },
  }
}

const scenarioOfNumber = (
  { scenarios }: Operation,
  phoneNumber: string | undefined,
): Scenario | undefined =>
  scenarios.find((candidate) => candidate.phoneNumber === phoneNumber) ??
  scenarios.find(({ isDefault }) => isDefault)

/**
 * The scenario that decides the answer to a request: that of the id of a look-up; that of the first number whose scenario does
 * more than accept; or that of the first number.
 */
const deciding = ({ messageId, operation, phoneNumbers }: Valid): Scenario | undefined => {
  if (messageId !== undefined) {
    return (
      operation.scenarios.find((candidate) => candidate.messageId === messageId) ??
      operation.scenarios.find(({ isDefault }) => isDefault)
    )
  }
  const [first, ...others] = phoneNumbers
  const usual = scenarioOfNumber(operation, first)
  if (others.length === 0) return usual
  const byNumber = new Map(operation.scenarios.map((one) => [one.phoneNumber, one]))
  const unusual = phoneNumbers.flatMap((number) => byNumber.get(number) ?? [])
  return unusual.find((one) => !isPlain(one)) ?? usual
}

/** Whether a scenario accepts at once. */
const isPlain = ({ answers }: Scenario): boolean =>
  answers.every(
    ({ delay = 0, lost, status }) =>
      status >= 200 && status < 300 && delay === 0 && lost === undefined,
  )

/** The next answer of a scenario for this sender. After the last one, the first one is played again. */
const takeTurn = (
  turns: Map<string, number>,
  senderId: string,
  { method, path }: Operation,
  { answers, name }: Scenario,
): Scenario["answers"][number] => {
  if (answers.length === 1) return answers[0]
  // Operations may have scenarios of the same name.
  const key = `${senderId} ${method} ${path} ${name}`
  const turn = turns.get(key) ?? 0
  // A scenario that is back at its first answer is removed from the map, so that senders do not accumulate.
  if (turn + 1 === answers.length) turns.delete(key)
  else turns.set(key, turn + 1)
  return answers[turn] ?? answers[0]
}

/** Looks up an answer. The answers of scenarios and faults have been checked against the contract before. */
const preferredOf = (
  operation: Operation,
  answer: { readonly status: number; readonly example?: string } | undefined,
): Preferred | undefined => {
  if (answer === undefined) return undefined
  const named = answerNamed(operation, String(answer.status), answer.example)
  return typeof named === "string" ? undefined : named
}
