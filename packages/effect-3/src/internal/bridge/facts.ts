/** What an error says by itself, which core knows. */
import { describe } from "@effect-sent/facade/Sending"
import type { Failure, FailureFacts } from "@effect-sent/facade/Value"
import type { Reason } from "../reason.ts"
import { plainTagged } from "./values.ts"

/** The fields of an error. */
interface Fields {
  readonly reason: Reason
  readonly attempts: number
  readonly unknownAttempts?: number | undefined
}

const known = new WeakMap<Fields, FailureFacts>()

/** What core says about an error with these fields. */
export const factsOf = (error: Fields): FailureFacts => {
  const facts = known.get(error) ?? describe(plainError(error))
  known.set(error, facts)
  return facts
}

/** Keeps what core has said about an error. */
export const keepFacts = (error: Fields, facts: FailureFacts): void => {
  known.set(error, facts)
}

/** An error as a plain failure, without what core would say about it. */
const plainError = ({
  attempts,
  reason,
  unknownAttempts = 0,
}: Fields): Parameters<typeof describe>[0] => ({
  reason: plainTagged(reason),
  attempts,
  unknownAttempts,
})

/** A failure of core with these fields. */
export const failureOf = (error: Fields): Failure => {
  const facts = factsOf(error)
  return {
    ...plainError(error),
    // The words of a failure are read of its error.
    reason: { message: error.reason.message, ...plainTagged(error.reason) },
    attempts: error.attempts,
    unknownAttempts: error.unknownAttempts ?? 0,
    facts,
  }
}
