/** The cases and generated requests for one operation, and what is left out. */
import type { Operation } from "@effect-sent/contract/Contract"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Check } from "../report/report.ts"
import { type Case, refusals, scenarios, successes } from "./cases.ts"
import { makeReceiver } from "./receiver.ts"
import { makeRequests, type Requests } from "./requests.ts"
import type { Runner } from "./runner.ts"

export interface PlanOptions {
  /** Whether everything sent to the server stays on this machine. */
  readonly isMock: boolean
  /** By header name, in lower case. */
  readonly credentials: Readonly<Record<string, string>>
  /** The number that one message of a live service may go to. */
  readonly allowSend: string | undefined
  readonly webhookSecret: string | undefined
  readonly runs: number
  readonly seed: string | number
}

export interface Plan {
  readonly skipped: ReadonlyArray<Check>
  readonly steps: ReadonlyArray<(runner: Runner) => Effect.Effect<Check>>
  /** Checks of everything that has happened until then. */
  readonly atEnd: () => ReadonlyArray<Check>
}

/** Opens a receiver for the updates of a mock, which closes with the scope. */
export const planOf = Effect.fnUntraced(function* (
  operation: Operation,
  options: PlanOptions,
): Effect.fn.Return<Plan, never, Scope.Scope> {
  const { allowSend, credentials, isMock, webhookSecret } = options
  const name = `${operation.method} ${operation.path}`
  const requests = makeRequests(operation, credentials)
  if (typeof requests === "string") {
    return { skipped: [skip("operations", name, requests)], steps: [], atEnd: () => [] }
  }
  const mayAccept = isMock || allowSend !== undefined
  const { updates } = operation
  const receiver =
    updates === undefined || !isMock ? undefined : yield* makeReceiver(updates, webhookSecret)
  const cases: ReadonlyArray<Case> = [
    ...(mayAccept ? successes(operation, requests, isMock ? undefined : allowSend) : []),
    ...refusals(operation, requests),
    ...(isMock ? scenarios(operation, requests) : []),
  ]
  return {
    skipped: [
      ...(mayAccept
        ? []
        : [skip("successes", name, "would send a message; allow one to your own number")]),
      ...(isMock
        ? []
        : [
            skip("scenarios", name, "only a mock plays scenarios"),
            skip("generated", "valid requests", "each would send a message that costs money"),
          ]),
    ],
    steps: [
      ...cases.map((one) => (runner: Runner) => runner.runCase(one, receiver)),
      ...generated(operation, requests, options),
    ],
    atEnd: () =>
      receiver === undefined
        ? []
        : [{ group: "updates", name: "no unexpected updates", findings: receiver.surplus() }],
  }
})

const skip = (group: string, name: string, skipped: string): Check => ({
  group,
  name,
  skipped,
  findings: [],
})

const generated = (
  operation: Operation,
  requests: Requests,
  { isMock, runs, seed }: PlanOptions,
): Plan["steps"] => {
  if (runs === 0) return []
  const settings = { runs, seed }
  const statuses = operation.responses.some(({ status }) => status === 400) ? [400] : []
  const valid = (runner: Runner) =>
    runner.runProperty(
      "valid requests",
      operation,
      requests.valid,
      (body) => ({ request: requests.withBody(body), expected: { _tag: "Accepted" } }),
      settings,
    )
  const invalid = (runner: Runner) =>
    runner.runProperty(
      "requests with one error",
      operation,
      requests.invalid,
      ({ body }) => ({
        request: requests.withBody(body),
        expected: { _tag: "Refused", statuses },
      }),
      settings,
    )
  return isMock ? [valid, invalid] : [invalid]
}
