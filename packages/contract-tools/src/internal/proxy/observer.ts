/** Holds what went through a proxy to the contract, and remembers what left it. */
import * as Effect from "effect/Effect"
import type { Operation } from "@effect-sent/contract/Contract"
import type { Check, Finding, Report } from "../../ContractReport.ts"
import type { Validator, Violation } from "@effect-sent/contract/ContractValidator"
import { decode, type Unread } from "./decode.ts"
import { consequenceOf, type Exchange } from "./forward.ts"

export interface Observer {
  readonly observe: (exchange: Exchange) => Effect.Effect<void>
  /** What the application said cannot be read as a request. */
  readonly misread: (code: string) => void
  readonly report: (title: string) => Report
}

/** Only the newest `maxDeviations` are kept: a service that is always wrong would fill the memory. */
export const makeObserver = (
  validator: Validator,
  maxDeviations: number,
  onDeviation: ((deviation: Check) => void) | undefined,
): Observer => {
  const kinds = new Map<string, number>()
  const deviations: Array<Check> = []
  const dropped = { error: 0, warning: 0, note: 0 }
  let exchanges = 0

  const deviate = (deviation: Check): void => {
    deviations.push(deviation)
    if (deviations.length > maxDeviations) {
      const { findings = [] } = deviations.shift() ?? {}
      for (const { severity } of findings) dropped[severity] += 1
    }
    onDeviation?.(deviation)
  }

  return {
    observe: Effect.fnUntraced(function* (exchange) {
      const { method, target } = exchange.request
      const operation = validator.find(method, target)
      const { answers, requests } = yield* Effect.catchCause(
        findingsOf(validator, operation, exchange),
        // What went through went through, whatever becomes of looking at it.
        () => Effect.succeed(unlooked),
      )
      const kind = `${nameOf(operation)}: ${outcomeOf(exchange)}`
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
      exchanges += 1
      const name = `exchange ${exchanges}, ${kind}`
      if (requests.length > 0) deviate({ group: "requests", name, findings: requests })
      if (answers.length > 0) deviate({ group: "answers", name, findings: answers })
    }),
    misread: (code) =>
      deviate({
        group: "requests",
        name: "what is no request",
        findings: [finding("malformed-http", `it is not HTTP/1.1 (${code})`)],
      }),
    report: (title) => ({
      title,
      checks: [
        ...[...kinds].map(([kind, times]): Check => ({
          group: "exchanges",
          name: `${kind}, ${times} times`,
          findings: [],
        })),
        ...older(dropped),
        ...deviations,
      ],
      summary: [`${exchanges} exchanges`],
    }),
  }
}

/** What is not kept in full counts all the same: a report with an error among it does not hold. */
const older = (dropped: Readonly<Record<Finding["severity"], number>>): ReadonlyArray<Check> => {
  const severity = (["error", "warning", "note"] as const).find((one) => dropped[one] > 0)
  if (severity === undefined) return []
  const { error, note, warning } = dropped
  const message = `${error} errors, ${warning} warnings and ${note} notes are no longer kept`
  return [
    {
      group: "exchanges",
      name: "older deviations",
      findings: [{ rule: "not-kept", severity, message }],
    },
  ]
}

/** Of a path that the contract does not have, nothing is repeated: it may hold anything. */
const nameOf = (operation: Operation | undefined): string =>
  operation === undefined ? "elsewhere" : `${operation.method} ${operation.path}`

const outcomeOf = ({ outcome }: Exchange): string => {
  if (outcome._tag === "Answered") return String(outcome.answer.status)
  return outcome._tag === "Broken" ? "no answer" : "not waited for"
}

// -----------------------------------------------------------------------------
// Findings
// -----------------------------------------------------------------------------

interface Findings {
  readonly requests: ReadonlyArray<Finding>
  readonly answers: ReadonlyArray<Finding>
}

const findingsOf = Effect.fnUntraced(function* (
  validator: Validator,
  operation: Operation | undefined,
  { outcome, request }: Exchange,
): Effect.fn.Return<Findings> {
  if (operation === undefined) {
    const what = "the contract has no such path, or not by this method"
    return { requests: [finding("undeclared-operation", what)], answers: broken(outcome) }
  }
  const requests = yield* lookAt("request", request, (whole) =>
    validator.request(operation, { ...request, ...whole }),
  )
  if (outcome._tag !== "Answered") return { requests, answers: broken(outcome) }
  const { answer } = outcome
  const answers = yield* lookAt("answer", answer, (whole) =>
    Effect.map(validator.response(operation, { ...answer, ...whole }), (all) =>
      // What HEAD is answered with has no body, whatever is declared.
      request.method === "HEAD" ? all.filter(({ rule }) => rule !== "missing-body") : all,
    ),
  )
  return { requests, answers: [...verdict(requests, answer.status), ...answers] }
})

interface Message {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | Unread
}

/** Without a body that can be read, all else is looked at. */
const lookAt = Effect.fnUntraced(function* (
  whose: "request" | "answer",
  { body, headers }: Message,
  violationsOf: (whole: { readonly body: Uint8Array }) => Effect.Effect<ReadonlyArray<Violation>>,
): Effect.fn.Return<ReadonlyArray<Finding>> {
  const read = "because" in body ? body : yield* decode(body, headers["content-encoding"])
  const isRead = !("because" in read)
  const violations = yield* violationsOf({ body: isRead ? read : new Uint8Array() })
  return [
    ...(isRead ? [] : [unread(whose, read)]),
    ...violations
      .filter(({ where }) => isRead || !/^(?:body|$)/.test(where))
      .map(fromViolation(whose)),
  ]
})

const finding = (rule: string, message: string): Finding => ({ rule, severity: "error", message })

const unread = (whose: "request" | "answer", { because }: Unread): Finding => ({
  rule: "not-validated",
  severity: "note",
  message: `the ${whose}'s body ${because}, and was not validated`,
})

const unlooked: Findings = {
  requests: [
    {
      rule: "not-validated",
      severity: "warning",
      message: "the validation itself failed; please report what kind of exchange it was",
    },
  ],
  answers: [],
}

const fromViolation =
  (whose: "request" | "answer") =>
  ({ message, rule, where }: Violation): Finding => ({
    ...finding(rule, withoutNumbers(message)),
    where: withoutNumbers(`the ${whose}'s ${where === "" ? "body" : where}`),
  })

/** A violation repeats no value but the names of members, and a phone number may be the name of one. */
const withoutNumbers = (text: string): string => text.replaceAll(/\+?\d(?:[\s().-]?\d){6,}/g, "…")

const broken = (outcome: Exchange["outcome"]): ReadonlyArray<Finding> =>
  outcome._tag === "Broken"
    ? [finding("no-answer", `${outcome.how}; ${consequenceOf(outcome.mayHaveArrived)}`)]
    : []

/** Whether the service takes what the contract takes. */
const verdict = (requests: ReadonlyArray<Finding>, status: number): ReadonlyArray<Finding> => {
  if (requests.some(({ severity }) => severity === "error")) {
    return status >= 200 && status < 300
      ? [finding("accepted-invalid", "the service accepts what the contract refuses")]
      : []
  }
  // It may know more than the contract does, e.g. that there is no such template.
  return requests.length === 0 && status === 400
    ? [
        {
          rule: "refused-valid",
          severity: "warning",
          message: "the service refuses what the contract accepts; it may know more",
        },
      ]
    : []
}
