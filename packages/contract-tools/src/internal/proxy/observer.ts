/** Validates the exchanges of a proxy and collects the deviations from the contract. */
import * as Effect from "effect/Effect"
import type { Operation } from "@effect-sent/contract/Contract"
import type { Check, Finding, Report } from "../../ContractReport.ts"
import type { Validator, Violation } from "@effect-sent/contract/ContractValidator"
import { decode, type Unread } from "./decode.ts"
import { consequenceOf, type Exchange } from "./forward.ts"

export interface Observer {
  readonly observe: (exchange: Exchange) => Effect.Effect<void>
  /** Reports bytes of the application that are not an HTTP request. */
  readonly misread: (code: string) => void
  readonly report: (title: string) => Report
}

/** Keeps the newest `maxDeviations`: a service that is always wrong would fill the memory. */
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
      const { requests, responses } = yield* Effect.catchCause(
        findingsOf(validator, operation, exchange),
        // The exchange is over: a defect of the validation must not affect the proxy.
        () => Effect.succeed(notValidated),
      )
      const kind = `${nameOf(operation)}: ${outcomeOf(exchange)}`
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
      exchanges += 1
      const name = `exchange ${exchanges}, ${kind}`
      if (requests.length > 0) deviate({ group: "requests", name, findings: requests })
      if (responses.length > 0) deviate({ group: "responses", name, findings: responses })
    }),
    misread: (code) =>
      deviate({
        group: "requests",
        name: "malformed request",
        findings: [
          finding("malformed-http", `the application sent bytes that are not HTTP/1.1 (${code})`),
        ],
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

/** Dropped deviations still count: a dropped error fails the report. */
const older = (dropped: Readonly<Record<Finding["severity"], number>>): ReadonlyArray<Check> => {
  const severity = (["error", "warning", "note"] as const).find((one) => dropped[one] > 0)
  if (severity === undefined) return []
  const { error, note, warning } = dropped
  const message = `${error} errors, ${warning} warnings and ${note} notes of older exchanges were dropped`
  return [
    {
      group: "exchanges",
      name: "older deviations",
      findings: [{ rule: "not-kept", severity, message }],
    },
  ]
}

/** An unknown path is not repeated: it may contain anything. */
const nameOf = (operation: Operation | undefined): string =>
  operation === undefined ? "unknown operation" : `${operation.method} ${operation.path}`

const outcomeOf = ({ outcome }: Exchange): string => {
  if (outcome._tag === "Responded") return String(outcome.response.status)
  return outcome._tag === "Broken" ? "no response" : "closed by the application"
}

// -----------------------------------------------------------------------------
// Findings
// -----------------------------------------------------------------------------

interface Findings {
  readonly requests: ReadonlyArray<Finding>
  readonly responses: ReadonlyArray<Finding>
}

const findingsOf = Effect.fnUntraced(function* (
  validator: Validator,
  operation: Operation | undefined,
  { outcome, request }: Exchange,
): Effect.fn.Return<Findings> {
  if (operation === undefined) {
    const what = "the contract has no operation with this method and path"
    return { requests: [finding("undeclared-operation", what)], responses: broken(outcome) }
  }
  const requests = yield* validate("request", request, (whole) =>
    validator.request(operation, { ...request, ...whole }),
  )
  if (outcome._tag !== "Responded") return { requests, responses: broken(outcome) }
  const { response } = outcome
  const responses = yield* validate("response", response, (whole) =>
    Effect.map(validator.response(operation, { ...response, ...whole }), (all) =>
      // A response to HEAD has no body, whatever is declared.
      request.method === "HEAD" ? all.filter(({ rule }) => rule !== "missing-body") : all,
    ),
  )
  return { requests, responses: [...verdict(requests, response.status), ...responses] }
})

interface Message {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | Unread
}

/** Validates everything but the body when the body cannot be read. */
const validate = Effect.fnUntraced(function* (
  whose: "request" | "response",
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

const unread = (whose: "request" | "response", { because }: Unread): Finding => ({
  rule: "not-validated",
  severity: "note",
  message: `the ${whose} body ${because} and was not validated`,
})

const notValidated: Findings = {
  requests: [
    {
      rule: "not-validated",
      severity: "warning",
      message: "the validation itself failed; please report the kind of exchange",
    },
  ],
  responses: [],
}

const fromViolation =
  (whose: "request" | "response") =>
  ({ message, rule, where }: Violation): Finding => ({
    ...finding(rule, withoutNumbers(message)),
    where: withoutNumbers(`${whose} ${where === "" ? "body" : where}`),
  })

/** A violation names members, and the name of a member may be a phone number. */
const withoutNumbers = (text: string): string => text.replaceAll(/\+?\d(?:[\s().-]?\d){6,}/g, "…")

const broken = (outcome: Exchange["outcome"]): ReadonlyArray<Finding> =>
  outcome._tag === "Broken"
    ? [finding("no-response", `${outcome.how}; ${consequenceOf(outcome.mayHaveArrived)}`)]
    : []

/** Compares the service's verdict on a request with the contract's. */
const verdict = (requests: ReadonlyArray<Finding>, status: number): ReadonlyArray<Finding> => {
  if (requests.some(({ severity }) => severity === "error")) {
    return status >= 200 && status < 300
      ? [finding("accepted-invalid", "the service accepted a request that the contract rejects")]
      : []
  }
  // It may know more than the contract, e.g. that a template does not exist.
  return requests.length === 0 && status === 400
    ? [
        {
          rule: "refused-valid",
          severity: "warning",
          message:
            "the service rejected a request that the contract accepts; it may enforce more than the contract",
        },
      ]
    : []
}
