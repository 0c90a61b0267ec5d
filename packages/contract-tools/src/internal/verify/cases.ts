/** The cases that every server of a contract is held to, made of the contract alone. */
import type { Operation } from "@effect-sent/contract/Contract"
import type { WireRequest } from "@effect-sent/contract/ContractValidator"
import type { ScenarioAnswer } from "@effect-sent/contract/Scenario"
import type { Requests } from "./requests.ts"

/** Requests, one after the other, and what each must be answered with. */
export interface Case {
  readonly group: "successes" | "refusals" | "scenarios"
  readonly name: string
  readonly operation: Operation
  readonly steps: ReadonlyArray<Step>
  /** The example of the contract that is sent. */
  readonly requestExample?: string
  /** The updates that follow when the request holds the URL of a receiver; absent where it cannot hold one. */
  readonly updates?: ReadonlyArray<{ readonly example: string }>
}

export interface Step {
  readonly request: WireRequest
  readonly expected: Expected
}

export type Expected =
  /** Any status of success that the contract has. */
  | { readonly _tag: "Accepted" }
  /** One of these statuses. */
  | { readonly _tag: "Refused"; readonly statuses: ReadonlyArray<number> }
  /** This answer of the contract. */
  | { readonly _tag: "Exactly"; readonly answer: ScenarioAnswer }

/** More than any server of a small JSON API reads: RFC 9110 has 413 for it. */
const tooManyBytes = 10 * 1024 * 1024 + 1

// -----------------------------------------------------------------------------
// Successes
// -----------------------------------------------------------------------------

/** What must be accepted. With a number, that is whom it goes to; otherwise to nobody's. */
export const successes = (
  operation: Operation,
  requests: Requests,
  phoneNumber: string | undefined,
): ReadonlyArray<Case> => {
  const example = operation.requestBody?.examples[0]?.name
  // Somebody's number is sent to once, and without updates to a host that is not theirs.
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

/** What every server must refuse, and so sends nothing. */
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
  // Not valid either, so that a server which reads it all does not send it.
  const long = new Uint8Array(tooManyBytes).fill(0x20)
  long.set(new TextEncoder().encode('{"effectSentUnknown":1}'))

  return [
    ...requests.mutations.flatMap(({ apply, name }) => {
      const body = apply(sample)
      return body === undefined || requests.isValid(body)
        ? []
        : [one(name, withBody(body), ...declared(400))]
    }),
    one("the body is not there", withBytes(new Uint8Array()), ...declared(400, 415)),
    one("the body is not JSON", text("{"), ...declared(400)),
    one(
      "the body is not UTF-8",
      withBytes(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)),
      ...declared(400),
    ),
    one("the body is too large", withBytes(long), ...declared(413, 400)),
    ...[
      one("the content type is missing", typed(undefined), ...declared(415, 400)),
      one("the content type is another", typed("text/plain"), ...declared(415, 400)),
      one("the content type is malformed", typed("json"), ...declared(415, 400)),
    ].map(withoutUpdates),
    ...wrongCredentials(operation, whole).map(([name, request]) =>
      withoutUpdates(one(name, request, ...declared(401))),
    ),
  ]
}

/** Of a refused message there is nothing to tell. */
const withoutUpdates = (one: Case): Case => ({ ...one, updates: [] })

/** Stand for no account: a service may lock the credentials of one after some failures. */
const nobody: Readonly<Record<string, string>> = {
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
        ? (nobody[name] ?? "effect-sent-contract")
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
    // What is inside a header may be no more than this; whether it is malformed, its pattern says.
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

/** What a mock plays for the magic numbers of the contract. */
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
