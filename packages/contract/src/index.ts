/**
 * Reads the OpenAPI contract of an API, picks the responses that it declares, and validates requests and responses against it.
 *
 * Each module is also a separate entry point, for example `@effect-sent/contract/Contract`.
 */
export * as Body from "./Body.ts"
export * as Contract from "./Contract.ts"
export * as ContractError from "./ContractError.ts"
export * as ContractValidator from "./ContractValidator.ts"
export * as Credentials from "./Credentials.ts"
export * as Document from "./Document.ts"
export * as File from "./File.ts"
export * as NodeVersion from "./NodeVersion.ts"
export * as Operation from "./Operation.ts"
export * as Pattern from "./Pattern.ts"
export * as Prism from "./Prism.ts"
export * as ProblemDocument from "./ProblemDocument.ts"
export * as Recipients from "./Recipients.ts"
export * as Route from "./Route.ts"
export * as Scenario from "./Scenario.ts"
export * as Varying from "./Varying.ts"
