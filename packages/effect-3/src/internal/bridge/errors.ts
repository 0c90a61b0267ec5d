/** Failures of core as errors of Effect 3. */
import type { Failure } from "@effect-sent/facade/Value"
import { SentError } from "../../SentError.ts"
import { keepFacts } from "./facts.ts"
import { nativeReason } from "./reasons.ts"

/** The error that a failure of core is. */
export const errorOf = ({ attempts, facts, reason, unknownAttempts }: Failure): SentError => {
  const error = new SentError({ reason: nativeReason(reason), attempts, unknownAttempts })
  keepFacts(error, facts)
  return error
}
