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
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { createRequire } from "node:module"
import { ContractError, ContractInvalid, messageOf } from "./ContractError.ts"
import * as Document from "./Document.ts"
import { readText, resolvePath } from "./File.ts"
import { dereference } from "./internal/dereference.ts"
import { decodeDocument } from "./internal/document.ts"
import { reasonsOf } from "./internal/omitted.ts"
import { parseText, type Place } from "./internal/yaml.ts"
import { readOperations } from "./internal/operations.ts"
import type { OmittedOperation, Operation } from "./Operation.ts"
import { fromObject, ScenariosObject, unplayable } from "./Scenario.ts"

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

/** The absolute path of the Sent.dm contract that `@effect-sent/contracts` publishes. */
export const bundledPath: string =
  // Not `import.meta.resolve`: bundlers and test runners that transform modules do not provide it.
  createRequire(import.meta.url).resolve("@effect-sent/contracts/sent-v1.openapi.yaml")

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
 * References to other files are resolved. References to other hosts are, too, if the options allow the network. Otherwise,
 * reading a contract opens no connection.
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
export const load: (
  path?: string | URL,
  options?: Document.OpenOptions,
) => Effect.Effect<Contract, ContractError> = Effect.fnUntraced(function* (
  path: string | URL = bundledPath,
  options: Document.OpenOptions = {},
) {
  const opened = yield* Document.openWhole(path, options)
  const file = opened.path
  const document = dereference(opened.files, file)
  if (!Predicate.isObject(document)) return yield* invalid(file, "it is not an object")
  const parsed = decodeDocument(document)
  if (Result.isFailure(parsed)) {
    return yield* invalid(file, `it is not OpenAPI 3: ${messageOf(parsed.failure)}`)
  }
  const { omitted, operations } = readOperations(parsed.success)
  if (operations.length === 0) {
    return yield* invalid(
      file,
      omitted.length === 0 ? "it declares no operations under `paths`" : reasonsOf(omitted),
    )
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
 * `x-sent-scenarios`, and its scenarios are checked like those of the contract.
 *
 * **Details**
 *
 * Fails with `ContractNotFound` when the file does not exist, and with `ContractInvalid` when a scenario cannot be played or has
 * the name or the phone number of another one.
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
    Effect.gen(function* () {
      const file = yield* resolvePath(path)
      const parsed = parseText(yield* readText(file))
      if ("problem" in parsed) return yield* invalid(file, parsed.problem, parsed.place)
      const decoded = decodeScenarios(parsed.value)
      if (Result.isFailure(decoded)) {
        return yield* invalid(file, `it has no scenarios: ${messageOf(decoded.failure)}`)
      }
      const added = fromObject(decoded.success)
      const problems: Array<string> = []
      const operations = contract.operations.map((operation) => {
        if (operation.scenarios.length === 0) return operation
        const { responses, scenarios, updates } = operation
        for (const { problem, scenario } of unplayable(added, {
          responses,
          updates: updates?.examples ?? [],
        })) {
          problems.push(`the scenario ${scenario} cannot be played: ${problem}`)
        }
        for (const { isDefault, name, phoneNumber } of added) {
          if (isDefault) problems.push(`the scenario ${name} cannot be the default`)
          for (const known of scenarios) {
            if (known.name === name) problems.push(`the contract has a scenario ${name}`)
            if (known.phoneNumber === phoneNumber) {
              problems.push(`the scenario ${name} has the phone number of ${known.name}`)
            }
          }
        }
        return { ...operation, scenarios: [...scenarios, ...added] }
      })
      if (problems.length > 0) return yield* invalid(file, problems.join("; "))
      return { ...contract, operations, files: [...contract.files, file] }
    })

const decodeScenarios = Schema.decodeUnknownResult(ScenariosObject)

const invalid = (path: string, problem: string, place?: Place): ContractError =>
  new ContractError({ reason: new ContractInvalid({ path, problem, ...place }) })
