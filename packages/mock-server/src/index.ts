/**
 * A mock of Sent.dm's API: whatever it answers comes from the OpenAPI contract.
 *
 * Each module is also an entry point of its own, e.g. `@effect-sent/mock-server/MockServer`.
 */
export * as Contract from "./Contract.ts"
export * as ContractDiff from "./ContractDiff.ts"
export * as ContractLint from "./ContractLint.ts"
export * as ContractProxy from "./ContractProxy.ts"
export * as ContractReport from "./ContractReport.ts"
export * as ContractValidator from "./ContractValidator.ts"
export * as ContractVerify from "./ContractVerify.ts"
export * as Fault from "./Fault.ts"
export * as Message from "./Message.ts"
export * as MessageMatch from "./MessageMatch.ts"
export * as MockServer from "./MockServer.ts"
export * as MockServerError from "./MockServerError.ts"
export * as Scenario from "./Scenario.ts"
export { startMockServer } from "./startMockServer.ts"
export type { MockServerView, StartedMockServer } from "./startMockServer.ts"
