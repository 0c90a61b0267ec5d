/** Runs cases against a server and validates its responses. */
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Operation } from "@effect-sent/contract/Contract"
import type { Check, Finding } from "../../ContractReport.ts"
import type { Validator, WireResponse, WireRequest } from "@effect-sent/contract/ContractValidator"
import type { ScenarioAnswer } from "@effect-sent/contract/Scenario"
import type { Case, Expected, Step } from "./cases.ts"
import { type Counting, exampleOf } from "./coverage.ts"
import { type Secrets, toCurl } from "./curl.ts"
import type { Exchange, Outcome } from "./exchange.ts"
import type { Inbox, Receiver } from "./receiver.ts"

export interface Runner {
  readonly runCase: (one: Case, receiver: Receiver | undefined) => Effect.Effect<Check>
  /** Searches for the smallest value whose request gets a wrong response. */
  readonly runProperty: <A>(
    name: string,
    operation: Operation,
    values: Arbitrary.Arbitrary<A>,
    toStep: (value: A) => Step,
    settings: { readonly runs: number; readonly seed: string | number },
  ) => Effect.Effect<Check>
}

export interface RunnerParts {
  readonly target: string
  readonly exchange: Exchange
  readonly validator: Validator
  readonly counting: Counting
  /** How long to wait for updates. */
  readonly timeoutMillis: number
  readonly credentials: Readonly<Record<string, string>>
  /** A phone number that no finding may show. */
  readonly hidden: Redacted.Redacted<string> | undefined
}

export const makeRunner = (parts: RunnerParts): Runner => {
  const runStep = makeRunStep(parts)
  return {
    runCase: (one, receiver) => runCase(parts, runStep, one, receiver),
    runProperty: (name, operation, values, toStep, settings) =>
      Effect.map(
        smallestFailure(values, (value) => runStep(operation, toStep(value)), settings),
        (findings) => ({ group: "generated", name: `${settings.runs} ${name}`, findings }),
      ),
  }
}

const runCase = Effect.fnUntraced(function* (
  parts: RunnerParts,
  runStep: RunStep,
  { group, name, operation, requestExample, steps, updates }: Case,
  receiver: Receiver | undefined,
): Effect.fn.Return<Check> {
  const inbox = updates === undefined ? undefined : receiver?.open(name, updates.length)
  const url = operation.updates?.urlMember
  const findings: Array<Finding> = []
  for (const step of steps) {
    const request =
      inbox === undefined || url === undefined
        ? step.request
        : withMember(step.request, url, inbox.url)
    findings.push(...(yield* runStep(operation, { ...step, request })))
  }
  if (requestExample !== undefined) parts.counting.requested(operation, requestExample)
  // After a wrong response, whether updates follow is unknown.
  if (inbox !== undefined && updates !== undefined && findings.length === 0) {
    findings.push(...(yield* checkUpdates(parts, operation, updates, inbox)))
  }
  return { group, name, findings }
})

const smallestFailure = Effect.fnUntraced(function* <A>(
  values: Arbitrary.Arbitrary<A>,
  run: (value: A) => Effect.Effect<ReadonlyArray<Finding>>,
  settings: { readonly runs: number; readonly seed: string | number },
): Effect.fn.Return<ReadonlyArray<Finding>> {
  const result = yield* Arbitrary.checkEffect(
    values,
    (value) => Effect.map(run(value), (findings) => findings.length === 0),
    settings,
  )
  if (result._tag === "Passed") return []
  if (result._tag !== "Falsified") {
    return [problem("not-generated", Arbitrary.formatCheckFailure(result) ?? result._tag)]
  }
  // Sends the smallest again for its findings.
  const findings = yield* run(result.shrunkInput)
  return findings.length > 0
    ? findings
    : [problem("flaky", "the same request got another response when it was sent again")]
})

const problem = (rule: string, message: string): Finding => ({ rule, severity: "error", message })

/** The request with one more member in its body. */
const withMember = (request: WireRequest, name: string, value: string): WireRequest => {
  const body: unknown = JSON.parse(new TextDecoder().decode(request.body))
  const changed = { ...(typeof body === "object" ? body : {}), [name]: value }
  return { ...request, body: new TextEncoder().encode(JSON.stringify(changed)) }
}

// -----------------------------------------------------------------------------
// One request
// -----------------------------------------------------------------------------

type RunStep = (operation: Operation, step: Step) => Effect.Effect<ReadonlyArray<Finding>>

const makeRunStep = (parts: RunnerParts): RunStep => {
  const { counting, credentials, exchange, hidden, target, validator } = parts
  const secrets: Secrets = Object.fromEntries(
    Object.keys(credentials).map((name) => [name, variableOf(name)]),
  )
  const curl = (request: WireRequest): string => {
    // A wrong credential is shown, the right one is not.
    const own = Object.fromEntries(
      Object.entries(secrets).filter(([name]) => request.headers[name] === credentials[name]),
    )
    const line = toCurl(`${target}${request.target}`, request, own)
    return hidden === undefined
      ? line
      : line.replaceAll(Redacted.value(hidden), `'"$SENT_ALLOWED_NUMBER"'`)
  }

  return Effect.fnUntraced(function* (operation, { expected, request }) {
    const outcome = yield* politely(exchange(request), expected)
    const found = yield* findingsOf(validator, operation, expected, outcome)
    if (outcome._tag === "Responded") counting.responded(operation, outcome.response)
    const where = `${request.method} ${request.target}`
    const reproduce = curl(request)
    return found.map((finding) => Object.assign({ where, reproduce }, finding))
  })
}

/** `x-sender-id` is `SENT_SENDER_ID`, the variable that core reads. */
const variableOf = (header: string): string =>
  `SENT_${header.replace(/^x-/, "").replaceAll("-", "_").toUpperCase()}`

/** The longest `Retry-After` that is waited for. */
const maxWaitSeconds = 90

/** Sends a request once more after a rate limit: the first was not processed. */
const politely = (send: Effect.Effect<Outcome>, expected: Expected): Effect.Effect<Outcome> =>
  Effect.flatMap(send, (outcome) => {
    const wait = expected._tag === "Exactly" ? undefined : retryAfterOf(outcome)
    return wait === undefined ? Effect.succeed(outcome) : Effect.delay(send, wait * 1000)
  })

const retryAfterOf = (outcome: Outcome): number | undefined => {
  if (outcome._tag !== "Responded" || outcome.response.status !== 429) return undefined
  const seconds = Number(outcome.response.headers["retry-after"])
  return seconds > 0 && seconds <= maxWaitSeconds ? seconds : undefined
}

const findingsOf = Effect.fnUntraced(function* (
  validator: Validator,
  operation: Operation,
  expected: Expected,
  outcome: Outcome,
): Effect.fn.Return<ReadonlyArray<Finding>> {
  const isLost = expected._tag === "Exactly" && expected.answer.lost !== undefined
  if (outcome._tag === "Broken") {
    return isLost ? [] : [problem("no-response", outcome.how)]
  }
  const { response } = outcome
  if (isLost) {
    const message = `the scenario resets the connection; the server responded with ${response.status}`
    return [problem("wrong-response", message)]
  }
  const violations = yield* validator.response(operation, response)
  const unexpected = unexpectedIn(operation, expected, response)
  return [
    // An undeclared status is reported once.
    ...(unexpected === undefined || violations.some(({ rule }) => rule === "undeclared-status")
      ? []
      : [unexpected]),
    ...violations.map(({ message, rule, where }) =>
      Object.assign(problem(rule, message), { where: `response ${where}` }),
    ),
  ]
})

const unexpectedIn = (
  operation: Operation,
  expected: Expected,
  response: WireResponse,
): Finding | undefined => {
  const { status } = response
  const isSuccess = status >= 200 && status < 300
  if (expected._tag === "Exactly") return differenceFrom(operation, expected.answer, response)
  if (expected._tag === "Accepted") {
    return isSuccess
      ? undefined
      : problem("refused-valid", `a valid request was rejected with ${status}`)
  }
  const { statuses } = expected
  if (statuses.includes(status) || (statuses.length === 0 && !isSuccess)) return undefined
  const wanted = statuses.length === 0 ? "an error" : statuses.join(" or ")
  return isSuccess
    ? problem("accepted-invalid", `an invalid request was accepted; expected ${wanted}`)
    : problem("wrong-status", `expected the status ${wanted}, got ${status}`)
}

const differenceFrom = (
  operation: Operation,
  { example, status: wanted }: ScenarioAnswer,
  response: WireResponse,
): Finding | undefined => {
  const { status } = response
  if (status !== wanted) {
    return problem("wrong-response", `the scenario expects the status ${wanted}, got ${status}`)
  }
  const declared = operation.responses.find((one) => one.status === status)
  if (example === undefined || declared === undefined) return undefined
  const given = exampleOf(declared, response)
  if (given === example) return undefined
  const what = given ?? "a response that equals no example"
  return problem("wrong-response", `the scenario expects the example ${example}, got ${what}`)
}

// -----------------------------------------------------------------------------
// Updates
// -----------------------------------------------------------------------------

const checkUpdates = Effect.fnUntraced(function* (
  { counting, timeoutMillis }: RunnerParts,
  operation: Operation,
  expected: ReadonlyArray<{ readonly example: string }>,
  inbox: Inbox,
): Effect.fn.Return<ReadonlyArray<Finding>> {
  const wanted = expected.map(({ example }) => example)
  const inTime = yield* Effect.timeoutOption(inbox.wait, timeoutMillis)
  for (const { example } of inbox.received) counting.updated(operation, example)
  const came = inbox.received.map(({ example }) => example ?? "an unknown update")
  const findings = inbox.received.flatMap((update) => update.findings)
  if (Option.isSome(inTime) && came.join() === wanted.join()) return findings
  return [
    ...findings,
    problem("wrong-updates", `expected the updates ${list(wanted)}; received ${list(came)}`),
  ]
})

const list = (names: ReadonlyArray<string>): string =>
  names.length === 0 ? "none" : names.join(", ")
