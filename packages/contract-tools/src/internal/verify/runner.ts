/** Runs cases against a server and validates its responses. */
import type { Operation } from "@effect-sent/contract/Contract"
import type { Validator, Violation } from "@effect-sent/contract/ContractValidator"
import * as Recipients from "@effect-sent/contract/Recipients"
import type { ScenarioAnswer } from "@effect-sent/contract/Scenario"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { randomUUID } from "node:crypto"
import type { Check, Finding } from "../../ContractReport.ts"
import type { Case, Expected, Step } from "./cases/case.ts"
import { type Counting, exampleOf } from "./coverage.ts"
import { type Secrets, toCurl } from "./curl.ts"
import type { Declared } from "./declared.ts"
import type { Exchange, Outcome, SentRequest } from "./exchange.ts"
import { framingProblems } from "./framing.ts"
import type { Patience } from "./patience.ts"
import type { Inbox, Receiver } from "./receiver.ts"
import { checkUpdates, unreached } from "./updating.ts"
import type { RawResponse } from "./wire.ts"

export interface Runner {
  readonly runCase: (
    one: Case,
    declared: Declared,
    receiver: Receiver | undefined,
    /** The key of the account that a shared receiver is registered with. */
    account: string | undefined,
  ) => Effect.Effect<Tested>
  /** Searches for the smallest value whose request gets a wrong response. */
  readonly runProperty: <A>(
    name: string,
    operation: Operation,
    declared: Declared,
    values: Arbitrary.Arbitrary<A>,
    toStep: (value: A) => Step & { readonly cause: string },
    settings: { readonly runs: number; readonly seed: string | number },
  ) => Effect.Effect<Tested>
}

/** A check, and whether it should have been made and could not be: then its `skipped` says why. */
export interface Tested {
  readonly check: Check
  readonly isUntested: boolean
}

export interface RunnerParts {
  readonly target: string
  readonly exchange: Exchange
  readonly patience: Patience
  readonly validator: Validator
  readonly counting: Counting
  /** How long to wait for updates. */
  readonly timeoutMillis: number
  /** Those that were given, by header name in lower case. No finding may show them. */
  readonly credentials: Readonly<Record<string, string>>
  /** A phone number that no finding may show. */
  readonly hidden: Redacted.Redacted<string> | undefined
}

const tested = (check: Check): Tested => ({ check, isUntested: false })

export const untested = (group: string, name: string, why: string): Tested => ({
  check: { group, name, skipped: why, findings: [] },
  isUntested: true,
})

export const makeRunner = (parts: RunnerParts): Runner => {
  const runStep = makeRunStep(parts)
  const givenUp = (group: string, name: string): Tested | undefined => {
    const reason = parts.patience.reason()
    return reason === undefined ? undefined : untested(group, name, `given up: ${reason}`)
  }
  return {
    runCase: (one, declared, receiver, account) =>
      Effect.suspend(() => {
        const before = givenUp(one.group, one.name)
        return before === undefined
          ? runCase(parts, runStep, one, declared, receiver, account)
          : Effect.succeed(before)
      }),
    runProperty: (name, operation, declared, values, toStep, settings) =>
      Effect.suspend(() => {
        const words = `${settings.runs} ${name}`
        const before = givenUp("generated", words)
        return before === undefined
          ? Effect.map(
              smallestFailure(
                values,
                (value) =>
                  parts.patience.reason() === undefined
                    ? Effect.map(
                        runStep(operation, declared, toStep(value)),
                        ({ findings }) => findings,
                      )
                    : Effect.succeed([]),
                settings,
              ),
              (findings) =>
                givenUp("generated", words) ??
                tested({ group: "generated", name: words, findings }),
            )
          : Effect.succeed(before)
      }),
  }
}

const runCase = Effect.fnUntraced(function* (
  parts: RunnerParts,
  runStep: RunStep,
  one: Case,
  declared: Declared,
  given: Receiver | undefined,
  account: string | undefined,
): Effect.fn.Return<Tested> {
  const { cause, covers = [], group, name, operation, updates } = one
  // At a shared receiver, what no answer names cannot be told apart from what belongs to other cases.
  const receiver = given?.isShared === true && updates?.scenario === undefined ? undefined : given
  const isShared = receiver?.isShared === true
  const expected =
    (updates?.expected.length ?? 0) + (updates?.receiver?.isRepeated === true ? 1 : 0)
  const inbox = updates === undefined ? undefined : receiver?.open(name, expected, updates.receiver)
  const url = operation.updates?.urlMember
  const findings: Array<Finding> = []
  let answeredAt = 0
  const steps = one.isCounted === true ? yield* counted(parts, one.steps) : one.steps
  for (const step of steps) {
    const request =
      inbox === undefined
        ? step.request
        : url === undefined
          ? withAccount(step.request, account)
          : withMember(step.request, url, inbox.url)
    // Updates may come before the answer that names their message.
    if (isShared && !isPrompt(step.expected)) claimByNumber(inbox, request)
    const stepped = yield* runStep(operation, declared, { ...step, request, cause })
    if (stepped.outcome._tag === "Responded") {
      answeredAt = stepped.outcome.at
      for (const id of messageIdsIn(stepped.outcome.response)) inbox?.claim(id)
    }
    findings.push(...stepped.findings)
  }
  // After a wrong response, whether updates follow is unknown.
  if (
    inbox !== undefined &&
    updates !== undefined &&
    receiver !== undefined &&
    findings.length === 0
  ) {
    const last = steps.at(-1)
    const found = yield* checkUpdates({
      ...parts,
      operation,
      updates,
      inbox,
      receiver,
      answeredAt: isPrompt(last?.expected) && !isShared ? answeredAt : 0,
      request: last === undefined ? undefined : parse(last.request.body),
    })
    if (found === unreached) return untested(group, name, "no update has come to the receiver")
    findings.push(...found)
  }
  if (!findings.some(({ severity }) => severity === "error")) parts.counting.passed(covers)
  return tested({ group, name, findings })
})

/** Whether the answer comes as soon as the message is accepted. Otherwise updates may come before it. */
const isPrompt = (expected: Expected | undefined): boolean =>
  expected?._tag !== "Exactly" ||
  ((expected.answer.delay ?? 0) === 0 && expected.answer.lost === undefined)

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * Steps whose answers a mock counts by sender: with a sender of their own, so that nobody else's requests count. A server that
 * knows its senders rejects that one; there, the requests before these are made until the last answer has come.
 */
const counted = Effect.fnUntraced(function* (
  { credentials, exchange }: RunnerParts,
  steps: ReadonlyArray<Step>,
): Effect.fn.Return<ReadonlyArray<Step>> {
  const names = Object.keys(credentials).filter((name) => guid.test(credentials[name] ?? ""))
  const [first] = steps
  if (names.length === 0 || first === undefined) return steps
  const own = Object.fromEntries(names.map((name) => [name, randomUUID()]))
  const asOwn = (request: SentRequest): SentRequest => ({
    ...request,
    headers: { ...request.headers, ...own },
  })
  const isKnown = yield* exchange(asOwn({ ...first.request, body: new Uint8Array() }))
  if (isKnown._tag === "Responded" && isKnown.response.status !== 401) {
    return steps.map((step) => ({ ...step, request: asOwn(step.request) }))
  }
  const last = steps.at(-1)?.expected
  for (const { request } of steps) {
    const outcome = yield* exchange(request)
    const isLast =
      outcome._tag === "Responded" &&
      last?._tag === "Exactly" &&
      outcome.response.status === last.answer.status
    if (isLast) break
  }
  return steps
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

const problem = (rule: string, message: string, cause = rule): Finding => ({
  rule,
  severity: "error",
  message,
  cause,
})

const parse = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}

/** The header of the key that stands for an account. */
export const keyHeader = "x-api-key"

const withAccount = (request: SentRequest, account: string | undefined): SentRequest =>
  account === undefined
    ? request
    : { ...request, headers: { ...request.headers, [keyHeader]: account } }

const claimByNumber = (inbox: Inbox | undefined, { body }: SentRequest): void => {
  for (const number of Recipients.of(parse(body))) inbox?.claim(number)
}

/** The ids of the messages that an answer names. */
const messageIdsIn = ({ body }: RawResponse): ReadonlyArray<string> => {
  const parsed = parse(body)
  const data = Predicate.hasProperty(parsed, "data") ? parsed.data : undefined
  const recipients = Predicate.hasProperty(data, "recipients") ? data.recipients : undefined
  return (Array.isArray(recipients) ? recipients : []).flatMap((one: unknown) =>
    Predicate.hasProperty(one, "message_id") && Predicate.isString(one.message_id)
      ? [one.message_id]
      : [],
  )
}

/** The request with one more member in its body. */
const withMember = (request: SentRequest, name: string, value: string): SentRequest => {
  const body = parse(request.body)
  const changed = { ...(typeof body === "object" ? body : {}), [name]: value }
  return { ...request, body: new TextEncoder().encode(JSON.stringify(changed)) }
}

// -----------------------------------------------------------------------------
// One request
// -----------------------------------------------------------------------------

interface Stepped {
  readonly findings: ReadonlyArray<Finding>
  readonly outcome: Outcome
}

type RunStep = (
  operation: Operation,
  declared: Declared,
  step: Step & { readonly cause: string },
) => Effect.Effect<Stepped>

const makeRunStep = (parts: RunnerParts): RunStep => {
  const { counting, credentials, exchange, hidden, patience, target, validator } = parts
  const secrets: Secrets = Object.fromEntries(
    Object.keys(credentials).map((name) => [name, variableOf(name)]),
  )
  const curl = (request: SentRequest): string => {
    // A wrong credential is shown, the right one is not.
    const own = Object.fromEntries(
      Object.entries(secrets).filter(([name]) => request.headers[name] === credentials[name]),
    )
    const { headers, isChunked = false } = request
    const sent = isChunked
      ? { ...request, headers: { ...headers, "transfer-encoding": "chunked" } }
      : request
    const line = toCurl(`${target}${request.target}`, sent, own)
    return hidden === undefined
      ? line
      : line.replaceAll(Redacted.value(hidden), `'"$SENT_ALLOWED_NUMBER"'`)
  }

  return Effect.fnUntraced(function* (operation, declared, { cause, expected, request }) {
    const outcome = yield* politely(exchange(request), expected)
    if (!isExpected(outcome, expected)) yield* patience.note(outcome)
    const found = yield* findingsOf(validator, operation, declared, expected, cause, outcome)
    if (outcome._tag === "Responded" && expected._tag !== "Undeclared") {
      counting.responded(operation, outcome.response)
    }
    const where = `${request.method} ${request.target}`
    const reproduce = curl(request)
    return {
      outcome,
      findings: found.map((finding) => Object.assign({ where, reproduce }, finding)),
    }
  })
}

/** Whether a scenario loses the response, or limits the rate. */
const isExpected = (outcome: Outcome, expected: Expected): boolean =>
  expected._tag === "Exactly" &&
  (outcome._tag === "Responded"
    ? outcome.response.status === 429
    : expected.answer.lost !== undefined)

/** The variable of the environment that a credential is read from: `x-sender-id` is `SENT_SENDER_ID`. */
export const variableOf = (header: string): string =>
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
  declared: Declared,
  expected: Expected,
  cause: string,
  outcome: Outcome,
): Effect.fn.Return<ReadonlyArray<Finding>> {
  const isLost = expected._tag === "Exactly" && expected.answer.lost !== undefined
  if (outcome._tag === "Broken") {
    return isLost ? [] : [problem("no-response", outcome.how, `no-response ${cause}`)]
  }
  const { millis, response } = outcome
  const { status } = response
  if (isLost) {
    const message = `the scenario resets the connection; the server responded with ${status}`
    return [problem("wrong-response", message, cause)]
  }
  const framing = framingProblems(response, declared.responseHeaders.get(status) ?? [])
  const violations =
    expected._tag === "Undeclared" ? [] : yield* validator.response(operation, response)
  const unexpected = unexpectedIn(operation, expected, cause, response)
  const early = earlyBy(expected, millis)
  return [
    // An undeclared status is reported once.
    ...(unexpected === undefined || violations.some(({ rule }) => rule === "undeclared-status")
      ? []
      : [unexpected]),
    ...(early === undefined ? [] : [problem("wrong-delay", early, cause)]),
    ...framing.map((one) => deviation(status, one, one.severity)),
    ...violations.map((one) => deviation(status, one, "error")),
  ]
})

const deviation = (
  status: number,
  { message, rule, where }: Violation,
  severity: Finding["severity"],
): Finding => ({
  rule,
  severity,
  message,
  cause: `${status} ${rule} ${where}`,
  where: `response ${where}`,
})

/** Clocks differ, and a timer may fire a little early. */
const tolerance = 0.95

const earlyBy = (expected: Expected, millis: number): string | undefined => {
  const seconds = expected._tag === "Exactly" ? (expected.answer.delay ?? 0) : 0
  return millis >= seconds * 1000 * tolerance
    ? undefined
    : `the scenario answers after ${seconds} seconds; the response came after ${(millis / 1000).toFixed(3)}`
}

const unexpectedIn = (
  operation: Operation,
  expected: Expected,
  cause: string,
  response: RawResponse,
): Finding | undefined => {
  const { status } = response
  const isSuccess = status >= 200 && status < 300
  const wrong = (rule: string, message: string): Finding =>
    problem(rule, message, `${rule} ${cause}`)
  if (expected._tag === "Exactly")
    return differenceFrom(operation, expected.answer, cause, response)
  if (expected._tag === "Accepted") {
    if (!isSuccess) return wrong("refused-valid", `a valid request was rejected with ${status}`)
    const { header } = expected
    return header === undefined || response.headers[header] === "true"
      ? undefined
      : wrong("not-replayed", `the response has no ${header}: true`)
  }
  if (expected._tag === "Undeclared") {
    const message = `a request that the contract does not declare was accepted with ${status}`
    return isSuccess ? wrong("accepted-undeclared", message) : undefined
  }
  const { field, statuses } = expected
  const blamed = field === undefined ? undefined : wronglyBlamed(response, field)
  if (statuses.includes(status) && blamed !== undefined) {
    return wrong("wrong-field", `the body is wrong at ${field}, and the errors are about ${blamed}`)
  }
  if (statuses.includes(status) || (statuses.length === 0 && !isSuccess)) return undefined
  const wanted = statuses.length === 0 ? "an error" : statuses.join(" or ")
  return isSuccess
    ? wrong("accepted-invalid", `an invalid request was accepted; expected ${wanted}`)
    : wrong("wrong-status", `expected the status ${wanted}, got ${status}`)
}

/** The fields that a response complains about, if the one that is wrong is not among them. */
const wronglyBlamed = ({ body }: RawResponse, field: string): string | undefined => {
  const parsed = parse(body)
  const errors = Predicate.hasProperty(parsed, "errors") ? parsed.errors : detailsIn(parsed)
  if (!Predicate.isObject(errors) || Array.isArray(errors)) return undefined
  const names = Object.keys(errors)
  const isNamed = names.some((name) => name.toLowerCase().includes(field.toLowerCase()))
  // Such names are the server's own.
  return isNamed || names.length === 0 || names.some((name) => !/^\w/.test(name))
    ? undefined
    : names.join(", ").slice(0, 100)
}

/** The errors by field in an envelope. */
const detailsIn = (body: unknown): unknown => {
  const error = Predicate.hasProperty(body, "error") ? body.error : undefined
  return Predicate.hasProperty(error, "details") ? error.details : undefined
}

const differenceFrom = (
  operation: Operation,
  { example, status: wanted }: ScenarioAnswer,
  cause: string,
  response: RawResponse,
): Finding | undefined => {
  const { status } = response
  const wrong = (message: string): Finding => problem("wrong-response", message, cause)
  if (status !== wanted) return wrong(`the scenario expects the status ${wanted}, got ${status}`)
  const declared = operation.responses.find((one) => one.status === status)
  if (example === undefined || declared === undefined) return undefined
  const given = exampleOf(declared, response)
  return given === example
    ? undefined
    : wrong(
        `the scenario expects the example ${example}, got ${given ?? "a response that equals no example"}`,
      )
}
