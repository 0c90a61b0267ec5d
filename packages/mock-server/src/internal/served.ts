/** The contracts that a server answers from, which are read again when one of their files changes. */
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
  readonly contracts: readonly [Contract.Contract, ...ReadonlyArray<Contract.Contract>]
  /** Those of all contracts, in order. */
  readonly operations: ReadonlyArray<Contract.Operation>
  readonly prismOf: (operation: Contract.Operation) => Prism.Prism
  readonly checkUpdate: (operation: Contract.Operation) => CheckUpdate
  readonly plansOf: (scenario: Scenario) => ReadonlyArray<UpdatePlan>
}

interface Source {
  readonly contract?: string | URL | ReadonlyArray<string | URL> | undefined
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
  const watch = ({ contracts }: Served): void => {
    for (const file of contracts.flatMap(({ files }) => files)) {
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

type Prisms = readonly [Prism.Prism, ...ReadonlyArray<Prism.Prism>]

const bundled = [Contract.bundledPath, Contract.bundledV3Path] as const

/** Prism for the bundled contracts, which do not change while a process runs: reading them takes longer than all else. */
let ofBundled: Prisms | undefined

const prisms = Effect.fnUntraced(function* ({
  contract,
  scenarios,
}: Source): Effect.fn.Return<Prisms, ContractError> {
  const isBundled = contract === undefined && scenarios === undefined
  if (isBundled && ofBundled !== undefined) return ofBundled
  const [first = Contract.bundledPath, ...others] =
    contract === undefined ? bundled : [contract].flat()
  const own = yield* Effect.forEach([first, ...others] as const, (path) => Contract.load(path))
  const all = scenarios === undefined ? own : yield* Contract.addScenarios(scenarios)(own)
  const made = yield* Effect.forEach(all, (one) => Prism.make(one))
  if (isBundled) ofBundled = made
  return made
})

const read = Effect.fnUntraced(function* (
  source: Source,
  pace: Pace,
): Effect.fn.Return<Served, ContractError> {
  const all = yield* prisms(source)
  const [first, ...others] = all
  const contracts = [first.contract, ...others.map(({ contract }) => contract)] as const
  for (const { method, path, reason } of contracts.flatMap(({ omitted }) => omitted)) {
    yield* Effect.logWarning(`${method} ${path} is not served: ${reason}`)
  }
  const operations = contracts.flatMap((contract) => contract.operations)
  const prismOf = new Map(
    all.flatMap((prism) => prism.contract.operations.map((one) => [one, prism] as const)),
  )
  const checks = new Map(operations.map((operation) => [operation, makeCheckUpdate(operation)]))
  const plans = new Map(
    operations.flatMap((operation) =>
      operation.scenarios.map((scenario) => [scenario, planUpdates(scenario, operation, pace)]),
    ),
  )
  return {
    contracts,
    operations,
    prismOf: (operation) => prismOf.get(operation) ?? all[0],
    checkUpdate: (operation) => checks.get(operation) ?? makeCheckUpdate(operation),
    plansOf: (scenario) => plans.get(scenario) ?? [],
  }
})
