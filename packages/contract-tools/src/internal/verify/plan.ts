/** The cases and generated requests for one operation, and what is left out. */
import type { Contract, Operation } from "@effect-sent/contract/Contract"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import type { Check } from "../report/report.ts"
import { type Case, nameOf } from "./cases/case.ts"
import { credentialCases } from "./cases/credentials.ts"
import { parameterCases } from "./cases/parameters.ts"
import { refusals } from "./cases/refusals.ts"
import { scenarios } from "./cases/scenarios.ts"
import { successes } from "./cases/successes.ts"
import type { CoverageItem } from "./coverage.ts"
import { makeReceiver, type Receiver } from "./receiver.ts"
import { jsonBytes, makeRequests, type Requests } from "./requests.ts"
import { keyHeader, type Runner, type Tested, untested } from "./runner.ts"
import { hasSandbox } from "./sandbox.ts"
import { updateFinding } from "./update.ts"

export interface PlanOptions {
  /** Whether nothing that is sent to the server can reach a person. */
  readonly isMock: boolean
  /** By header name, in lower case. */
  readonly credentials: Readonly<Record<string, string>> | undefined
  /** The number that one message of a live service may go to. */
  readonly allowSend: string | undefined
  readonly webhookSecret: string | undefined
  readonly runs: number
  readonly seed: string | number
  /** Only the cases whose name contains one of these texts. Undefined for all. */
  readonly only: ReadonlyArray<string> | undefined
  /** Whether updates are received. */
  readonly updates: boolean
  /** This machine as the server sees it. */
  readonly receiverHost: string | undefined
  /** Registers a receiver with the account of a key. Returns whether the target could. */
  readonly register: (url: string, apiKey: string) => Effect.Effect<boolean>
}

export interface Plan {
  readonly skipped: ReadonlyArray<Check>
  readonly untested: ReadonlyArray<Tested>
  readonly steps: ReadonlyArray<(runner: Runner) => Effect.Effect<Tested>>
  /** What the cases cover, whether they are sent or not. */
  readonly covers: ReadonlyArray<Omit<CoverageItem, "times">>
  /** Checks of everything that has happened until then, and shortly after. */
  readonly atEnd: Effect.Effect<ReadonlyArray<Check>>
}

/** Opens a receiver for the updates of a mock, which closes with the scope. Fails with the reason if it cannot. */
export const planOf = Effect.fnUntraced(function* (
  contract: Contract,
  operation: Operation,
  options: PlanOptions,
): Effect.fn.Return<Plan, string, Scope.Scope> {
  const { allowSend, credentials, isMock, webhookSecret } = options
  const requests = makeRequests(contract, operation, { given: credentials, isMock })
  if (typeof requests === "string") {
    return {
      skipped: [],
      untested: [untested("operations", nameOf(operation), requests)],
      steps: [],
      covers: [],
      atEnd: Effect.succeed([]),
    }
  }
  const { updates } = operation
  const opened =
    updates === undefined || !isMock || !options.updates
      ? undefined
      : yield* makeReceiver(updates, {
          secret: webhookSecret,
          mediaTypes: requests.declared.callback?.mediaTypes ?? [],
          host: options.receiverHost,
        })
  // The receiver of an account, and not of a message, gets an account: the cases without updates use another one.
  const account = opened?.isShared === true ? accountOf(requests) : undefined
  const isRegistered =
    opened === undefined || account === undefined || (yield* options.register(opened.url, account))
  const receiver = isRegistered ? opened : undefined
  const cases: ReadonlyArray<Case> = unique([
    ...successes(operation, requests, isMock ? undefined : allowSend),
    ...refusals(operation, requests, contract.operations),
    ...parameterCases(operation, requests),
    ...credentialCases(operation, requests),
    ...scenarios(operation, requests),
  ])
  const isSandboxed = hasSandbox(operation)
  const sorted = cases.map((one) => ({ one, why: whyNot(one, options, isSandboxed) }))
  const properties = generated(operation, requests, options)
  return {
    skipped: [
      ...sorted.flatMap(({ one, why }) =>
        why === undefined ? [] : [skip(one.group, one.name, why)],
      ),
      ...properties.flatMap(({ name, why }) =>
        why === undefined ? [] : [skip("generated", name, why)],
      ),
      ...(isRegistered
        ? []
        : [
            skip(
              "updates",
              "webhooks",
              "the target is not a mock that a receiver can be registered with",
            ),
          ]),
      ...(receiver === undefined || webhookSecret !== undefined
        ? []
        : [skip("updates", "signatures", "needs the webhook secret: set SENT_WEBHOOK_SECRET")]),
    ],
    untested: [],
    covers: cases.flatMap(({ covers = [] }) => covers),
    steps: [
      ...sorted.flatMap(({ one, why }) =>
        why === undefined
          ? [(runner: Runner) => runner.runCase(one, requests.declared, receiver, account)]
          : [],
      ),
      ...properties.flatMap(({ run, why }) => (why === undefined ? [run] : [])),
    ],
    atEnd:
      receiver === undefined
        ? Effect.succeed([])
        : Effect.delay(
            Effect.sync(() => lastChecks(receiver, options)),
            // Updates that nobody expects may be on their way.
            lingerMillis,
          ),
  }
})

/** The key of an account that only the cases with updates use; where credentials are given, the one that all use. */
const accountOf = ({ held, isMadeUp }: Requests): string | undefined =>
  isMadeUp ? randomUUID() : held.find(({ name }) => name === keyHeader)?.value

const lingerMillis = 200

const lastChecks = (receiver: Receiver, { receiverHost }: PlanOptions): ReadonlyArray<Check> => {
  const unexpected = { group: "updates", name: "no unexpected updates", findings: receiver.atEnd() }
  return receiver.giveUp
    ? [unexpected, nothingCame(receiver.url, receiverHost, receiver.hasReceived())]
    : [unexpected]
}

const skip = (group: string, name: string, skipped: string): Check => ({
  group,
  name,
  skipped,
  findings: [],
})

/** Two schemes, or two branches of a schema, may lead to cases of the same name. */
const unique = (cases: ReadonlyArray<Case>): ReadonlyArray<Case> => {
  const seen = new Map<string, number>()
  return cases.map((one) => {
    const key = `${one.group} ${one.name}`
    const count = (seen.get(key) ?? 0) + 1
    seen.set(key, count)
    return count === 1 ? one : { ...one, name: `${one.name} (${count})` }
  })
}

/** Why a case is not sent. Undefined when it is. */
const whyNot = (
  { group, name, needs }: Case,
  { allowSend, isMock, only, updates }: PlanOptions,
  isSandboxed: boolean,
): string | undefined => {
  if (only?.every((text) => !name.includes(text)) === true) return "--only leaves it out"
  if (group === "updates" && !updates) return "--no-updates leaves it out"
  if (isMock || needs === undefined) return undefined
  if (needs === "acceptance") {
    return allowSend === undefined && !isSandboxed
      ? "would send a message; allow one to your own number"
      : undefined
  }
  return group === "scenarios" || group === "updates"
    ? "only a mock plays scenarios"
    : group === "successes"
      ? "would send a message that costs money"
      : "a live service may lock an account, or an address, that fails too often"
}

const nothingCame = (url: string, host: string | undefined, later: boolean): Check => ({
  group: "updates",
  name: "updates reach the receiver",
  findings: [
    updateFinding(
      "no-updates",
      later
        ? `the first updates came too late: raise --timeout`
        : `no update came to ${url}. Check that the target can connect to it` +
            (host === undefined
              ? "; if the target runs in a container or on another machine, pass --receiver-host with the name of this machine there, for example host.docker.internal"
              : ` and that ${host} is this machine`) +
            "; that the target sends updates to that host (the mock: --allow-host); and that it does not use a proxy for it" +
            " (HTTP_PROXY, NO_PROXY). --no-updates leaves updates out",
    ),
  ],
})

interface Property {
  readonly name: string
  readonly run: Plan["steps"][number]
  readonly why: string | undefined
}

const generated = (
  operation: Operation,
  { body, declared, withBytes }: Requests,
  { isMock, only, runs, seed }: PlanOptions,
): ReadonlyArray<Property> => {
  if (body === undefined) return []
  const settings = { runs, seed }
  const statuses = operation.responses
    .map(({ status }) => status)
    .filter((status) => status === 400 || status === 422)
  const leftOut = (name: string): string | undefined =>
    only?.every((text) => !name.includes(text)) === true
      ? "--only leaves it out"
      : runs === 0
        ? "--runs 0 leaves it out"
        : undefined
  return [
    {
      name: "valid requests",
      why:
        leftOut("valid requests") ??
        (isMock ? undefined : "each would send a message that costs money"),
      run: (runner) =>
        runner.runProperty(
          "valid requests",
          operation,
          declared,
          body.anyValid,
          (value) => ({
            request: withBytes(jsonBytes(value)),
            expected: { _tag: "Accepted" },
            cause: "generated",
          }),
          settings,
        ),
    },
    {
      name: "requests with one error",
      why: leftOut("requests with one error"),
      run: (runner) =>
        runner.runProperty(
          "requests with one error",
          operation,
          declared,
          body.anyInvalid,
          (invalid) => ({
            request: withBytes(jsonBytes(invalid.body)),
            expected: { _tag: "Refused", statuses },
            cause: invalid.cause,
          }),
          settings,
        ),
    },
  ]
}
