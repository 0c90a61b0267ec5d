/** A case: requests that are sent one after the other, each with the response that it must get. */
import type { Operation } from "@effect-sent/contract/Contract"
import type { Scenario, ScenarioAnswer, ScenarioUpdate } from "@effect-sent/contract/Scenario"
import type { CoverageItem } from "../coverage.ts"
import type { SentRequest } from "../exchange.ts"

export interface Case {
  readonly group: "successes" | "refusals" | "credentials" | "scenarios" | "updates"
  readonly name: string
  readonly operation: Operation
  readonly steps: ReadonlyArray<Step>
  /** What is wrong with a server that fails it, e.g. `templateId pattern`: cases that fail for one reason share it. */
  readonly cause: string
  /** What the target must be for it. Default: any. */
  readonly needs?: "mock" | "acceptance" | undefined
  /** The parts of the contract that it exercises when it passes. */
  readonly covers?: ReadonlyArray<Omit<CoverageItem, "times">>
  /** The updates that must follow if the request has a `webhookUrl`. Absent for a request that cannot have one. */
  readonly updates?: Updating | undefined
  /** Whether a mock's earlier answers to this sender must not count. */
  readonly isCounted?: boolean
}

export interface Updating {
  /** In the order in which they are sent. */
  readonly expected: ReadonlyArray<ScenarioUpdate>
  /** Undefined for the updates of a message that must be rejected. */
  readonly scenario: Scenario | undefined
  /** What the receiver does with the first update. Default: it answers 204. */
  readonly receiver?: Receiving
}

export interface Receiving {
  /** Undefined to close the connection without an answer. */
  readonly status: number | undefined
  /** Whether the update must be sent again. */
  readonly isRepeated: boolean
}

export interface Step {
  readonly request: SentRequest
  readonly expected: Expected
}

export type Expected =
  /** Any successful status that the contract declares, with this header as `true`, if one is named. */
  | { readonly _tag: "Accepted"; readonly header?: string }
  /** One of these statuses, or any error if there are none. */
  | {
      readonly _tag: "Refused"
      readonly statuses: ReadonlyArray<number>
      /** The member of the body that is wrong, if it is one alone. */
      readonly field?: string | undefined
    }
  /** No success. The contract says nothing else about the response. */
  | { readonly _tag: "Undeclared" }
  /** This answer of a scenario. */
  | { readonly _tag: "Exactly"; readonly answer: ScenarioAnswer }

/** No updates may follow. */
export const noUpdates: Updating = { expected: [], scenario: undefined }

/** Those of the statuses that the operation declares. */
export const declaredOf = (
  { responses }: Operation,
  ...wanted: ReadonlyArray<number>
): ReadonlyArray<number> =>
  wanted.filter((status) => responses.some((response) => response.status === status))

export const nameOf = ({ method, path }: Operation): string => `${method} ${path}`

export const withHeader = (
  request: SentRequest,
  name: string,
  value: string | undefined,
): SentRequest => {
  const others = Object.entries(request.headers).filter(([key]) => key !== name)
  return {
    ...request,
    headers: Object.fromEntries(value === undefined ? others : [...others, [name, value]]),
  }
}
