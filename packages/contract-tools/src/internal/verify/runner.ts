/** Plays a case against a server and says what is wrong with its answers. */
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
  /** Looks for the smallest value whose request is not answered as it must be. */
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
  /** How long updates may take. */
  readonly timeoutMillis: number
  readonly credentials: Readonly<Record<string, string>>
  /** A number that may not be shown. */
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
  // After a wrong answer nobody knows whether an update is to come.
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
  // Once more, for what there is to say of the smallest.
  const findings = yield* run(result.shrunkInput)
  return findings.length > 0
    ? findings
    : [problem("flaky", "a request was answered otherwise when it was sent again")]
})

const problem = (rule: string, message: string): Finding => ({ rule, severity: "error", message })

/** The same request with one member of its body more. */
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
    // What is wrong with a credential is shown; the credential that is right is not.
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
    if (outcome._tag === "Answered") counting.answered(operation, outcome.answer)
    const where = `${request.method} ${request.target}`
    const reproduce = curl(request)
    return found.map((finding) => Object.assign({ where, reproduce }, finding))
  })
}

/** `x-sender-id` → `SENT_SENDER_ID`, as core reads it. */
const variableOf = (header: string): string =>
  `SENT_${header.replace(/^x-/, "").replaceAll("-", "_").toUpperCase()}`

/** Longer than this, nobody waits for a rate limit in a CI. */
const maxWaitSeconds = 90

/** What a rate limit turned away was not done, and may be asked once more when it says so. */
const politely = (send: Effect.Effect<Outcome>, expected: Expected): Effect.Effect<Outcome> =>
  Effect.flatMap(send, (outcome) => {
    const wait = expected._tag === "Exactly" ? undefined : retryAfterOf(outcome)
    return wait === undefined ? Effect.succeed(outcome) : Effect.delay(send, wait * 1000)
  })

const retryAfterOf = (outcome: Outcome): number | undefined => {
  if (outcome._tag !== "Answered" || outcome.answer.status !== 429) return undefined
  const seconds = Number(outcome.answer.headers["retry-after"])
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
    return isLost ? [] : [problem("no-answer", outcome.how)]
  }
  const { answer } = outcome
  if (isLost) {
    return [
      problem("wrong-answer", `the connection must be reset, and there is a ${answer.status}`),
    ]
  }
  const violations = yield* validator.response(operation, answer)
  const unexpected = unexpectedIn(operation, expected, answer)
  return [
    // A status that is declared nowhere is said once.
    ...(unexpected === undefined || violations.some(({ rule }) => rule === "undeclared-status")
      ? []
      : [unexpected]),
    ...violations.map(({ message, rule, where }) =>
      Object.assign(problem(rule, message), { where: `the answer's ${where}` }),
    ),
  ]
})

const unexpectedIn = (
  operation: Operation,
  expected: Expected,
  answer: WireResponse,
): Finding | undefined => {
  const { status } = answer
  const isSuccess = status >= 200 && status < 300
  if (expected._tag === "Exactly") return otherThan(operation, expected.answer, answer)
  if (expected._tag === "Accepted") {
    return isSuccess
      ? undefined
      : problem("refused-valid", `a valid request is refused with ${status}`)
  }
  const { statuses } = expected
  if (statuses.includes(status) || (statuses.length === 0 && !isSuccess)) return undefined
  const wanted = statuses.join(" or ")
  return isSuccess
    ? problem("accepted-invalid", `a request that must be refused with ${wanted} is accepted`)
    : problem("wrong-status", `the status must be ${wanted}, and it is ${status}`)
}

const otherThan = (
  operation: Operation,
  { example, status: wanted }: ScenarioAnswer,
  answer: WireResponse,
): Finding | undefined => {
  const { status } = answer
  if (status !== wanted) {
    return problem("wrong-answer", `the scenario has the status ${wanted}, and it is ${status}`)
  }
  const response = operation.responses.find((one) => one.status === status)
  if (example === undefined || response === undefined) return undefined
  const given = exampleOf(response, answer)
  if (given === example) return undefined
  const what = given ?? "none of the contract's"
  return problem("wrong-answer", `the scenario has the example ${example}, and it is ${what}`)
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
  const came = inbox.received.map(
    ({ example }) => example ?? "one of no form that the contract has",
  )
  const findings = inbox.received.flatMap((update) => update.findings)
  if (Option.isSome(inTime) && came.join() === wanted.join()) return findings
  return [
    ...findings,
    problem("wrong-updates", `the updates must be ${list(wanted)}; there came ${list(came)}`),
  ]
})

const list = (names: ReadonlyArray<string>): string =>
  names.length === 0 ? "none" : names.join(", ")
