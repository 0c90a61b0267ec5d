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
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as MockServer from "@effect-sent/mock-server/MockServer"
import { Webhook } from "standardwebhooks"
import type { Check, Report } from "./ContractReport.ts"
import { parseTarget, type Target } from "./internal/target.ts"
import { type CoverageItem, makeCounting } from "./internal/verify/coverage.ts"
import { type Exchange, makeExchange, type Outcome } from "./internal/verify/exchange.ts"
import { hasSandbox } from "./internal/verify/sandbox.ts"
import { makePatience, probe } from "./internal/verify/patience.ts"
import { planOf, type PlanOptions } from "./internal/verify/plan.ts"
import {
  makeRunner,
  type Tested,
  untested as notTested,
  variableOf,
} from "./internal/verify/runner.ts"

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
  /** Treat a target that is not on this machine as a mock, for example in a container or a test environment. Default: false. */
  readonly sandbox?: boolean | undefined
  /** The credentials, by header name. Default for a mock: made-up ones, other ones in each run. */
  readonly credentials?: Readonly<Record<string, Redacted.Redacted<string>>> | undefined
  /**
   * The phone number, in E.164 format, that one message of a live service may go to. Default: none, and only requests that
   * must be rejected are sent.
   */
  readonly allowSend?: Redacted.Redacted<string> | undefined
  /** How many requests of each kind to generate, up to 100,000. Default: 100. */
  readonly runs?: number | undefined
  /** The seed of the generated requests. The same seed generates the same requests. Default: 1. */
  readonly seed?: string | number | undefined
  /** How long to wait for a response, and for the updates of a message, up to an hour. Default: 10 seconds. */
  readonly timeout?: Duration.Input | undefined
  /** Run only the cases whose name contains one of these texts. Default: all. */
  readonly only?: ReadonlyArray<string> | undefined
  /** Whether to receive updates of a mock and check them. Default: true. */
  readonly updates?: boolean | undefined
  /**
   * The name or address of this machine as the target sees it, for example `host.docker.internal`, with a port if one is
   * forwarded. The receiver then listens on every address. Default: `127.0.0.1`.
   */
  readonly receiverHost?: string | undefined
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
  /**
   * What should have been tested and could not be. The report lists it as skipped; a report without findings proves nothing
   * about it.
   */
  readonly untested: ReadonlyArray<Untested>
}

/** A case or an operation that could not be tested. */
export interface Untested {
  readonly name: string
  readonly reason: string
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
  security: "security schemes",
  "media type": "media types",
  "request example": "request examples",
  bound: "bounds",
  status: "statuses",
  header: "headers",
  example: "response examples",
  callback: "callbacks",
  update: "update examples",
  "callback answer": "answers to updates",
}

// -----------------------------------------------------------------------------
// Verifying
// -----------------------------------------------------------------------------

/**
 * Verifies a server. Everything that the server does wrong is in the report; fails only when the verification cannot start.
 *
 * **Details**
 *
 * A target on this machine, or a `sandbox`, gets every case. Any other target is live: it gets only requests that must be
 * rejected and, with `allowSend`, one message. Where the contract's requests have a member `sandbox`, each request that a live
 * target gets has it set: then it gets valid requests, too, and `allowSend` is refused. No request is sent twice, except after a
 * rate limit and where the case says so.
 *
 * No phone number that is sent can be anybody's: on a live service, no region of libphonenumber takes one for a number.
 *
 * A target that does not respond several times in a row is given up: what was left is `untested`.
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
  const target = parseTarget(options.target, options.sandbox === true)
  if (typeof target === "string") return yield* new VerifyError({ problem: target })
  const problem = problemOf(options, target)
  if (problem !== undefined) return yield* new VerifyError({ problem })
  const isMock = options.sandbox === true || (target.isLocal && options.live !== true)
  const plan = planOptions(options, isMock)
  const contract = yield* Contract.load(options.contract)
  const unfit = problemWithContract(contract, options, isMock)
  if (unfit !== undefined) return yield* new VerifyError({ problem: unfit })
  return yield* Effect.scoped(verifyContract(contract, target.url, plan, options))
})

const maxRuns = 100_000
const maxTimeout = Duration.hours(1)

/** What is wrong with the options. Undefined when nothing is. */
const problemOf = (options: VerifyOptions, target: Target): string | undefined => {
  const { allowSend, credentials, live, receiverHost, runs = 100, sandbox, updates } = options
  const isMock = sandbox === true || (target.isLocal && live !== true)
  const timeout = Option.getOrUndefined(Duration.fromInput(options.timeout ?? "10 seconds"))
  if (!Number.isInteger(runs) || runs < 0 || runs > maxRuns) {
    return `runs must be a whole number from 0 to ${maxRuns}`
  }
  if (
    timeout === undefined ||
    Duration.isLessThanOrEqualTo(timeout, Duration.zero) ||
    Duration.isGreaterThan(timeout, maxTimeout)
  ) {
    return "the timeout must be more than 0 and at most an hour"
  }
  if (live === true && sandbox === true) return "a target is live or a sandbox, not both"
  if (allowSend !== undefined && !/^\+[1-9][0-9]{6,14}$/.test(Redacted.value(allowSend))) {
    return "the number to send to must be in E.164 format: + and 7 to 15 digits"
  }
  if (allowSend !== undefined && isMock) {
    return "a number to send to is for a live service only; a mock gets numbers that nobody can have"
  }
  if (options.only?.some((text) => text.trim() === "") === true)
    return "the text of the cases to run must not be empty"
  if (receiverHost !== undefined) {
    if (!isHost(receiverHost)) {
      return "the receiver's host must be a name or an address, with or without a port, e.g. host.docker.internal"
    }
    if (!isMock || updates === false) {
      return "the receiver's host is for the updates of a mock; no updates are received in this run"
    }
  }
  return problemOfSecret(options.webhookSecret) ?? problemOfCredentials(credentials, target)
}

const isHost = (text: string): boolean =>
  /^(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?$/.test(text) && URL.canParse(`http://${text}`)

const problemOfSecret = (secret: VerifyOptions["webhookSecret"]): string | undefined => {
  if (secret === undefined) return undefined
  try {
    return void new Webhook(Redacted.value(secret))
  } catch {
    return "the webhook secret must be `whsec_` followed by the key in base64"
  }
}

const problemOfCredentials = (
  credentials: VerifyOptions["credentials"],
  target: Target,
): string | undefined => {
  if (credentials === undefined) return undefined
  if (target.isPlain) {
    return "credentials are not sent over plain http to another machine, where anyone on the way could read them: use https, or give none to a sandbox"
  }
  const bad = Object.entries(credentials).find(
    ([, value]) => !/^[!-~]+(?: [!-~]+)*$/.test(Redacted.value(value)),
  )
  return bad === undefined
    ? undefined
    : `the credential ${bad[0]} is empty, or has characters that a header cannot have`
}

/** What is wrong with the options for this contract. */
const problemWithContract = (
  { operations }: Contract.Contract,
  { allowSend, credentials }: VerifyOptions,
  isMock: boolean,
): string | undefined => {
  if (allowSend !== undefined && operations.some(hasSandbox)) {
    return "this contract has a sandbox, which sends no message: a number to send to is not needed"
  }
  const needed = operations.flatMap((operation) => operation.credentials)
  const [first = []] = needed
  const given = new Set(Object.keys(credentials ?? {}).map((name) => name.toLowerCase()))
  if (credentials === undefined ? isMock : needed.length === 0) return undefined
  const isComplete = needed.some((all) => all.every(({ name }) => given.has(name)))
  if (isComplete || first.length === 0) return undefined
  const words = first.map(({ name }) => variableOf(name)).join(" and ")
  if (credentials === undefined) {
    return `a live target needs the credentials of an account: set ${words}`
  }
  const missing = first.find(({ name }) => !given.has(name))
  return `${variableOf(missing?.name ?? "")} is not set: the contract needs ${words}`
}

const planOptions = (options: VerifyOptions, isMock: boolean): Omit<PlanOptions, "register"> => {
  const { allowSend, credentials, runs = 100, seed = 1, webhookSecret } = options
  return {
    isMock,
    runs,
    seed,
    only: options.only,
    updates: options.updates ?? true,
    receiverHost: options.receiverHost,
    allowSend: allowSend === undefined ? undefined : Redacted.value(allowSend),
    webhookSecret: webhookSecret === undefined ? undefined : Redacted.value(webhookSecret),
    credentials:
      credentials === undefined
        ? undefined
        : Object.fromEntries(
            Object.entries(credentials).map(([name, value]) => [
              name.toLowerCase(),
              Redacted.value(value),
            ]),
          ),
  }
}

const verifyContract = Effect.fnUntraced(function* (
  declared: Contract.Contract,
  url: string,
  plan: Omit<PlanOptions, "register">,
  { allowSend, onInterrupt, onProgress, timeout = "10 seconds" }: VerifyOptions,
): Effect.fn.Return<Verification, ContractError | VerifyError, Scope.Scope> {
  const timeoutMillis = Duration.toMillis(Duration.fromInputUnsafe(timeout))
  const exchange = makeExchange(url, timeoutMillis)
  yield* checkReachable(url, exchange)
  const validator = yield* ContractValidator.make(declared)
  const { contract } = validator
  const counting = makeCounting(contract)
  const patience = makePatience(exchange)
  const runner = makeRunner({
    target: url,
    exchange,
    patience,
    validator,
    counting,
    timeoutMillis,
    credentials: plan.credentials ?? {},
    hidden: allowSend,
  })
  const register = (receiver: string, apiKey: string): Effect.Effect<boolean> =>
    Effect.map(
      exchange({
        method: "PUT",
        target: `/__mock/webhook?senderId=${MockServer.senderOfKey(apiKey)}`,
        headers: { "content-type": "application/json" },
        body: new TextEncoder().encode(JSON.stringify({ url: receiver })),
      }),
      (outcome) => outcome._tag === "Responded" && outcome.response.status === 204,
    )
  const plans = yield* Effect.forEach(contract.operations, (operation) =>
    Effect.mapError(
      planOf(contract, operation, { ...plan, register }),
      (problem) => new VerifyError({ problem }),
    ),
  )
  const steps = plans.flatMap((one) => one.steps)
  const known: Array<Tested> = []
  const tested = Effect.forEach(
    steps,
    Effect.fnUntraced(function* (step) {
      const [took, one] = yield* Effect.timed(step(runner))
      const timed = { ...one, check: { ...one.check, millis: Duration.toMillis(took) } }
      known.push(timed)
      onProgress?.(known.length, steps.length)
      return timed
    }),
    // A live service also serves others: it gets one request at a time.
    { concurrency: plan.isMock ? 8 : 1 },
  )
  const skipped = [
    ...contract.omitted.map(({ method, path, reason }): Check => ({
      group: "operations",
      name: `${method} ${path}`,
      skipped: reason,
      findings: [],
    })),
    ...plans.flatMap((one) => one.skipped),
  ]
  const verification = (ended: ReadonlyArray<Tested>, last: ReadonlyArray<Check>): Verification => {
    const reason = patience.reason()
    const all = [
      ...plans.flatMap((one) => one.untested),
      ...(reason === undefined ? ended : ended.map((one) => withoutResponse(one, reason))),
    ]
    const untested = all.flatMap(({ check, isUntested }) =>
      isUntested ? [{ name: check.name, reason: check.skipped ?? "" }] : [],
    )
    const ran = all.filter(({ isUntested }) => !isUntested).length
    return {
      untested:
        ran === 0 && untested.length === 0
          ? [{ name: url, reason: "no case was left to run" }]
          : untested,
      report: {
        title: `verify ${url}`,
        suite: `verify ${contract.title}`,
        properties: { target: url, contract: contract.path, version: contract.version },
        checks: [...skipped, ...all.map(({ check }) => check), ...last],
        summary: [
          `${ran} cases, seed ${plan.seed}`,
          ...(skipped.length === 0 ? [] : [`${skipped.length} skipped`]),
          ...(untested.length === 0
            ? []
            : [`${untested.length} not tested, though they should have been`]),
        ],
      },
      coverage: counting.items(plans.flatMap((one) => one.covers)),
    }
  }
  const interrupted = Effect.suspend(() => {
    if (onInterrupt === undefined) return Effect.void
    const left = `interrupted: ${steps.length - known.length} of ${steps.length} cases were not run`
    return onInterrupt(
      verification(known, [{ group: "cases", name: "all cases", skipped: left, findings: [] }]),
    )
  })
  const ended = yield* Effect.onInterrupt(tested, () => interrupted)
  // Updates may still arrive after their case is over.
  const last = yield* Effect.forEach(plans, ({ atEnd }) => atEnd)
  return verification(ended, last.flat())
})

/** Once a target is given up, a case without a response says nothing about its request. */
const withoutResponse = (one: Tested, reason: string): Tested => {
  const { findings, group, name } = one.check
  return findings.length > 0 && findings.every(({ rule }) => rule === "no-response")
    ? notTested(group, name, `given up: ${reason}`)
    : one
}

const checkReachable = (url: string, exchange: Exchange): Effect.Effect<void, VerifyError> =>
  Effect.flatMap(exchange(probe), (outcome) => {
    const hint = outcome._tag === "Broken" ? hints[outcome.kind] : undefined
    return outcome._tag === "Broken" && hint !== undefined
      ? Effect.fail(new VerifyError({ problem: `${url}: ${outcome.how}; ${hint}` }))
      : Effect.void
  })

const hints: Partial<Record<Extract<Outcome, { readonly _tag: "Broken" }>["kind"], string>> = {
  unreachable: "is it running?",
  untrusted:
    "to trust it, set NODE_EXTRA_CA_CERTS to the file of the certificate, or of the authority that issued it",
}
