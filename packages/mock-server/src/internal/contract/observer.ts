/** Holds what went through a proxy to the contract, and remembers what left it. */
import * as Effect from "effect/Effect"
import type { Operation } from "../../Contract.ts"
import type { Check, Finding, Report } from "../../ContractReport.ts"
import type { Validator, Violation, WireAnswer, WireRequest } from "../../ContractValidator.ts"
import type { Exchange } from "./forward.ts"

export interface Observer {
  readonly observe: (exchange: Exchange) => Effect.Effect<void>
  readonly report: (title: string) => Report
}

/** Of a service that is wrong all the time, the newest say it all. */
const maxDeviations = 1000

export const makeObserver = (
  validator: Validator,
  onDeviation: ((deviation: Check) => void) | undefined,
): Observer => {
  const kinds = new Map<string, number>()
  const deviations: Array<Check> = []
  let exchanges = 0
  let dropped = 0

  const keep = (deviation: Check): void => {
    deviations.push(deviation)
    if (deviations.length > maxDeviations) {
      deviations.shift()
      dropped += 1
    }
    onDeviation?.(deviation)
  }

  return {
    observe: Effect.fnUntraced(function* (exchange) {
      const { method, target } = exchange.request
      const operation = validator.find(method, target)
      const kind = `${nameOf(operation)}: ${outcomeOf(exchange)}`
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
      exchanges += 1
      const name = `exchange ${exchanges}, ${kind}`
      const { answers, requests } = yield* findingsOf(validator, operation, exchange)
      if (requests.length > 0) keep({ group: "requests", name, findings: requests })
      if (answers.length > 0) keep({ group: "answers", name, findings: answers })
    }),
    report: (title) => ({
      title,
      checks: [
        ...[...kinds].map(([kind, times]): Check => ({
          group: "exchanges",
          name: `${kind}, ${times} times`,
          findings: [],
        })),
        ...deviations,
      ],
      summary: [
        `${exchanges} exchanges`,
        ...(dropped === 0 ? [] : [`${dropped} older deviations are not shown`]),
      ],
    }),
  }
}

/** Of a path that the contract does not have, nothing is repeated: it may hold anything. */
const nameOf = (operation: Operation | undefined): string =>
  operation === undefined ? "elsewhere" : `${operation.method} ${operation.path}`

const outcomeOf = ({ outcome }: Exchange): string => {
  if (outcome._tag === "Answered") return String(outcome.answer.status)
  return outcome._tag === "Broken" ? "no answer" : "not waited for"
}

interface Findings {
  readonly requests: ReadonlyArray<Finding>
  readonly answers: ReadonlyArray<Finding>
}

const findingsOf = Effect.fnUntraced(function* (
  validator: Validator,
  operation: Operation | undefined,
  { outcome, request }: Exchange,
): Effect.fn.Return<Findings> {
  const requests =
    operation === undefined
      ? [finding("undeclared-operation", "the contract has no such path, or not by this method")]
      : yield* requestFindings(validator, operation, request)
  const isWrong = requests.some(({ severity }) => severity === "error")
  const unheard = isWrong ? [] : refusedValid(outcome)
  return {
    requests,
    answers: [
      ...(isWrong ? acceptedInvalid(outcome) : unheard),
      ...(yield* answerFindings(validator, operation, outcome)),
    ],
  }
})

const finding = (rule: string, message: string): Finding => ({ rule, severity: "error", message })

const fromViolation =
  (whose: "request" | "answer") =>
  ({ message, rule, where }: Violation): Finding => ({
    ...finding(rule, message),
    where: `the ${whose}'s ${where === "" ? "body" : where}`,
  })

const tooLarge = (whose: "request" | "answer"): Finding => ({
  rule: "not-validated",
  severity: "note",
  message: `the ${whose}'s body is too large to be validated`,
})

const requestFindings = (
  validator: Validator,
  operation: Operation,
  { body, ...request }: Exchange["request"],
): Effect.Effect<ReadonlyArray<Finding>> => {
  if (body === undefined) return Effect.succeed([tooLarge("request")])
  const whole: WireRequest = { ...request, body }
  return Effect.map(validator.request(operation, whole), (all) => all.map(fromViolation("request")))
}

const answerFindings = (
  validator: Validator,
  operation: Operation | undefined,
  outcome: Exchange["outcome"],
): Effect.Effect<ReadonlyArray<Finding>> => {
  if (outcome._tag === "HungUp") return Effect.succeed([])
  if (outcome._tag === "Broken") {
    const { how, mayHaveArrived } = outcome
    const what = mayHaveArrived ? "the request may have arrived" : "the request was not sent"
    return Effect.succeed([finding("no-answer", `${how}; ${what}`)])
  }
  const { body, ...answer } = outcome.answer
  if (operation === undefined) return Effect.succeed([])
  if (body === undefined) return Effect.succeed([tooLarge("answer")])
  const whole: WireAnswer = { ...answer, body }
  return Effect.map(validator.answer(operation, whole), (all) => all.map(fromViolation("answer")))
}

const acceptedInvalid = (outcome: Exchange["outcome"]): ReadonlyArray<Finding> =>
  outcome._tag === "Answered" && outcome.answer.status < 300
    ? [finding("accepted-invalid", "the service accepts what the contract refuses")]
    : []

/** It may know more than the contract does, e.g. that there is no such template. */
const refusedValid = (outcome: Exchange["outcome"]): ReadonlyArray<Finding> =>
  outcome._tag === "Answered" && outcome.answer.status === 400
    ? [
        {
          rule: "refused-valid",
          severity: "warning",
          message: "the service refuses what the contract accepts; it may know more",
        },
      ]
    : []
