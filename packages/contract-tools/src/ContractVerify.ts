/**
 * Verifies that a server implements a contract: a mock, a staging host, the live service. Sends every documented success
 * and error, then generated requests, valid ones and ones with exactly one error, and validates every response and update.
 *
 * No message is sent to a real phone number, except to the one that `allowSend` names.
 *
 * @example
 * ```ts
 * import { ContractReport, ContractVerify } from "@effect-sent/contract-tools"
 * import { MockServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const { baseUrl } = yield* MockServer.MockServer
 *   const { coverage, report } = yield* ContractVerify.verify({ target: baseUrl, runs: 10 })
 *   console.log(ContractReport.format(report, "pretty"))
 *   console.log(ContractReport.format(ContractVerify.coverageReport(baseUrl, coverage), "pretty"))
 * })
 *
 * await program.pipe(Effect.provide(MockServer.layer()), Effect.runPromise)
 * ```
 */
import * as Contract from "@effect-sent/contract/Contract"
import type { ContractError } from "@effect-sent/contract/ContractError"
import * as ContractValidator from "@effect-sent/contract/ContractValidator"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Check, Report } from "./ContractReport.ts"
import { parseTarget } from "./internal/target.ts"
import { type CoverageItem, makeCounting } from "./internal/verify/coverage.ts"
import { type Exchange, makeExchange } from "./internal/verify/exchange.ts"
import { planOf, type PlanOptions } from "./internal/verify/plan.ts"
import { makeRunner } from "./internal/verify/runner.ts"

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/** The server to verify, and how. */
export interface VerifyOptions {
  /** The base URL of the server. */
  readonly target: string
  /** A YAML or JSON file. Default: the bundled contract. */
  readonly contract?: string | URL | undefined
  /** Treat a loopback target as live, for example a proxy to the service. Default: false. */
  readonly live?: boolean | undefined
  /** The credentials, by header name. Default for a target on this machine: credentials that a mock accepts. */
  readonly credentials?: Readonly<Record<string, Redacted.Redacted<string>>> | undefined
  /**
   * The phone number, in E.164 format, that one message of a live service may go to. Default: none, and only requests that
   * must be rejected are sent.
   */
  readonly allowSend?: Redacted.Redacted<string> | undefined
  /** How many requests of each kind to generate. Default: 100. */
  readonly runs?: number | undefined
  /** The seed of the generated requests. The same seed generates the same requests. Default: 1. */
  readonly seed?: string | number | undefined
  /** How long to wait for a response, and for the updates of a message. Default: 10 seconds. */
  readonly timeout?: Duration.Input | undefined
  /** The secret that updates are signed with. Default: signatures are not checked. */
  readonly webhookSecret?: Redacted.Redacted<string> | undefined
  /** Called after each case. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  /** Run when the verification is interrupted, with what is known by then. Default: nothing. */
  readonly onInterrupt?: ((known: Verification) => Effect.Effect<void>) | undefined
}

/** The verification could not start: an option is invalid, credentials are missing, or the target cannot be reached. */
export class VerifyError extends Schema.TaggedError<VerifyError>("ContractVerify/VerifyError")(
  "VerifyError",
  { problem: Schema.String },
) {
  override get message(): string {
    return this.problem
  }
}

// -----------------------------------------------------------------------------
// Results
// -----------------------------------------------------------------------------

export type { CoverageItem } from "./internal/verify/coverage.ts"

/** Findings and contract coverage. */
export interface Verification {
  readonly report: Report
  readonly coverage: ReadonlyArray<CoverageItem>
}

/**
 * Contract coverage as a report. Whatever no case has exercised is an error.
 *
 * @example
 * ```ts
 * import { ContractReport, ContractVerify } from "@effect-sent/contract-tools"
 *
 * const report = ContractVerify.coverageReport("http://127.0.0.1:4010", [
 *   { kind: "status", name: "POST /v1/messages/phone 503", times: 0 },
 * ])
 * console.assert(!ContractReport.passed(report))
 * ```
 */
export const coverageReport = (target: string, items: ReadonlyArray<CoverageItem>): Report => {
  const exercised = items.filter(({ times }) => times > 0).length
  const percent = items.length === 0 ? 100 : Math.floor((exercised * 100) / items.length)
  return {
    title: `coverage of ${target}`,
    checks: items.map(({ kind, name, times }) => ({
      group: groups[kind],
      name,
      findings:
        times > 0
          ? []
          : [{ rule: "not-exercised", severity: "error", message: "no case exercises it" }],
    })),
    summary: [`${exercised} of ${items.length} exercised, ${percent} %`],
  }
}

const groups: Readonly<Record<CoverageItem["kind"], string>> = {
  operation: "operations",
  "request example": "request examples",
  status: "statuses",
  example: "response examples",
  callback: "callbacks",
  update: "update examples",
}

// -----------------------------------------------------------------------------
// Verifying
// -----------------------------------------------------------------------------

/**
 * Verifies a server. Everything that the server does wrong is in the report; fails only when the verification cannot start.
 *
 * **Details**
 *
 * A target on this machine gets every case, with phone numbers that are not assigned. Any other target is live: it gets only
 * requests that must be rejected and, with `allowSend`, one message. No request is sent twice, except after a rate limit.
 *
 * @example
 * ```ts
 * import { ContractReport, ContractVerify } from "@effect-sent/contract-tools"
 * import { MockServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const { baseUrl } = yield* MockServer.MockServer
 *   const { report } = yield* ContractVerify.verify({ target: baseUrl, runs: 10 })
 *   return ContractReport.passed(report)
 * }).pipe(Effect.provide(MockServer.layer()))
 *
 * console.assert(await Effect.runPromise(program))
 * ```
 */
export const verify = Effect.fnUntraced(function* (
  options: VerifyOptions,
): Effect.fn.Return<Verification, ContractError | VerifyError> {
  const target = parseTarget(options.target)
  if (typeof target === "string") return yield* new VerifyError({ problem: target })
  const plan = yield* readOptions(options, target.isLocal && options.live !== true)
  const contract = yield* Contract.load(options.contract)
  return yield* Effect.scoped(verifyContract(contract, target.url, plan, options))
})

const readOptions = Effect.fnUntraced(function* (
  { allowSend, credentials, runs = 100, seed = 1, webhookSecret }: VerifyOptions,
  isMock: boolean,
): Effect.fn.Return<PlanOptions, VerifyError> {
  if (!Number.isInteger(runs) || runs < 0) {
    return yield* new VerifyError({ problem: "runs must be a whole number, 0 or more" })
  }
  if (allowSend !== undefined && !/^\+[1-9][0-9]{6,14}$/.test(Redacted.value(allowSend))) {
    return yield* new VerifyError({
      problem: "the number to send to must be in E.164 format: + and 7 to 15 digits",
    })
  }
  if (credentials === undefined && !isMock) {
    return yield* new VerifyError({
      problem:
        "a live target needs the credentials of an account: set SENT_SENDER_ID and SENT_API_KEY",
    })
  }
  return {
    isMock,
    runs,
    seed,
    allowSend: allowSend === undefined ? undefined : Redacted.value(allowSend),
    webhookSecret: webhookSecret === undefined ? undefined : Redacted.value(webhookSecret),
    credentials:
      credentials === undefined
        ? mockCredentials
        : Object.fromEntries(
            Object.entries(credentials).map(([name, value]) => [
              name.toLowerCase(),
              Redacted.value(value),
            ]),
          ),
  }
})

/** A mock accepts any GUID and any key. */
const mockCredentials: Readonly<Record<string, string>> = {
  "x-sender-id": "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
  "x-api-key": "effect-sent-contract",
}

const verifyContract = Effect.fnUntraced(function* (
  declared: Contract.Contract,
  url: string,
  plan: PlanOptions,
  { allowSend, onInterrupt, onProgress, timeout = "10 seconds" }: VerifyOptions,
): Effect.fn.Return<Verification, ContractError | VerifyError, Scope.Scope> {
  const timeoutMillis = Duration.toMillis(Duration.fromInputUnsafe(timeout))
  const exchange = yield* makeExchange(url, timeoutMillis)
  yield* checkReachable(url, exchange)
  const validator = yield* ContractValidator.make(declared)
  const { contract } = validator
  const counting = makeCounting(contract)
  const runner = makeRunner({
    target: url,
    exchange,
    validator,
    counting,
    timeoutMillis,
    credentials: plan.credentials,
    hidden: allowSend,
  })
  const plans = yield* Effect.forEach(contract.operations, (operation) => planOf(operation, plan))
  const total = plans.reduce((sum, { steps }) => sum + steps.length, 0)
  let done = 0
  const known: Array<Check> = []
  const verification = (checks: ReadonlyArray<Check>): Verification => ({
    report: {
      title: `verify ${url}`,
      suite: `verify ${contract.title}`,
      properties: { target: url, contract: contract.path, version: contract.version },
      checks: [
        ...contract.omitted.map(({ method, path, reason }): Check => ({
          group: "operations",
          name: `${method} ${path}`,
          skipped: reason,
          findings: [],
        })),
        ...plans.flatMap(({ skipped }) => skipped),
        ...checks,
        // Updates may still arrive after their case is over.
        ...plans.flatMap(({ atEnd }) => atEnd()),
      ],
      summary: [`${checks.length} cases, seed ${plan.seed}`],
    },
    coverage: counting.items(),
  })
  const checks = yield* Effect.forEach(
    plans.flatMap(({ steps }) => steps),
    Effect.fnUntraced(function* (step) {
      const [took, check] = yield* Effect.timed(step(runner))
      onProgress?.(++done, total)
      const timed = { ...check, millis: Duration.toMillis(took) }
      known.push(timed)
      return timed
    }),
    // A live service also serves others: it gets one request at a time.
    { concurrency: plan.isMock ? 8 : 1 },
  ).pipe(
    Effect.onInterrupt(() => {
      if (onInterrupt === undefined) return Effect.void
      const skipped = `interrupted: ${total - done} of ${total} cases were not run`
      return onInterrupt(
        verification([...known, { group: "cases", name: "all cases", skipped, findings: [] }]),
      )
    }),
  )
  return verification(checks)
})

const checkReachable = (url: string, exchange: Exchange): Effect.Effect<void, VerifyError> =>
  Effect.flatMap(
    exchange({ method: "GET", target: "/", headers: {}, body: new Uint8Array() }),
    (outcome) =>
      outcome._tag === "Broken" && outcome.isUnreachable
        ? Effect.fail(new VerifyError({ problem: `${url}: ${outcome.how}; is it running?` }))
        : Effect.void,
  )
