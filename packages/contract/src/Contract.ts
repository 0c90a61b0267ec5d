/**
 * Reads an OpenAPI 3 contract from a file and checks it once: operations, credentials, responses, examples, scenarios, and the
 * updates that follow an accepted request.
 *
 * @example
 * ```ts
 * import { Contract } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const contract = await Effect.runPromise(Contract.load())
 * for (const { method, path, responses } of contract.operations) {
 *   console.log(method, path, responses.map(({ status }) => status).join(", "))
 * }
 * ```
 */
import $RefParser from "@stoplight/json-schema-ref-parser"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { createRequire } from "node:module"
import { resolve } from "node:path"
import { ContractError, ContractInvalid, messageOf } from "./ContractError.ts"
import * as Document from "./Document.ts"
import { readText, resolvePath } from "./File.ts"
import { decodeDocument } from "./internal/document.ts"
import { parseText, type Place } from "./internal/yaml.ts"
import { readOperations } from "./internal/operations.ts"
import type { OmittedOperation, Operation } from "./Operation.ts"
import {
  fromObject,
  type Scenario,
  ScenariosObject,
  triggerName,
  triggerOf,
  unplayable,
} from "./Scenario.ts"

export type {
  Content,
  CredentialHeader,
  Example,
  OmittedOperation,
  Operation,
  RequestBody,
  Response,
  UpdateHeader,
  Updates,
} from "./Operation.ts"

/** A contract that has been read and checked. */
export interface Contract {
  /** The absolute path of the file. */
  readonly path: string
  /** The absolute paths of all files that were read: the document, those that it refers to, and those of added scenarios. */
  readonly files: ReadonlyArray<string>
  /** The document's `info.title`. */
  readonly title: string
  /** The document's `info.version`. */
  readonly version: string
  /** Every usable operation under `paths`, in document order. */
  readonly operations: ReadonlyArray<Operation>
  /** The operations that cannot be used, for example because a schema does not compile. */
  readonly omitted: ReadonlyArray<OmittedOperation>
  /** The whole document with its references resolved. It may contain cycles. */
  readonly document: object
}

// Not `import.meta.resolve`: bundlers and test runners that transform modules do not provide it.
const { resolve: resolveModule } = createRequire(import.meta.url)

/** The absolute path of the Sent.dm v1 contract that `@effect-sent/contracts` publishes. */
export const bundledPath: string = resolveModule("@effect-sent/contracts/sent-v1.openapi.yaml")

/** The absolute path of the Sent.dm v3 contract that `@effect-sent/contracts` publishes. */
export const bundledV3Path: string = resolveModule("@effect-sent/contracts/sent-v3.openapi.yaml")

/**
 * Reads a contract from a YAML or JSON file and checks that a mock can serve it. Without a path, reads the bundled contract.
 *
 * **Details**
 *
 * Fails as `Document.openWhole` does, and with `ContractInvalid` when the document
 *
 * - declares no operation that can be used, or
 * - has a scenario that cannot be played.
 *
 * An operation that is malformed, names a security scheme that is not declared, or has a `pattern` that does not compile is
 * `omitted`, with the reason.
 *
 * **Gotchas**
 *
 * References to other files are resolved. References to other hosts are not: reading a contract never opens a connection.
 *
 * @example
 * ```ts
 * import { Contract } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const contract = await Effect.runPromise(Contract.load())
 * console.log(contract.title, contract.version)
 * ```
 */
export const load: (path?: string | URL) => Effect.Effect<Contract, ContractError> =
  Effect.fnUntraced(function* (path: string | URL = bundledPath) {
    const opened = yield* Document.openWhole(path)
    const file = opened.path
    const document = yield* dereference(opened)
    const parsed = decodeDocument(document)
    if (Result.isFailure(parsed)) {
      return yield* invalid(file, `it is not OpenAPI 3: ${messageOf(parsed.failure)}`)
    }
    const { omitted, operations } = readOperations(parsed.success)
    if (operations.length === 0) {
      const reasons = omitted.map(({ reason }) => reason).join("; ")
      return yield* invalid(file, reasons || "it declares no operations under `paths`")
    }
    const unplayed = operations.flatMap(({ responses, scenarios, updates }) =>
      unplayable(scenarios, { responses, updates: updates?.examples ?? [] }),
    )
    if (unplayed.length > 0) {
      const words = unplayed.map(
        ({ problem, scenario }) => `the scenario ${scenario} cannot be played: ${problem}`,
      )
      return yield* invalid(file, words.join("; "))
    }
    const { title, version } = parsed.success.info
    return {
      path: file,
      files: [...opened.files.keys()],
      title,
      version,
      operations,
      omitted,
      document,
    }
  })

/**
 * Adds the scenarios of a YAML or JSON file to the operations of a contract that have scenarios. The file has the form of
 * `x-sent-scenarios`, and its scenarios are checked like those of the contract. A scenario belongs to every operation that can
 * play it.
 *
 * **Details**
 *
 * Fails with `ContractNotFound` when the file does not exist, and with `ContractInvalid` when a scenario can be played by no
 * operation, or has the name, the phone number or the message id of another one.
 *
 * @example
 * ```ts
 * import { Contract } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const program = Effect.flatMap(Contract.load(), Contract.withScenarios("/no/such/file.yaml"))
 * const error = await Effect.runPromise(Effect.flip(program))
 * console.assert(error.reason._tag === "ContractNotFound")
 * ```
 */
export const withScenarios =
  (path: string | URL) =>
  (contract: Contract): Effect.Effect<Contract, ContractError> =>
    Effect.map(addScenarios(path)([contract]), ([added]) => added)

/**
 * Adds the scenarios of a file to several contracts, as {@link withScenarios} does: each scenario belongs to every operation, of
 * any of the contracts, that can play it.
 *
 * @example
 * ```ts
 * import { Contract } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const both = [yield* Contract.load(), yield* Contract.load(Contract.bundledV3Path)] as const
 *   return yield* Contract.addScenarios("/no/such/file.yaml")(both)
 * })
 * const error = await Effect.runPromise(Effect.flip(program))
 * console.assert(error.reason._tag === "ContractNotFound")
 * ```
 */
export const addScenarios =
  (path: string | URL) =>
  (contracts: Contracts): Effect.Effect<Contracts, ContractError> =>
    Effect.gen(function* () {
      const file = yield* resolvePath(path)
      const parsed = parseText(yield* readText(file))
      if ("problem" in parsed) return yield* invalid(file, parsed.problem, parsed.place)
      const decoded = decodeScenarios(parsed.value)
      if (Result.isFailure(decoded)) {
        return yield* invalid(file, `it has no scenarios: ${messageOf(decoded.failure)}`)
      }
      const added = fromObject(decoded.success)
      const operations = contracts.flatMap((contract) => contract.operations)
      const problems = added.flatMap((scenario) => problemsOf(scenario, operations))
      if (problems.length > 0) return yield* invalid(file, problems.join("; "))
      const extend = (contract: Contract): Contract => ({
        ...contract,
        operations: contract.operations.map((operation) => {
          const mine = added.filter((scenario) => canPlay(operation, scenario))
          return mine.length === 0
            ? operation
            : { ...operation, scenarios: [...operation.scenarios, ...mine] }
        }),
        files: [...contract.files, file],
      })
      const [first, ...others] = contracts
      return [extend(first), ...others.map(extend)]
    })

type Contracts = readonly [Contract, ...ReadonlyArray<Contract>]

const unplayableBy = (
  { responses, updates }: Operation,
  scenario: Scenario,
): ReadonlyArray<string> =>
  unplayable([scenario], { responses, updates: updates?.examples ?? [] }).map(
    ({ problem }) => `the scenario ${scenario.name} cannot be played: ${problem}`,
  )

const canPlay = (operation: Operation, scenario: Scenario): boolean =>
  isOfKind(operation, scenario) && unplayableBy(operation, scenario).length === 0

/** What is wrong with a scenario that is added to these operations. */
const problemsOf = (
  scenario: Scenario,
  operations: ReadonlyArray<Operation>,
): ReadonlyArray<string> => {
  const { isDefault, name } = scenario
  const { kind, value } = triggerOf(scenario)
  const possible = operations.filter((operation) => isOfKind(operation, scenario))
  const able = possible.filter((operation) => canPlay(operation, scenario))
  const [nearest] = possible
  const problems: Array<string> = []
  if (able.length === 0 && nearest !== undefined) problems.push(...unplayableBy(nearest, scenario))
  if (isDefault) problems.push(`the scenario ${name} cannot be the default`)
  // A scenario that cannot be played is compared all the same.
  for (const known of (able.length === 0 ? possible : able).flatMap(({ scenarios }) => scenarios)) {
    if (known.name === name) problems.push(`the contract has a scenario ${name}`)
    if (triggerOf(known).value === value) {
      problems.push(`the scenario ${name} has the ${triggerName[kind]} of ${known.name}`)
    }
  }
  return [...new Set(problems)]
}

const isOfKind = ({ scenarios: [first] }: Operation, scenario: Scenario): boolean =>
  first !== undefined && triggerOf(first).kind === triggerOf(scenario).kind

const decodeScenarios = Schema.decodeUnknownResult(ScenariosObject)

/** The document with its references resolved. It may contain cycles. */
const dereference = Effect.fnUntraced(function* ({
  files,
  path,
}: Document.Document): Effect.fn.Return<object, ContractError> {
  const document: unknown = yield* Effect.tryPromise({
    try: () =>
      new $RefParser().dereference(path, {
        // Every file was read and parsed.
        resolve: { http: never, file: never, opened: { order: 1, canRead: true, read: () => "" } },
        parse: {
          json: never,
          yaml: never,
          text: never,
          binary: never,
          opened: { order: 1, canParse: true, parse: ({ url }) => valueAt(files, url) },
        },
      }),
    catch: (cause) => invalid(path, messageOf(cause)),
  })
  return Predicate.isObject(document) ? document : yield* invalid(path, "it is not an object")
})

const never = { canRead: false, canParse: false, parse: () => undefined }

/** A copy, because references are resolved in place. The parser encodes paths as URLs. */
const valueAt = (files: Document.Document["files"], url: string): unknown =>
  structuredClone((files.get(url) ?? files.get(resolve(decodeURIComponent(url))))?.value)

const invalid = (path: string, problem: string, place?: Place): ContractError =>
  new ContractError({ reason: new ContractInvalid({ path, problem, ...place }) })
