/** Requests without the credentials that an operation needs. */
import type { Operation } from "@effect-sent/contract/Contract"
import { withCredentials, wrongCredentials } from "../credentials.ts"
import { jsonBytes, type Requests } from "../requests.ts"
import { type Case, declaredOf, type Expected, noUpdates } from "./case.ts"
import { securityItem } from "./successes.ts"

/** A rejected message has no updates. */
export const credentialCases = (
  operation: Operation,
  { bare, body, declared, held, isMadeUp, otherHeld }: Requests,
): ReadonlyArray<Case> => {
  // An alternative without credentials lets everything pass.
  if (declared.security.some((needed) => needed.length === 0)) return []
  const request = { ...bare, body: body === undefined ? new Uint8Array() : jsonBytes(body.sample) }
  const statuses = declaredOf(operation, 401)
  const wrong = [held, ...otherHeld].flatMap((needed) => wrongCredentials(needed, isMadeUp))
  const expected: Expected = {
    _tag: "Refused",
    statuses: statuses.length === 0 ? declaredOf(operation, 403) : statuses,
  }
  return wrong.map(({ held: others, isForLive, name, scheme, what }): Case => ({
    group: "credentials",
    name,
    cause: `security ${scheme} ${what}`,
    operation,
    needs: isForLive ? undefined : "mock",
    covers: what === "misplaced" ? [] : [securityItem(operation, scheme, what)],
    steps: [{ request: withCredentials(request, others), expected }],
    updates: operation.updates === undefined ? undefined : noUpdates,
  }))
}
