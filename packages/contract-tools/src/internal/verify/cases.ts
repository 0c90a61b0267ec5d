/** The cases that a server has to pass, made from the contract alone. */
import type { Operation } from "@effect-sent/contract/Contract"
import type { WireRequest } from "@effect-sent/contract/ContractValidator"
import type { ScenarioAnswer } from "@effect-sent/contract/Scenario"
import type { Requests } from "./requests.ts"

/** Requests that are sent one after the other, each with the response that it must get. */
export interface Case {
  readonly group: "successes" | "refusals" | "scenarios"
  readonly name: string
  readonly operation: Operation
  readonly steps: ReadonlyArray<Step>
  /** The contract's example that is sent. */
  readonly requestExample?: string
  /** The updates that follow if the request has a `webhookUrl`. Absent for a request that cannot have one. */
  readonly updates?: ReadonlyArray<{ readonly example: string }>
}

export interface Step {
  readonly request: WireRequest
  readonly expected: Expected
}

export type Expected =
  /** Any successful status that the contract declares. */
  | { readonly _tag: "Accepted" }
  /** One of these statuses. */
  | { readonly _tag: "Refused"; readonly statuses: ReadonlyArray<number> }
  /** This answer of a scenario. */
  | { readonly _tag: "Exactly"; readonly answer: ScenarioAnswer }

/** More than a server of a small JSON API accepts: RFC 9110, section 15.5.14. */
const tooManyBytes = 10 * 1024 * 1024 + 1

// -----------------------------------------------------------------------------
// Successes
// -----------------------------------------------------------------------------

/** Requests that must be accepted. Without a phone number, they go to one that is not assigned. */
export const successes = (
  operation: Operation,
  requests: Requests,
  phoneNumber: string | undefined,
): ReadonlyArray<Case> => {
  const example = operation.requestBody?.examples[0]?.name
  // A real number gets one message, without updates to a host that is not its owner's.
  const { [operation.updates?.urlMember ?? ""]: _url, ...withoutUrl } = requests.sample
  const body = phoneNumber === undefined ? requests.sample : { ...withoutUrl, phoneNumber }
  return [
    {
      group: "successes",
      name: `the contract's example${example === undefined ? "" : ` ${example}`}`,
      operation,
      steps: [{ request: requests.withBody(body), expected: { _tag: "Accepted" } }],
      ...(example === undefined ? {} : { requestExample: example }),
    },
  ]
}

// -----------------------------------------------------------------------------
// Refusals
// -----------------------------------------------------------------------------

/** Requests that every server must reject, so that no message is sent. */
export const refusals = (operation: Operation, requests: Requests): ReadonlyArray<Case> => {
  const { withBody, withBytes, sample } = requests
  const one = (name: string, request: WireRequest, ...statuses: ReadonlyArray<number>): Case => ({
    group: "refusals",
    name,
    operation,
    steps: [{ request, expected: { _tag: "Refused", statuses } }],
  })
  const declared = (...wanted: ReadonlyArray<number>): ReadonlyArray<number> =>
    wanted.filter((status) => operation.responses.some((response) => response.status === status))
  const text = (body: string): WireRequest => withBytes(new TextEncoder().encode(body))
  const whole = withBody(sample)
  const typed = (type: string | undefined): WireRequest => ({
    ...whole,
    headers: withHeader(whole.headers, "content-type", type),
  })
  // Invalid as well, so that a server that reads all of it sends nothing.
  const long = new Uint8Array(tooManyBytes).fill(0x20)
  long.set(new TextEncoder().encode('{"effectSentUnknown":1}'))

  return [
    ...requests.mutations.flatMap(({ apply, name }) => {
      const body = apply(sample)
      return body === undefined || requests.isValid(body)
        ? []
        : [one(name, withBody(body), ...declared(400))]
    }),
    one("the body is missing", withBytes(new Uint8Array()), ...declared(400, 415)),
    one("the body is not JSON", text("{"), ...declared(400)),
    one(
      "the body is not UTF-8",
      withBytes(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)),
      ...declared(400),
    ),
    one("the body is too large", withBytes(long), ...declared(413, 400)),
    ...[
      one("the content type is missing", typed(undefined), ...declared(415, 400)),
      one("the content type is text/plain", typed("text/plain"), ...declared(415, 400)),
      one("the content type is malformed", typed("json"), ...declared(415, 400)),
    ].map(withoutUpdates),
    ...wrongCredentials(operation, whole).map(([name, request]) =>
      withoutUpdates(one(name, request, ...declared(401))),
    ),
  ]
}

/** A rejected message has no updates. */
const withoutUpdates = (one: Case): Case => ({ ...one, updates: [] })

/** Credentials of no account: a service may lock an account after several failures. */
const unassigned: Readonly<Record<string, string>> = {
  "x-sender-id": "00000000-0000-4000-8000-000000000000",
}

const wrongCredentials = (
  { credentials }: Operation,
  whole: WireRequest,
): ReadonlyArray<readonly [name: string, request: WireRequest]> => {
  const [needed = []] = credentials
  const anonymous = Object.fromEntries(
    Object.entries(whole.headers).map(([name, value]) => [
      name,
      needed.some((header) => header.name === name)
        ? (unassigned[name] ?? "effect-sent-contract")
        : value,
    ]),
  )
  const without = (names: ReadonlyArray<string>, value?: string): WireRequest => ({
    ...whole,
    headers: names.reduce((headers, name) => withHeader(headers, name, value), anonymous),
  })
  return [
    ...needed.map(({ name }) => [`${name} is missing`, without([name])] as const),
    ...needed.map(({ name }) => [`${name} is empty`, without([name], "")] as const),
    // Only a pattern says which values are malformed.
    ...needed
      .filter(({ pattern }) => pattern?.test("no such credential") === false)
      .map(({ name }) => [`${name} is malformed`, without([name], "no such credential")] as const),
    ...(needed.length > 1
      ? [["all credentials are missing", without(needed.map(({ name }) => name))] as const]
      : []),
  ]
}

const withHeader = (
  headers: Readonly<Record<string, string>>,
  name: string,
  value: string | undefined,
): Readonly<Record<string, string>> => {
  const others = Object.entries(headers).filter(([key]) => key !== name)
  return Object.fromEntries(value === undefined ? others : [...others, [name, value]])
}

// -----------------------------------------------------------------------------
// Scenarios
// -----------------------------------------------------------------------------

/** The scenarios that a mock plays for the contract's magic numbers. */
export const scenarios = (operation: Operation, requests: Requests): ReadonlyArray<Case> =>
  operation.scenarios.map((scenario) => ({
    group: "scenarios",
    name: `${scenario.name} (${scenario.phoneNumber})`,
    operation,
    updates: scenario.updates,
    steps: scenario.answers.map((answer) => ({
      request: requests.withBody({ ...requests.sample, phoneNumber: scenario.phoneNumber }),
      expected: { _tag: "Exactly", answer },
    })),
  }))
