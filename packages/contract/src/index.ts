/**
 * Reads the OpenAPI contract of an API, plays what it declares, and validates requests and responses against it.
 *
 * Each module is also an entry point of its own, for example `@effect-sent/contract/Contract`.
 */
export * as Contract from "./Contract.ts"
export * as ContractError from "./ContractError.ts"
export * as ContractValidator from "./ContractValidator.ts"
export * as Credentials from "./Credentials.ts"
export * as File from "./File.ts"
export * as NodeVersion from "./NodeVersion.ts"
export * as Operation from "./Operation.ts"
export * as Pattern from "./Pattern.ts"
export * as Prism from "./Prism.ts"
export * as ProblemDocument from "./ProblemDocument.ts"
export * as Route from "./Route.ts"
export * as Scenario from "./Scenario.ts"
