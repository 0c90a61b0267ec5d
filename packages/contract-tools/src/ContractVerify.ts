/**
 * Holds a server to a contract: a mock, a staging host, the live service. Every documented success and refusal, then
 * generated requests, valid ones and ones with exactly one thing wrong; every answer and every update is validated.
 *
 * Nothing of it reaches a person unless `allowSend` says whom.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Contract from "@effect-sent/contract/Contract"
import type { Check, Report } from "./ContractReport.ts"
import * as ContractValidator from "@effect-sent/contract/ContractValidator"
import { type Case, refusals, scenarios, successes } from "./internal/verify/cases.ts"
import { type CoverageItem, makeCounting } from "./internal/verify/coverage.ts"
import { type Exchange, makeExchange } from "./internal/verify/exchange.ts"
import { makeReceiver } from "./internal/verify/receiver.ts"
import { makeRequests, type Requests } from "./internal/verify/requests.ts"
import { makeRunner, type Runner } from "./internal/verify/runner.ts"
import { parseTarget } from "./internal/target.ts"
import type { ContractError } from "@effect-sent/contract/ContractError"

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/** What is verified, and how. */
export interface VerifyOptions {
  /** The base URL of the server. */
  readonly target: string
  /** A YAML or JSON file. Default: the bundled contract. */
  readonly contract?: string | URL | undefined
  /** Whether what is on this machine leads to a live service, e.g. through a proxy. Default: false. */
  readonly live?: boolean | undefined
  /** The credentials by their header. Default, on this machine only: some that a mock takes. */
  readonly credentials?: Readonly<Record<string, Redacted.Redacted<string>>> | undefined
  /**
   * Whom one message of a live service may go to, in E.164 form. Default: nobody, and only what must be refused is sent.
   * Whatever is not on this machine is live.
   */
  readonly allowSend?: Redacted.Redacted<string> | undefined
  /** How many requests are generated of each kind. Default: 100. */
  readonly runs?: number | undefined
  /** What they are generated from. The same seed makes the same requests. Default: 1. */
  readonly seed?: string | number | undefined
  /** How long an answer, and the updates of a message, may take. Default: ten seconds. */
  readonly timeout?: Duration.Input | undefined
  /** What updates are signed with. Default: signatures are not checked. */
  readonly webhookSecret?: Redacted.Redacted<string> | undefined
  /** Told of every case that is done. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** The target cannot be verified: it is no base URL, or credentials are needed. */
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

/** What was found, and what of the contract that has exercised. */
export interface Verification {
  readonly report: Report
  readonly coverage: ReadonlyArray<CoverageItem>
}

/**
 * What of a contract no case has exercised, as a report: each of them is an error in it.
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
          : [{ rule: "not-exercised", severity: "error", message: `no case has exercised it` }],
    })),
    summary: [`${exercised} of ${items.length} exercised, ${percent} %`],
  }
}

const groups: Readonly<Record<CoverageItem["kind"], string>> = {
  operation: "operations",
  "request example": "examples of requests",
  status: "statuses",
  example: "examples of answers",
  callback: "callbacks",
  update: "examples of updates",
}

// -----------------------------------------------------------------------------
// Verifying
// -----------------------------------------------------------------------------

/**
 * Verifies a server. Fails when it cannot begin; whatever the server does wrong is in the report.
 *
 * A target on this machine is sent everything, with phone numbers that are nobody's. Any other gets only what it must
 * refuse, and with `allowSend` one message more. No request is sent twice, but for one that a rate limit turned away.
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
  yield* checkOptions(options)
  const server = { url: target.url, isMock: target.isLocal && options.live !== true }
  const credentials = yield* credentialsFor(server, options)
  const contract = yield* Contract.load(options.contract)
  return yield* Effect.scoped(verifyContract(contract, server, credentials, options))
})

interface Server {
  readonly url: string
  /** Whether whatever is sent to it stays on this machine. */
  readonly isMock: boolean
}

const checkOptions = ({ allowSend, runs = 0 }: VerifyOptions): Effect.Effect<void, VerifyError> => {
  if (!Number.isInteger(runs) || runs < 0) {
    return Effect.fail(new VerifyError({ problem: "runs must be a whole number, 0 or more" }))
  }
  return allowSend === undefined || /^\+[1-9][0-9]{6,14}$/.test(Redacted.value(allowSend))
    ? Effect.void
    : Effect.fail(
        new VerifyError({
          problem: "the number to send to must be in E.164 form: + and 7 to 15 digits",
        }),
      )
}

/** What a mock takes: a GUID, and anything for a key. */
const anyCredentials: Readonly<Record<string, string>> = {
  "x-sender-id": "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
  "x-api-key": "effect-sent-contract",
}

const credentialsFor = (
  { isMock }: Server,
  { credentials }: VerifyOptions,
): Effect.Effect<Readonly<Record<string, string>>, VerifyError> => {
  if (credentials !== undefined) {
    return Effect.succeed(
      Object.fromEntries(
        Object.entries(credentials).map(([name, value]) => [
          name.toLowerCase(),
          Redacted.value(value),
        ]),
      ),
    )
  }
  return isMock
    ? Effect.succeed(anyCredentials)
    : Effect.fail(
        new VerifyError({
          problem: "the target is live, so it needs the credentials of an account",
        }),
      )
}

const verifyContract = Effect.fnUntraced(function* (
  contract: Contract.Contract,
  target: Server,
  credentials: Readonly<Record<string, string>>,
  options: VerifyOptions,
): Effect.fn.Return<Verification, ContractError | VerifyError, Scope.Scope> {
  const timeoutMillis = Duration.toMillis(Duration.fromInputUnsafe(options.timeout ?? "10 seconds"))
  const exchange = yield* makeExchange(target.url, timeoutMillis)
  yield* mustBeReachable(target.url, exchange)
  const counting = makeCounting(contract)
  const runner = makeRunner({
    target: target.url,
    exchange,
    validator: yield* ContractValidator.make(contract),
    counting,
    timeoutMillis,
    credentials,
    hidden: options.allowSend,
  })
  const plans = yield* Effect.forEach(contract.operations, (operation) =>
    planOf(operation, target, credentials, options),
  )
  const total = plans.reduce((sum, { steps }) => sum + steps.length, 0)
  let done = 0
  const checks = yield* Effect.forEach(
    plans.flatMap(({ steps }) => steps),
    Effect.fnUntraced(function* (step) {
      const [took, check] = yield* Effect.timed(step(runner))
      options.onProgress?.(++done, total)
      return { ...check, millis: Duration.toMillis(took) }
    }),
    // A service that serves others, too, is asked one thing at a time.
    { concurrency: target.isMock ? 8 : 1 },
  )
  return {
    report: {
      title: `verify ${target.url}`,
      checks: [
        ...plans.flatMap(({ skipped }) => skipped),
        ...checks,
        // What comes late belongs to no case that is still there.
        ...plans.flatMap(({ atEnd }) => atEnd()),
      ],
      summary: [`${checks.length} cases, seed ${options.seed ?? defaultSeed}`],
    },
    coverage: counting.items(),
  }
})

const mustBeReachable = (url: string, exchange: Exchange): Effect.Effect<void, VerifyError> =>
  Effect.flatMap(
    exchange({ method: "GET", target: "/", headers: {}, body: new Uint8Array() }),
    (outcome) =>
      outcome._tag === "Broken" && outcome.isUnreachable
        ? Effect.fail(new VerifyError({ problem: `${url}: ${outcome.how}; is it running?` }))
        : Effect.void,
  )

// -----------------------------------------------------------------------------
// What is done with one operation
// -----------------------------------------------------------------------------

const defaultSeed = 1
const defaultRuns = 100

interface Plan {
  readonly skipped: ReadonlyArray<Check>
  readonly steps: ReadonlyArray<(runner: Runner) => Effect.Effect<Check>>
  readonly atEnd: () => ReadonlyArray<Check>
}

const planOf = Effect.fnUntraced(function* (
  operation: Contract.Operation,
  { isMock }: Server,
  credentials: Readonly<Record<string, string>>,
  options: VerifyOptions,
): Effect.fn.Return<Plan, never, Scope.Scope> {
  const name = `${operation.method} ${operation.path}`
  const requests = makeRequests(operation, credentials)
  if (typeof requests === "string") {
    return { skipped: [skip("operations", name, requests)], steps: [], atEnd: () => [] }
  }
  const { allowSend } = options
  const mayAccept = isMock || allowSend !== undefined
  const { updates } = operation
  const receiver =
    updates === undefined || !isMock
      ? undefined
      : yield* makeReceiver(
          updates,
          options.webhookSecret === undefined ? undefined : Redacted.value(options.webhookSecret),
        )
  const number = isMock || allowSend === undefined ? undefined : Redacted.value(allowSend)
  const cases: ReadonlyArray<Case> = [
    ...(mayAccept ? successes(operation, requests, number) : []),
    ...refusals(operation, requests),
    ...(isMock ? scenarios(operation, requests) : []),
  ]
  return {
    skipped: [
      ...(mayAccept
        ? []
        : [skip("successes", name, "a message may go out; allow it with a number of your own")]),
      ...(isMock
        ? []
        : [
            skip("scenarios", name, "only a mock plays them"),
            skip("generated", "valid requests", "each would be a message that costs money"),
          ]),
    ],
    steps: [
      ...cases.map((one) => (runner: Runner) => runner.runCase(one, receiver)),
      ...generated(operation, requests, options, isMock),
    ],
    atEnd: () =>
      receiver === undefined
        ? []
        : [{ group: "updates", name: "none but those that are due", findings: receiver.surplus() }],
  }
})

const skip = (group: string, name: string, skipped: string): Check => ({
  group,
  name,
  skipped,
  findings: [],
})

const generated = (
  operation: Contract.Operation,
  requests: Requests,
  { runs = defaultRuns, seed = defaultSeed }: VerifyOptions,
  isMock: boolean,
): Plan["steps"] => {
  if (runs === 0) return []
  const settings = { runs, seed }
  const refused = operation.responses.some(({ status }) => status === 400) ? [400] : []
  return [
    ...(isMock
      ? [
          (runner: Runner) =>
            runner.runProperty(
              "valid requests",
              operation,
              requests.valid,
              (body) => ({ request: requests.withBody(body), expected: { _tag: "Accepted" } }),
              settings,
            ),
        ]
      : []),
    (runner: Runner) =>
      runner.runProperty(
        "requests with one thing wrong",
        operation,
        requests.invalid,
        ({ body }) => ({
          request: requests.withBody(body),
          expected: { _tag: "Refused", statuses: refused },
        }),
        settings,
      ),
  ]
}
