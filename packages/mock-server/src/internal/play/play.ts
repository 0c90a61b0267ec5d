/** What a valid request meets: a fault, the answer that it asked for, or the scenario of its number. */
import type { Operation } from "@effect-sent/contract/Contract"
import type { Scenario } from "@effect-sent/contract/Scenario"
import { describeFault, type Faults } from "./faults.ts"
import { answerNamed, type Preferred } from "./prefer.ts"

/** How an answer reaches its caller. */
export type Ending = "whole" | "reset" | "truncated" | "malformed"

export interface Play {
  /** The answer of the contract; undefined for success. */
  readonly wanted: Preferred | undefined
  readonly ending: Ending
  /** Whether the service gets to see the request. */
  readonly processed: boolean
  readonly delayMillis: number
  /** What follows when the message is accepted. */
  readonly scenario: Scenario | undefined
  /** Whether the scenario has decided the answer too. */
  readonly byScenario: boolean
  /** What else decided the answer, in words. */
  readonly because: string | undefined
}

export interface Valid {
  readonly operation: Operation
  readonly senderId: string
  readonly phoneNumber: string | undefined
  readonly preferred: Preferred | undefined
  readonly prefer: string | undefined
}

/** Decides; each decision counts, so that it is made once for a request. */
export type Decide = (valid: Valid) => Play

export const makeDecide = (faults: Faults): Decide => {
  // How many requests have met a scenario of several answers, by sender and scenario.
  const turns = new Map<string, number>()

  return ({ operation, phoneNumber, prefer, preferred, senderId }) => {
    const scenario =
      operation.scenarios.find((candidate) => candidate.phoneNumber === phoneNumber) ??
      operation.scenarios.find(({ isDefault }) => isDefault)
    const fault = faults.meet({ phoneNumber, senderId })
    const usual = preferred === undefined && fault?.answer === undefined
    const answer = usual && scenario !== undefined ? takeTurn(turns, senderId, scenario) : undefined
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
      byScenario: answer !== undefined,
      because:
        fault === undefined
          ? preferred === undefined
            ? undefined
            : `prefer: ${prefer ?? ""}`
          : describeFault(fault),
    }
  }
}

/** The next answer of a scenario for this sender; after the last one comes the first again. */
const takeTurn = (
  turns: Map<string, number>,
  senderId: string,
  { answers, name }: Scenario,
): Scenario["answers"][number] => {
  if (answers.length === 1) return answers[0]
  const key = `${senderId} ${name}`
  const turn = turns.get(key) ?? 0
  // A scenario that is back at its first answer need not be remembered, so that senders do not add up.
  if (turn + 1 === answers.length) turns.delete(key)
  else turns.set(key, turn + 1)
  return answers[turn] ?? answers[0]
}

/** The contract was checked when it was loaded: what it has no answer for does not come this far. */
const preferredOf = (
  operation: Operation,
  answer: { readonly status: number; readonly example?: string } | undefined,
): Preferred | undefined => {
  if (answer === undefined) return undefined
  const named = answerNamed(operation, String(answer.status), answer.example)
  return typeof named === "string" ? undefined : named
}
