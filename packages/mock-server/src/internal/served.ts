/** The contract that a server answers from, which is read again when one of its files changes. */
import * as Contract from "@effect-sent/contract/Contract"
import { type ContractError, messageOf } from "@effect-sent/contract/ContractError"
import * as Prism from "@effect-sent/contract/Prism"
import type { Scenario } from "@effect-sent/contract/Scenario"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import { unwatchFile, watchFile } from "node:fs"
import {
  type CheckUpdate,
  makeCheckUpdate,
  type Pace,
  planUpdates,
  type UpdatePlan,
} from "./updates/updates.ts"

export interface Served {
  readonly contract: Contract.Contract
  readonly prism: Prism.Prism
  readonly checkUpdate: (operation: Contract.Operation) => CheckUpdate
  readonly plansOf: (scenario: Scenario) => ReadonlyArray<UpdatePlan>
}

interface Source {
  readonly contract?: string | URL | undefined
  readonly scenarios?: string | URL | undefined
}

/** How often the files are looked at, in milliseconds. Events of the file system are lost by some editors and mounts. */
const watchMillis = 300

/** Reads a contract. Returns the current one: with `watches`, it changes with its files, and survives a broken one. */
export const makeServed = Effect.fnUntraced(function* (
  source: Source,
  pace: Pace,
  watches: boolean,
): Effect.fn.Return<() => Served, ContractError, Scope.Scope> {
  let served = yield* read(source, pace)
  if (!watches) return () => served
  const run = yield* FiberSet.makeRuntime()
  const watched = new Set<string>()
  const watch = ({ contract }: Served): void => {
    for (const file of contract.files) {
      if (watched.has(file)) continue
      watched.add(file)
      watchFile(file, { interval: watchMillis, persistent: false }, () => void run(again))
    }
  }
  const again = Effect.matchEffect(read(source, pace), {
    onFailure: (error) =>
      Effect.logError(
        `the contract has changed and cannot be used; the one before is served: ${messageOf(error)}`,
      ),
    onSuccess: (changed) => {
      served = changed
      watch(changed)
      return Effect.logInfo("the contract has changed and was read again")
    },
  })
  watch(served)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const file of watched) unwatchFile(file)
    }),
  )
  return () => served
})

const read = Effect.fnUntraced(function* (
  source: Source,
  pace: Pace,
): Effect.fn.Return<Served, ContractError> {
  const own = yield* Contract.load(source.contract)
  const contract =
    source.scenarios === undefined ? own : yield* Contract.withScenarios(source.scenarios)(own)
  const prism = yield* Prism.make(contract)
  const { omitted, operations } = prism.contract
  for (const { method, path, reason } of omitted) {
    yield* Effect.logWarning(`${method} ${path} is not served: ${reason}`)
  }
  const checks = new Map(operations.map((operation) => [operation, makeCheckUpdate(operation)]))
  const plans = new Map(
    operations.flatMap((operation) =>
      operation.scenarios.map((scenario) => [scenario, planUpdates(scenario, operation, pace)]),
    ),
  )
  return {
    contract: prism.contract,
    prism,
    checkUpdate: (operation) => checks.get(operation) ?? makeCheckUpdate(operation),
    plansOf: (scenario) => plans.get(scenario) ?? [],
  }
})
